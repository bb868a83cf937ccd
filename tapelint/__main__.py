"""`python -m tapelint`."""

from tapelint.cli.app import main

main()
