"""Train the textbook CNN with Keras 3 and print images/s of each epoch as JSON; runs in an environment that has Keras.

``KERAS_BACKEND=torch|jax python keras_cnn.py arrays.npz --epochs 2``
"""

import argparse
import json

import keras
import numpy as np
from keras import layers
from keras_clock import EpochSeconds

CLASSES = 10


def network() -> keras.Model:
    """Convolutions of 32, 64 and 128 filters, each with max-pooling, and a dense layer of 128 units, after
    augmentation.
    """
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.RandomRotation(10 / 360, fill_mode="nearest"),
            layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
            layers.RandomFlip("horizontal"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


def main() -> None:
    """Read the arrays, fit, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arrays")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    with np.load(options.arrays, allow_pickle=False) as arrays:
        x_NHWC, y_N = arrays["x"].astype("float32") / 255, arrays["y"]
    model = network()
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    clock = EpochSeconds()
    model.fit(x_NHWC, y_N, batch_size=options.batch, epochs=options.epochs, verbose=0, callbacks=[clock])
    print(
        json.dumps({"backend": keras.backend.backend(), "images_per_second": [len(x_NHWC) / s for s in clock.seconds]})
    )


if __name__ == "__main__":
    main()
