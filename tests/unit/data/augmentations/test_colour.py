"""Brightness, contrast, saturation and hue against a slow reference that changes picture after picture in Y'IQ."""

import colorsys
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leadline.core.component import Component
from leadline.core.schema import InputSchema
from leadline.data.augmentations.augmenter import augmentation, augmentations
from leadline.data.augmentations.colour import LUMA, recolour
from leadline.data.augmentations.contract import checked
from leadline.nn.rng import Rng

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("image", name) for name in augmentations("image")}

IQ = [[0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
CHAINS = [
    ["brightness"],
    ["contrast"],
    ["brightness", "contrast", "brightness"],
    ["color_jitter"],
    ["contrast", "color_jitter", {"grayscale": 0.5}, "contrast", "color_jitter"],
]


def pictures(rows: int = 12, channels: int = 3, *, last: bool = True) -> Tensor:
    x = torch.randint(60, 190, (rows, 7, 5, channels), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return x.permute(0, 3, 1, 2) if last else x.permute(0, 3, 1, 2).contiguous()


def changed(x: Tensor, chain: list, rows: Tensor | None = None) -> Tensor:
    rng = Rng(0, 3, torch.arange(len(x)) if rows is None else rows)
    components = [Component.model_validate(one) for one in chain]
    return recolour(x, rng, [(AUGMENTATIONS[c.name], checked(c, AUGMENTATIONS[c.name].options)) for c in components])


def reference(x: Tensor, chain: list) -> np.ndarray:
    """Change one picture after the other, one change after the other, as the words say it."""
    rng = Rng(0, 3, torch.arange(len(x)))
    components = [Component.model_validate(one) for one in chain]
    count = sum(AUGMENTATIONS[c.name].count for c in components)
    out = []
    for picture, u in zip(x.double().numpy(), rng.uniform("colour", count).double().numpy(), strict=True):
        p, left = picture, list(u)
        luma = np.array(LUMA) if len(p) == 3 else np.ones(1)
        for c in components:
            o = checked(c, AUGMENTATIONS[c.name].options)
            u1 = left.pop(0)
            if c.name == "brightness":
                p = p * (1 + (2 * u1 - 1) * o["amount"])
            elif c.name == "contrast":
                mean = np.tensordot(luma, p, 1).mean()
                p = mean + (p - mean) * (1 + (2 * u1 - 1) * o["amount"])
            elif c.name == "grayscale":
                p = np.broadcast_to(np.tensordot(luma, p, 1), p.shape) if u1 < o["amount"] else p
            else:
                to = np.array([LUMA, *IQ])
                y, i, q = np.tensordot(to, p, 1)
                chroma = (i + 1j * q) * (1 + (2 * u1 - 1) * o["saturation"])
                chroma = chroma * np.exp(2j * math.pi * o["hue"] * (2 * left.pop(0) - 1))
                p = np.tensordot(np.linalg.inv(to), np.stack([y, chroma.real, chroma.imag]), 1)
        out.append(p)
    return np.clip(np.stack(out), 0, 255)


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_a_chain_in_one_pass_is_each_change_after_the_other(chain: list, last: bool) -> None:
    x = pictures(last=last)
    out = changed(x, chain)
    np.testing.assert_allclose(out.numpy(), reference(x, chain), atol=0.02)
    assert out.dtype == torch.float32
    assert out.stride() == x.stride()
    assert not torch.allclose(out, x.float(), atol=1)


def test_grey_pictures_have_brightness_and_contrast() -> None:
    x = pictures(channels=1)
    chain = ["contrast", {"brightness": 0.4}]
    np.testing.assert_allclose(changed(x, chain).numpy(), reference(x, chain), atol=0.01)


@pytest.mark.parametrize(
    "chain",
    [[{"brightness": 0}], [{"contrast": 0}], [{"name": "color_jitter", "saturation": 0, "hue": 0}], [{"grayscale": 0}]],
)
def test_nothing_is_changed_by_an_amount_of_nothing(chain: list) -> None:
    torch.testing.assert_close(changed(pictures(), chain), pictures().float(), atol=1e-3, rtol=0)


def test_grey_drops_the_colour_and_keeps_the_luma() -> None:
    out = changed(pictures(), [{"grayscale": 1}])
    expected = torch.einsum("c,bchw->bhw", torch.tensor(LUMA), pictures().float())
    for channel in range(3):
        torch.testing.assert_close(out[:, channel], expected, atol=1e-3, rtol=0)
    rows = pictures(400)
    kept = (changed(rows, [{"grayscale": 0.3}]) - rows).abs().amax((1, 2, 3)) < 0.01
    assert 0.6 < kept.float().mean() < 0.8


def test_hue_turns_colours_the_way_names_go() -> None:
    """From red by a third of the circle to green or blue: about as far as in HSV."""
    red = torch.tensor([200, 100, 100], dtype=torch.uint8).view(1, 3, 1, 1).expand(200, 3, 1, 1).contiguous()
    out = changed(red, [{"name": "color_jitter", "saturation": 0, "hue": 0.5}])
    u = Rng(0, 3, torch.arange(200)).uniform("colour", 2)[:, 1].numpy()
    hues = np.array([colorsys.rgb_to_hsv(*pixel)[0] for pixel in (out[:, :, 0, 0] / 255).numpy()])
    off = (hues - (2 * u - 1) * 0.5 + 0.5) % 1 - 0.5
    mirrored = (hues + (2 * u - 1) * 0.5 + 0.5) % 1 - 0.5
    assert min(np.abs(off).max(), np.abs(mirrored).max()) < 0.1


@settings(max_examples=25)
@given(cut=st.integers(1, 11), chain=st.sampled_from(CHAINS))
def test_rows_do_not_depend_on_the_batch_they_are_in(cut: int, chain: list) -> None:
    x, rows = pictures(), torch.arange(12)
    parts = torch.cat([changed(x[:cut], chain, rows[:cut]), changed(x[cut:], chain, rows[cut:])])
    torch.testing.assert_close(parts, changed(x, chain), atol=1e-3, rtol=0)


def test_pixels_stay_within_their_range() -> None:
    x = torch.randint(0, 256, (32, 3, 6, 6), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    out = changed(x, [{"brightness": 1}, {"contrast": 1}, {"name": "color_jitter", "saturation": 1, "hue": 0.5}])
    assert out.min() >= 0
    assert out.max() <= 255
    assert (out == 255).any()


@pytest.mark.parametrize("name", ["color_jitter", "grayscale"])
def test_grey_pictures_have_no_colours_to_change(name: str) -> None:
    def schema(channels: int) -> InputSchema:
        return InputSchema(name="x", kind="image", fields=(), shape=(4, 4, channels))

    assert AUGMENTATIONS[name].unsuitable(schema(3)) is None
    assert "1 channel" in (AUGMENTATIONS[name].unsuitable(schema(1)) or "")
    assert AUGMENTATIONS["contrast"].unsuitable(schema(1)) is None
