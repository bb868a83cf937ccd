"""Evidence by running: a script runs for a few steps under observation, and what was seen is held against findings."""
