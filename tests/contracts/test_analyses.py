"""What every analysis must keep, over the registry: it declares itself, gives reasons, and yields what it declares."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.experiment import DataSpec, Experiment
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.registry import lookup
from leadline.core.registry_tables import TABLES
from leadline.core.report import Report, RunFacts
from leadline.core.sections import SECTIONS
from leadline.data.dataset import prepare
from leadline.errors import UsageError
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.analyses.lookup import analyses
from leadline.evaluation.declared_metrics import metric_name, metrics_of
from leadline.evaluation.evaluate import evaluate
from leadline.evaluation.subject import RunRecord, Subject
from leadline.objectives.lookup import objective_for
from leadline.pipeline.resolving.experiment import resolve
from leadline.rendering.html import render
from leadline.run.build import build_network
from leadline.run.run import save_weights
from leadline.run.trained import Trained
from sentences import says

NAMES = sorted(TABLES["analyses"])
# Networks that nobody trained, of each sort: what is measured is no matter here.
CASES: dict[str, dict[str, Any]] = {
    "classes": {"data": {"source": "iris"}, "network": "mlp"},
    "number": {"data": {"source": "diabetes"}, "network": "mlp"},
    "codes": {"data": {"source": "iris"}, "network": "mlp", "objective": "autoencoder"},
    "likelihood": {"data": {"source": "iris"}, "network": "mlp", "objective": "vae"},
    "clusters": {"data": {"source": "iris"}, "network": "mlp", "objective": "clustering"},
}


class Case(NamedTuple):
    """A subject with what all analyses find of it."""

    subject: Subject
    found: dict[str, list[Finding | ExhibitDraft]]


def subject_of(given: dict[str, Any], folder: Path) -> Subject:
    experiment = Experiment.parse(given)
    objective = objective_for(experiment.objective) if experiment.objective else None
    dataset = prepare(experiment.data, labels="all" if objective is None else objective.supervision.labels)
    rows = {name: len(part) for name, part in dataset.splits.items()}
    experiment = resolve(experiment, dataset.schema, rows)
    assert experiment.objective is not None
    network = build_network(experiment, dataset.schema)
    save_weights(network, folder / "model.safetensors")
    trained = Trained(datetime.now(UTC), 1.0, pl.DataFrame(), None, {}, rollbacks=1)
    record = RunRecord(folder / "model.safetensors", experiment, trained, {}, timed=False)
    return Subject(network, objective_for(experiment.objective), dataset, record=record)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    subject = subject_of(CASES[request.param], tmp_path_factory.mktemp(request.param))
    asked = [one for one in analyses() if one.applies(subject) is None]
    return Case(subject, {one.name: list(one.run(subject, one.options(), subject.seed)) for one in asked})


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    analysis: Analysis = lookup("analyses", name)
    assert analysis.name == name
    assert analysis.question.endswith("?")
    assert analysis.section in SECTIONS
    assert all(metric.id and metric.title for metric in analysis.metrics)
    assert analysis.options()  # everything has a default


def test_the_loop_follows_the_sections_of_the_report() -> None:
    order = [list(SECTIONS).index(analysis.section) for analysis in analyses()]
    assert order == sorted(order)
    assert {analysis.name for analysis in analyses()} >= set(NAMES)  # and those of installed packages


def test_a_metric_is_declared_once() -> None:
    declared: dict[str, Metric] = {}
    for name in TABLES["objectives"]:
        for metric in objective_for(Component(name=name)).decision.declared_metrics:
            assert declared.setdefault(metric.id, metric) == metric
    for analysis in analyses():
        for metric in analysis.metrics:
            assert declared.setdefault(metric.id, metric) == metric


def test_what_it_finds_is_declared(case: Case) -> None:
    own = {metric.id for metric in case.subject.objective.decision.declared_metrics}
    for name, items in case.found.items():
        declared = own | {metric.id for metric in lookup("analyses", name).metrics}
        assert {metric_name(item.name, declared) for item in items if isinstance(item, Finding)} <= declared, name
        assert all(item.section is None or item.section in SECTIONS for item in items)


def test_what_does_not_apply_says_why(case: Case) -> None:
    reasons = {one.name: one.applies(case.subject) for one in analyses()}
    assert any(reasons.values())
    assert all(why is None or (len(why) > 10 and why[0].islower() and why[-1] != ".") for why in reasons.values())


def test_every_finding_of_a_run_names_its_section(case: Case) -> None:
    found = evaluate(case.subject)
    assert {item.section for item in (*found.findings, *found.drafts)} <= set(SECTIONS)
    assert {"rows", "params"} <= {finding.name for finding in found.findings}


def test_a_requirement_may_speak_of_every_metric() -> None:
    mixed = pl.DataFrame(
        {"x": [k * 0.37 % 1 for k in range(60)], "colour": ["red", "green", "blue"] * 20, "kind": ["a", "b"] * 30}
    )
    schemas = [prepare(DataSpec(target="kind"), mixed).schema, prepare(DataSpec(source="digits")).schema]
    objectives = [objective_for(Component(name=name)) for name in TABLES["objectives"]]
    for analysis in map(partial(lookup, "analyses"), NAMES):
        declared = {metric.id for metric in analysis.metrics}
        known = {name for one in objectives for schema in schemas for name in analysis.names(one, schema)}
        assert declared <= {metric_name(name, declared) for name in known}, analysis.name


def fogged(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield Finding(name="fog_share", split="test", value=0.25, n=len(subject.test_rows), method="counted")


FOG = Analysis(
    name="fog",
    question="How much of the test rows lies in fog?",
    section="robustness",
    run=fogged,
    applies=of_test_rows,
    metrics=(Metric("fog_share", "Share in fog", "of test rows", "%", "lower"),),
)


def test_one_of_another_package_is_measured_required_and_shown(packages: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says("pipeline.requirement-not-measured", requirement="fog_share")):
        subject_of({**CASES["classes"], "require": ["fog_share <= 0.3"]}, tmp_path)
    packages.give("analyses", "fog", FOG)
    subject = subject_of({**CASES["classes"], "require": ["fog_share <= 0.3"]}, tmp_path)
    findings = evaluate(subject).findings
    (fog,) = (finding for finding in findings if finding.name == "fog_share")
    assert fog.section == "robustness"
    run = RunFacts(id="r", started="2026-01-05T10:32:11+00:00", seconds=1.0)
    metrics = metrics_of(findings, subject.objective)
    report = Report(experiment={}, run=run, environment={}, findings=findings, metrics=metrics)
    page = render(report, tmp_path)
    assert page.index('id="robustness"') < page.index("Share in fog") < page.index('id="cost"')
    assert "25\u202f%" in page


def test_a_slow_one_is_left_out(packages: Any, tmp_path: Path) -> None:
    packages.give("analyses", "fog", Analysis(**{**FOG.__dict__, "cost": "slow"}))
    assert "fog_share" not in {f.name for f in evaluate(subject_of(CASES["number"], tmp_path)).findings}


def test_one_whose_metric_has_a_name_that_is_taken_is_refused(packages: Any, tmp_path: Path) -> None:
    packages.give(
        "analyses", "fog", replace(FOG, metrics=(Metric("accuracy", "Clear", "of test rows", "%", "higher"),))
    )
    with pytest.raises(
        UsageError,
        match=says(
            "evaluation.metric-taken",
            analysis="fog",
            metric_id="accuracy",
            taken="the objective 'classification'",
        ),
    ):
        subject_of(CASES["classes"], tmp_path)


@pytest.mark.parametrize("entry", ["fog", "mist"])  # a package may register it under another name
def test_one_that_fails_leaves_its_metrics_absent_and_all_others_measured(
    packages: Any, tmp_path: Path, entry: str
) -> None:
    def failing(subject: Subject, options: NoOptions, seed: int) -> Results:
        raise ZeroDivisionError("no fog")
        yield

    packages.give("analyses", entry, replace(FOG, run=failing))
    findings = {one.name: one for one in evaluate(subject_of(CASES["number"], tmp_path)).findings}
    assert findings["fog_share"].value is None
    assert "'fog' of the package acme failed (ZeroDivisionError: no fog)" in (findings["fog_share"].why or "")
    assert findings["mae"].value is not None


def test_a_section_that_no_page_has_is_refused() -> None:
    with pytest.raises(
        UsageError,
        match=says("evaluation.unknown-section", section="robustnes", suggestion="Did you mean 'robustness'?"),
    ):
        replace(FOG, section="robustnes")
