"""The report: everything a run measured, with the experiment, the environment and the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError

from leadline.core.base import Fact, parsed_json
from leadline.core.catalogue import say
from leadline.core.entries import renamed
from leadline.core.exhibit import Exhibit
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.requirement import Verdict
from leadline.core.wording import Wording, count, shortened
from leadline.errors import RunError, UnknownMeasure, did_you_mean, plain

# of names that stand beside a measure only where it was repeated or compared
DERIVED = ("_over_repeats", "_difference")


class RunFacts(Fact):
    """Identity of a run: its name, its parent if it was derived, when it began (ISO 8601, UTC).

    `seconds` lie between then and its report, the pauses of an interrupted run included. `required` is when its
    requirements were recorded, and `test_read` when its test rows were first read; None where there are none.
    """

    id: str
    parent: str | None = None
    started: str
    seconds: float
    test_accesses: int | None = None
    required: str | None = None
    test_read: str | None = None

    @property
    def required_first(self) -> bool | None:
        """Whether the requirements were recorded before the test rows were read; None where one of the times is not
        known.
        """
        try:
            required, read = (datetime.fromisoformat(one or "") for one in (self.required, self.test_read))
            return required <= read
        except (TypeError, ValueError):
            return None


class Report(Fact):
    """What `report.json` holds; its JSON Schema is `Report.model_json_schema()`.

    `metrics` says what the findings are called and mean, by their names; reports written before it was held have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    version: Literal[2] = Field(default=2, alias="schema")
    experiment: Mapping[str, Any]
    run: RunFacts
    environment: Mapping[str, Any]
    findings: tuple[Finding, ...]
    exhibits: tuple[Exhibit, ...] = ()
    requirements: tuple[Verdict, ...] = ()
    metrics: Mapping[str, Metric] = Field(default_factory=dict)

    @property
    def wording(self) -> Wording:
        """How its findings are worded."""
        return Wording(self.metrics.values(), targets=self.targets)

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the target's columns; none where there is no target."""
        target = (self.experiment.get("data") or {}).get("target")
        if target is None or target == "none":
            return ()
        return tuple(map(str, target)) if isinstance(target, list | tuple) else (str(target),)

    def find(self, name: str, *, split: str | None = None, group: str | None = None) -> Finding | None:
        """Return the finding of that name, split and group; `split` None also finds the test split's. What could not be
        measured is a finding too, which says why; None is for a split or group of a measure that has it not.

        Raises UnknownMeasure, a KeyError, with the nearest name where nothing of that name was measured.
        """
        found = self.get(name, split=split, group=group)
        known = {one.name for one in self.findings}
        base = renamed.finding(name, renamed.quietly)
        for suffix in DERIVED:
            base = base.removesuffix(suffix)
        if found is None and base not in known:
            raise UnknownMeasure(say("core.no-such-finding", name=name, suggestion=did_you_mean(name, known)))
        return found

    def get(self, name: str, *, split: str | None = None, group: str | None = None) -> Finding | None:
        """Return the finding of that name, split and group, or None where there is none, whatever the name."""
        name = renamed.finding(name, renamed.warn)
        for finding in self.findings:
            right_split = finding.split == split or (split is None and finding.split == "test")
            if finding.name == name and finding.group == group and right_split:
                return finding
        return None

    def __getitem__(self, name: str) -> Finding:
        """Return the finding of that name on the test rows; raises UnknownMeasure, a KeyError, with the nearest name
        where there is none.
        """
        found = self.get(name)
        if found is None:
            known = {one.name for one in self.findings if one.group is None and one.split in (None, "test")}
            raise UnknownMeasure(say("core.no-such-measure", name=name, suggestion=did_you_mean(name, known)))
        return found

    def quality(self) -> tuple[Finding, ...]:
        """Return what was measured of the network as a whole on the test rows."""
        return tuple(
            f
            for f in self.findings
            if f.split == "test" and f.group is None and f.value is not None and f.unit != "rows"
        )

    @property
    def main(self) -> Finding | None:
        """The measure that comes first: on the test rows, else on validation rows; None where there is none."""
        others = (f for f in self.findings if f.split == "validation" and f.group is None and f.value is not None)
        return next(iter(self.quality()), next((f for f in others if f.unit != "rows"), None))

    def __repr__(self) -> str:
        """Return in a line whose report it is, the main measure, and how many findings and requirements there are."""
        outcomes = [verdict.verdict for verdict in self.requirements]
        verdicts = [f"{outcomes.count(one)} {one}" for one in ("pass", "fail", "undecided") if one in outcomes]
        parts = [
            self.wording.brief(self.main) if self.main else "nothing measured",
            count(len(self.findings), "finding"),
            f"requirements: {', '.join(verdicts)}" if verdicts else "",
        ]
        return f"Report({shortened(self.run.id, 50)!r}: {', '.join(part for part in parts if part)})"

    __str__ = __repr__

    def to_json(self) -> str:
        """Return the text of `report.json`."""
        return self.model_dump_json(by_alias=True, indent=1)

    @classmethod
    def read(cls, file: Path) -> Report:
        """Read a `report.json`; raises RunError where it is missing or not one."""
        try:
            return cls.model_validate(renamed.current_report(parsed_json(file.read_bytes())))
        except FileNotFoundError:
            raise RunError(say("core.no-report", file=file)) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(p) for p in first["loc"])
            raise RunError(say("core.not-leadline-report", file=file, where=where, msg=plain(first["msg"]))) from None
        except ValueError as error:
            raise RunError(say("core.not-leadline-report", file=file, where="top level", msg=error)) from None
