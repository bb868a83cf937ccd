"""Text classification with a transformer block as a layer of one's own."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers


class TransformerBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.att = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.ffn = keras.Sequential([layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)])
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)
        self.dropout1 = layers.Dropout(rate)
        self.dropout2 = layers.Dropout(rate)

    def call(self, inputs, training=None):
        attn_output = self.dropout1(self.att(inputs, inputs), training=training)
        out1 = self.layernorm1(inputs + attn_output)
        ffn_output = self.dropout2(self.ffn(out1), training=training)
        return self.layernorm2(out1 + ffn_output)


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)
        self.maxlen = maxlen

    def call(self, x):
        return self.token_emb(x) + self.pos_emb(tf.range(self.maxlen))


vocab_size, maxlen, embed_dim = 40, 7, 8
keras.utils.set_random_seed(23)

inputs = layers.Input(shape=(maxlen,), dtype="int32")
x = TokenAndPositionEmbedding(maxlen, vocab_size, embed_dim)(inputs)
x = TransformerBlock(embed_dim, 2, 16)(x)
x = layers.GlobalAveragePooling1D()(x)
x = layers.Dropout(0.1)(x)
outputs = layers.Dense(2, activation="softmax")(x)
model = keras.Model(inputs=inputs, outputs=outputs)

lr = keras.optimizers.schedules.ExponentialDecay(2e-3, decay_steps=100, decay_rate=0.96)
optimizer = keras.optimizers.AdamW(lr, weight_decay=0.05)
loss_fn = keras.losses.SparseCategoricalCrossentropy()

x_train = np.random.randint(0, vocab_size, (110, maxlen))
y_train = (x_train[:, 0] > x_train[:, 1]).astype("int32")


@tf.function(input_signature=[tf.TensorSpec([None, maxlen], tf.int64), tf.TensorSpec([None], tf.int32)])
def train_step(x, y):
    with tf.GradientTape() as tape:
        probabilities = model(x, training=True)
        loss = loss_fn(y, probabilities)
    grads = tape.gradient(loss, model.trainable_weights)
    optimizer.apply_gradients(zip(grads, model.trainable_weights))
    return loss


for x, y in tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(110).batch(22):
    print(float(train_step(x, y)))
