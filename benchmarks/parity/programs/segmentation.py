"""Segmentation of small pictures, with a dice loss as a subclass of Loss."""

import numpy as np
import tensorflow as tf
from keras import Input, Model, layers, losses, optimizers, utils


class DiceLoss(losses.Loss):
    def __init__(self, smooth=1.0, name="dice"):
        super().__init__(name=name)
        self.smooth = smooth

    def call(self, y_true, y_pred):
        y_true = tf.cast(y_true, y_pred.dtype)
        common = tf.reduce_sum(y_true * y_pred, axis=[1, 2, 3])
        areas = tf.reduce_sum(y_true, axis=[1, 2, 3]) + tf.reduce_sum(y_pred, axis=[1, 2, 3])
        return 1 - (2 * common + self.smooth) / (areas + self.smooth)


def unet():
    inputs = Input((8, 8, 1))
    down = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    x = layers.MaxPooling2D()(down)
    x = layers.SpatialDropout2D(0.2)(layers.Conv2D(6, 3, padding="same", activation="relu")(x))
    up = layers.Conv2DTranspose(4, 2, strides=2)(x)
    x = layers.Concatenate()([down, up])
    return Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def pictures(number):
    masks = np.zeros((number, 8, 8, 1), "float32")
    for mask in masks:
        top, left = np.random.randint(0, 4, 2)
        mask[top : top + 4, left : left + 4] = 1
    return masks + np.random.normal(0, 0.3, masks.shape).astype("float32"), masks


utils.set_random_seed(14)
net = unet()
opt = optimizers.Adam(0.01)
dice = DiceLoss()
images, masks = pictures(65)
for image, mask in tf.data.Dataset.from_tensor_slices((images, masks)).shuffle(65).batch(13, drop_remainder=True):
    with tf.GradientTape() as tape:
        predicted = net(image, training=True)
        value = dice(mask, predicted)
    gradient = tape.gradient(value, net.trainable_variables)
    opt.apply(gradient, net.trainable_variables)
    print(f"dice {1 - value:.3f}")
