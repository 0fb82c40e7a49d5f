"""The page: complete, self-contained, harmless whatever the data is called, and the same bytes every time."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft, store
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.sections import SECTIONS
from leadline.rendering.html import flat, render

VOID = {"meta", "img", "link", "br", "hr", "input"}
Run = tuple[Report, Path]
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(8) + (90).to_bytes(4, "big") * 2).decode()
NOT_PNG, NOT_WAV = say("rendering.image-not-png"), say("rendering.audio-not-wav")
WAV = base64.b64encode(b"RIFF\x24\0\0\0WAVEfmt ").decode()


class Page(HTMLParser):
    """Collects elements and text, and checks that what is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.said = ""
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.said += data

    def values(self, attribute: str) -> list[str]:
        return [
            value
            for _, attributes in self.elements
            for name, value in attributes.items()
            if name == attribute and value
        ]


@pytest.fixture(scope="module")
def digits_page(digits_run: Run) -> Page:
    return Page(render(*digits_run))


def test_the_same_report_gives_the_same_bytes(digits_run: Run) -> None:
    assert render(*digits_run) == render(*digits_run)


def test_the_page_needs_nothing_but_itself(digits_page: Page, digits_run: Run) -> None:
    tags = {tag for tag, _ in digits_page.elements}
    assert not tags & {"script", "link", "iframe", "object", "base", "form"}
    assert all(source.startswith("data:image/png;base64,") for source in digits_page.values("src"))
    assert all(target.startswith("#") for target in digits_page.values("href"))
    assert not re.search(r"url\(|@import|https?://", render(*digits_run))


def test_every_link_leads_somewhere_and_no_id_is_given_twice(digits_page: Page, diabetes_run: Run) -> None:
    for page in (digits_page, Page(render(*diabetes_run))):
        ids = page.values("id")
        assert len(ids) == len(set(ids))
        assert {target[1:] for target in page.values("href")} <= set(ids)


def test_every_finding_is_on_the_page_with_its_method(digits_page: Page, digits_run: Run) -> None:
    for at, finding in enumerate(digits_run[0].findings):
        assert f"n{at}" in digits_page.values("id")
        assert (finding.why or finding.method or "") in digits_page.said


def test_sections_stand_in_the_order_of_the_design_and_without_content_not_at_all(digits_page: Page) -> None:
    shown = [*("summary", "requirements", "data", "examples", "training", "metrics", "per_class", "baselines")]
    shown += [*("errors", "cost", "other", "declared", "absent", "reproduce", "all_numbers")]
    sections = [str(attributes["id"]) for tag, attributes in digits_page.elements if tag == "section"]
    assert sections == shown
    for one in sections:
        assert digits_page.values("href").count(f"#{one}") >= 1
        assert say(SECTIONS[one]) in digits_page.said


def test_it_opens_with_the_main_measure_and_the_verdicts(digits_page: Page) -> None:
    measure = say("summary.measure", title=say("summary.of-test", title="accuracy"), value="98.6\u202f%")
    said = digits_page.said
    assert said.index(measure) < said.index(say("page.undecided")) < said.index(say("page.metrics"))


def test_estimates_are_marked_and_absences_are_explained_and_never_zero(digits_page: Page) -> None:
    assert "24,345,600\u202fFLOP estimated" in re.sub(r"\s*\n\s*", " ", digits_page.said)
    assert digits_page.said.count("no readable energy meter on this machine") >= 3
    assert "0\u202fWh" not in digits_page.said


def test_unknown_findings_and_exhibits_are_shown_too(digits_page: Page, digits_run: Run) -> None:
    assert "Something new" in digits_page.said
    report, folder = digits_run
    strange = Finding(
        name="robustness_to_fog",
        split="test",
        value=0.4,
        interval=(0.3, 0.5),
        n=360,
        method="by counting",
        better="higher",
    )
    grouped = Finding(name="tpr", split="test", group="sex=female", value=0.8, n=40, method="counted")
    page = Page(render(report.model_copy(update={"findings": (*report.findings, strange, grouped)}), folder))
    assert "Robustness to fog" in page.said
    assert say("page.by-other", key="sex") in page.said
    assert "female" in page.said


