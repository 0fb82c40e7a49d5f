"""Realistic reports of a classifier of digits and of a regressor, with their exhibits in a folder."""

from __future__ import annotations

import base64
import io
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from leadline.core.exhibit import ExhibitDraft, store
from leadline.core.experiment import Experiment
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import Requirement, verdicts_on

sys.path.insert(0, str(Path(__file__).parent))

from declared import METRICS

STARTED = "2026-01-05T10:32:11+00:00"
ENVIRONMENT = {
    "python": "3.12.3",
    "os": "Linux 6.8",
    "versions": {"leadline": "0.1.0", "torch": "2.13.0", "numpy": "2.4.0"},
    "cpu": {"model": "A processor", "cores": 2, "threads": 2, "memory_gb": 16.8},
    "gpus": [],
    "git": {"commit": "6f1c0a5e1d0f4b7aa6a8b5ffdb7fd1d4b0b8f0aa", "changed": False},
    "data": {"fingerprint": "9b1e0f3a", "rows": 1797},
    "plan": {"device": "cpu", "precision": "fp32", "channels_last": True, "compile": None},
}
PARTS = (("train", 1257), ("validation", 180), ("test", 360))
REQUIRED = ("accuracy >= 0.95", "recall(8) >= 0.95", "size_mb <= 0.1", "energy_wh <= 5")
DIGITS = {
    "name": "digits",
    "data": {
        "source": "digits",
        "target": "label",
        "inputs": {"image": {"type": "image", "augment": [{"shift": 0.1}]}},
    },
    "network": "cnn",
    "objective": "classification",
    "require": REQUIRED,
    "card": {"intended_use": "Reading digits in class.", "licence": "Apache-2.0"},
}
DIABETES = {"data": {"source": "diabetes", "target": "progression"}, "network": "mlp", "objective": "regression"}


def measured(name: str, value: float, interval: tuple[float, float] | None = None, **rest: Any) -> Finding:
    """A finding of the objective, unless `rest` says otherwise."""
    better = "lower" if name in ("nll", "brier", "ece", "mse", "rmse", "mae", "generalisation_gap") else "higher"
    defaults = {"again": Reproduction(producer="objective", tolerance=1e-6), "better": better}
    return Finding(name=name, value=value, interval=interval, **{**defaults, **rest})


def png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def wilson(right: int, n: int) -> tuple[float, float]:
    z, p = 1.96, right / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def share(name: str, value: float, n: int, split: str, method: str = "Wilson score", **rest: Any) -> Finding:
    low, high = wilson(round(value * n), n)
    stricter = {"0.975": (low - 0.004, min(1.0, high + 0.003))}
    interval = (min(low, value), max(high, value))
    return measured(name, value, interval, n=n, split=split, method=method, stricter=stricter, **rest)


def rows(parts: tuple[tuple[str, int], ...]) -> list[Finding]:
    return [Finding(name="rows", split=split, value=n, n=n, unit="rows", method="counted") for split, n in parts]


def costs() -> Iterator[Finding]:
    timed, clock = "median time, fp32, 2 CPU threads", "wall clock of the training loop, validation included"
    for name, group, value, interval, unit, method in (
        ("params", None, 93_322, None, "1", "trained numbers, shared ones once"),
        ("size_mb", None, 0.37514, None, "MB", "size of model.safetensors on disk"),
        ("latency_ms", "batch=1", 0.412, (0.397, 0.431), "ms", timed),
        ("latency_ms", "batch=64", 6.31, (6.22, 6.54), "ms", timed),
        ("peak_memory_mb", None, 412.3, None, "MB", "peak resident memory of the process"),
        ("train_seconds", None, 21.4, None, "s", clock),
    ):
        again = Reproduction(producer="cost")
        yield Finding(
            name=name,
            group=group,
            value=value,
            interval=interval,
            unit=unit,
            method=method,
            better="lower",
            again=again,
        )
    yield Finding(
        name="flops", value=24_345_600, unit="FLOP", method="matrix products and convolutions", provenance="estimated"
    )
    yield Finding.absent("energy_wh", "no readable energy meter on this machine (RAPL needs permission)", unit="Wh")


def tables() -> Iterator[ExhibitDraft]:
    def draft(name: str, title: str, columns: list[str], *cells: list[Any]) -> ExhibitDraft:
        return ExhibitDraft(name, "table", title, {"columns": columns, "rows": list(cells)})

    image = ["image", "image", "input", 0, "8 × 8 pixels, 1 channel"]
    label = ["label", "category", "target", 0, "10 classes"]
    yield draft("columns", "Columns", ["column", "kind", "role", "missing", "summary"], image, label)
    lost = ["scans/0017.png", 17, "image", "truncated after 212 bytes"]
    yield draft(
        "invalid_rows",
        "Set aside",
        ["file", "row", "column", "reason"],
        lost,
        ["scans/0251.png", 251, "label", "no label"],
    )
    yield draft(
        "plan", "Execution plan", ["candidate", "ms a step", "sound"], ["fp32", 3.214, True], ["bf16", 4.9, True]
    )
    yield draft("noise", "Something new", ["level", "accuracy"], [0.1, 0.97], [0.2, 0.91])


