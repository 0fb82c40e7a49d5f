"""What a network of pictures sees at its layers, and how a picture is changed until it sees the same as in two others.

B pictures, C channels, H height, W width, L layers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.nn.batch import Signal

SMOOTH = 1e-2  # what differences between neighbouring pixels count, which no layer may see
# what pixels count that are darker than black or brighter than white: cut at once, they would mislead the search
OUTSIDE = 100.0
ACTIVE = (nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid)


class _SeenEnough(Exception):
    """The last of the layers that are looked at has been reached."""


class Eye:
    """The maps of a backbone at the last activation of each size that they have, from pictures of any size.

    A dense layer behind them, which takes one size alone, is never reached. Raises ValueError for a backbone without
    maps.
    """

    def __init__(self, backbone: nn.Module, shape: Sequence[int]) -> None:
        self.backbone = backbone.eval().requires_grad_(False)
        self.layers = self._chosen(shape)
        if not self.layers:
            raise ValueError(say("nn.network-no-layers-give"))

    def _chosen(self, shape: Sequence[int]) -> list[nn.Module]:
        seen: list[tuple[nn.Module, tuple[int, ...]]] = []

        def note(module: nn.Module, inputs: Any, x: Tensor) -> None:
            if isinstance(x, Tensor) and x.ndim == 4 and min(x.shape[2:]) > 1:
                seen.append((module, tuple(x.shape[2:])))

        active = [module for module in self.backbone.modules() if isinstance(module, ACTIVE)]
        convolved = [module for module in self.backbone.modules() if isinstance(module, nn.Conv2d)]
        hooks = [module.register_forward_hook(note) for module in active or convolved]
        with torch.no_grad():
            self.backbone(Signal(torch.zeros(1, *shape)))
        for hook in hooks:
            hook.remove()
        last = {size: module for module, size in seen}  # a module that is run twice would be seen at its last run only
        return list(dict.fromkeys(last.values()))

    def __call__(self, x_BCHW: Tensor) -> list[Tensor]:
        """Return the maps (B,C,H,W) of each layer, from the first to the last."""
        found: list[Tensor] = []

        def keep(module: nn.Module, inputs: Any, x: Tensor) -> None:
            found.append(x)
            if len(found) == len(self.layers):
                raise _SeenEnough

        hooks = [module.register_forward_hook(keep) for module in self.layers]
        try:
            self.backbone(Signal(x_BCHW))
        except _SeenEnough:
            pass
        finally:
            for hook in hooks:
                hook.remove()
        return found


def gram(x_BCHW: Tensor) -> Tensor:
    """Return how often each two channels see something in the same place (B,C,C), whatever the place."""
    x_BCP = x_BCHW.flatten(2)
    return x_BCP @ x_BCP.transpose(1, 2) / x_BCP.shape[2]


def transferred(
    eye: Eye,
    preprocessor: Callable[[Tensor], Tensor],
    content: Tensor,
    style: Tensor,
    *,
    steps: int,
    weight: float,
    progress: Callable[[int, int], None] | None = None,
) -> Tensor:
    """Return a picture (1,C,H,W), 0 to 255, with the things of one and the look of another (Gatys, Ecker & Bethge
    2016).

    The last maps are to be those of `content`, and the Gram matrices of all layers those of `style`, whose size may
    differ. Both are compared in units of themselves, so that `weight` means the same for any network. It begins with
    `content`; the same pictures give the same result.
    """
    with torch.no_grad():
        things = eye(preprocessor(content))[-1]
        looks = [gram(x) for x in eye(preprocessor(style))]
    x = content.clone(memory_format=torch.contiguous_format).div_(255).requires_grad_()
    search = torch.optim.LBFGS([x], lr=1.0, max_iter=1, history_size=20, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        search.zero_grad()
        maps = eye(preprocessor(x * 255))
        apart = [_apart(gram(own), look) for own, look in zip(maps, looks, strict=True)]
        total: Tensor = _apart(maps[-1], things) + weight * torch.stack(apart).mean() + SMOOTH * _uneven(x)
        total = total + OUTSIDE * (x - x.clamp(0, 1)).square().mean()
        total.backward()  # type: ignore[no-untyped-call]  # as torch has it
        return total

    for step in range(steps):
        search.step(cost)  # type: ignore[no-untyped-call]  # as torch has it
        if progress:
            progress(step + 1, steps)
    return x.detach().clamp(0, 1).mul(255)


def _apart(x: Tensor, asked: Tensor) -> Tensor:
    return F.mse_loss(x, asked) / asked.square().mean().clamp_min(1e-12)


def _uneven(x_1CHW: Tensor) -> Tensor:
    """Return the mean squared difference between neighbouring pixels, in units of the picture's variance."""
    down, across = x_1CHW.diff(dim=2).square().mean(), x_1CHW.diff(dim=3).square().mean()
    return (down + across) / x_1CHW.detach().var().clamp_min(1e-4)
