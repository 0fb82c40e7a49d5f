"""Make pictures of other pictures: fill in what is drawn as an outline, from pairs, and from two heaps without any."""

import numpy as np
from PIL import Image

import leadline
from leadline.verbs.sample import grid

SIDE = 16


def drawings(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return discs, squares and diamonds as outlines and filled in their colour, both (N,H,W,3): red, green and blue by
    shape.
    """
    y, x = np.mgrid[:SIDE, :SIDE]
    outlines, filled = np.zeros((2, rows, SIDE, SIDE, 3), dtype=np.uint8)
    for i in range(rows):
        shape, size = i % 3, rng.uniform(3.5, 6)
        across, down = abs(x - rng.uniform(6, 9)), abs(y - rng.uniform(6, 9))
        away = [np.hypot(across, down), 1.15 * np.maximum(across, down), 0.8 * (across + down)][shape]
        filled[i, away <= size, shape] = 255
        outlines[i, abs(away - size) < 0.8] = 255
    return outlines, filled


if __name__ == "__main__":
    rng = np.random.default_rng(0)
    outlines, filled = drawings(900, rng)
    common = {"network": "cnn", "objective": "image-to-image", "quiet": True}
    small = {"network.size": "small", "objective.width": 16, "objective.residual_blocks": 1, "training.batch": 16}

    # Pairs: two pictures a row.
    pairs = {"outline": outlines, "filled": filled}
    run = leadline.train(pairs, epochs=20, settings={**small, "objective.into": "filled"}, target="none", **common)
    error, copied = (run.report.find("conversion_error", group=of).value for of in (None, "baseline=unchanged"))
    print(f"of pairs: {error:.3f} away from the drawing as it is filled, the outline itself {copied:.3f}")
    assert error < 0.5 * copied

    new_outlines, new_filled = drawings(8, rng)
    made = leadline.sample(run, 8, source={"outline": new_outlines}, quiet=True)["filled"].to_numpy()
    Image.fromarray(grid(np.concatenate([new_outlines, made, new_filled]))).save("filled.png")

    # No pairs: each drawing is either an outline or filled, and its class says which.
    kinds = np.arange(900) // 3 % 2
    heaps = {"x": np.where(kinds[:, None, None, None], filled, outlines), "y": np.where(kinds, "filled", "outline")}
    run = leadline.train(heaps, epochs=20, settings={**small, "reference_classifier": "auto"}, **common)
    share = run.report.find("conditional_accuracy").value
    print(f"without pairs: a classifier takes {share:.0%} of what was made for what it was to become")
    made = leadline.sample(run, 8, source=new_outlines, label="filled", quiet=True)["image"].to_numpy()
    Image.fromarray(grid(np.concatenate([new_outlines, made]))).save("filled-without-pairs.png")
