"""From the name of an objective and its options to the objective that has them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from leadline.core.catalogue import say
from leadline.core.component import AUTO, Component
from leadline.core.entries.foreign_items import item_meant
from leadline.core.entries.shapes import shaped
from leadline.core.entries.wrong_values import explained
from leadline.core.experiment import Experiment
from leadline.core.plugins import members
from leadline.core.registry import lookup
from leadline.core.schema import LabelRequirement
from leadline.errors import UsageError
from leadline.objectives.contract import BoundObjective, Decision, Learning, Objective, with_own_loss
from leadline.objectives.own_loss import NOUN, own_loss_of


def objective_for(component: Component) -> BoundObjective:
    """Return an objective with its options, checked, and the loss of the user's own where they name one; raises
    UsageError where an option is unknown or wrong.
    """
    objective: Objective = lookup("objectives", component.name)
    own, given = own_loss_of(component.options)
    try:
        options = objective.options.model_validate(shaped(given, objective.options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "extra_forbidden" and first["loc"] == (NOUN,):
            loss = str(component.options[NOUN])
            if meant := item_meant("losses", loss):
                raise UsageError(say("objectives.loss-of-options", loss=loss, hint=meant)) from None
            raise UsageError(say("objectives.own-loss-how", objective=component.name, loss=loss)) from None
        said = explained(error, objective.options, component.options, "objective", component.name)
        raise UsageError(said) from None
    try:
        bound = objective.bind(options)
    except TypeError as error:
        if "abstract" not in str(error):
            raise
        raise UsageError(say("objectives.member-missing", component=component.name, error=error)) from None
    for part, contract in ((bound.learning, Learning), (bound.decision, Decision)):
        lacking = [member for member in members(contract) if not hasattr(part, member)]
        if lacking:
            raise UsageError(
                say(
                    "objectives.part-lacks",
                    component=component.name,
                    type=contract.__name__.lower(),
                    found=type(part).__name__,
                    lacking=", ".join(lacking),
                )
            )
    return with_own_loss(bound, own)


def target_types_of(experiment: Experiment) -> Mapping[str, tuple[str, ...]]:
    """Return the kinds of target that an experiment's objective takes, by column; nothing where the target is to choose
    it.
    """
    component = experiment.objective
    return objective_for(component).supervision.target_types if component is not None and component.name != AUTO else {}


def labels_of(experiment: Experiment) -> LabelRequirement:
    """Return which train rows must have a target for an experiment's objective."""
    component = experiment.objective
    return objective_for(component).supervision.labels if component is not None and component.name != AUTO else "all"
