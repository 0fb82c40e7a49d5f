"""How the network learned: curves, what was chosen once training was over, what went out of the ordinary.

All of it was written down while the run was trained; here it becomes findings and exhibits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.wording import Wording
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_run
from leadline.evaluation.exhibits import learning_curves
from leadline.evaluation.subject import Subject
from leadline.run import trained


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    record = subject.run_record
    yield from record.trained.calibrated
    if record.trained.history.height:
        words = Wording(subject.objective.decision.declared_metrics)
        yield learning_curves(record.trained.history, record.trained.best_epoch, lambda name: words.metric(name).title)
    yield from record.trained.findings()
    yield from record.trained.drafts()
    yield from carried_over(record.environment.get("init", {}))


def carried_over(began: Mapping[str, Any]) -> Iterator[ExhibitDraft]:
    """Yield the exhibit of what a network began with, where that was another's weights."""
    if not began:
        return
    rows = [[name, shape, why or say("exhibits.weights-loaded")] for name, shape, why in began["layers"]]
    caption = say(
        "exhibits.initial-weights-about", run=began["id"], objective=began["objective"], digest=began["weights"][:16]
    )
    content = {"columns": ["tensor", "shape", say("exhibits.initial-weights-column")], "rows": rows}
    yield ExhibitDraft("carried_over", "table", say("exhibits.initial-weights"), content, caption, section="other")


ANALYSIS = Analysis(
    name="training",
    question="How did training go, and what was calibrated afterwards?",
    section="training",
    run=_run,
    applies=of_run,
    metrics=trained.METRICS,
)
