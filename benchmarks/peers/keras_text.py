"""Train an embedding, an LSTM and a dense layer with Keras 3 and print sentences/s of each epoch as JSON; runs where
Keras is.

``KERAS_BACKEND=torch|jax python keras_text.py arrays.npz --epochs 3 --mask 0``
"""

import argparse
import json

import keras
import numpy as np
from keras import layers
from keras_clock import EpochSeconds


def main() -> None:
    """Read token numbers padded with 0, fit, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arrays")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--mask", type=int, default=0)
    options = parser.parse_args()
    with np.load(options.arrays, allow_pickle=False) as arrays:
        x_NT, y_N = arrays["x"], arrays["y"]
    model = keras.Sequential(
        [
            keras.Input((x_NT.shape[1],), dtype="int32"),
            layers.Embedding(int(x_NT.max()) + 1, options.width, mask_zero=bool(options.mask)),
            layers.LSTM(128),
            layers.Dense(int(y_N.max()) + 1, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    clock = EpochSeconds()
    model.fit(x_NT, y_N, batch_size=options.batch, epochs=options.epochs, verbose=0, callbacks=[clock])
    print(
        json.dumps({"backend": keras.backend.backend(), "sentences_per_second": [len(x_NT) / s for s in clock.seconds]})
    )


if __name__ == "__main__":
    main()