def test_results_that_are_not_per_class_are_titled_by_what_they_are_per(diabetes_run: Run) -> None:
    report, folder = diabetes_run
    grouped = Finding(name="mae", split="test", group="variable=load", value=0.8, n=40, method="counted")
    page = Page(render(report.model_copy(update={"findings": (*report.findings, grouped)}), folder))
    assert say("page.per-other", key="variable") in page.said
    assert say("sections.per-class") not in page.said


def test_columns_of_pictures_have_headings_and_exhibits_of_several_inputs_stand_together(digits_run: Run) -> None:
    page = render(*digits_run)
    assert page.count('<li class="heading"><bdi>cutout 0.25</bdi></li>') == 2
    front, back, learned = (
        page.index(text) for text in ("Augmentation of front", "Augmentation of back", 'id="training"')
    )
    assert front < back < learned


def test_names_from_the_data_are_harmless(hostile_run: Run) -> None:
    page = Page(render(*hostile_run))
    tags = {tag for tag, _ in page.elements}
    assert "script" not in tags
    assert not [a for _, attributes in page.elements for a in attributes if a.startswith("on")]
    assert "<script>alert(1)</script>" in page.said
    assert '"><img src=x onerror=alert(1)>' in page.said
    for label in ("猫", "قطة", "é"):
        assert label in page.said
    policy = next(a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def exhibit_page(folder: Path, report: Report, draft: ExhibitDraft) -> str:
    return render(report.model_copy(update={"exhibits": (store(draft, folder),)}), folder)


def test_an_exhibit_that_was_changed_or_lost_is_not_shown(tmp_path: Path, diabetes_run: Run) -> None:
    report = diabetes_run[0]
    exhibit = store(ExhibitDraft("columns", "table", "Columns", {"columns": ["a"], "rows": [["honest"]]}), tmp_path)
    shown = report.model_copy(update={"exhibits": (exhibit,)})
    assert "honest" in render(shown, tmp_path)
    (tmp_path / exhibit.file).write_text(json.dumps({"columns": ["a"], "rows": [["forged"]]}), encoding="utf-8")
    page = render(shown, tmp_path)
    assert "forged" not in page
    assert say("rendering.file-changed", file="exhibits/columns.json") in page
    (tmp_path / exhibit.file).unlink()
    assert "exhibits/columns.json is missing" in render(shown, tmp_path)
    outside = exhibit.model_copy(update={"file": "../columns.json"})
    assert say("rendering.outside-run", file="../columns.json") in render(
        report.model_copy(update={"exhibits": (outside,)}), tmp_path
    )


@pytest.mark.parametrize(
    ("kind", "content", "problem"),
    [
        ("matrix", {"labels": ["a"]}, "is not a matrix exhibit"),
        ("curves", {"x": 3}, "is not a curves exhibit"),
        ("pictures", {"pictures": ["aGVsbG8="], "captions": [""], "columns": 1}, NOT_PNG),
        (
            "pictures",
            {"pictures": ['" onload="alert(1)'], "captions": [""], "columns": 1},
            say("rendering.image-not-png"),
        ),
        (
            "clips",
            {"pictures": [PNG], "captions": [""], "columns": 1, "sounds": ['" onload="alert(1)']},
            say("rendering.audio-not-wav"),
        ),
        ("clips", {"pictures": [PNG], "captions": [""], "columns": 1, "sounds": []}, "Not shown"),
        ("table", {"columns": ["a"], "rows": [[1]], "pictures": []}, "Not shown"),
    ],
)
def test_an_exhibit_that_is_not_what_it_says_is_not_shown(
    tmp_path: Path, diabetes_run: Run, kind: str, content: dict[str, object], problem: str
) -> None:
    page = exhibit_page(tmp_path, diabetes_run[0], ExhibitDraft("strange", kind, "Strange", content))  # type: ignore[arg-type]
    assert "Not shown" in page
    assert problem in page


def test_clips_have_a_player_under_their_spectrogram_that_the_policy_allows(tmp_path: Path, diabetes_run: Run) -> None:
    content = {"pictures": [PNG, PNG], "captions": ["yes", "no"], "columns": 8}
    heard = exhibit_page(
        tmp_path, diabetes_run[0], ExhibitDraft("examples", "clips", "Examples", {**content, "sounds": [WAV, WAV]})
    )
    page = Page(heard)
    players = [attributes for tag, attributes in page.elements if tag == "audio"]
    assert [player["src"] for player in players] == [f"data:audio/wav;base64,{WAV}"] * 2
    assert all("controls" in player for player in players)
    policy = next(a["content"] for _, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
    assert "media-src data:" in str(policy)
    assert "clips" in page.said
    assert "<audio" not in exhibit_page(
        tmp_path, diabetes_run[0], ExhibitDraft("augmented", "clips", "Augmentation", content)
    )


def test_a_long_table_says_what_it_leaves_out(tmp_path: Path, diabetes_run: Run) -> None:
    rows = [[k, f"reason {k}", k / 3, None] for k in range(1200)]
    page = exhibit_page(
        tmp_path,
        diabetes_run[0],
        ExhibitDraft("invalid_rows", "table", "Set aside", {"columns": list("abcd"), "rows": rows}),
    )
    assert "reason 199<" in page
    assert "reason 200<" not in page
    assert say("page.more-rows", count=1000) in page


def test_a_hundred_classes_stay_a_page(tmp_path: Path, diabetes_run: Run) -> None:
    counts = [[90 if t == p else (t * p) % 3 for p in range(100)] for t in range(100)]
    labels = [f"class {k}" for k in range(100)]
    page = exhibit_page(
        tmp_path,
        diabetes_run[0],
        ExhibitDraft("confusion", "matrix", "Confusion", {"labels": labels, "counts": counts}, split="test"),
    )
    assert "matrix small long" in page
    assert len(page) < 2_000_000
    Page(page)


def test_a_report_of_nothing_is_still_a_page(diabetes_run: Run, tmp_path: Path) -> None:
    bare = diabetes_run[0].model_copy(
        update={"experiment": {}, "environment": {}, "findings": (), "exhibits": (), "requirements": ()}
    )
    page = Page(render(bare, tmp_path))
    assert say("summary.not-measured") in page.said


def test_nested_facts_are_flattened() -> None:
    values = {
        "cpu": {"memory_gb": 16.8, "model": None},
        "gpus": [{"name": "A"}, {"name": "B"}],
        "empty": [],
        "fast": True,
    }
    assert list(flat(values)) == [
        ("cpu · memory_gb", "16.8"),
        ("cpu · model", "unknown"),
        ("gpus · 0 · name", "A"),
        ("gpus · 1 · name", "B"),
        ("empty", "none"),
        ("fast", "yes"),
    ]


def test_rendering_needs_no_torch() -> None:
    names = ", ".join(f"leadline.rendering.{name}" for name in ("html", "model_card", "terminal"))
    code = f"import sys, {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_metrics_of_validation_say_that_choices_were_made_on_it(digits_run: Run) -> None:
    report, folder = digits_run
    common = {"method": "counted", "better": "higher", "section": "metrics"}
    measured = tuple(Finding(name="accuracy", split=split, value=0.9, **common) for split in ("validation", "test"))
    chosen = Finding(name="best_epoch", value=3, method="the best on validation", unit="epochs", section="training")
    said = say("page.validation-chose")
    with_choice = report.model_copy(update={"findings": (*measured, chosen), "verdicts": ()})
    without = report.model_copy(update={"findings": measured, "verdicts": ()})
    on_test = report.model_copy(update={"findings": (measured[1], chosen), "verdicts": ()})
    assert [said in Page(render(one, folder)).said for one in (with_choice, without, on_test)] == [True, False, False]


def test_names_in_other_scripts_turn_nothing_round(scripts_run: Run) -> None:
    text = render(*scripts_run)
    correct = dict.fromkeys(("actual", "predicted"), "\u2068شمس\u2069")
    assert '<th scope="row"><bdi>شمس</bdi></th>' in text
    assert say("page.confusion", **correct, n=33, total=33, share="100\u202f%") in text, (
        "a title has no elements: Unicode's isolates keep the sentence in order"
    )
    said = re.sub(r"<pre>.*?</pre>|<code>.*?</code>", "", text, flags=re.DOTALL)  # there the file's own text stands
    assert not set("\u202a\u202b\u202d\u202e") & set(said)
    assert text.count("\u2068") == text.count("\u2069")
    assert "(blank: U+200B)" in text
    assert f"{'a' * 59}…" in text, "cut inside a sentence"
    assert f"<bdi>{'a' * 200}</bdi>" in text, "whole in a table"
