"""`python -m tapelint.cli`."""

from tapelint.cli.app import main

main()
