"""Deep Q-learning from remembered transitions, with a target network that lags behind."""

import random
from collections import deque

import numpy as np
import tensorflow as tf
from tensorflow.keras import Sequential, losses, optimizers
from tensorflow.keras.layers import Dense, Input


class Agent:
    def __init__(self, states, actions, gamma=0.95):
        self.gamma = gamma
        self.actions = actions
        self.memory = deque(maxlen=500)
        self.online = self._network(states, actions)
        self.target = self._network(states, actions)
        self.target.set_weights(self.online.get_weights())
        self.optimizer = optimizers.Adam(0.002)
        self.loss_function = losses.Huber()

    def _network(self, states, actions):
        return Sequential([Input((states,)), Dense(16, activation="relu"), Dense(16, activation="relu"), Dense(actions)])

    def replay(self, size=28):
        batch = random.sample(self.memory, size)
        state, action, reward, following = (np.array(column) for column in zip(*batch))
        future = tf.reduce_max(self.target(following), axis=1)
        wanted = reward + self.gamma * future
        mask = tf.one_hot(action, self.actions)
        with tf.GradientTape() as tape:
            values = self.online(state)
            taken = tf.reduce_sum(values * mask, axis=1)
            loss = self.loss_function(wanted, taken)
        gradients = tape.gradient(loss, self.online.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.online.trainable_variables))
        return float(loss)


tf.keras.utils.set_random_seed(111)
agent = Agent(states=4, actions=3)
for _ in range(120):
    state = np.random.normal(size=4).astype("float32")
    action = np.random.randint(3)
    agent.memory.append((state, action, np.float32(state[action]), np.roll(state, action)))
for step in range(6):
    print(agent.replay())
    if step % 2:
        agent.target.set_weights(agent.online.get_weights())
