"""The model card, in the Markdown that model hubs read: declared parts as declared, measured parts as measured."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from leadline.core import wording
from leadline.core.catalogue import say
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.core.safe_text import straight, visible
from leadline.rendering import summary_text
from leadline.rendering.exhibits import views
from leadline.rendering.outline import judged_split, outline
from leadline.rendering.sentence import examples
from leadline.rendering.templating import environment

TASKS: Mapping[tuple[str, str], str] = {
    ("classification", "image"): "image-classification",
    ("classification", "clip"): "audio-classification",
    ("classification", "row"): "tabular-classification",
    ("regression", "row"): "tabular-regression",
}
PLACED = ("intended_use", "out_of_scope", "licence", "license", "data", "limitations")
LISTED = 20  # rows of a table that a card bears


def card(report: Report, folder: Path) -> str:
    """Return the model card of a report whose exhibits lie under `folder`.

    Names from the data are escaped: nothing in them is read as Markdown or HTML.
    """
    parts = outline(report)
    declared: Mapping[str, Any] = report.experiment.get("card") or {}
    shown = {v.name: v for v in views(report, folder) if v.body}
    columns, notes = shown.get("columns"), shown.get("notes")
    # `escaped` is the last thing every value passes: HTML's rules are not Markdown's
    text = (
        environment(parts.words, finalize=escaped)
        .get_template("card.md.j2")
        .render(
            report=report,
            name=str(report.experiment.get("name") or report.run.id),
            declared=declared,
            licence=declared.get("licence") or declared.get("license"),
            others={k: v for k, v in declared.items() if k not in PLACED},
            sentences=[str(s) for s in summary_text.summary_text(report)],
            judged=summary_text.judged(report),
            accesses=summary_text.accesses_text(report),
            parts=parts,
            measured=[
                one.finding
                for found in (*parts.measures.values(), *parts.made.values())
                for one in found
                if one.finding.value is not None
            ],
            baselines=[
                one.finding
                for found in parts.baselines.values()
                for one in found
                if one.finding.group and one.finding.value is not None
            ],
            classes=next(
                (g._replace(rows={visible(k): v for k, v in g.rows.items()}) for g in parts.groups if g.key == "class"),
                None,
            ),
            notes=[cells[0] for _, cells in notes.body.rows] if notes else [],
            columns=columns.body if columns else None,
            listed=LISTED,
            training=report.experiment.get("training") or {},
            networks=wording.networks(report.experiment),
        )
    )
    return f"---\n{_front_matter(report)}---\n\n{text}"


def escaped(value: Any) -> str:
    """Return a value as Markdown text on one line, with every character that Markdown or HTML would read made plain."""
    line = (
        straight(re.sub(r"\s*[\r\n]+\s*", " ", str(value)))
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
    )
    return re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", line)


def _front_matter(report: Report) -> str:
    """The YAML on top, by which hubs list and compare models; holds only what was measured or declared."""
    declared: Mapping[str, Any] = report.experiment.get("card") or {}
    licence = declared.get("licence") or declared.get("license")
    objective = (report.experiment.get("objective") or {}).get("name", "")
    task = TASKS.get((objective, summary_text.things(report)))
    encoders = [body["name"] for body in ((report.experiment.get("network") or {}).get("encoders") or {}).values()]
    results = list(_results(report))
    name = str(report.experiment.get("name") or report.run.id)
    source = str((report.experiment.get("data") or {}).get("source") or "in-memory")
    dataset = {
        "name": Path(source).name,
        "type": re.sub(r"[^\w.-]+", "-", Path(source).stem).strip("-") or "dataset",
        "split": judged_split(report),
    }
    matter: dict[str, Any] = {
        "library_name": "leadline",
        **_licence(licence),
        **({"pipeline_tag": task} if task else {}),
        "tags": list(dict.fromkeys(["leadline", "pytorch", *([objective] if objective else []), *encoders])),
    }
    if results:
        matter["metrics"] = [result["type"] for result in results]
        evaluated = {"task": {"type": task or objective or "other"}, "dataset": dataset, "metrics": results}
        matter["model-index"] = [{"name": name, "results": [evaluated]}]
    return yaml.safe_dump(matter, sort_keys=False, allow_unicode=True)


def _licence(text: str | None) -> dict[str, str]:
    """Hubs know licences by short lower-case names; anything else is ``other``, with its own words."""
    if not text:
        return {}
    return {"license": text.lower()} if re.fullmatch(r"[\w.+-]+", text) else {"license": "other", "license_name": text}


def _results(report: Report) -> Iterator[dict[str, Any]]:
    split = judged_split(report)
    parts = outline(report)
    for found in (*parts.measures.values(), *parts.made.values()):
        for one in found:
            finding = one.finding
            if (
                finding.group is None
                and finding.split == split
                and finding.value is not None
                and finding.provenance == "measured"
            ):
                yield {"type": finding.name, "value": finding.value, "name": _described(finding, parts.words)}


def _described(finding: Finding, words: wording.Wording) -> str:
    title = words.metric(finding.name).title
    if finding.interval:
        title = say("card.interval-of", title=title, level=wording.level(finding), span=words.span(finding))
    n = f", {examples(finding)}" if finding.n is not None else ""
    return f"{title}{n}".replace(wording.SPACE, " ")
