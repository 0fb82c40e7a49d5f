"""A run folder is data: code that it names runs only where the user trusts it."""

from __future__ import annotations

from pathlib import Path

import pytest

import leadline
from leadline.core import own_code
from leadline.errors import RunError, UsageError
from leadline.run import folder as files
from sentences import says

NET = """
from pathlib import Path

from torch import nn

Path("ran.txt").write_text("ran")


class Net(nn.Sequential):
    def __init__(self, spec, width=8):
        super().__init__(nn.Linear(spec.shape[-1], width), nn.ReLU())
"""


@pytest.fixture
def trained(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run with a network of the user's own, in a process that has never named its code."""
    (place / "own.py").write_text(NET, encoding="utf-8")
    leadline.train("iris", network="own.py:Net", epochs=1, settings={"baselines": []}, out="run", quiet=True)
    monkeypatch.setattr(own_code, "_ran", set())
    own_code._execute.cache_clear()
    (place / "ran.txt").unlink()
    return place


VERBS = (
    ("predict", "run", "iris", "-o", "rows.csv"),
    ("evaluate", "run"),
    ("embed", "run", "iris", "-o", "codes.csv"),
    ("resume", "run"),
    ("report", "run"),
    ("verify", "run"),
)


@pytest.mark.parametrize("words", VERBS, ids=lambda words: words[0])
def test_no_verb_runs_the_code_of_a_run_unasked(trained: Path, cli, words: tuple[str, ...]) -> None:
    code = cli(*words)
    assert code == (2 if words[0] in ("predict", "evaluate", "embed") else 0)
    assert not (trained / "ran.txt").exists()


def test_what_to_read_and_what_to_type_is_said(trained: Path, cli, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli("predict", "run", "iris", "-o", "rows.csv", "--quiet") == 2
    said = capsys.readouterr().err
    assert "own.py:Net" in said and "--trust-code" in said
    assert not (trained / "rows.csv").exists()


@pytest.mark.parametrize(
    "words", [words for words in VERBS if words[0] not in ("report", "resume")], ids=lambda w: w[0]
)
def test_trusted_it_is_run(trained: Path, cli, words: tuple[str, ...]) -> None:
    assert cli(*words, "--trust-code", "--quiet") == 0
    assert (trained / "ran.txt").exists()


def test_in_python_trust_is_given_with_the_run_or_the_call(trained: Path) -> None:
    with pytest.raises(RunError, match=says("run.code-not-trusted")):
        _ = leadline.load("run").network
    with pytest.raises(RunError, match=says("run.code-not-trusted")):
        leadline.load("run").predict("iris", quiet=True)
    assert leadline.predict("run", "iris", trust_code=True, quiet=True).height == 150
    assert leadline.load("run", trust_code=True).predict("iris", quiet=True).height == 150


def test_other_code_is_refused_even_where_it_is_trusted(trained: Path) -> None:
    (trained / "own.py").write_text(NET + "\nraise SystemExit\n", encoding="utf-8")
    with pytest.raises(RunError, match=says("run.code-changed", code="own.py:Net")):
        leadline.predict("run", "iris", trust_code=True, quiet=True)
    assert not (trained / "ran.txt").exists()


def test_code_that_was_named_in_this_process_needs_no_trust(place: Path) -> None:
    (place / "own.py").write_text(NET, encoding="utf-8")
    run = leadline.train("iris", network="own.py:Net", epochs=1, settings={"baselines": []}, out="run", quiet=True)
    assert run.predict("iris", quiet=True).height == 150
    assert leadline.predict("run", "iris", quiet=True).height == 150


def test_a_run_that_another_begins_with_is_data_too(trained: Path) -> None:
    with pytest.raises(UsageError, match=says("run.init-own-network")):
        leadline.train("iris", init="run", epochs=1, settings={"baselines": []}, quiet=True)
    assert not (trained / "ran.txt").exists()
    settings = {"baselines": []}
    assert leadline.train("iris", init="run", network="own.py:Net", epochs=1, settings=settings, quiet=True)


def test_an_unfinished_run_asks_before_it_goes_on(trained: Path, cli) -> None:
    (trained / "run" / "manifest.json").unlink()
    assert cli("resume", "run", "--quiet") == 2
    assert not (trained / "ran.txt").exists()
    assert cli("resume", "run", "--trust-code", "--quiet") == 0


def test_without_trust_verification_checks_files_and_measures_nothing(trained: Path) -> None:
    found = leadline.verify("run", quiet=True)
    assert found.source == "none" and found.holds
    assert found.of("holds", "file") and not found.of("holds", "finding")
    assert leadline.verify("run", trust_code=True, quiet=True).of("holds", "finding")


def test_modules_of_a_package_that_a_run_names_are_not_imported(trained: Path) -> None:
    (trained / "pack.py").write_text(
        "from pathlib import Path\nPath('imported.txt').write_text('x')\n", encoding="utf-8"
    )
    file = trained / "run" / "experiment.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("own.py:Net", "pack:Net"), encoding="utf-8")
    (trained / "run" / files.MANIFEST).unlink()
    files.seal(trained / "run")
    with pytest.raises(RunError, match=says("run.code-not-trusted", code="pack:Net")):
        leadline.predict("run", "iris", quiet=True)
    assert not (trained / "imported.txt").exists()
