"""Which files can matter at all, told from their bytes: most files of a repository are not training code."""

import re

# What a file names that deals with TensorFlow or Keras, under whatever spelling: `tensorflow.compat.v2`, `tf_keras`,
# `tensorflow_datasets`. `tf.` counts by itself, because a file may use the name and forget the import.
_LIBRARIES = (b"tensorflow", b"keras", b"tf.")

# Parts of the words without which nothing is trained, evaluated or fed.
_TRAINING = (
    b"radient",
    b"fit",
    b"train",
    b"optimizer",
    b"Optimizer",
    b"compile",
    b"loss",
    b"Dataset",
    b"dataset",
    b"batch",
    b"function",
    b"epoch",
    b"allback",
    b"metric",
    b"evaluate",
    b"predict",
    b"assign",
    b"Variable",
    b"Model",
    b"Sequential",
    b"layers",
    b"backend",
    b"legacy",
    b"_utils",
)

# Words that say enough by themselves: a helper may get its model, tape or dataset from a caller in another file,
# and import nothing.
_UNMISTAKABLE = (
    b"GradientTape",
    b"apply_gradients",
    b".gradient(",
    b"trainable_",
    b"train_step",
    b"update_state",
    b"drop_remainder",
    b"model.fit(",
)

_FIT = b".fit("
_OF_KERAS_FIT = (b"epochs", b"validation_", b"batch_size", b"callbacks", b"shuffle")

_SPEAKS_TO_TAPELINT = re.compile(rb"tapelint:|noqa\s*:[^\r\n]*\btl\d")


def is_relevant(data: bytes) -> bool:
    """Whether a file with these contents is worth parsing: it may have to do with training, or speaks to tapelint."""
    if _has(data, _LIBRARIES) and _has(data, _TRAINING):
        return True
    if _has(data, _UNMISTAKABLE) or (_FIT in data and _has(data, _OF_KERAS_FIT)):
        return True
    return _speaks_to_tapelint(data.lower())


def _speaks_to_tapelint(lowered: bytes) -> bool:
    # Searching for a fixed word is many times faster than for a pattern, and most files have neither word.
    return _has(lowered, (b"tapelint", b"noqa")) and _SPEAKS_TO_TAPELINT.search(lowered) is not None


def _has(data: bytes, words: tuple[bytes, ...]) -> bool:
    return any(word in data for word in words)
