"""REINFORCE on a corridor: the policy is rewarded for walking to the right."""

import keras
import numpy as np
import tensorflow as tf


class Corridor:
    """Five cells; a walk ends at either end."""

    def reset(self):
        self.cell = 2
        return self.observation()

    def observation(self):
        return np.eye(5, dtype="float32")[self.cell]

    def step(self, action):
        self.cell += 1 if action else -1
        return self.observation(), float(self.cell == 4), self.cell in (0, 4)


def walk(environment, policy, rng):
    observations, actions, rewards = [], [], []
    observation, done = environment.reset(), False
    while not done and len(actions) < 12:
        probabilities = policy(observation[None], training=False).numpy()[0]
        action = rng.choice(2, p=probabilities / probabilities.sum())
        observations.append(observation)
        actions.append(action)
        observation, reward, done = environment.step(action)
        rewards.append(reward)
    returns = np.cumsum(rewards[::-1])[::-1] - 0.4
    return np.array(observations), np.array(actions), returns.astype("float32")


keras.utils.set_random_seed(51)
policy = keras.Sequential(
    [keras.Input((5,)), keras.layers.Dense(12, activation="tanh"), keras.layers.Dense(2, activation="softmax")]
)
optimizer = keras.optimizers.Adam(0.01)
rng = np.random.default_rng(0)

for episode in range(6):
    observations, actions, returns = walk(Corridor(), policy, rng)
    with tf.GradientTape() as tape:
        probabilities = policy(observations, training=True)
        chosen = tf.reduce_sum(probabilities * tf.one_hot(actions, 2), axis=1)
        loss = -tf.reduce_mean(tf.math.log(chosen + 1e-8) * returns)
    gradients = tape.gradient(loss, policy.trainable_variables)
    optimizer.apply_gradients(zip(gradients, policy.trainable_variables))
    print(episode, len(actions), float(loss))
