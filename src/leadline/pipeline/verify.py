"""Verify a run: check its files, make its page again, measure its findings again, and say what no longer holds.

1 files       every file against the manifest, and those that findings rest on against the report;
              signed claims against both, and with a key their signature           run/claims.py
2 pages       page and card are made again from the report, verdicts from its findings            verifying/records.py
3 data        the source is read, split and encoded again, and compared with what was recorded
4 findings    the analyses run again on the shipped weights, as in steps 6 and 7 of a training    verifying/findings.py
5 several     each repeat and each fold is verified so, and what they say together                verifying/several.py

A manifest can be rewritten to match an edited file, so nothing rests on it alone: a figure of the report is compared
with a new measurement, within the tolerance that it states, and the whole report with the page, which holds its hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from torch import nn

from leadline.core.experiment import Experiment
from leadline.core.report import Report
from leadline.errors import LeadlineError
from leadline.machine.environment import version_of
from leadline.pipeline.context import RunContext
from leadline.pipeline.progress import Progress
from leadline.pipeline.verifying.findings import Again, measured_again
from leadline.pipeline.verifying.records import files_checked, records_checked
from leadline.pipeline.verifying.several import parts_of, together
from leadline.run import folder as files
from leadline.run.claims import claims_checked
from leadline.run.moved import moved_data
from leadline.run.verification import Check, Verification


def verify_run(
    folder: Path,
    memory: object,
    modules: Mapping[str, nn.Module],
    shown: Progress,
    *,
    full: bool = False,
    trusted: bool = False,
    key: Path | None = None,
) -> Verification:
    """Check a finished run; `memory` is the data of runs on data in memory, `full` fits baselines again, and
    a `trusted` run may run code that it names. With the public `key` of whoever signed its claims, the signature is
    checked.

    Raises RunError where the folder is no finished run, or its manifest cannot be read, UsageError where the key
    cannot be read.
    """
    checks = list(files_checked(folder))
    try:
        report = Report.read(folder / files.REPORT)
        experiment = Experiment.read(folder / files.EXPERIMENT)
    except LeadlineError as error:
        checks.append(Check(subject="file", name=files.REPORT, outcome="differs", why=str(error)))
        return _verification(folder.name, Again("none", tuple(checks)), full)
    checks += claims_checked(folder, report, key)
    checks += records_checked(folder, report, experiment)
    found = Again("data")
    if not experiment.data.split.every_fold:  # the folder of a cross-validation has no network of its own
        moved = moved_data(folder, experiment.data) if memory is None else {}
        run_context = RunContext(experiment, memory, modules, shown=shown, moved=moved)
        consistent = not any(one.outcome == "differs" for one in checks)
        found = measured_again(folder, report, run_context, full=full, trusted=trusted, consistent=consistent)
    checks += found.checks
    for name, part in parts_of(folder, experiment):
        checks += _part(name, part, memory, modules, shown, full=full, trusted=trusted)
    checks += together(folder, report, experiment)
    return _verification(report.run.id, found._replace(checks=tuple(checks)), full)


def _part(
    name: str,
    folder: Path,
    memory: object,
    modules: Mapping[str, nn.Module],
    shown: Progress,
    *,
    full: bool,
    trusted: bool,
) -> Iterator[Check]:
    """Yield the checks of one of several runs, named by its place."""
    try:
        checks = verify_run(folder, memory, modules, shown, full=full, trusted=trusted).checks
    except LeadlineError as error:
        checks = (Check(subject="file", name=files.MANIFEST, outcome="differs", why=str(error)),)
    yield from (one.model_copy(update={"name": f"{name}: {one.name}"}) for one in checks)


def _verification(run: str, found: Again, full: bool) -> Verification:
    at, version = datetime.now(UTC).isoformat(timespec="seconds"), version_of("leadline") or ""
    return Verification(run=run, at=at, version=version, source=found.source, full=full, checks=found.checks)
