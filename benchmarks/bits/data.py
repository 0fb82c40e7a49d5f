"""Small data of every kind for the guard of equal bits, made from seeds: the same files wherever and whenever it is
called.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import soundfile
from PIL import Image

WORDS = ("the", "story", "of", "a", "film", "and", "its", "ending", "was", "about", "old", "friends", "by", "sea")
TOLD = {"good": ("fine", "lovely", "great"), "bad": ("dull", "awful", "poor")}
NOUNS, VERBS = ("dog", "cat", "can", "fish"), ("sees", "can", "likes")


def make(folder: Path) -> None:
    """Write all datasets into an empty folder."""
    for one in (table, blobs, pictures, texts, sentences, corpus, clips, hours, houses):
        one(folder)


def table(folder: Path, rows: int = 400) -> None:
    """Write rows.csv: numbers, categories, dates and booleans with empty cells, and targets of every form."""
    rng = np.random.default_rng(1)
    x_N3 = rng.normal(size=(rows, 3))
    town_N, member_N, day_N = rng.integers(0, 4, rows), rng.integers(0, 2, rows), rng.integers(0, 900, rows)
    latent_N = x_N3[:, 0] - 0.5 * x_N3[:, 1] + 0.4 * town_N + 0.5 * member_N + day_N / 900 + 0.3 * rng.normal(size=rows)
    level_N = np.digitize(latent_N, np.quantile(latent_N, (0.25, 0.5, 0.75)))
    genres = [";".join(np.array(["war", "love", "art"])[x_3 > 0.2]) or "[]" for x_3 in x_N3]
    columns = {
        "width": x_N3[:, 0].round(4),
        "height": x_N3[:, 1].round(3),
        "depth": x_N3[:, 2].round(2),
        "town": np.array(["Łódź", "Ulm", "上海", "Rome"])[town_N],
        "member": np.array(["no", "yes"])[member_N],
        "since": [(date(2020, 1, 1) + timedelta(days=int(day))).isoformat() for day in day_N],
    }
    holes = {name: rng.uniform(size=rows) < 0.06 for name in columns}
    given = {
        name: [None if hole else value for value, hole in zip(values, holes[name], strict=True)]
        for name, values in columns.items()
    }
    targets = {
        "kind": np.array(["low", "middle", "upper", "high"])[level_N],
        "sure": np.where(latent_N > np.median(latent_N), "yes", "no"),
        "price": (10 + 3 * latent_N).round(3),
        "visits": rng.poisson(np.exp(0.5 * x_N3[:, 0])),
        "age": [None if row % 3 == 0 else round(40 + 10 * x, 2) for row, x in enumerate(x_N3[:, 1])],
        "genres": genres,
        "counts": rng.uniform(0.5, 2, rows).round(3),
    }
    pl.DataFrame({name: pl.Series(name, list(values)) for name, values in (given | targets).items()}).write_csv(
        folder / "rows.csv"
    )


def blobs(folder: Path) -> None:
    """Write domains.csv: three classes in the plane, with labels; the same ones elsewhere, without in train and
    with in test.
    """
    rng = np.random.default_rng(2)
    frames = []
    for split, rows, shift, labelled in (
        ("train", 200, 0.0, True),
        ("train", 200, 1.5, False),
        ("test", 120, 1.5, True),
    ):
        class_N = rng.integers(0, 3, rows)
        x_N2 = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 4.0]])[class_N] + rng.normal(size=(rows, 2)) + shift
        kinds = np.array(["a", "b", "c"])[class_N].tolist() if labelled else [None] * rows
        frames.append(
            pl.DataFrame(
                {"x": x_N2[:, 0], "y": x_N2[:, 1], "kind": pl.Series(kinds, dtype=pl.String), "split": [split] * rows}
            )
        )
    pl.concat(frames).write_csv(folder / "domains.csv")


def patterns(rows: int, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy stripes (rows,side,side,3) uint8 in one of three directions and colours, and their classes
    (rows,).
    """
    class_N = np.arange(rows) % 3
    y, x = np.mgrid[:side, :side] / side
    along_3HW = np.stack([x, y, (x + y) / 1.4])
    phase_N = rng.uniform(0, 2 * np.pi, (rows, 1, 1))
    wave_NHW = 0.5 + 0.4 * np.sin(2 * np.pi * 3 * along_3HW[class_N] + phase_N)
    ink_N3 = 0.6 + 0.4 * np.eye(3)[class_N] - 0.2 * rng.uniform(size=(rows, 3))
    seen = wave_NHW[..., None] * ink_N3[:, None, None, :] + rng.normal(0, 0.1, (rows, side, side, 3))
    return np.clip(255 * seen, 0, 255).round().astype(np.uint8), class_N


def pictures(folder: Path, rows: int = 180, side: int = 12) -> None:
    """Write stripes/<class>/<number>.png."""
    pixels, class_N = patterns(rows, side, np.random.default_rng(3))
    for row, label in enumerate(np.array(["across", "down", "slanted"])[class_N]):
        (folder / "stripes" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[row]).save(folder / "stripes" / label / f"{row}.png")


