"""Train a variational autoencoder with Keras 3 and print images/s of each epoch as JSON; runs in an environment that
has Keras.

``KERAS_BACKEND=torch|jax python keras_vae.py arrays.npz --epochs 3``
"""

import argparse
import json

import keras
import numpy as np
from keras import layers, ops
from keras_clock import EpochSeconds

LATENT, HIDDEN = 20, 400


class Drawn(layers.Layer):
    """Pixels drawn as 0 or 1 with their brightness as probability."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, x_BD):
        share_BD = ops.cast(x_BD, "float32") / 255
        return ops.cast(keras.random.uniform(ops.shape(x_BD), seed=self.seeds) < share_BD, "float32")


class Code(layers.Layer):
    """A code drawn by mean and log-variance; their divergence is added to the loss."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(1)

    def call(self, out_BL):
        mean_BL, spread_BL = out_BL[:, :LATENT], out_BL[:, LATENT:]
        kl_B = 0.5 * ops.sum(ops.square(mean_BL) + ops.exp(spread_BL) - 1 - spread_BL, axis=1)
        self.add_loss(ops.mean(kl_B))
        return mean_BL + ops.exp(0.5 * spread_BL) * keras.random.normal(ops.shape(mean_BL), seed=self.seeds)


class Surprise(layers.Layer):
    """Adds the cross-entropy of pixels to the loss, and passes their log-odds on."""

    def call(self, odds_BD, x_BD):
        each_BD = ops.softplus(odds_BD) - x_BD * odds_BD
        self.add_loss(ops.mean(ops.sum(each_BD, axis=1)))
        return odds_BD


def main() -> None:
    """Read the pictures, fit, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arrays")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=128)
    options = parser.parse_args()
    with np.load(options.arrays, allow_pickle=False) as arrays:
        x_ND = arrays["x"].reshape(len(arrays["x"]), -1)
    inputs = keras.Input((x_ND.shape[1],), dtype="uint8")
    drawn = Drawn()(inputs)
    code = Code()(layers.Dense(2 * LATENT)(layers.Dense(HIDDEN, activation="relu")(drawn)))
    odds = layers.Dense(x_ND.shape[1])(layers.Dense(HIDDEN, activation="relu")(code))
    model = keras.Model(inputs, Surprise()(odds, drawn))
    model.compile(keras.optimizers.Adam(1e-3))
    clock = EpochSeconds()
    model.fit(x_ND, batch_size=options.batch, epochs=options.epochs, verbose=0, callbacks=[clock])
    print(json.dumps({"backend": keras.backend.backend(), "images_per_second": [len(x_ND) / s for s in clock.seconds]}))


if __name__ == "__main__":
    main()
