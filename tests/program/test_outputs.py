"""What predictions end in: the last activation, who computes it, how many units there are."""

import pytest

from tapelint.program.outputs import head_of
from tests.program.reading import given

START = """
import keras
import tensorflow as tf
from keras import layers
x = keras.Input((8,))
h = layers.Dense(16, activation="relu")(x)
plain = layers.Dense(4)
soft = layers.Dense(4, activation="softmax")


class Net(keras.Model):
    def __init__(self, last):
        super().__init__()
        self.last = last

    def call(self, inputs):
        return self.last(inputs)


class Two(keras.Model):
    def __init__(self):
        super().__init__()
        self.a, self.b = layers.Dense(2), layers.Dense(1, "sigmoid")

    def call(self, inputs):
        return self.a(inputs), self.b(inputs)


added = keras.Sequential()
added.add(layers.Dense(16, "relu"))
added.add(layers.Dense(3))
doubtful = keras.Sequential([layers.Dense(3)])
if unknown:
    doubtful.add(layers.Softmax())
w, b = tf.Variable(tf.zeros((8, 2))), tf.Variable(tf.zeros(2))
"""

HEADS = {
    "plain(h)": "linear keras 4 bare",
    "soft(h)": "softmax keras 4 bare",
    "layers.Dense(1, tf.nn.sigmoid)(h)": "sigmoid tensorflow 1 bare",
    "layers.Dense(1, keras.activations.sigmoid)(h)": "sigmoid keras 1 bare",
    "layers.Dense(2, activation=None)(h)": "linear keras 2 bare",
    "layers.LSTM(5)(h)": "tanh keras 5 bare",
    "layers.Conv2D(1, 1, activation='sigmoid')(h)": "sigmoid keras 1 bare",
    "layers.Softmax()(plain(h))": "softmax keras 4 bare",
    "layers.Activation('sigmoid')(plain(h))": "sigmoid keras 4 bare",
    "layers.Activation('linear')(soft(h))": "softmax keras 4 bare",
    "tf.nn.softmax(plain(h))": "softmax tensorflow 4 bare",
    "keras.ops.sigmoid(plain(h))": "sigmoid keras 4 bare",
    "tf.cast(soft(h), tf.float32)": "softmax keras 4 bare",
    "layers.Identity()(soft(h))": "softmax keras 4 bare",
    "layers.Reshape((2, 2))(soft(h))": "softmax keras ? changed",
    "tf.reshape(soft(h), [-1])": "softmax keras ? changed",
    "tf.identity(soft(h))": "softmax keras ? changed",
    "soft(h)[:, 1:]": "softmax keras ? changed",
    "tf.clip_by_value(soft(h), 1e-7, 1.0)": "softmax keras 4 changed",
    "layers.TimeDistributed(soft)(h)": "softmax keras 4 changed",
    "layers.Concatenate()([soft(h), soft(h)])": "softmax keras ? changed",
    "keras.Sequential([plain])(h)": "linear keras 4 bare",
    "keras.Sequential([plain, layers.Dropout(0.5)])(h)": "linear keras ? changed",
    "keras.Sequential([keras.Sequential([soft])])(h)": "softmax keras 4 bare",
    "keras.Model(x, soft(h))(x)": "softmax keras 4 bare",
    "keras.Model(x, [plain(h), soft(h)])(x)[1]": "softmax keras 4 bare",
    "keras.Model(x, {'a': plain(h), 'b': soft(h)})(x)['a']": "linear keras 4 bare",
    "Net(soft)(x)": "softmax keras 4 bare",
    "layers.Lambda(lambda t: t)(soft(h))": "softmax keras 4 bare",
    "Two()(x)[1]": "sigmoid keras 1 bare",
    "added(x)": "linear keras 3 bare",
    "keras.applications.ResNet50(classes=7)(x)": "softmax keras 7 bare",
    "keras.applications.ResNet50(classes=7, classifier_activation=None)(x)": "linear keras 7 bare",
    "tf.matmul(x, w) + b": "linear tensorflow ? bare",
    "tf.nn.sigmoid(x @ w)": "sigmoid tensorflow ? bare",
    "(soft if unknown else layers.Dense(4, 'softmax'))(h)": "softmax keras 4 bare",
}

UNKNOWN = [
    "unknown(h)",
    "x",
    "plain(h) / 2",
    "tf.clip_by_value(plain(h), 0.0, 1.0)",
    "layers.Lambda(unknown)(soft(h))",
    "layers.Dense(4, activation=unknown)(h)",
    "layers.BatchNormalization()(plain(h))",
    "layers.Concatenate()([plain(h), soft(h)])",
    "(plain if unknown else soft)(h)",
    "doubtful(x)",
    "keras.Sequential(unknown)(h)",
    "keras.Model(x, [plain(h), soft(h)])(x)",
    "Two()(x)",
    "keras.applications.ResNet50(include_top=False)(x)",
    "keras.models.load_model('m.keras')(x)",
    "h @ unknown",
]


def head(text: str) -> str | None:
    found = head_of(given(f"{START}reveal({text})"))
    if found is None:
        return None
    units = "?" if found.units is None else str(found.units)
    return f"{found.activation} {found.by} {units} {'bare' if found.bare else 'changed'}"


@pytest.mark.parametrize(("text", "known"), HEADS.items(), ids=list(HEADS))
def test_the_end_of_a_model_is_known(text: str, known: str) -> None:
    assert head(text) == known


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_may_end_in_anything_is_not_known(text: str) -> None:
    assert head(text) is None