def said(rng: np.random.Generator, label: str) -> str:
    """Return a sentence of three to thirteen words that is good or bad about a film."""
    about = rng.choice(WORDS, rng.integers(3, 13)).tolist()
    about.insert(int(rng.integers(len(about))), str(rng.choice(TOLD[label])))
    return " ".join(about)


def texts(folder: Path, rows: int = 240) -> None:
    """Write reviews.csv."""
    rng = np.random.default_rng(4)
    labels = [("good", "bad")[row % 2] for row in range(rows)]
    pl.DataFrame({"text": [said(rng, label) for label in labels], "label": labels}).write_csv(folder / "reviews.csv")


def sentences(folder: Path, rows: int = 160) -> None:
    """Write tagged.jsonl: the tokens of sentences and a tag for each."""
    rng = np.random.default_rng(5)
    lines = []
    for _ in range(rows):
        tokens, tags = [], []
        for noun in rng.integers(0, 2, rng.integers(1, 4)):
            tokens += ["the", str(rng.choice(NOUNS))] if noun else ["Ada", str(rng.choice(VERBS))]
            tags += ["DET", "NOUN"] if noun else ["NAME", "VERB"]
        lines.append(json.dumps({"tokens": tokens, "tags": tags}) + "\n")
    (folder / "tagged.jsonl").write_text("".join(lines), encoding="utf-8")


def corpus(folder: Path, rows: int = 240) -> None:
    """Write corpus.txt: a sentence a line."""
    rng = np.random.default_rng(6)
    lines = [
        f"{rng.choice(['the', 'a'])} {rng.choice(NOUNS)} {rng.choice(VERBS)}{' fish' * int(rng.integers(3))}\n"
        for _ in range(rows)
    ]
    (folder / "corpus.txt").write_text("".join(lines), encoding="utf-8")


def clips(folder: Path, rows: int = 60, rate: int = 8_000) -> None:
    """Write tones/<class>/<number>.wav: low and high tones of 0.1 to 0.2 s."""
    rng = np.random.default_rng(7)
    for row in range(rows):
        label, hertz = (("low", 400.0), ("high", 1_500.0))[row % 2]
        time = np.arange(round(rng.uniform(0.1, 0.2) * rate)) / rate
        (folder / "tones" / label).mkdir(parents=True, exist_ok=True)
        wave = 0.3 * np.sin(2 * np.pi * hertz * time) + rng.normal(0, 0.05, len(time))
        soundfile.write(folder / "tones" / label / f"{row}.wav", wave, rate, subtype="PCM_16")


def hours(folder: Path, rows: int = 400) -> None:
    """Write load.csv: two variables with a daily rhythm, hour by hour."""
    rng = np.random.default_rng(8)
    wave = 2 * np.pi * np.arange(rows) / 24
    when = [datetime(2024, 1, 1) + timedelta(hours=k) for k in range(rows)]
    load, heat = 5 + np.sin(wave) + 0.2 * rng.normal(size=rows), 20 + 3 * np.cos(wave) + 0.3 * rng.normal(size=rows)
    pl.DataFrame({"when": when, "load": load.round(4), "heat": heat.round(4)}).write_csv(folder / "load.csv")


def houses(folder: Path, rows: int = 160) -> None:
    """Write houses.csv: a photo, a size and a text each, of which some are missing, and a price that depends on all
    three.
    """
    rng = np.random.default_rng(9)
    (folder / "photos").mkdir()
    lines = []
    for row in range(rows):
        bright, size, label = rng.uniform(), rng.normal(), ("good", "bad")[int(rng.integers(2))]
        pixels = np.clip(255 * (bright + rng.normal(0, 0.1, (8, 8))), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / f"{row}.png")
        price = 2 * size + 3 * bright + (label == "good") + 0.2 * rng.normal()
        photo, text = None if row % 9 == 0 else f"photos/{row}.png", None if row % 7 == 3 else said(rng, label)
        lines.append({"photo": photo, "size": round(size, 4), "text": text, "price": round(price, 4)})
    pl.DataFrame(lines).write_csv(folder / "houses.csv")


def for_speed(folder: Path, pictures_: int = 2_000, texts_: int = 3_000, dense: int = 6_000) -> None:
    """Write what speed is measured on: colour.npz of 32×32 pixels, grey.npz of 16×16 without classes, and many.csv
    of texts.
    """
    rng = np.random.default_rng(10)
    for name, rows, side in (("colour", pictures_, 32), ("grey", dense, 16)):
        pixels, class_N = patterns(rows, side, rng)
        x_N = pixels if name == "colour" else pixels.mean(3).astype(np.uint8)
        cuts = {"train": slice(0, -200), "val": slice(-200, -100), "test": slice(-100, None)}
        arrays = {
            f"{letter}_{part}": values[at]
            for part, at in cuts.items()
            for letter, values in (("x", x_N), ("y", class_N))
        }
        np.savez(folder / f"{name}.npz", **arrays)
    labels = [("good", "bad")[row % 2] for row in range(texts_)]
    pl.DataFrame({"text": [said(rng, label) for label in labels], "label": labels}).write_csv(folder / "many.csv")
