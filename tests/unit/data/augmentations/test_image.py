"""Noise on pictures, and what is cut out of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.augmenter import augmentation, augmentations
from leadline.data.augmentations.contract import checked
from leadline.nn.rng import Rng

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("image", name) for name in augmentations("image")}

MEAN = [50.4, 100.0, 150.6]


def schema(height: int, width: int, channels: int = 3) -> InputSchema:
    field = ColumnSchema(name="photo", kind="image", state={"mean": MEAN[:channels]})
    return InputSchema(name="photo", kind="image", fields=(field,), shape=(height, width, channels))


def changed(x: Tensor, asked: object, rows: Tensor | None = None) -> Tensor:
    component = Component.model_validate(asked)
    change = AUGMENTATIONS[component.name]
    batch, channels, height, width = x.shape
    stage = change.passed([(change, checked(component, change.options))], schema(height, width, channels))
    return stage(x, Rng(0, 3, torch.arange(batch) if rows is None else rows))


def pictures(rows: int, height: int = 9, width: int = 12, channels: int = 3, *, last: bool = True) -> Tensor:
    x = torch.randint(
        0, 256, (rows, height, width, channels), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    return x.permute(0, 3, 1, 2) if last else x.permute(0, 3, 1, 2).contiguous()


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_noise_is_normal_with_the_deviation_asked_for(channels: int, last: bool) -> None:
    x = torch.full((40, channels, 9, 11), 128, dtype=torch.uint8)
    x = x.contiguous(memory_format=torch.channels_last) if last else x
    out = changed(x, {"noise": 0.04})
    assert out.dtype == torch.float32
    assert out.stride() == x.stride()
    noise = (out - 128).numpy().ravel() / (0.04 * 255)
    assert stats.kstest(noise, "norm").pvalue > 1e-3
    torch.testing.assert_close(changed(x, {"noise": 0}), x.float())


def test_noise_stays_within_the_range_of_pixels() -> None:
    out = changed(pictures(16), {"noise": 0.5})
    assert out.min() == 0
    assert out.max() == 255


def reference_cutout(x: Tensor, side: float, fill: list[float]) -> Tensor:
    """Erase picture by picture, pixel by pixel."""
    batch, _, height, width = x.shape
    out = x.clone()
    lines, columns = round(side * height), round(side * width)
    for row, (v, h) in enumerate(Rng(0, 3, torch.arange(batch)).fold_in("0").uniform("cutout", 2).tolist()):
        top, left = int(v * height) - lines // 2, int(h * width) - columns // 2
        for y in range(max(top, 0), min(top + lines, height)):
            for z in range(max(left, 0), min(left + columns, width)):
                out[row, :, y, z] = (
                    torch.tensor(fill).to(x.dtype) if x.is_floating_point() else torch.tensor(fill).round().to(x.dtype)
                )
    return out


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("fill", ["mean", "zero"])
def test_cutout_erases_a_box(fill: str, dtype: torch.dtype, last: bool) -> None:
    x = pictures(20, last=last).to(dtype)
    out = changed(x, {"name": "cutout", "amount": 0.4, "fill": fill})
    assert torch.equal(out, reference_cutout(x, 0.4, MEAN if fill == "mean" else [0.0] * 3))
    assert out.dtype == dtype
    assert out.stride() == x.stride()


def test_cutout_erases_as_much_as_its_boxes_leave_in_the_picture() -> None:
    """The share of a side is (1 - s/4) s where the centre is anywhere: half of the box may hang over either border."""
    x = torch.full((4000, 1, 40, 40), 255, dtype=torch.uint8)
    erased = (changed(x, {"name": "cutout", "amount": 0.5, "fill": "zero"}) == 0).float().mean((1, 2, 3))
    assert erased.max() == 0.25
    np.testing.assert_allclose(erased.mean(), (0.5 * (1 - 0.5 / 4)) ** 2, rtol=0.02)
    assert torch.equal(changed(x[:3], {"cutout": 0}), x[:3])


@pytest.mark.parametrize("asked", ["noise", "cutout"])
def test_each_row_has_draws_of_its_own(asked: str) -> None:
    x = pictures(12)
    whole = changed(x, asked)
    rows = torch.tensor([11, 3, 4])
    assert torch.equal(changed(x[rows], asked, rows), whole[rows])
    same = x[:1].expand(12, -1, -1, -1)
    assert len({row.numpy().tobytes() for row in changed(same, asked)}) == 12