def pictures(labels: list[str], rng: np.random.Generator) -> Iterator[ExhibitDraft]:
    digits = load_digits()
    images = (digits.images[:40] * 15.9).astype(np.uint8)
    shifts = rng.integers(-1, 2, (4, 7, 2))
    turned = [png(np.roll(images[i], tuple(shifts[i, k]), (0, 1))) for i in range(4) for k in range(7)]
    caption = "In each row an example: as it is, after each augmentation by itself, and after all of them."
    shown = {
        "pictures": [png(i) for i in images[:24]],
        "captions": [labels[t] for t in digits.target[:24]],
        "columns": 8,
    }
    yield ExhibitDraft("examples", "pictures", "Examples", shown, split="train")
    ways = ["as it is", "rotate 10", "shift 0.1", "zoom 0.1", "noise 0.05", "cutout 0.25", "all together"]
    versions = {"pictures": turned, "captions": [""] * 28, "columns": 7, "headings": ways}
    yield ExhibitDraft("augmented", "pictures", "Augmentation of front", versions, caption, "train")
    yield ExhibitDraft("augmented-2", "pictures", "Augmentation of back", versions, caption, "train")
    told = [f"8 taken for 1, 9{i}.3% sure (digits, row {i * 7})" for i in range(6)]
    wrong = {"pictures": [png(i) for i in images[30:36]], "captions": told, "columns": 6}
    yield ExhibitDraft("mistakes", "pictures", "The surest mistakes", wrong, split="test")


def learning(rng: np.random.Generator) -> ExhibitDraft:
    epochs = np.arange(1, 41, dtype=float)
    loss = 2.3 * np.exp(-epochs / 6) + 0.01
    accuracy = [None, *(0.98 - 0.4 * np.exp(-epochs[1:] / 5)).tolist()]

    def panel(label: str, log: bool, **series: list[float | None]) -> dict[str, Any]:
        return {
            "label": label,
            "log": log,
            "series": [{"name": name, "values": values} for name, values in series.items()],
        }

    panels = [
        panel("loss", True, train=loss.tolist(), validation=(loss + 0.04 + 0.01 * rng.random(40)).tolist()),
        panel("accuracy", False, validation=accuracy),
        panel("learning rate", False, rate=(1e-3 * np.sin(np.pi * epochs / 41)).tolist()),
    ]
    content = {
        "x": {"label": "epoch", "values": epochs.tolist()},
        "mark": {"x": 33.0, "label": "shipped"},
        "panels": panels,
    }
    return ExhibitDraft("learning_curves", "curves", "Learning curves", content)


def judgements(labels: list[str]) -> Iterator[ExhibitDraft]:
    counts = np.diag([33, 36, 35, 36, 37, 36, 36, 35, 30, 34])
    for true, said, n in ((8, 1, 3), (9, 7, 1), (3, 5, 1), (7, 9, 1)):
        counts[true, said] = n
    caption = "Rows: the true class. Columns: what the network said."
    for split in ("validation", "test"):
        yield ExhibitDraft(
            "confusion", "matrix", "Confusion matrix", {"labels": labels, "counts": counts.tolist()}, caption, split
        )
    bins = []
    for confidence, right, n in (
        (0.62, 4, 8),
        (0.81, 11, 14),
        (0.93, 38, 40),
        (0.97, 69, 70),
        (0.99, 99, 100),
        (0.999, 128, 128),
    ):
        low, high = wilson(right, n)
        bins.append({"confidence": confidence, "accuracy": right / n, "low": low, "high": high, "count": n})
    yield ExhibitDraft(
        "reliability",
        "reliability",
        "Reliability",
        {"bins": bins},
        "How often it is right when it claims a confidence.",
        "test",
    )


def quality(labels: list[str], split: str, n: int, value: float) -> Iterator[Finding]:
    yield share("accuracy", value, n, split)
    resampled = "bootstrap of the confusion matrix, 2,000 resamples"
    for k, name in enumerate(("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro")):
        yield share(name, value - 0.001 * k, n, split, method=resampled)
    loss = 0.31 - 0.3 * value
    common = {"split": split, "n": n}
    yield measured("roc_auc", 0.9991, (0.9983, 0.9997), method="macro one-vs-rest, bootstrap", **common)
    yield measured("nll", loss, (loss * 0.6, loss * 1.5), unit="nats", method="bootstrap", **common)
    yield measured("brier", loss / 2, (loss * 0.3, loss * 0.8), method="summed over classes, bootstrap", **common)
    yield measured("ece", 0.0102, (0.006, 0.021), method="15 bins of equal mass, bootstrap", **common)
    for k, label in enumerate(labels):
        for name in ("precision", "recall", "f1"):
            yield share(name, 0.9091 if k == 8 else 1.0 - 0.027 * (k % 3), 33 + k % 5, split, group=f"class={label}")


