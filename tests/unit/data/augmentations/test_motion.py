"""What follows a picture: maps and points go where its pixels go."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from leadline.data.augmentations.augmenter import augmentation
from leadline.data.augmentations.motion import AffineMotion, Map
from leadline.nn.rng import Rng

B, H, W = 16, 9, 12
LATTICE = ("flip", "vertical_flip", "crop", "shift")
MOVING = (*LATTICE, "rotate", "zoom", "shear", "resized_crop")


def moved(*names: str, x: torch.Tensor) -> tuple[torch.Tensor, AffineMotion]:
    """Return pictures after a chain of changes, and the motion that it says it makes."""
    chain: list[tuple[Any, Any]] = []
    for name in names:
        change: Any = augmentation("image", name)
        chain.append((change, {"amount": change.amount}))
    first, rng = chain[0][0], Rng(3, 5, torch.arange(len(x)))
    return first.passed(chain, None)(x, rng), first.motion(chain)(rng, *x.shape[2:])


@pytest.mark.parametrize("name", LATTICE)
def test_values_of_the_same_size_are_moved_as_pixels_are(name: str) -> None:
    x = torch.randint(0, 256, (B, 2, H, W), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    picture, motion = moved(name, x=x)
    assert torch.equal(motion.values(x), picture)
    assert not torch.equal(picture, x)


def test_no_value_arises_that_was_not_there() -> None:
    mask = torch.randint(0, 2, (B, 1, H, W), generator=torch.Generator().manual_seed(0)) * 7
    _, motion = moved("rotate", "zoom", "shear", x=torch.zeros(B, 3, H, W))
    assert motion.values(mask).dtype == mask.dtype
    assert set(motion.values(mask).unique().tolist()) == {0, 7}


@pytest.mark.parametrize("name", MOVING)
def test_a_map_of_another_size_moves_as_far(name: str) -> None:
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(90.0), indexing="ij")
    spot = (-(((x - 50) / 12) ** 2) - ((y - 25) / 12) ** 2).exp().expand(B, 1, 60, 90)
    small = torch.nn.functional.avg_pool2d(spot, 3)
    _, motion = moved(name, x=spot)
    pooled = torch.nn.functional.avg_pool2d(motion.values(spot), 3)
    assert float((motion.values(small) - pooled).abs().mean()) < 0.02
    assert float((small - pooled).abs().max()) > 0.05


@pytest.mark.parametrize("name", MOVING)
def test_points_go_where_the_pixels_there_go(name: str) -> None:
    spot = torch.zeros(B, 1, 81, 101)
    spot[:, :, 38:41, 45:48] = 1  # around the pixel (46, 39)
    _, motion = moved(name, x=spot)
    xy_B2 = motion.points(torch.tensor([[[46.5 / 101, 39.5 / 81]]]).expand(B, 1, 2))[:, 0]
    for row, picture in enumerate(motion.values(spot)[:, 0]):
        at = picture.nonzero().float().mean(0)
        expected = xy_B2[row] * torch.tensor([101.0, 81.0]) - 0.5
        assert float((at.flip(0) - expected).abs().max()) < 1.0


def test_points_come_back_by_the_inverse() -> None:
    place = Map(xx=torch.full((1, 1, 1), 2.0), xy=torch.full((1, 1, 1), 0.5), x0=3.0, yy=0.5)
    motion, point = AffineMotion(place, H, W), torch.tensor([[[0.25, 0.75]]])
    x, y = motion.points(point)[0, 0].tolist()
    x, y = (x - 0.5) * W, (y - 0.5) * H
    assert [2 * x + 0.5 * y + 3, 0.5 * y] == pytest.approx([-0.25 * W, 0.25 * H], abs=1e-5)
