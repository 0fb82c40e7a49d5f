"""Boxes against loops over rows and pixels."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leadline.data.augmentations.regions import Box, box, filled


@given(
    side=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    lines=st.integers(0, 12),
    columns=st.integers(0, 12),
    u=st.lists(st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)), min_size=1, max_size=4),
)
def test_a_box_lies_around_its_pixel_and_within_the_picture(side, lines, columns, u) -> None:
    height, width = side
    found = box(torch.tensor(u), lines, columns, height, width)
    for row, (v, h) in enumerate(u):
        inside = {
            (y, x)
            for y in range(height)
            for x in range(width)
            if 0 <= y - (int(torch.tensor(v) * height) - lines // 2) < lines
            and 0 <= x - (int(torch.tensor(h) * width) - columns // 2) < columns
        }
        top, bottom, left, right = (int(t[row]) for t in found)
        assert {(y, x) for y in range(top, bottom) for x in range(left, right)} == inside
        assert float(found.share_B(height, width)[row]) == pytest.approx(len(inside) / (height * width))


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_inside_is_the_others_and_the_outside_its_own(channels: int, dtype: torch.dtype, last: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randint(0, 256, (4, channels, 6, 7), generator=generator).to(dtype) for _ in range(2))
    if last:
        x, y = x.contiguous(memory_format=torch.channels_last), y.contiguous(memory_format=torch.channels_last)
    where = Box(*(torch.tensor(v) for v in ([0, 1, 2, 3], [6, 4, 2, 4], [0, 2, 0, 6], [7, 3, 7, 7])))
    expected = x.clone()
    for row in range(4):
        top, bottom, left, right = (int(v[row]) for v in where)
        expected[row, :, top:bottom, left:right] = y[row, :, top:bottom, left:right]
    before = x.clone()
    out = filled(x, y, where)
    assert torch.equal(out, expected)
    assert torch.equal(x, before)
    assert out.dtype == dtype
    assert out.stride() == x.stride()
