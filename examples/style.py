"""Draw one picture in the style of another, by a network trained here: textures are told apart, and lend their look to
a house.
"""

from pathlib import Path

import numpy as np
from PIL import Image

import leadline
from leadline.verbs.style import write

SIDE = 32


def texture(kind: str, side: int, rng: np.random.Generator) -> np.ndarray:
    """Return stripes, checks, dots or waves (H,W,3) of two colours, at any angle."""
    y, x = np.mgrid[:side, :side].astype(float)
    turn, pitch, start = rng.uniform(0, np.pi), rng.uniform(0.4, 1.0), rng.uniform(0, 2 * np.pi)
    u, v = pitch * (np.cos(turn) * x + np.sin(turn) * y) + start, pitch * (np.cos(turn) * y - np.sin(turn) * x)
    drawn = {"stripes": np.sin(u), "checks": np.sign(np.sin(u) * np.sin(v)), "dots": np.cos(u) + np.cos(v)}
    level = drawn[kind] if kind in drawn else np.sin(u + 2 * np.sin(v))
    share = ((level - level.min()) / np.ptp(level))[..., None]
    one, other = rng.uniform(0, 255, (2, 3))
    return np.clip(one * share + other * (1 - share) + rng.normal(0, 8, (side, side, 3)), 0, 255).astype(np.uint8)


def house(height: int = 64, width: int = 96) -> np.ndarray:
    """Return a house under the sun (H,W,3)."""
    y, x = np.mgrid[:height, :width]
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[...] = (150, 190, 230)
    picture[y > 0.6 * height] = (90, 140, 70)
    picture[(x - 0.75 * width) ** 2 + (y - 0.25 * height) ** 2 < (0.15 * height) ** 2] = (250, 220, 80)
    picture[(abs(x - 0.3 * width) < 0.16 * width) & (y > 0.35 * height) & (y < 0.75 * height)] = (160, 80, 60)
    picture[(y > 0.15 * height) & (y <= 0.35 * height) & (abs(x - 0.3 * width) < 1.6 * (y - 0.15 * height))] = (
        100,
        40,
        40,
    )
    return picture


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    kinds = ["stripes", "checks", "dots", "waves"]
    labels = np.array([kinds[i % 4] for i in range(320)])
    textures = np.stack([texture(kind, SIDE, rng) for kind in labels])
    run = leadline.train(
        {"x": textures, "y": labels},
        network="cnn",
        epochs=6,
        settings={"network.size": "small", "baselines": []},
        quiet=True,
    )

    content, look = house(), texture("waves", 96, rng)
    made = leadline.style(content, look, run, steps=40, quiet=True)
    write(made, Path("house.png"))
    Image.fromarray(look).save("look.png")

    # The mean colour moves from the house's towards the look's, and the house is still there.
    before, after = (float(np.abs(picture.mean((0, 1)) - look.mean((0, 1))).mean()) for picture in (content, made))
    print(f"mean colour: {before:.0f} away from the look's before, {after:.0f} after")
    assert after < before
    edges = [np.abs(np.diff(picture.mean(2), axis=0)).ravel() for picture in (content, made)]
    assert np.corrcoef(*edges)[0, 1] > 0.2
