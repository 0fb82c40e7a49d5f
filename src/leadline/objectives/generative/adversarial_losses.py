"""What two networks that are trained against each other have in common: their losses, their penalties, how training
goes wrong.

B rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from leadline.core.catalogue import say
from leadline.metrics.classification.roc_auc import mean_area
from leadline.metrics.statistics.measurement import Levels, Measurement, absent
from leadline.nn.features import full

Game = Literal["non-saturating", "hinge", "wgan-gp"]

DISCRIMINATOR, GENERATOR = "discriminator", "generator"
WINDOW = 5  # ticks that something must be seen in, one after another
WARM = 300  # steps before which new rows are nothing yet, and nothing is said of them
ALIKE = 0.15  # of the distance between real rows: where new ones are nearer to each other, they are all alike
APART = 0.99  # of pairs of a real and a new row that the discriminator tells apart where it has won
LOST = {"non-saturating": 5.0, "hinge": 2.0}  # the generator's loss where it learns next to nothing any more

COLLAPSE, ONE_SIDED = "mode_collapse", "discriminator_dominance"


def discriminator_loss(game: Game, real_B: Tensor, new_B: Tensor) -> Tensor:
    """Return the discriminator's loss for scores of real and of new rows (B,).

    ``non-saturating``: −ln σ(real) − ln(1 − σ(new)) (Goodfellow et al. 2014); ``hinge``: max(0, 1 − real) + max(0, 1 +
    new) (Lim & Ye 2017); ``wgan-gp``: new − real, to which a penalty is added (Gulrajani et al. 2017).
    """
    if game == "non-saturating":
        return F.softplus(-real_B) + F.softplus(new_B)
    if game == "hinge":
        return F.relu(1 - real_B) + F.relu(1 + new_B)
    return new_B - real_B


def generator_loss(game: Game, new_B: Tensor) -> Tensor:
    """Return the generator's loss for scores of new rows (B,): −ln σ(new) where it is ``non-saturating``, else −new."""
    return F.softplus(-new_B) if game == "non-saturating" else -new_B


@torch.compiler.disable  # type: ignore[untyped-decorator]  # compiled graphs have no second derivative; it is not typed
def gradient_penalty(score: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Return the squared norm of each row's gradient of its score (B,), itself differentiable; rows are not to see each
    other.
    """
    x, wanted = x.detach().requires_grad_(), torch.is_grad_enabled()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(score(x).sum(), x, create_graph=wanted)
    return full(gradient).flatten(1).square().sum(1)


def unit_gradient_penalty(steepness_B: Tensor) -> Tensor:
    """Return (‖∇‖ − 1)² from ‖∇‖² (B,)."""
    return ((steepness_B + 1e-12).sqrt() - 1).square()


def alarms(entries: Sequence[Mapping[str, float]], game: Game, every: int) -> Mapping[str, str]:
    """Return what goes wrong in the last `WINDOW` ticks, in words by name: empty words where it does not, nothing too
    early.

    `every` is how many steps the generator takes one in.
    """
    last = entries[-WINDOW:]
    if len(last) < WINDOW or last[0]["step"] < WARM * every:
        return {}
    widest = max(entry[f"{DISCRIMINATOR}.spread"] for entry in last)
    told = min(entry[f"{DISCRIMINATOR}.discriminator_roc_auc"] for entry in last)
    lost = min(entry[f"{GENERATOR}.loss"] for entry in last)
    found = {COLLAPSE: "", ONE_SIDED: ""}
    if widest < ALIKE:
        found[COLLAPSE] = say("objectives.mode-collapse", share=widest)
    if game in LOST and told > APART and lost > LOST[game]:
        found[ONE_SIDED] = say("objectives.discriminator-dominance", roc_auc=told, generator_loss=lost)
    return found


def lowest(game: Game, network: str) -> float:
    """Return what a network's mean loss cannot lie below."""
    return 0.0 if game == "non-saturating" or (game == "hinge" and network == DISCRIMINATOR) else -math.inf


def scored_losses(game: Game, predictions: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Return what each network loses by each row (n,), of the columns ``score`` of real and ``score_new`` of new
    rows.
    """
    real_n, new_n = (torch.from_numpy(predictions[name].astype(np.float64)) for name in ("score", "score_new"))
    return {
        DISCRIMINATOR: discriminator_loss(game, real_n, new_n).numpy(),
        GENERATOR: generator_loss(game, new_n).numpy(),
    }


def discriminator_auc(predictions: Mapping[str, np.ndarray], levels: Levels, group: np.ndarray | None) -> Measurement:
    """Return the share of pairs of a real and a new row whose real one has the higher score."""
    real_n, new_n = predictions["score"].astype(np.float64), predictions["score_new"].astype(np.float64)
    if not len(real_n):
        return absent(say("metrics.no-examples"))
    if not (np.isfinite(real_n).all() and np.isfinite(new_n).all()):
        return absent(say("metrics.scores-not-finite"), len(real_n))
    is_real = np.repeat([True, False], len(real_n))
    found = mean_area(
        [(is_real, np.concatenate([real_n, new_n]))], levels, None if group is None else np.tile(group, 2)
    )
    return found._replace(n=len(real_n))  # of real rows: as many new ones stand beside them
