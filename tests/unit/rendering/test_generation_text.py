"""What a report says of rows that a network has made, and where its page shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from declared import METRICS, starts, told

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft, store
from leadline.core.finding import Finding, Reproduction
from leadline.core.report import Report, RunFacts
from leadline.rendering.html import render
from leadline.rendering.model_card import card
from leadline.rendering.outline import judged_split, outline
from leadline.rendering.summary_text import summary_text
from leadline.rendering.terminal import headlines

TOLD_APART = "discriminator_accuracy"
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
    return told(summary_text(report(*more)))


def test_the_distance_stands_beside_that_of_real_rows() -> None:
    assert said() == [
        f"{say('summary.frechet', split='test', value='271')} (95 % CI 252–290, n = 180)",
        f"{say('summary.frechet-reference', split='test', value='35')} (95 % CI 10–60)",
    ]
    assert judged_split(report()) == "test"


def test_classes_are_counted_and_whoever_counts_is_named() -> None:
    shares = [made("class_share", 0.5, (0.4, 0.6), group=f"class={label}") for label in "abc"]
    judge = made("reference_classifier_accuracy", 0.98, (0.95, 0.99), better="higher")
    some = said(made("classes_covered", 2.0, (2.0, 3.0)), judge, *shares)
    covered = say("summary.class-coverage", found=2, total=3)
    assert some[2] == f"{covered} ({say('summary.class-coverage-classifier', accuracy='98.0 %')})"
    every = said(
        made("classes_covered", 3.0, (2.0, 3.0)),
        *shares,
        made("conditional_accuracy", 0.9, (0.85, 0.94), better="higher"),
    )
    assert every[2] == f"{say('summary.class-coverage', found=3, total=3)} ({say('summary.class-coverage-how')})"
    assert starts(every[3], "summary.requested-class", value="90.0 %")


def test_copies_are_spoken_of_where_they_are_shown() -> None:
    assert len(said(made("memorisation", 0.52, (0.49, 0.55)))) == 2
    copies = said(made("memorisation", 0.8, (0.7, 0.9)))[2]
    assert starts(copies, "summary.memorisation", value="80") and copies.endswith(say("summary.memorisation-why"))
    assert starts(said(made(TOLD_APART, 0.75, (0.7, 0.8)))[2], "summary.discriminator", value="75 %")


def test_what_the_network_is_for_comes_first() -> None:
    mine = Finding(name="accuracy", split="test", value=0.9, interval=(0.8, 0.95), n=180, better="higher")
    assert starts(said(mine)[0], "summary.measure", title="Test accuracy")
    assert starts(said(mine)[1], "summary.frechet")
    other = Finding(name="generator_loss", split="test", value=0.9, interval=(0.8, 0.95), n=180)
    assert starts(said(other)[0], "summary.frechet")
    assert starts(said(other)[2], "summary.measure", value="0.90")


def test_the_page_the_card_and_the_lists_show_it(tmp_path: Path) -> None:
    whole = report(
        made("classes_covered", None), made("class_share", 0.5, (0.4, 0.6), group="class=a"), folder=tmp_path
    )
    page = render(whole, tmp_path)
    assert (
        page.index(f"{say('sections.generated')}</h2>")
        < page.index("New rows, as they come")
        < page.index(f"{say('sections.representations')}</h2>")
    )
    assert f"{say('page.real-vs-real')}</bdi>" in page
    assert '<circle class="dot c1"' in page
    assert "<title>a &lt;b&gt;</title>" in page
    parts = outline(whole)
    assert set(parts.made) == {"frechet_distance", "classes_covered"}
    assert parts.groups[0].key == "class"
    assert "Fréchet distance · floor real rows" in card(whole, tmp_path)
    assert next(finding.name for finding in headlines(whole.findings)) == "frechet_distance"
