"""What an analysis is: one question asked of a trained network, or of its data, and answered in findings and exhibits.

Each file beside this one declares one as ``ANALYSIS`` and `core.registry` lists it; another package adds its own by an
entry point in the group ``leadline.analyses``. Evaluating a run is a loop over those that apply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.core.sections import SECTIONS
from leadline.errors import UsageError, did_you_mean
from leadline.evaluation.subject import SPLITS, Subject
from leadline.objectives.contract import BoundObjective

Results = Iterator[Finding | ExhibitDraft]


class NoOptions(Fact):
    """The options of an analysis that has nothing to choose."""


@dataclass(frozen=True)
class Analysis:
    """A question and how it is answered.

    - `name`: as in the registry; `question`: what it answers, as a reader would ask it.
    - `section`: of the report (`core.sections`), for all findings and exhibits that do not name one themselves.
    - `run(subject, options, seed)`: yields findings and exhibits; the subject takes the network over rows for it, and
      remembers predictions, embeddings and generated rows.
    - `applies(subject)`: None, or why there is nothing to ask of such a subject, in words.
    - `metrics`: what its findings are called. Those of an objective (`accuracy`) are the objective's own.
    - `requirable(objective, schema)`: the names, classes included, that a requirement on such data may speak of; all of
      `metrics` unless it says otherwise.
    - `options`: a frozen model of what can be chosen, with defaults.
    - `cost`: ``slow`` where it takes longer than a training of some minutes is worth; those are run on demand.
    - `reference`: the paper, where there is one.
    """

    name: str
    question: str
    section: str
    run: Callable[[Subject, Any, int], Results]
    applies: Callable[[Subject], str | None]
    metrics: tuple[Metric, ...] = ()
    requirable: Callable[[BoundObjective, Schema], tuple[str, ...]] | None = None
    options: type[BaseModel] = NoOptions
    cost: Literal["quick", "slow"] = "quick"
    reference: str = ""

    def __post_init__(self) -> None:
        """Refuse a section that no page has."""
        if self.section not in SECTIONS:
            raise UsageError(
                say(
                    "evaluation.unknown-section",
                    name=self.name,
                    section=self.section,
                    suggestion=did_you_mean(self.section, SECTIONS),
                )
            )

    def names(self, objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
        """Return the names of findings that a requirement on such data may speak of."""
        if self.requirable is None:
            return tuple(metric.id for metric in self.metrics)
        return self.requirable(objective, schema)


def always(subject: Subject) -> str | None:
    """Return None: there is something to say of every subject."""
    return None


def of_run(subject: Subject) -> str | None:
    """Say why nothing can be asked about a training and what ships of it, or None."""
    return None if subject.record is not None else say("evaluation.no-run")


def of_test_rows(subject: Subject) -> str | None:
    """Say why nothing can be asked about test rows, or None."""
    return None if subject.test is not None else say("evaluation.no-test-set")


def of_targets(*kinds: str, otherwise: str) -> Callable[[Subject], str | None]:
    """Return how an analysis applies that is made for some types of target: `otherwise` is why it does not apply to
    others.
    """

    def applies(subject: Subject) -> str | None:
        goal = subject.dataset.schema.target
        return of_labelled_rows(subject) if goal is not None and goal.kind in kinds else otherwise

    return applies


def of_measured_splits(subject: Subject) -> str | None:
    """Say that no split has targets to measure predictions on, or None."""
    return None if any(subject.split(name) is not None for name in SPLITS) else say("evaluation.no-targets")


def of_labelled_rows(subject: Subject) -> str | None:
    """Say why there are no test rows whose targets the network was trained to give, or None."""
    return (
        say("evaluation.no-labelled-predictions")
        if subject.objective.supervision.labels == "none"
        else of_test_rows(subject)
    )
