"""Training programs of which it is known whether they do what `fit` would do, and if not, why: a bank for the probe."""
