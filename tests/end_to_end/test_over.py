"""A network over the features of another, from a line of an experiment to its report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from leadline.pipeline.resolving.compose import compose
from sentences import says

Cli = Callable[..., int]
QUICK = ("--epochs", "1", "--set", "network.size=small", "--set", "baselines=[]", "-q")
FILE = "data: {source: digits}\nnetwork: {name: rnn, hidden: 16, over: {name: cnn, patch: [4, 8]}}\n"


def test_a_cnn_over_patches_feeds_a_recurrent_network(cli: Cli, place: Path) -> None:
    (place / "over.yaml").write_text(FILE)
    assert cli("train", "over.yaml", "--out", "first", *QUICK) == 0
    (body,) = yaml.safe_load((place / "first" / "experiment.yaml").read_text())["network"]["encoders"].values()
    assert body["name"] == "rnn"
    assert (body["hidden"], body["cell"]) == (16, "lstm")
    assert (body["over"]["name"], body["over"]["patch"]) == ("cnn", [4, 8])
    # the size applies to both
    assert [entry["conv"] for entry in body["over"]["layers"] if "conv" in entry] == [16, 32]
    assert "Network: rnn over cnn" in (place / "first" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert cli("evaluate", "first", "-q") == 0  # built from what was written, with the weights that ship


def test_settings_say_the_same_as_a_file(place: Path) -> None:
    (place / "over.yaml").write_text(FILE)
    settings = ["network.hidden=16", "network.over=cnn", "network.over.patch=[4, 8]"]
    flags, _, _ = compose("digits", network="rnn", settings=settings)
    written, _, _ = compose("over.yaml")
    assert flags.network == written.network


def test_what_is_wrong_beneath_is_told_before_anything_is_made(
    cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("--network", "rnn", "--set", "network.over.name=cnn", "--set", "network.over.patch=9")
    assert cli("train", "digits", "--out", "run", *settings) == 2
    assert re.search(says("models.over-patch-above-image", patch_height=9, height=8), capsys.readouterr().err)
    assert not (place / "run").exists()
