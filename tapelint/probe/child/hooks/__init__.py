"""The wrappers around TensorFlow and Keras, one module a family. Each has `install(witness)`."""
