"""Realistic reports of a classifier of digits and of a regressor, with their exhibits in a folder."""

from __future__ import annotations

import base64
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from leadline.facts.exhibit import Draft, Exhibit, store
from leadline.facts.experiment import Experiment
from leadline.facts.finding import Again, Finding
from leadline.facts.report import Report, RunFacts
from leadline.facts.requirement import Requirement, judge

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
AGAIN = Again(producer="objective", tolerance=1e-6)


def png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def wilson(right: int, n: int) -> tuple[float, float]:
    z, p = 1.96, right / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def share(name: str, value: float, n: int, split: str = "test", group: str | None = None, method: str = "Wilson score") -> Finding:
    low, high = wilson(round(value * n), n)
    again = AGAIN if group is None or group.startswith("class") else Again(producer="baseline")
    stricter = {"0.975": (low - 0.004, min(1.0, high + 0.003))}
    return Finding(
        name=name, split=split, group=group, value=value, interval=(min(low, value), max(high, value)), n=n, method=method,
        better="higher", again=again, stricter=stricter,
    )  # fmt: skip


def costs() -> list[Finding]:
    again = Again(producer="cost")
    return [
        Finding(name="params", value=93_322, method="trained numbers, shared ones once", better="lower", again=again),
        Finding(name="flops", value=24_345_600, unit="FLOP", method="matrix products and convolutions", provenance="estimated", again=again),
        Finding(name="size_mb", value=0.37514, unit="MB", method="size of model.safetensors on disk", better="lower", again=again),
        Finding(name="latency_ms", group="batch=1", value=0.412, interval=(0.397, 0.431), n=200, unit="ms", method="median time, fp32, 2 CPU threads", again=again),
        Finding(name="latency_ms", group="batch=64", value=6.31, interval=(6.22, 6.54), n=120, unit="ms", method="median time, fp32, 2 CPU threads", again=again),
        Finding(name="peak_memory_mb", value=412.3, unit="MB", method="peak resident memory of the process", again=again),
        Finding(name="train_seconds", value=21.4, unit="s", method="wall clock of the training loop, validation included", again=again),
        Finding.absent("energy_wh", "no readable energy meter on this machine (RAPL needs permission)", unit="Wh", again=again),
    ]  # fmt: skip


