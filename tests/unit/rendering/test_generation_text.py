"""What a report says of rows that a network has made, and where its page shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from declared import METRICS

from leadline.core.exhibit import ExhibitDraft, store
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.rendering.html import render
from leadline.rendering.model_card import card
from leadline.rendering.outline import judged_split, outline
from leadline.rendering.summary_text import summary_text
from leadline.rendering.terminal import headlines

AGAIN = Reproduction(producer="generated", options={"reference_classifier": "auto"})


def made(name: str, value: float | None, interval: tuple[float, float] | None = None, **rest: Any) -> Finding:
    given = {"split": "test", "n": 180, "better": "lower", "method": "somehow; a method", "again": AGAIN, **rest}
    if value is None:
        return Finding.absent(name, "nobody judges", **{**given, "method": None})
    return Finding(name=name, value=value, interval=interval, **given)


def report(*more: Finding, folder: Path | None = None) -> Report:
    findings = (
        made("frechet_distance", 271.0, (252.0, 290.0)),
        made("frechet_distance", 35.0, (10.0, 60.0), group="floor=real rows"),
        *more,
    )
    map_of = {
        "x": {"label": "one", "values": [0.0, 1.0]},
        "y": {"label": "two", "values": [0.0, 1.0]},
        "diagonal": False,
    }
    drafts = (
        ExhibitDraft("new_rows", "table", "New rows, as they come", {"columns": ["x"], "rows": [[1.5]]}),
        ExhibitDraft(
            "embedding",
            "scatter",
            "Map",
            {**map_of, "titles": ["a <b>", "b"], "classes": {"names": ["a", "b"], "values": [0, 1]}},
        ),
    )
    return Report(
        experiment={},
        run=RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0),
        environment={},
        findings=findings,
        exhibits=tuple(store(draft, folder) for draft in drafts) if folder else (),
        metrics=METRICS,
    )


def said(*more: Finding) -> list[str]:
    return [str(sentence).replace("\u202f", " ") for sentence in summary_text(report(*more))]


def test_the_distance_stands_beside_that_of_real_rows() -> None:
    assert said() == [
        "By the Fréchet distance new rows are 271 from 180 held-out rows (95 % interval 252–290, a method).",
        "Two halves of these are 35 from each other (95 % interval 10–60, a method).",
    ]
    assert judged_split(report()) == "test"


def test_classes_are_counted_and_whoever_counts_is_named() -> None:
    shares = [made("class_share", 0.5, (0.4, 0.6), group=f"class={label}") for label in "abc"]
    judge = made("judge_accuracy", 0.98, (0.95, 0.99), better="higher")
    some = said(made("classes_covered", 2.0, (2.0, 3.0)), judge, *shares)
    assert some[2].startswith("A judge that names 98.0 % of real rows right finds 2 of 3 classes among new ones")
    every = said(
        made("classes_covered", 3.0, (2.0, 3.0)), *shares, made("asked_class", 0.9, (0.85, 0.94), better="higher")
    )
    assert every[2].startswith("A judge finds all 3 classes")
    assert every[3].startswith("Of rows asked for by class it takes 90.0 % for that class")


def test_copies_are_spoken_of_where_they_are_shown() -> None:
    assert len(said(made("memorisation", 0.52, (0.49, 0.55)))) == 2
    assert "in 80 of 100 pairs" in said(made("memorisation", 0.8, (0.7, 0.9)))[2]
    assert "Trees tell new rows from real ones in 75 %" in said(made("sample_told_apart", 0.75, (0.7, 0.8)))[2]


def test_what_the_network_answers_comes_first_where_that_is_what_it_is_for() -> None:
    mine = Finding(name="accuracy", split="test", value=0.9, interval=(0.8, 0.95), n=180, better="higher")
    assert said(mine)[0].startswith("Of 180 held-out rows")
    assert said(mine)[1].startswith("By the Fréchet distance")
    other = Finding(name="generator_loss", split="test", value=0.9, interval=(0.8, 0.95), n=180)
    assert said(other)[0].startswith("By the Fréchet distance")
    assert "loss is 0.90" in said(other)[2]


def test_the_page_the_card_and_the_lists_show_it(tmp_path: Path) -> None:
    whole = report(
        made("classes_covered", None), made("class_share", 0.5, (0.4, 0.6), group="class=a"), folder=tmp_path
    )
    page = render(whole, tmp_path)
    assert (
        page.index("What it makes</h2>")
        < page.index("New rows, as they come")
        < page.index("What it makes of rows</h2>")
    )
    assert "real rows</bdi>" in page
    assert '<circle class="dot c1"' in page
    assert "<title>a &lt;b&gt;</title>" in page
    parts = outline(whole)
    assert set(parts.made) == {"frechet_distance", "classes_covered"}
    assert parts.groups[0].key == "class"
    assert "Fréchet distance · floor real rows" in card(whole, tmp_path)
    assert next(finding.name for finding in headlines(whole.findings)) == "frechet_distance"
