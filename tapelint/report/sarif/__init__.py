"""The report as SARIF 2.1.0, the interchange format of static analysis: GitHub's code scanning and many viewers."""
