# Image classifier with augmentation inside the model.
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers, losses, optimizers

tf.keras.utils.set_random_seed(42)

augment = tf.keras.Sequential(
    [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomContrast(0.1)], name="augment"
)
model = tf.keras.Sequential(
    [
        layers.Input((10, 10, 3)),
        layers.Rescaling(1.0 / 255),
        augment,
        layers.Conv2D(4, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ]
)

opt = optimizers.SGD(learning_rate=0.05, momentum=0.9, nesterov=True)
cce = losses.CategoricalCrossentropy()
accuracy = tf.keras.metrics.CategoricalAccuracy()

pictures = np.random.randint(0, 256, (60, 10, 10, 3)).astype("float32")
kinds = np.random.randint(0, 3, 60)
pictures[kinds == 1, :, :, 0] *= 0.2
pictures[kinds == 2, :, :, 2] *= 0.2
train = tf.data.Dataset.from_tensor_slices((pictures, tf.one_hot(kinds, 3))).shuffle(60).batch(12)


@tf.function
def step(x, y):
    with tf.GradientTape() as t:
        y_pred = model(x, training=True)
        loss = cce(y, y_pred)
    g = t.gradient(loss, model.trainable_variables)
    opt.apply_gradients(zip(g, model.trainable_variables))
    accuracy.update_state(y, y_pred)
    return loss


for epoch in range(1):
    for x, y in train:
        print("%.4f" % step(x, y))
print("accuracy", accuracy.result().numpy())
