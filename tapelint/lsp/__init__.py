"""The language server: the linter for editors. It adds positions and protocol, and nothing else."""
