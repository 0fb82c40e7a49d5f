"""What commands print: tables for people, JSON for machines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from leadline.cli import output
from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.report import Report, RunFacts
from leadline.core.requirement import Requirement, verdicts_on
from leadline.verbs.compare import Compared, Difference
from leadline.verbs.evaluate import Evaluation
from leadline.verbs.runs import Listed
from sentences import says

ACCURACY = Finding(name="accuracy", split="test", value=0.9, interval=(0.85, 0.94), n=200, better="higher")
ABSENT = Finding.absent("roc_auc", "one class only", split="test")
REPORT = Report(
    experiment={},
    run=RunFacts(id="x", started="2026-11-21T11:17:03+00:00", seconds=3.0),
    environment={},
    findings=(ACCURACY, ABSENT),
    metrics={"accuracy": Metric("accuracy", "Accuracy", unit="%", better="higher")},
)


def compared(difference: Difference | None) -> Compared:
    runs: Any = tuple(SimpleNamespace(folder=Path(name), report=REPORT) for name in ("a", "b"))
    return Compared(runs, {"accuracy": (ACCURACY, ACCURACY)}, (None, difference))


@pytest.mark.parametrize(
    ("value", "interval", "words"),
    [
        (0.05, (0.01, 0.09), ("terminal.difference", {"better": say("terminal.better"), "value": "5.0 points"})),
        (-0.05, (-0.09, -0.01), ("terminal.difference", {"better": say("terminal.worse"), "value": "5.0 points"})),
        (0.05, (-0.01, 0.11), ("terminal.difference-of", {"value": "5.0 points", "span": "−1 to 11"})),
        (0.05, None, ("terminal.difference-plain", {"value": "5.0 points"})),
    ],
)
def test_a_difference_is_called_one_only_where_its_interval_says_so(
    capsys: pytest.CaptureFixture[str], value: float, interval: tuple[float, float] | None, words: Any
) -> None:
    output.compared(compared(Difference("accuracy", value, interval, 200, "paired")), as_json=False)
    said = " ".join(capsys.readouterr().out.split())
    name, values = words
    assert re.search(says(name, name="b", first="a", title="accuracy", n=200, **values), said)


def test_runs_without_common_rows_are_said_not_to_be_paired(capsys: pytest.CaptureFixture[str]) -> None:
    output.compared(compared(None), as_json=False)
    assert say("terminal.not-paired", name="b", first="a") in " ".join(capsys.readouterr().out.split())


def test_an_evaluation_says_what_was_set_aside_and_what_is_absent(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = verdicts_on((Requirement.parse("accuracy >= 0.8"),), (ACCURACY,))
    evaluation = Evaluation((ACCURACY, ABSENT), verdicts, 3, 2, REPORT.wording)
    output.evaluated(evaluation, as_json=False)
    said = capsys.readouterr().out
    interval = say("wording.ci", level="95 %", span="85.0–94.0 %")
    for words in ("90.0 %", interval, say("wording.absent"), say("terminal.invalid-rows", count=3), "pass"):
        assert words in said
    output.evaluated(evaluation, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["test_accesses"] == 2
    assert told["findings"][1]["why"] == "one class only"
    assert told["requirements"][0]["verdict"] == "pass"


def test_unfinished_runs_are_listed_with_their_state(capsys: pytest.CaptureFixture[str]) -> None:
    output.listed([Listed(Path("runs/a"), "not finished", None)], as_json=False)
    assert "not finished" in capsys.readouterr().out
    output.listed([], as_json=False)
    assert say("terminal.no-runs") in capsys.readouterr().out


def test_verdicts_come_last_and_many_classes_are_left_to_json(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = verdicts_on((Requirement.parse("accuracy >= 0.8"),), (ACCURACY,))
    parts = tuple(Finding(name="recall", split="test", group=f"class={k}", value=0.5, n=9) for k in range(30))
    output.evaluated(Evaluation((ACCURACY, *parts), verdicts, 0, 1), as_json=False)
    lines = capsys.readouterr().out.rstrip().splitlines()
    assert "pass" in lines[-1]
    assert not lines[-2].strip()
    assert len(lines) < 10
    assert any(say("terminal.class-metrics", count=30) in line for line in lines)


def test_runs_fit_eighty_columns_and_keep_their_names_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    verdicts = verdicts_on((Requirement.parse("accuracy >= 0.8"), Requirement.parse("accuracy >= 0.99")), (ACCURACY,))
    report = REPORT.model_copy(update={"requirements": verdicts})
    folder = Path("runs/a-rather-long-name-of-a-run-12")
    output.listed([Listed(folder, "finished", report), Listed(Path("runs/b"), "not finished", None)], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(len(line.rstrip()) <= 80 for line in lines)
    assert str(folder) in lines[1]
    assert "2026-11-21 11:17" in lines[1]
    assert "accuracy 90.0 %" in lines[1]
    assert "? 2" in lines[1]
