"""The summary after a training: short, and the bad news first."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report
from leadline.core.requirement import Verdict
from leadline.rendering.terminal import Unbroken, headlines, summary, verdicts

Run = tuple[Report, Path]


def printed(report: Report, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(summary(report, Path("runs") / "digits-1" / "report.html"), crop=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_it_fits_a_screen_and_names_the_report(digits_run: Run, diabetes_run: Run) -> None:
    for report in (digits_run[0], diabetes_run[0]):
        text = printed(report)
        assert len(text.splitlines()) <= 20
        assert str(Path("runs") / "digits-1" / "report.html") in text


def test_answer_measures_and_verdicts_are_there(digits_run: Run) -> None:
    text = printed(digits_run[0])
    measure = say("summary.measure", title=say("summary.of-test", title="accuracy"), value="98.6 %")
    assert text.startswith(f"{measure} (95 % CI 96.8–99.4 %, n = 360)")
    assert text.count("n = 360") > 1
    verdicts = [line.split()[1] for line in text.splitlines() if line[:1] in "✓✗?" and line.strip()]
    assert verdicts == ["fail", "undecided", "undecided", "pass"]


def test_many_requirements_are_cut_off_in_words(digits_run: Run) -> None:
    many = tuple(Verdict(text=f"accuracy >= 0.{k}", verdict="pass", finding=0, why="…") for k in range(10, 40))
    text = printed(digits_run[0].model_copy(update={"requirements": many}))
    assert say("terminal.more-verdicts", count=25) in text
    assert len(text.splitlines()) <= 20


def test_names_are_not_read_as_markup(digits_run: Run) -> None:
    odd = Finding(name="[red]x[/red]", split="test", value=0.5, n=3, method="m")
    assert "[red]x[/red]" in printed(digits_run[0].model_copy(update={"findings": (odd,), "requirements": ()})).lower()


def test_what_says_most_comes_first_and_nothing_is_said_twice() -> None:
    names = (
        "accuracy",
        "balanced_accuracy",
        "precision_macro",
        "recall_macro",
        "f1_macro",
        "roc_auc",
        "sensitivity",
        "own",
    )
    found = [Finding(name=name, split="test", value=0.5, n=3) for name in names]
    parts = [Finding(name="recall", split="test", group="class=a", value=0.5, n=3)]
    shown = [f.name for f in headlines([*found, *parts])]
    assert shown == ["accuracy", "sensitivity", "balanced_accuracy", "roc_auc", "own"]


def test_no_line_ends_between_a_number_and_its_unit() -> None:
    for width in range(12, 60):
        console = Console(file=io.StringIO(), width=width)
        console.print(Unbroken("Overfitting: training accuracy is 9.7\u202fpoints above test accuracy of 83.3\u202f%"))
        assert isinstance(console.file, io.StringIO)
        lines = console.file.getvalue().splitlines()
        assert all(len(line) <= width for line in lines)
        assert any("9.7 points" in line for line in lines)
        assert any("83.3 %" in line for line in lines)


def test_what_the_sentences_say_is_not_said_again_in_the_table(digits_run: Run) -> None:
    title = say("summary.of-test", title="accuracy")
    assert [line for line in printed(digits_run[0]).splitlines() if line.startswith(title)][1:] == []


def test_commands_stand_in_lines_of_their_own(digits_run: Run) -> None:
    command = "leadline train runs/a-folder-with-a-long-name/experiment.yaml --network linear"
    options = {"model": "linear", "measure": "accuracy", "worse": [], "command": command}
    group = "baseline=linear"
    again = Reproduction(producer="baselines", options=options)
    more = (
        Finding(name="smallest_not_worse", split="test", group=group, value=0.0, again=again),
        Finding(name="accuracy_difference", split="test", group=group, value=0.0, interval=(-0.1, 0.1)),
    )
    report = digits_run[0].model_copy(update={"findings": (*digits_run[0].findings, *more)})
    for width in (40, 100):  # a command that is broken over lines cannot be copied
        assert command in [line.strip() for line in printed(report, width).splitlines()]


def test_reasons_keep_their_numbers_on_narrow_terminals() -> None:
    why = "the 97.5% interval [0.7876, 0.8164] straddles 0.8375"
    console = Console(file=io.StringIO(), width=60)
    for line in verdicts([Verdict(text="sensitivity >= 0.8375", verdict="undecided", finding=0, why=why)]):
        console.print(line)
    assert isinstance(console.file, io.StringIO)
    assert "0.8375" in console.file.getvalue().replace("sensitivity >= 0.8375", "")