def classification(folder: Path, labels: list[str] | None = None) -> Report:
    """A report of ten classes; `labels` replaces the digits' own names."""
    labels = labels or [str(k) for k in range(10)]
    rng = np.random.default_rng(0)
    twins = "rows of test whose encoded inputs equal those of a row of train"
    findings = [
        *rows(PARTS),
        Finding(name="rows_dropped", value=2, unit="rows", method="counted", better="lower"),
        Finding(name="duplicates", group="splits=train, test", value=0, unit="rows", method=twins),
    ]
    for (split, n), value in zip(PARTS, (0.9992, 0.9778, 0.98611), strict=True):
        findings += quality(labels, split, n, value)
    gap = "accuracy on train minus on test; MOVER interval"
    findings += [
        share("accuracy", 0.1028, 360, "test", group="baseline=majority"),
        measured("nll", 2.303, (2.301, 2.305), split="test", group="baseline=majority", n=360, unit="nats"),
        measured("generalisation_gap", 0.0131, (0.003, 0.031), n=360, method=gap),
        *costs(),
    ]
    drafts = (*tables(), *pictures(labels, rng), learning(rng), *judgements(labels))
    return Report(
        experiment=Experiment.parse(DIGITS).model_dump(mode="json"),
        run=RunFacts(id="digits-1", started=STARTED, seconds=84.2, test_accesses=3),
        environment=ENVIRONMENT,
        findings=tuple(findings),
        exhibits=tuple(store(draft, folder) for draft in drafts),
        metrics=METRICS,
        requirements=verdicts_on([Requirement.parse(text) for text in REQUIRED], findings),
    )


def regression(folder: Path) -> Report:
    """A report of a network that predicts a number, with an absent finding."""
    rng = np.random.default_rng(1)
    parts = (("train", 309), ("validation", 44), ("test", 89))
    findings = rows(parts)
    for (split, n), off in zip(parts, (38.2, 44.9, 43.17), strict=True):
        common: dict[str, Any] = {"split": split, "n": n, "method": "bootstrap-t", "unit": "progression"}
        findings += [
            measured("mse", off**2 * 1.6, (off**2 * 1.2, off**2 * 2.1), **{**common, "unit": "progression²"}),
            measured("rmse", off * 1.26, (off * 1.1, off * 1.45), **common),
            measured("mae", off, (off - 5.5, off + 6.1), **common),
            measured("r2", 0.46, (0.31, 0.57), **{**common, "unit": "1", "method": "bootstrap"}),
        ]
    findings += [
        measured("mae", 65.1, (57.0, 73.9), split="test", group="baseline=mean", n=89, unit="progression"),
        Finding.absent("generalisation_gap", "mae was not measured on train", better="lower"),
        *costs(),
    ]
    true = rng.gamma(4, 40, 89)
    said = true * 0.7 + 45 + rng.normal(0, 35, 89)
    x, y = (
        {"label": "true progression", "values": true.tolist()},
        {"label": "predicted progression", "values": said.tolist()},
    )
    errors = [
        ["310, predicted 121", "diabetes, row 17", 0.0381, 0.0617],
        ["25, predicted 240", "diabetes, row 3", -0.05, None],
    ]
    drafts = (
        ExhibitDraft(
            "predicted", "scatter", "Predicted against true", {"x": x, "y": y, "diagonal": True}, split="test"
        ),
        ExhibitDraft(
            "mistakes",
            "table",
            "The largest errors",
            {"columns": ["what", "where", "age", "bmi"], "rows": errors},
            split="test",
        ),
    )
    return Report(
        experiment=Experiment.parse(DIABETES).model_dump(mode="json"),
        run=RunFacts(id="diabetes-1", started=STARTED, seconds=8.24, test_accesses=1),
        environment=ENVIRONMENT,
        findings=tuple(findings),
        exhibits=tuple(store(draft, folder) for draft in drafts),
        metrics=METRICS,
    )


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    folder = tmp_path_factory.mktemp("digits")
    return classification(folder), folder


@pytest.fixture(scope="session")
def diabetes_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    folder = tmp_path_factory.mktemp("diabetes")
    return regression(folder), folder


@pytest.fixture
def hostile_run(tmp_path: Path) -> tuple[Report, Path]:
    """Class names as people (and attackers) write them."""
    script, link = "<script>alert(1)</script>", "[x](javascript:alert(1))"
    labels = [
        script,
        "猫",
        "قطة",
        "a|b",
        "`code`",
        "*bold*",
        link,
        '"><img src=x onerror=alert(1)>',
        "line\nbreak",
        "é",
    ]
    return classification(tmp_path, labels), tmp_path


@pytest.fixture
def scripts_run(tmp_path: Path) -> tuple[Report, Path]:
    """Class names that run from right to left, turn text round, look empty, or are very long."""
    labels = ["شمس", "قمر 2", "\u202eevil", "\u200b", "None", "a" * 200, "猫", "nan", "x\u2067y", "d"]
    return classification(tmp_path, labels), tmp_path
