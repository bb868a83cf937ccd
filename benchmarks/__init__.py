"""Measurements of tapelint on code that nobody here wrote: how often it is right, and how fast it is."""