def digits_exhibits(folder: Path, labels: list[str], rng: np.random.Generator) -> list[Exhibit]:
    images = np.repeat(load_digits().images[:40] * 15.9, 1, axis=0).astype(np.uint8)
    names = [labels[t] for t in load_digits().target[:40]]
    turned = [np.roll(images[i], (int(rng.integers(-1, 2)), int(rng.integers(-1, 2))), (0, 1)) for i in range(4) for _ in range(7)]
    epochs = np.arange(1, 41, dtype=float)
    loss = 2.3 * np.exp(-epochs / 6) + 0.01
    counts = np.diag([33, 36, 35, 36, 37, 36, 36, 35, 30, 34])
    for true, said, n in ((8, 1, 3), (9, 7, 1), (3, 5, 1), (7, 9, 1)):
        counts[true, said] = n
    confidence = np.array([0.62, 0.81, 0.93, 0.97, 0.99, 0.999])
    right = np.array([0.5, 0.78, 0.94, 0.98, 0.99, 1.0])
    bins = [
        {"confidence": c, "accuracy": a, "low": wilson(round(a * n), n)[0], "high": wilson(round(a * n), n)[1], "count": n}
        for c, a, n in zip(confidence, right, (8, 14, 40, 70, 100, 128), strict=True)
    ]
    columns = {"columns": ["column", "kind", "role", "missing", "summary"],
               "rows": [["image", "image", "input", 0, "8 × 8 pixels, 1 channel"], ["label", "category", "target", 0, "10 classes"]]}  # fmt: skip
    drafts = [
        Draft("columns", "table", "Columns", columns),
        Draft("set_aside", "table", "Set aside", {"columns": ["file", "row", "column", "reason"],
              "rows": [["scans/0017.png", 17, "image", "truncated after 212 bytes"], ["scans/0251.png", 251, "label", "no label"]]}),
        Draft("examples", "pictures", "Examples", {"pictures": [png(i) for i in images[:24]], "captions": names[:24], "columns": 8}, split="train"),
        Draft("augmented", "pictures", "As the network sees them", {"pictures": [png(i) for i in turned], "captions": [""] * 28, "columns": 7},
              "Each row: one example, then versions of it that augmentation made.", "train"),
        Draft("learning_curves", "curves", "Learning curves", {"x": {"label": "epoch", "values": epochs.tolist()}, "mark": {"x": 33.0, "label": "shipped"}, "panels": [
            {"label": "loss", "log": True, "series": [{"name": "train", "values": loss.tolist()}, {"name": "validation", "values": (loss + 0.04 + 0.01 * rng.random(40)).tolist()}]},
            {"label": "accuracy", "log": False, "series": [{"name": "validation", "values": [None, *(1 - 0.4 * np.exp(-epochs[1:] / 5) - 0.02).tolist()]}]},
            {"label": "learning rate", "log": False, "series": [{"name": "learning rate", "values": (1e-3 * np.sin(np.pi * epochs / 41)).tolist()}]}]}),
        Draft("confusion", "matrix", "Confusion matrix", {"labels": labels, "counts": counts.tolist()}, "Rows: the true class. Columns: what the network said.", "validation"),
        Draft("confusion", "matrix", "Confusion matrix", {"labels": labels, "counts": counts.tolist()}, "Rows: the true class. Columns: what the network said.", "test"),
        Draft("reliability", "reliability", "Reliability", {"bins": bins}, "How often the network is right when it claims a confidence.", "test"),
        Draft("mistakes", "pictures", "The surest mistakes", {"pictures": [png(i) for i in images[30:36]],
              "captions": [f"8 taken for 1, 9{i}.3% sure (digits, row {i * 7})" for i in range(6)], "columns": 6}, split="test"),
        Draft("plan", "table", "Execution plan", {"columns": ["candidate", "ms a step", "sound"], "rows": [["fp32, 2 threads", 3.214, True], ["bf16, 2 threads", 4.9, True]]}),
        Draft("noise", "table", "Something new", {"columns": ["level", "accuracy"], "rows": [[0.1, 0.97], [0.2, 0.91]]}),
    ]  # fmt: skip
    return [store(draft, folder) for draft in drafts]


def classification(folder: Path, labels: list[str] | None = None) -> Report:
    """A report of ten classes; `labels` replaces the digits' own names."""
    labels = labels or [str(k) for k in range(10)]
    rng = np.random.default_rng(0)
    findings = [Finding(name="rows", split=s, value=n, n=n, unit="rows", method="counted") for s, n in (("train", 1257), ("validation", 180), ("test", 360))]
    findings += [
        Finding(name="rows_set_aside", value=2, unit="rows", method="counted", better="lower"),
        Finding(name="duplicates", group="splits=train, test", value=0, unit="rows", method="rows of test whose encoded inputs equal those of a row of train"),
    ]  # fmt: skip
    for split, n, value in (("train", 1257, 0.9992), ("validation", 180, 0.9778), ("test", 360, 0.98611)):
        findings += [share("accuracy", value, n, split)]
        findings += [share(m, value - 0.001 * k, n, split, method="bootstrap of the confusion matrix, 2,000 resamples")
                     for k, m in enumerate(("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro"))]  # fmt: skip
        loss = 0.31 - 0.3 * value
        findings += [
            Finding(name="roc_auc", split=split, value=0.9991, interval=(0.9983, 0.9997), n=n, method="macro one-vs-rest, bootstrap", better="higher", again=AGAIN),
            Finding(name="nll", split=split, value=loss, interval=(loss * 0.6, loss * 1.5), n=n, unit="nats", method="bootstrap", better="lower", again=AGAIN),
            Finding(name="brier", split=split, value=loss / 2, interval=(loss * 0.3, loss * 0.8), n=n, method="summed over classes, bootstrap", better="lower", again=AGAIN),
            Finding(name="ece", split=split, value=0.0102, interval=(0.006, 0.021), n=n, method="15 bins of equal mass, bootstrap", better="lower", again=AGAIN),
        ]  # fmt: skip
        for k, label in enumerate(labels):
            right = 0.9091 if k == 8 else 1.0 - 0.027 * (k % 3)
            findings += [share(m, right, 33 + k % 5, split, f"class={label}") for m in ("precision", "recall", "f1")]
    findings += [
        share("accuracy", 0.1028, 360, "test", "baseline=majority"),
        Finding(name="nll", split="test", group="baseline=majority", value=2.303, interval=(2.301, 2.305), n=360, unit="nats", better="lower"),
        Finding(name="generalisation_gap", value=0.0131, interval=(0.003, 0.031), n=360, method="accuracy on train minus on test; MOVER interval", better="lower"),
        *costs(),
    ]  # fmt: skip
    requirements = [Requirement.parse(t) for t in ("accuracy >= 0.95", "recall(8) >= 0.95", "size_mb <= 0.1", "energy_wh <= 5")]
    experiment = Experiment.parse({
        "name": "digits", "data": {"source": "digits", "target": "label", "inputs": {"image": {"kind": "image", "augment": [{"shift": 0.1}]}}},
        "network": "cnn", "objective": "classification", "require": [r.text for r in requirements],
        "card": {"intended_use": "Reading digits in class.", "licence": "Apache-2.0"},
    })  # fmt: skip
    return Report(
        experiment=experiment.model_dump(mode="json"),
        run=RunFacts(id="digits-1", started="2026-01-05T10:32:11+00:00", seconds=84.2, test_looks=3),
        environment=ENVIRONMENT,
        findings=tuple(findings),
        exhibits=tuple(digits_exhibits(folder, labels, rng)),
        requirements=judge(requirements, findings),
    )


