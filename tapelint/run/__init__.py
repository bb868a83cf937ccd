"""One run of the linter: settings, discovery, analysis, suppressions, and the outcome."""
