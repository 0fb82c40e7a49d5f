"""Several targets on one network: a head and an objective for each (Caruana 1997).

Shapes: B rows, O outputs of the head, S scores, W columns of the encoded targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.data.targets import default_objective
from leadline.data.targets.tasks import Task, labelled_rows, of_task, predictions_of, tasks_of
from leadline.errors import UsageError, did_you_mean
from leadline.nn.batch import Loss, Prediction
from leadline.nn.features import full
from leadline.objectives.capabilities import Head
from leadline.objectives.contract import BoundObjective, Decision, EvaluationContext, Objective, Supervision
from leadline.objectives.lookup import objective_for
from leadline.objectives.supervised.single_target import HeadDecision, HeadLearning, wrong_target

TYPES = ("several",)  # of target that it takes


class Options(Fact):
    """`tasks` names the objective of a target where it is not the usual one of its kind; `loss_weights` say how much a
    task counts.
    """

    tasks: Mapping[str, Component] = Field(default_factory=dict, description="objective of each target")
    loss_weights: Mapping[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict, description="weight of each target's loss"
    )


class TaskHead(NamedTuple):
    """One task: its objective with its options, and its share of the loss where no target is missing."""

    task: Task
    objective: BoundObjective
    share: float

    @property
    def head(self) -> Head:
        """What stands at the end for the task."""
        head = self.objective.capability("head")
        assert head is not None
        return head


class Ends(nn.Module):
    """The ends of all tasks, from outputs (B,O) to scores side by side (B,S)."""

    def __init__(self, parts: tuple[TaskHead, ...]) -> None:
        super().__init__()
        self.parts = parts
        self.outputs = [part.head.outputs(part.task.schema) for part in parts]
        self.ends = nn.ModuleList(part.head.last(part.task.schema) for part in parts)
        with torch.no_grad():
            shapes = [
                end(torch.zeros(2, outputs)).shape[1:] for end, outputs in zip(self.ends, self.outputs, strict=True)
            ]
        self.plain = [len(shape) == 0 for shape in shapes]  # one score a row, without an axis of its own
        self.scores = [shape.numel() for shape in shapes]

    def forward(self, outputs_BO: Tensor) -> Tensor:
        apart = torch.split(full(outputs_BO), self.outputs, -1)
        return torch.cat([end(part).reshape(len(part), -1) for end, part in zip(self.ends, apart, strict=True)], -1)

    def apart(self, scores_BS: Tensor) -> Iterator[tuple[TaskHead, nn.Module, Tensor]]:
        """Yield each task with its end and its own scores."""
        for part, end, scores, plain in zip(
            self.parts, self.ends, torch.split(scores_BS, self.scores, -1), self.plain, strict=True
        ):
            yield part, end, scores.squeeze(-1) if plain else scores


@dataclass(frozen=True)
class TasksHead(Head):
    """What stands at the end: the ends of all tasks; the loss is their weighted mean over all targets that are
    known.
    """

    options: Options

    def outputs(self, schema: Schema) -> int:
        """Return the outputs of all tasks together."""
        return sum(Ends(_parts(self.options, schema)).outputs)

    def last(self, schema: Schema) -> nn.Module:
        """Return the ends of all tasks."""
        return Ends(_parts(self.options, schema))

    def value(self, last: Any, scores: Tensor, target_B: Tensor) -> Loss:
        """Return the weighted mean of the losses of those targets that are known, which also say how much the row
        counts.
        """
        losses: list[tuple[Tensor, Tensor]] = []
        parts = {}
        for part, end, own in last.apart(scores):
            known_B, target = of_task(part.task, target_B)
            loss = part.head.value(end, own, target)
            value_B = torch.where(known_B, loss.value_B, 0.0)
            losses.append((value_B, torch.where(known_B, loss.weight_B * part.share, 0.0)))
            parts[f"loss({part.task.name})"] = value_B
        weight_B = torch.stack([weight for _, weight in losses]).sum(0)
        total_B = torch.stack([value * weight for value, weight in losses]).sum(0)
        return Loss(total_B / weight_B.clamp_min(torch.finfo(weight_B.dtype).tiny), weight_B, parts)

    def decided(self, last: Any, scores: Tensor) -> Prediction:
        """Return the columns of each task, as ``prediction(income)``."""
        columns: dict[str, Tensor] = {}
        for part, end, own in last.apart(scores):
            columns |= {f"{name}({part.task.name})": x for name, x in part.head.decided(end, own).columns.items()}
        return Prediction(columns)


@dataclass(frozen=True)
class TasksDecision(HeadDecision):
    """The decision side: each task is judged by its own objective."""

    @cached_property
    def _decisions(self) -> Mapping[str, Decision]:
        return {name: objective_for(component).decision for name, component in self.options.tasks.items()}

    @property
    def monitors(self) -> Mapping[str, str]:
        """What early stopping may watch: the loss, and what each task monitors, as ``accuracy(income)``."""
        of_tasks = {
            f"{measure}({name})": better
            for name, decision in self._decisions.items()
            for measure, better in decision.monitors.items()
        }
        return {"loss": "lower", **of_tasks}

    @property
    def declared_metrics(self) -> tuple[Metric, ...]:
        """What the tasks' objectives declare."""
        return tuple(dict.fromkeys(one for decision in self._decisions.values() for one in decision.declared_metrics))

    def calibrate(
        self, network: Any, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> tuple[Finding, ...]:
        """Let each task choose what it chooses after training."""
        found: list[Finding] = []
        for part, end in zip(network.last.parts, network.last.ends, strict=True):
            decided, own = _of(part.task, predictions, context)
            # an objective settles what stands at the end of its network, and no more
            alone: Any = SimpleNamespace(last=end)
            chosen = part.objective.decision.calibrate(alone, decided, own)
            found += [_named(finding, part.task.name) for finding in chosen]
        return tuple(found)

    def monitor(self, predictions: Mapping[str, np.ndarray], target: np.ndarray, schema: Schema) -> Mapping[str, float]:
        """Return the mean loss over all targets that are known, and the measures of each task; NaN where no target is
        known.
        """
        measures: dict[str, float] = {}
        total = weight = 0.0
        for task, objective, share in _parts(self.options, schema):
            rows, own = labelled_rows(task, target)
            decided = predictions_of(task, predictions, rows)
            values = (
                objective.decision.monitor(decided, own, task.schema)
                if len(own)
                else dict.fromkeys(objective.decision.monitors, float("nan"))
            )
            measures |= {f"{name}({task.name})": value for name, value in values.items()}
            if len(own):
                total, weight = total + share * len(own) * values["loss"], weight + share * len(own)
        return {"loss": total / weight if weight else float("nan"), **measures}

    def dummy_predictor(self, target: np.ndarray, rows: int, schema: Schema) -> tuple[str, Mapping[str, np.ndarray]]:
        """Return the constant answers of all tasks."""
        columns: dict[str, np.ndarray] = {}
        names = []
        for task, objective, _ in _parts(self.options, schema):
            name, answers = objective.decision.dummy_predictor(labelled_rows(task, target)[1], rows, task.schema)
            columns |= {f"{column}({task.name})": values for column, values in answers.items()}
            names.append(name)
        return ", ".join(dict.fromkeys(names)), columns

    def metric_names(self, schema: Schema) -> tuple[str, ...]:
        """Return the names of all findings on one split: ``accuracy(income)``, ``recall(income: rich)``."""
        found = []
        for task, objective, _ in _parts(self.options, schema):
            for name in objective.decision.metric_names(task.schema):
                measure, bracket, group = name.partition("(")
                found.append(f"{measure}({task.name}: {group}" if bracket else f"{measure}({task.name})")
        return tuple(found)

    def measure(
        self, predictions: Mapping[str, np.ndarray], context: EvaluationContext
    ) -> Iterator[Finding | ExhibitDraft]:
        """Yield what each task's objective measures, on the rows whose target is known."""
        for number, (task, objective, _) in enumerate(_parts(self.options, context.schema), start=1):
            for item in objective.decision.measure(*_of(task, predictions, context)):
                if isinstance(item, Finding):
                    yield _named(item, task.name)
                else:
                    yield item._replace(name=f"{item.name}-{number}", title=f"{item.title}: {task.name}")


def _supervision(options: Options) -> Supervision:
    """Return what is learnt from: of each task that is named the types of target that its objective takes."""
    of_tasks = {
        name: _task_objective(name, component).supervision.target_types["*"]
        for name, component in options.tasks.items()
    }
    return Supervision(target_types={"*": TYPES, **of_tasks}, mixable=True)


def _unsuitable(options: Options, schema: Schema) -> str | None:
    """Say why the targets cannot be learned together, or None; raises UsageError for a task that is not there."""
    reason = wrong_target("multitask", TYPES, schema)
    if reason is not None:
        return reason
    reasons = [(part.task.name, part.objective.unsuitable(part.task.schema)) for part in _parts(options, schema)]
    return next((f"task {name!r}: {why}" for name, why in reasons if why), None)


def _complete(options: Options, schema: Schema) -> Options:
    """Return the options with the objective and the weight of every task written out."""
    tasks = {}
    for task, objective, _ in _parts(options, schema):
        completed = objective.complete(task.schema).options
        tasks[task.name] = Component(name=objective.name, options=completed.model_dump(mode="json"))
    return Options(tasks=tasks, loss_weights={name: options.loss_weights.get(name, 1.0) for name in tasks})


def _parts(options: Options, schema: Schema) -> tuple[TaskHead, ...]:
    names = [task.name for task in tasks_of(schema)]
    for name in (*options.tasks, *options.loss_weights):
        if name not in names:
            raise UsageError(
                say("objectives.multitask-unknown-target", name=name, suggestion=did_you_mean(name, names))
            )
    weights = [options.loss_weights.get(name, 1.0) for name in names]
    chosen = [
        options.tasks.get(task.name) or Component(name=default_objective(task.schema)) for task in tasks_of(schema)
    ]
    return tuple(
        TaskHead(task, _task_objective(task.name, component), weight / sum(weights))
        for task, component, weight in zip(tasks_of(schema), chosen, weights, strict=True)
    )


def _task_objective(name: str, component: Component) -> BoundObjective:
    objective = objective_for(component)
    if objective.capability("head") is None or objective.supervision.labels != "all":
        raise UsageError(say("objectives.multitask-unsuited", name=name, component=component.name))
    own = objective.learning.own_loss
    if own is not None:
        raise UsageError(say("objectives.own-loss-of-task", loss=own.component.name, name=name))
    return objective


def _of(
    task: Task, predictions: Mapping[str, np.ndarray], context: EvaluationContext
) -> tuple[Mapping[str, np.ndarray], EvaluationContext]:
    """Return the decisions of one task and its context, both of the rows whose target is known."""
    rows, target = labelled_rows(task, context.target)
    group = None if context.group is None else context.group[rows]
    return predictions_of(task, predictions, rows), replace(context, target=target, group=group, schema=task.schema)


def _named(finding: Finding, task: str) -> Finding:
    if finding.group is None:
        return finding.model_copy(update={"name": f"{finding.name}({task})"})
    key, equals, part = finding.group.partition("=")
    return finding.model_copy(update={"group": f"{key}={task}: {part}" if equals else f"{key} of {task}"})


OBJECTIVE = Objective(
    name="multitask",
    options=Options,
    supervision=_supervision,
    learning=lambda options: HeadLearning(TasksHead(options)),
    decision=lambda options: TasksDecision(options, TasksHead(options)),
    complete=_complete,
    unsuitable=_unsuitable,
)
