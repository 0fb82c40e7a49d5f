"""What a discriminator has beside its encoder: a score of features, and weights that are bound.

B rows, F features, C classes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from leadline.nn.transforms import in_transform

BOUND = (nn.Linear, nn.Conv1d, nn.Conv2d)
LEAST = 1e-12  # singular value that is divided by
ROUNDS = 20  # of power iteration after which a norm is taken as found


class Critic(nn.Module):
    """Features (B,F) to a score (B,1), higher for what seems real: a dense layer, and of `classes` w·f of the row's own
    vector w.

    That is the projection discriminator (Miyato & Koyama 2018). Where the class is not known (-1, or none given) the
    mean of all vectors stands for it, weighted by how frequent classes are. A `bias` has no part in differences of
    scores.
    """

    def __init__(self, features: int, share_C: Tensor | None = None, *, bias: bool = True) -> None:
        super().__init__()
        self.dense = nn.Linear(features, 1, bias=bias)
        self.share_C: Tensor | None
        self.register_buffer("share_C", share_C, persistent=False)
        self.vectors = None if share_C is None else nn.Linear(features, len(share_C), bias=False)

    def forward(self, features_BF: Tensor, class_B: Tensor | None = None) -> Tensor:
        score_B1: Tensor = self.dense(features_BF)
        if self.vectors is None:
            return score_B1
        assert self.share_C is not None
        score_BC: Tensor = self.vectors(features_BF)
        mean_B1 = (score_BC @ self.share_C.to(score_BC.dtype))[:, None]
        if class_B is None:
            return score_B1 + mean_B1
        own_B1 = score_BC.gather(1, class_B.clamp_min(0)[:, None])
        return score_B1 + torch.where(class_B[:, None] >= 0, own_B1, mean_B1)


class Bound(nn.Module):
    """A weight divided by the largest singular value of its matrix (outputs, all else) (Miyato et al. 2018).

    The value is followed by one power iteration from pass to pass in training. After it, it is found anew in each: of
    weights that are an average along the way, averages of singular vectors say nothing.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.left_O: Tensor
        self.register_buffer("left_O", F.normalize(torch.randn(len(weight)), dim=0))
        self.left_O.copy_(self._vectors(weight.detach().flatten(1), ROUNDS)[0])

    def forward(self, weight: Tensor) -> Tensor:
        matrix_OI = weight.flatten(1)
        left_O, right_I = self._vectors(matrix_OI.detach(), 1 if self.training else ROUNDS)
        if self.training and not in_transform(weight):
            self.left_O.copy_(left_O)
        return weight / torch.dot(left_O, matrix_OI @ right_I).clamp_min(LEAST)

    @torch.no_grad()
    def _vectors(self, matrix_OI: Tensor, rounds: int) -> tuple[Tensor, Tensor]:
        left_O = self.left_O.clone()
        for _ in range(rounds):
            right_I = F.normalize(matrix_OI.T @ left_O, dim=0)
            left_O = F.normalize(matrix_OI @ right_I, dim=0)
        return left_O, right_I


def bind(module: nn.Module) -> nn.Module:
    """Divide the matrix of each dense and convolution layer by its largest singular value; returns the module, changed
    in place.
    """
    for part in list(module.modules()):
        if isinstance(part, BOUND):
            parametrize.register_parametrization(part, "weight", Bound(part.weight), unsafe=True)
    return module


def unbind(module: nn.Module) -> nn.Module:
    """Make bound weights plain ones that do as they did in eval mode, by their own names, in place: others can take
    them.
    """
    for part in list(module.modules()):
        if isinstance(part, BOUND) and parametrize.is_parametrized(part, "weight"):
            training = part.training
            part.eval()
            parametrize.remove_parametrizations(part, "weight")
            part.train(training)
    return module


def spread(new_BF: Tensor, real_BF: Tensor) -> Tensor:
    """Return how far each new row is from the nearest other one, as a share of what that is on average for real rows
    (B,).

    It is near 1 where new rows are as diverse as real ones, and near 0 where they are all alike; 1 where there is
    nothing to compare, at most `WIDEST`.
    """
    if len(new_BF) < 2:
        return new_BF.new_ones(len(new_BF))
    near = [_nearest(x.detach().flatten(1).float()) for x in (new_BF, real_BF)]
    return (near[0] / near[1].mean().clamp_min(1e-6)).clamp_max(WIDEST)


WIDEST = 10.0


def _nearest(x_BF: Tensor) -> Tensor:
    """Return the distance of each row to the nearest other one (B,)."""
    x_BF = x_BF - x_BF.mean(0)
    square_B = x_BF.square().sum(1)
    apart_BB = square_B[:, None] + square_B - 2 * (x_BF @ x_BF.T)
    return apart_BB.fill_diagonal_(torch.inf).amin(1).clamp_min(0).sqrt()
