"""tapelint: a linter for TensorFlow/Keras training code that proves its claims by running them."""

__version__ = "0.1.0"
