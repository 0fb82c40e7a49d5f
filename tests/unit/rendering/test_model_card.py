"""The model card: front matter that hubs can read, declared parts as declared, and nothing read as markup."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from declared import WORDS

from leadline.core.catalogue import say
from leadline.core.report import Report
from leadline.rendering.model_card import card, escaped
from sentences import says

Run = tuple[Report, Path]


def matter(text: str) -> dict[str, object]:
    _, front, _ = text.split("---\n", 2)
    loaded = yaml.safe_load(front)
    assert isinstance(loaded, dict)
    return loaded


def test_front_matter_of_a_classifier(digits_run: Run) -> None:
    front = matter(card(*digits_run))
    assert front["library_name"] == "leadline"
    assert front["pipeline_tag"] == "image-classification"
    assert front["license"] == "apache-2.0"
    assert front["tags"] == ["leadline", "pytorch", "classification", "cnn"]
    (model,) = front["model-index"]  # type: ignore[misc]
    (result,) = model["results"]
    assert result["dataset"] == {"name": "digits", "type": "digits", "split": "test"}
    assert result["metrics"][0] == {
        "type": "accuracy",
        "value": 0.98611,
        "name": say("card.interval-of", title="Accuracy", level="95 %", span="96.8–99.4 %") + ", n = 360",
    }


def test_only_measured_numbers_are_offered_for_comparison(digits_run: Run) -> None:
    report, folder = digits_run
    guessed = tuple(
        f.model_copy(update={"provenance": "estimated"}) if f.name == "accuracy" else f for f in report.findings
    )
    front = matter(card(report.model_copy(update={"findings": guessed}), folder))
    assert "accuracy" not in front["metrics"]  # type: ignore[operator]
    bare = matter(card(report.model_copy(update={"findings": ()}), folder))
    assert "model-index" not in bare


def test_what_nobody_declared_is_not_declared(digits_run: Run, diabetes_run: Run) -> None:
    said = card(*digits_run)
    assert f"## {say('card.intended-use')}\n\nReading digits in class. *({say('card.declared')})*" in said
    assert f"## {say('card.out-of-scope')}\n\n*{say('card.not-declared')}*" in said
    silent = card(*diabetes_run)
    assert silent.count(f"*{say('card.not-declared')}*") == 3
    assert "license" not in matter(silent)


def test_a_licence_in_own_words_is_other(diabetes_run: Run) -> None:
    report, folder = diabetes_run
    own = {**report.experiment, "card": {"licence": "ask us first"}}
    front = matter(card(report.model_copy(update={"experiment": own}), folder))
    assert (front["license"], front["license_name"]) == ("other", "ask us first")


def test_absences_and_missed_requirements_are_limitations(digits_run: Run) -> None:
    limitations = card(*digits_run).split(f"## {say('card.limitations')}")[1]
    assert f"{say('card.not-measured')}: {WORDS.metric('energy_wh').title} (no readable energy meter" in limitations
    assert re.search(says("card.requirement-failed", text=escaped("size_mb <= 0.1")), limitations)
    assert "accuracy" not in limitations


def test_names_from_the_data_are_only_text(hostile_run: Run) -> None:
    text = card(*hostile_run)
    assert "<script>" not in text
    assert "<img" not in text
    assert "| a\\|b |" in text
    assert "| \\`code\\` |" in text
    assert "\\[x\\](javascript" in text
    assert "| line break |" in text
    assert "猫" in text


def test_tables_have_as_many_cells_in_every_row(hostile_run: Run) -> None:
    columns = None
    for line in card(*hostile_run).splitlines():
        cells = line.replace("\\|", "").count("|") if line.startswith("|") else None
        if columns is not None and cells is not None:
            assert cells == columns, line
        columns = cells


def test_the_card_is_deterministic(digits_run: Run) -> None:
    assert card(*digits_run) == card(*digits_run)


def test_escaping() -> None:
    assert escaped("a\r\n b & <c>") == "a b &amp; &lt;c&gt;"
    assert escaped(3) == "3"


def test_names_in_other_scripts_turn_nothing_round(scripts_run: Run) -> None:
    text = card(*scripts_run)
    assert "| شمس |" in text
    assert "| evil |" in text
    assert "| (blank: U+200B) |" in text
    assert not set("\u202a\u202b\u202d\u202e") & set(text)
