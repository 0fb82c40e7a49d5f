"""Domain-adversarial training: digits on a plain ground have labels, those on coloured noise, which are to be read,
have none.

The coloured ones are made of MNIST: ink of any colour on textured grounds of any other, with grain. Training without
their labels is to win back half of what is lost by training on the plain ones alone, beside training on their labels.
``python -m benchmarks.adaptation path/to/mnist.npz``
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from benchmarks.common import Figure, dataset, leadline, publish, report
from PIL import Image

TRAIN, TEST = 10_000, 5_000  # rows of each domain
SEED = 1  # of the rows and their colours: settings were chosen on others
EPOCHS, BATCH = 15, 64  # rows with a label: those without double both
RESAMPLED = 2_000


def noise(rows: int, side: int, channels: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise (rows, side, side, channels) of variance 1: grids of random numbers, the finer the fainter, as in
    photos (Field 1987), blurred and added.
    """
    found = np.zeros((rows, side, side, channels), dtype=np.float32)
    for cells in (2, 4, 7, 14):
        grid = rng.normal(size=(rows, cells + 1, cells + 1, channels)).astype(np.float32)
        at = np.linspace(0, cells, side)
        low = np.minimum(at.astype(np.int64), cells - 1)
        part = (at - low).astype(np.float32)
        for axis in (1, 2):
            share = part.reshape([side if k == axis else 1 for k in range(4)])
            grid = grid.take(low, axis) * (1 - share) + grid.take(low + 1, axis) * share
        found += grid / cells
    return found / found.std()


def coloured(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return digits (n,28,28) uint8 in a colour of their own on textured grounds of another, with grain (n,28,28,3)
    uint8.
    """
    rows, side = len(digits), digits.shape[1]
    ground = rng.uniform(0, 140, (rows, 1, 1, 3)) + 35 * noise(rows, side, 1, rng) + 15 * noise(rows, side, 3, rng)
    ink, share = rng.uniform(110, 255, (rows, 1, 1, 3)), digits[..., None] / np.float32(255)
    drawn = ground * (1 - share) + ink * share + rng.normal(0, 15, (rows, side, side, 3))
    return np.clip(drawn, 0, 255).round().astype(np.uint8)


def plain(digits: np.ndarray) -> np.ndarray:
    """Return digits with three equal channels."""
    return np.repeat(digits[..., None], 3, axis=3)


def frame(pictures: np.ndarray, labels: np.ndarray | None, split: str) -> pl.DataFrame:
    """Return rows as PNG, with their labels or none."""
    files = []
    for picture in pictures:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG", compress_level=1)
        files.append(file.getvalue())
    given = pl.Series([None] * len(files) if labels is None else labels.tolist(), dtype=pl.Int64)
    return pl.DataFrame({"picture": files, "digit": given, "split": [split] * len(files)})


def data(source: Path) -> dict[str, pl.DataFrame]:
    """Return what each of the three trainings is given; all are tested on the same coloured rows."""
    arrays, rng = np.load(source), np.random.default_rng(SEED)
    x, y = arrays["x_train"], arrays["y_train"]
    order = rng.permutation(len(x))
    first, second = order[:TRAIN], order[TRAIN : 2 * TRAIN]
    test = rng.permutation(len(arrays["x_test"]))[:TEST]
    at = frame(coloured(arrays["x_test"][test], rng), arrays["y_test"][test], "test")
    own, other = frame(plain(x[first]), y[first], "train"), coloured(x[second], rng)
    return {
        "plain digits alone": pl.concat([own, at]),
        "domain-adversarial": pl.concat([own, frame(other, None, "train"), at]),
        "labels of coloured digits": pl.concat([frame(other, y[second], "train"), at]),
    }


def right(run: Path) -> np.ndarray:
    """Return which test rows a run names right."""
    table = pl.read_parquet(run / "predictions.parquet").filter(pl.col("split") == "test").sort("row")
    return (table["predicted"] == table["target"]).to_numpy()


def main() -> None:
    """Train three times with the same network and as many updates, and compare on the same test rows."""
    source = dataset("mnist.npz")
    found, figures, seconds = {}, [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, rows) in enumerate(data(source).items()):
            file, run = Path(folder) / f"{number}.parquet", Path(folder) / str(number)
            rows.write_parquet(file)
            twice = 2 if name == "domain-adversarial" else 1
            options = ["--objective", "adaptation"] if twice == 2 else []
            seconds += leadline(
                *(
                    "train",
                    file,
                    "--target",
                    "digit",
                    "--split",
                    "column:split",
                    "--network",
                    "cnn",
                    *options,
                    "--out",
                    run,
                ),
                *(
                    "--set",
                    f"training.epochs={EPOCHS}",
                    "--set",
                    f"training.batch={BATCH * twice}",
                    "--set",
                    "baselines=[]",
                ),
                *("--set", "training.early_stopping=null", "--set", "network.size=small"),
            )
            found[name] = right(run)
            accuracy = report(run).find("accuracy")
            assert accuracy is not None
            assert accuracy.value is not None
            figures.append(
                Figure(
                    f"accuracy on coloured digits, {name}",
                    accuracy.value,
                    "",
                    TEST,
                    accuracy.method or "",
                    accuracy.interval,
                )
            )
            told = report(run).find("domain_accuracy")
            if told is not None and told.value is not None:
                figures.append(
                    Figure("domains told apart", told.value, "", told.n or 0, told.method or "", told.interval)
                )
    alone, adapted, known = found.values()
    figures.insert(0, recovered(alone, adapted, known))
    figures.append(Figure("seconds, three trainings and reports", seconds, "s", 1, "one run", None, "<= 600"))
    publish("adaptation", figures)


def recovered(alone: np.ndarray, adapted: np.ndarray, known: np.ndarray) -> Figure:
    """Return the share of the accuracy lost that is won back, with a bootstrap interval over test rows."""
    rng = np.random.default_rng(0)
    at = rng.integers(0, len(alone), (RESAMPLED, len(alone)))
    low, middle, high = (one[at].mean(1) for one in (alone, adapted, known))
    ends = np.quantile((middle - low) / (high - low), (0.025, 0.975))
    value = float((adapted.mean() - alone.mean()) / (known.mean() - alone.mean()))
    method = "one training each; percentile bootstrap over the same test rows"
    return Figure(
        "share of the lost accuracy won back", value, "", len(alone), method, (float(ends[0]), float(ends[1])), ">= 0.5"
    )


if __name__ == "__main__":
    main()
