"""The examples run, and reach what they show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from leadline.core.report import Report

EXAMPLES = Path(__file__).parents[2] / "examples"


# What each script prints; those that train leave runs behind.
SCRIPTS = {
    "own_module.py": "accuracy",
    "own_loss.py": "test accuracy",
    "own_optimizer.py": "test accuracy",
    "frame.py": "r2",
    "sigmoid_networks.py": "10-10-1: mean error of the probabilities",
    "gradient_descent.py": "Leadline",
    "forward_backward.py": "dL/dW",
    "pipeline.py": "accuracy on rows held out",
    "pretrain.py": "pre-trained: accuracy",
    "series.py": "(baseline=seasonal-naive)",
    "loans.py": "cheapest that is not: gradient-boosting",
    "style.py": "mean colour",
    "drawings.py": "without pairs",
}
SLOW = ("pretrain.py", "loans.py", "series.py", "style.py", "drawings.py", "sigmoid_networks.py", "pipeline.py")


@pytest.mark.parametrize("script", [pytest.param(s, marks=pytest.mark.slow) if s in SLOW else s for s in SCRIPTS])
def test_scripts(script: str, place: Path) -> None:
    command = [sys.executable, "-W", "error", str(EXAMPLES / script)]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, "PYTHONUTF8": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert SCRIPTS[script] in done.stdout
    trains = "leadline.train" in (EXAMPLES / script).read_text(encoding="utf-8")
    assert (place / "runs").is_dir() == trains


def test_the_cifar10_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        for level, label in ((40, "cat"), (200, "dog")):
            folder = place / "cifar10" / split / label
            folder.mkdir(parents=True)
            for i in range(20):
                pixels = np.clip(rng.normal(level, 30, (32, 32, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.png")
    assert cli("train", EXAMPLES / "cifar10.yaml", "--epochs", "1", "--deterministic", "-q") == 0
    assert (place / "runs" / "cifar10-1" / "report.html").exists()


def test_the_mnist_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    x = np.clip(rng.normal(40, 30, (80, 28, 28)) + 160 * y[:, None, None] * (np.arange(28) > 14), 0, 255).astype(
        np.uint8
    )
    np.savez(place / "mnist.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    assert cli("train", EXAMPLES / "mnist.yaml", "--epochs", "1", "--deterministic", "-q") == 0
    assert (place / "runs" / "mnist-1" / "exhibits" / "augmented.train.json").exists()


def test_the_adversarial_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    x = np.clip(rng.normal(40, 30, (80, 12, 12)) + 160 * y[:, None, None] * (np.arange(12) > 6), 0, 255).astype(
        np.uint8
    )
    np.savez(place / "mnist.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    words = ("--epochs", "2", "--set", "reference_classifier=false", "--set", "objective.width=4")
    assert cli("train", EXAMPLES / "gan.yaml", *words, "--deterministic", "-q") == 0
    assert (place / "runs" / "gan-1" / "exhibits" / "new_by_epoch.json").exists()


def test_the_variational_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    x = np.where(rng.random((80, 10, 10)) < 0.2 + 0.6 * y[:, None, None], 255, 0).astype(np.uint8)
    np.savez(place / "mnist.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    words = (
        "--epochs",
        "2",
        "--set",
        "reference_classifier=false",
        "--set",
        "objective.importance_samples=20",
        "--deterministic",
        "-q",
    )
    assert cli("train", EXAMPLES / "vae.yaml", *words) == 0
    report = Report.read(place / "runs" / "vae-1" / "report.json")
    (requirement,) = report.requirements
    assert requirement.verdict == "pass"
    assert report.find("elbo_iw") is not None


def test_the_same_padded_experiment(cli, place: Path) -> None:
    assert cli("train", EXAMPLES / "same_padding.yaml", "--deterministic", "-q", "--require", "accuracy >= 0.9") == 0


def test_the_experiment_with_few_labels(cli, place: Path) -> None:
    assert cli("train", EXAMPLES / "few_digits.yaml", "--epochs", "1", "--deterministic", "-q") == 0
    assert "Labelled examples" in (place / "runs" / "few-digits-1" / "report.html").read_text(encoding="utf-8")


def test_the_clustering_experiment(cli, place: Path) -> None:
    assert cli("train", EXAMPLES / "clusters.yaml", "--deterministic", "-q", "--require", "adjusted_rand >= 0.3") in (
        0,
        3,
    )
    assert (place / "runs" / "clusters-1" / "exhibits" / "clusters.test.json").exists()


def test_the_spoken_digits_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    (place / "fsdd" / "recordings").mkdir(parents=True)
    lines = ["file,label,speaker,split"]
    for i in range(40):
        time = np.arange(rng.integers(2_000, 4_000)) / 8_000
        clip = 0.3 * np.sin(2 * np.pi * (400 if i % 2 else 900) * time) + rng.normal(0, 0.01, len(time))
        soundfile.write(place / "fsdd" / "recordings" / f"{i}.wav", clip, 8_000)
        lines.append(f"{i}.wav,{i % 2},ann,{'test' if i >= 30 else 'train'}")
    (place / "fsdd" / "index.csv").write_text("\n".join(lines))
    assert cli("train", EXAMPLES / "spoken_digits.yaml", "--epochs", "1", "--deterministic", "-q") == 0
    assert "<audio controls" in (place / "runs" / "spoken-digits-1" / "report.html").read_text(encoding="utf-8")


def test_the_houses_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    rooms = ("bathroom", "bedroom", "frontal", "kitchen")
    (place / "photos").mkdir()
    lines = ["id,area,price," + ",".join(f"{room}_image" for room in rooms)]
    for i in range(40):
        for room in rooms:
            Image.fromarray(rng.integers(0, 256, (48, 40, 3), dtype=np.uint8)).save(
                place / "photos" / f"{i}_{room}.jpg"
            )
        area = rng.uniform(50, 200)
        lines.append(f"{i},{area:.0f},{3_000 * area:.0f}," + ",".join(f"photos/{i}_{room}.jpg" for room in rooms))
    (place / "houses.csv").write_text("\n".join(lines))
    assert cli("train", EXAMPLES / "houses.yaml", "--epochs", "1", "--deterministic", "-q") == 0
    report = Report.read(place / "runs" / "houses-1" / "report.json")
    assert report.find("fusion_gain") is not None


def test_the_questions_experiment(cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    asked = {"place": ["where is {}", "in which town is {}"], "person": ["who wrote {}", "which man made {}"]}
    lines = ["text,label"]
    for i in range(120):
        label = "place" if i % 2 else "person"
        words = " ".join(
            rng.choice(["the", "old", "grey", "river", "novel", "bridge", "tower", "song"], rng.integers(2, 6))
        )
        lines.append(f"{rng.choice(asked[label]).format(words)} ?,{label}")
    (place / "questions.csv").write_text("\n".join(lines))
    assert cli("train", EXAMPLES / "questions.yaml", "--epochs", "3", "--deterministic", "-q") == 0
    assert "skip-gram vectors trained on the training texts" in (
        place / "runs" / "questions-1" / "report.html"
    ).read_text(encoding="utf-8")


def test_every_example_is_run() -> None:
    files = {file.name for file in EXAMPLES.iterdir() if file.is_file()}
    assert files == {
        *SCRIPTS,
        "cifar10.yaml",
        "mnist.yaml",
        "gan.yaml",
        "houses.yaml",
        "vae.yaml",
        "few_digits.yaml",
        "clusters.yaml",
        "same_padding.yaml",
        "spoken_digits.yaml",
        "questions.yaml",
    }