def regression(folder: Path) -> Report:
    rng = np.random.default_rng(1)
    true = rng.gamma(4, 40, 89)
    said = true * 0.7 + 45 + rng.normal(0, 35, 89)
    findings = [Finding(name="rows", split=s, value=n, n=n, unit="rows", method="counted") for s, n in (("train", 309), ("validation", 44), ("test", 89))]
    for split, n, off in (("train", 309, 38.2), ("validation", 44, 44.9), ("test", 89, 43.17)):
        common = {"split": split, "n": n, "again": AGAIN}
        findings += [
            Finding(name="mse", value=off**2 * 1.6, interval=(off**2 * 1.2, off**2 * 2.1), unit="progression²", better="lower", method="bootstrap-t", **common),
            Finding(name="rmse", value=off * 1.26, interval=(off * 1.1, off * 1.45), unit="progression", better="lower", method="bootstrap-t", **common),
            Finding(name="mae", value=off, interval=(off - 5.5, off + 6.1), unit="progression", better="lower", method="bootstrap-t", **common),
            Finding(name="r2", value=0.46, interval=(0.31, 0.57), better="higher", method="bootstrap", **common),
        ]  # fmt: skip
    findings += [
        Finding(name="mae", split="test", group="baseline=mean", value=65.1, interval=(57.0, 73.9), n=89, unit="progression", better="lower"),
        Finding.absent("generalisation_gap", "mae was not measured on train", better="lower"),
        *costs(),
    ]  # fmt: skip
    content = {"x": {"label": "true progression", "values": true.tolist()}, "y": {"label": "predicted progression", "values": said.tolist()}, "diagonal": True}
    rows = {"columns": ["what happened", "where", "age", "bmi"], "rows": [["310, predicted 121", "diabetes, row 17", 0.0381, 0.0617], ["25, predicted 240", "diabetes, row 3", -0.05, None]]}
    experiment = Experiment.parse({"data": {"source": "diabetes", "target": "progression"}, "network": "mlp", "objective": "regression"})
    return Report(
        experiment=experiment.model_dump(mode="json"),
        run=RunFacts(id="diabetes-1", started="2026-01-05T10:32:11+00:00", seconds=8.24, test_looks=1),
        environment=ENVIRONMENT,
        findings=tuple(findings),
        exhibits=(
            store(Draft("predicted", "scatter", "Predicted against true", content, split="test"), folder),
            store(Draft("mistakes", "table", "The largest errors", rows, split="test"), folder),
        ),
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
    labels = ["<script>alert(1)</script>", "猫", "قطة", "a|b", "`code`", "*bold*", "[x](javascript:alert(1))", "\"><img src=x onerror=alert(1)>", "line\nbreak", "é"]
    return classification(tmp_path, labels), tmp_path
