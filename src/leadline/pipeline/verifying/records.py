"""What a run's folder says in several places at once: its files and their hashes, its report and the pages made of it.

Nothing here reads the data or runs the network.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from leadline.core.base import parsed_json
from leadline.core.catalogue import say
from leadline.core.entries import experiment_schema
from leadline.core.exhibit import Exhibit
from leadline.core.experiment import Experiment
from leadline.core.report import Report
from leadline.core.requirement import Requirement, verdicts_on
from leadline.errors import LeadlineError, first_line
from leadline.evaluation.agreement import alike
from leadline.machine.environment import version_of
from leadline.pipeline.several.crossval import fold
from leadline.rendering.html import render
from leadline.rendering.model_card import card
from leadline.run import folder as files
from leadline.run.declared import declared_in
from leadline.run.environment import environment_for
from leadline.run.verification import Check, Outcome, same, unchecked

FILES = "files"  # of a report's environment: the sha256 of what its findings rest on
PAGES: tuple[tuple[str, Callable[[Report, Path], str]], ...] = ((files.PAGE, render), (files.CARD, card))


def written_by(report: Report) -> str | None:
    """Return the version of Leadline that wrote a report."""
    version: str | None = (report.environment.get("versions") or {}).get("leadline")
    return version


def files_checked(folder: Path) -> Iterator[Check]:
    """Yield whether each file of a run is what its manifest says; raises RunError where there is no manifest."""
    for name, recorded in files.recorded_hashes(folder).items():
        yield _file(folder, name, recorded)


def _file(folder: Path, name: str, recorded: str) -> Check:
    why = files.changed(folder, name, recorded)
    return Check(subject="file", name=name, outcome="holds" if why is None else "differs", why=why)


def records_checked(folder: Path, report: Report, experiment: Experiment) -> Iterator[Check]:
    """Yield whether a report agrees with what lies beside it: files, environment, exhibits, verdicts, page and card."""
    recorded = report.environment.get(FILES) or {}
    yield from (_named(_file(folder, name, digest)) for name, digest in recorded.items())
    yield from (_named(_file(folder, exhibit.file, exhibit.sha256)) for exhibit in report.exhibits)
    yield from _environment(folder, report, experiment)
    found = verdicts_on(tuple(Requirement.parse(text) for text in experiment.require), report.findings)
    for number, verdict in enumerate(report.requirements):
        again = found[number] if number < len(found) else None
        yield same(verdict.text, "requirement", verdict, again)
    if len(found) > len(report.requirements):
        missing = found[len(report.requirements)].text
        yield Check(subject="requirement", name=missing, outcome="differs", why=say("verify.not-in-report"))
    yield from _published_schema(folder, report)
    yield from _declared(folder, report, experiment)
    yield from _pages(folder, report)


def _declared(folder: Path, report: Report, experiment: Experiment) -> Iterator[Check]:
    """Yield whether the requirements are those recorded when the run began, before its test rows were read."""
    if report.run.required is None:  # there are none, or an older version wrote the run
        return
    try:
        declared = declared_in(folder)
    except LeadlineError as error:
        yield Check(subject="requirement", name=files.REQUIREMENTS, outcome="differs", why=str(error))
        return
    recorded = declared and (declared.written, declared.requirements)
    yield same(files.REQUIREMENTS, "requirement", (report.run.required, experiment.require), recorded)
    if report.run.test_read is not None:
        first = bool(report.run.required_first)
        why = None if first else say("verify.required-late", written=report.run.required, read=report.run.test_read)
        yield Check(subject="requirement", name=say("verify.order"), outcome=_outcome(first), why=why)


def _published_schema(folder: Path, report: Report) -> Iterator[Check]:
    """Yield whether the schema beside the experiment, which editors read, is that of the version that wrote it."""
    name = experiment_schema.FILE
    if (folder / name).exists() and written_by(report) == version_of("leadline"):
        yield _file(folder, name, sha256(experiment_schema.text().encode()).hexdigest())


def exhibit_checked(folder: Path, exhibit: Exhibit, content: Mapping[str, Any]) -> Iterator[Check]:
    """Yield whether the stored content of an exhibit is what was found again; nothing where it cannot be read, which is
    said of the file.
    """
    try:
        stored = parsed_json((folder / exhibit.file).read_bytes())
    except (OSError, ValueError):
        return
    holds = alike(stored, json.loads(json.dumps(content)))
    why = None if holds else say("verify.exhibit-differs")
    yield Check(subject="exhibit", name=exhibit.file, outcome=_outcome(holds), why=why)


def _named(check: Check) -> Check:
    """Return the check of a file against the hash that the report holds."""
    return check.model_copy(update={"name": say("verify.file-by-report", file=check.name)})


def _environment(folder: Path, report: Report, experiment: Experiment) -> Iterator[Check]:
    of_group = experiment.data.split.every_fold  # which says what its first fold says
    try:
        environment = environment_for(fold(folder, 1) if of_group else folder)
    except LeadlineError as error:
        yield Check(subject="file", name=files.ENVIRONMENT, outcome="differs", why=str(error))
        return
    told = {key: value for key, value in report.environment.items() if key != FILES}
    alike = told == environment
    why = None if alike else say("verify.environment-differs")
    yield Check(
        subject="file", name=say("verify.file-by-report", file=files.ENVIRONMENT), outcome=_outcome(alike), why=why
    )
    alike = Experiment.recorded(report.experiment) == experiment
    why = None if alike else say("verify.experiment-differs", file=files.EXPERIMENT)
    name = say("verify.file-by-report", file=files.EXPERIMENT)
    yield Check(subject="file", name=name, outcome=_outcome(alike), why=why)


def _pages(folder: Path, report: Report) -> Iterator[Check]:
    """Yield whether page and card say what the report says; only the version that wrote them writes the same again."""
    version = version_of("leadline")
    if written_by(report) != version:
        why = say("verify.other-version", written=written_by(report), version=version)
        yield from unchecked((name for name, _ in PAGES), "page", why)
        return
    for name, made in PAGES:
        try:
            text = (folder / name).read_bytes().decode("utf-8")  # ends of lines as they are
        except (OSError, ValueError) as error:
            yield Check(subject="page", name=name, outcome="differs", why=first_line(error))
            continue
        differs = _first_difference(text, made(report, folder))
        yield Check(subject="page", name=name, outcome=_outcome(differs is None), why=differs)


def _first_difference(stored: str, made: str) -> str | None:
    """Say in which line a page differs from one made of the report again; None where it does not."""
    if stored == made:
        return None
    ours, theirs = stored.splitlines(), made.splitlines()
    at = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    return say("verify.page-differs", line=at + 1)


def _outcome(holds: bool) -> Outcome:
    return "holds" if holds else "differs"
