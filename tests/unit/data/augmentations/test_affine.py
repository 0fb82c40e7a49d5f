"""Random rotations, shears, zooms, shifts and flips."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from torch import Tensor

from leadline.data.augmentations.affine import Affine, Map, warp
from leadline.data.augmentations.augmenter import augmentation, augmentations
from leadline.nn.rng import Rng

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("image", name) for name in augmentations("image")}

SIZES = [(9, 12), (8, 8)]


def pictures(rows: int, height: int, width: int, *, last: bool = True) -> Tensor:
    x = torch.randint(0, 256, (rows, height, width, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    x = x.permute(0, 3, 1, 2)
    return x if last else x.contiguous()


def rng(rows: int = 16) -> Rng:
    return Rng(0, 3, torch.arange(rows))


def fixed(place: Map, *, interpolates: bool = False) -> list[tuple[Affine, float]]:
    return [(Affine(lambda u, amount, h, w: place, 1, 0.0, 1, "", interpolates=interpolates), 0.0)]


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(("name", "axis"), [("flip", 3), ("vertical_flip", 2)])
def test_flips(name: str, axis: int, last: bool) -> None:
    x = pictures(16, 9, 12, last=last)
    out = AUGMENTATIONS[name](x, rng())
    flipped = [torch.equal(a, b.flip(axis - 1)) for a, b in zip(out, x, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(out, x, strict=True)]
    assert all(f != s for f, s in zip(flipped, same, strict=True))
    assert any(flipped)
    assert any(same)
    assert torch.equal(AUGMENTATIONS[name](x, rng(), amount=1), x.flip(axis))
    assert torch.equal(AUGMENTATIONS[name](x, rng(), amount=0), x)


@pytest.mark.parametrize("last", [True, False])
def test_lattice_changes_keep_dtype_and_memory_format(last: bool) -> None:
    x = pictures(16, 9, 12, last=last)
    out = warp(
        x,
        rng(),
        [(AUGMENTATIONS[name], AUGMENTATIONS[name].amount) for name in ("crop", "flip", "shift", "vertical_flip")],
    )
    assert out.dtype == torch.uint8
    assert out.is_contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def test_crop_is_a_window_of_the_picture_padded_with_its_border() -> None:
    x = pictures(64, 9, 12)
    out = AUGMENTATIONS["crop"](x, rng(64), amount=2)
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge")
    found = set()
    for row in range(64):
        windows = {
            (i, j)
            for i in range(5)
            for j in range(5)
            if (padded[row, :, i : i + 9, j : j + 12] == out[row].numpy()).all()
        }
        assert windows
        found |= windows
    assert len(found) > 15  # of the 25 places


def test_shift_alone_moves_by_whole_pixels() -> None:
    x = pictures(64, 10, 20)
    out = AUGMENTATIONS["shift"](x, rng(64), amount=0.1)
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (1, 1), (2, 2)), mode="edge")
    for row in range(64):
        assert any(
            (padded[row, :, i : i + 10, j : j + 20] == out[row].numpy()).all() for i in range(3) for j in range(5)
        )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("degrees", [90, 30, -7.5])
def test_rotation_agrees_with_scipy(size: tuple[int, int], degrees: float) -> None:
    x = pictures(2, *size)
    turn = torch.tensor(math.radians(degrees))
    place = Map(xx=torch.cos(turn), xy=-torch.sin(turn), yx=torch.sin(turn), yy=torch.cos(turn))
    out = warp(x, rng(2), fixed(place, interpolates=True))
    matrix = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])  # over (y, x)
    centre = (np.array(size) - 1) / 2
    for row in range(2):
        for channel in range(3):
            picture = x[row, channel].numpy().astype(np.float64)
            expected = ndimage.affine_transform(picture, matrix, centre - matrix @ centre, order=1, mode="nearest")
            np.testing.assert_allclose(out[row, channel].numpy(), expected, atol=0.02)


def test_a_zoom_of_two_shows_the_middle_twice_as_large() -> None:
    """Doubled, two pixels of the middle take the place of four; each new one is three parts of one and one of its
    neighbour.
    """
    x = torch.tensor([0.0, 10, 20, 40]).expand(1, 1, 4, 4)
    larger = warp(x, rng(1), fixed(AUGMENTATIONS["zoom"].place([torch.zeros(1, 1, 1)], 1.0, 4, 4), interpolates=True))
    torch.testing.assert_close(larger[0, 0, 0], torch.tensor([7.5, 12.5, 17.5, 25.0]))  # at 0.75, 1.25, 1.75, 2.25
    smaller = warp(x, rng(1), fixed(AUGMENTATIONS["zoom"].place([torch.ones(1, 1, 1)], 1.0, 4, 4), interpolates=True))
    torch.testing.assert_close(smaller[0, 0, 0], torch.tensor([0.0, 5.0, 30.0, 40.0]))  # at -1.5, 0.5, 2.5, 4.5


def test_a_shear_moves_lines_by_their_height_above_the_centre() -> None:
    x = pictures(1, 5, 9).float()
    # a line above moves a pixel further than the next
    half = AUGMENTATIONS["shear"].place([torch.ones(1, 1, 1)], 45.0, 5, 9)
    out = warp(x, rng(1), fixed(half, interpolates=True))
    padded = np.pad(x.numpy(), ((0, 0), (0, 0), (0, 0), (2, 2)), mode="edge")
    for line in range(5):
        np.testing.assert_allclose(out[0, :, line].numpy(), padded[0, :, line, line : line + 9], atol=0.02)


def test_a_part_lies_inside_the_picture_and_has_every_area() -> None:
    u = Rng(0, 0, torch.arange(4000)).uniform("affine", 3, 1, 1).unbind(1)
    part = AUGMENTATIONS["resized_crop"].place(u, 0.6, 20, 30)
    assert torch.equal(part.xx, part.yy)
    assert stats.kstest(part.xx.square().ravel().numpy(), stats.uniform(0.4, 0.6).cdf).pvalue > 1e-3
    for side, centre, size in ((part.xx, part.x0, 30), (part.yy, part.y0, 20)):
        reach = centre.abs() + side * size / 2
        assert reach.max() <= size / 2 + 1e-4
        assert reach[side < 0.7].min() < 0.75 * size / 2


@pytest.mark.parametrize("name", ["rotate", "zoom", "shear", "shift", "resized_crop", "crop", "flip", "vertical_flip"])
def test_nothing_is_moved_by_an_amount_of_nothing(name: str) -> None:
    x = pictures(8, 9, 12)
    torch.testing.assert_close(AUGMENTATIONS[name](x, rng(8), amount=0).float(), x.float(), atol=0.01, rtol=0)


def test_zooms_are_even_in_their_logarithm() -> None:
    u = Rng(0, 0, torch.arange(4000)).uniform("affine", 1, 1, 1).unbind(1)
    zoomed = AUGMENTATIONS["zoom"].place(u, 0.25, 32, 32)
    assert torch.equal(zoomed.xx, zoomed.yy)
    assert 0.8 <= zoomed.xx.min() < 0.801
    assert 1.249 < zoomed.xx.max() <= 1.25
    assert (
        stats.kstest(
            torch.log(zoomed.xx).ravel().numpy(), stats.uniform(-math.log(1.25), 2 * math.log(1.25)).cdf
        ).pvalue
        > 1e-3
    )


def test_a_chain_is_applied_in_its_order() -> None:
    """Turning right, then moving right: not the same as the other way round."""
    x = torch.zeros(1, 1, 5, 5)
    x[0, 0, 0, 2] = 100  # above the centre
    # out (x,y) comes from (y,-x): top goes right
    quarter = Map(xx=0.0, xy=torch.tensor(1.0), yx=torch.tensor(-1.0), yy=0.0)
    right = Map(x0=-1.0)
    turn, move = fixed(quarter, interpolates=True)[0], fixed(right, interpolates=True)[0]
    where = [(warp(x, rng(1), chain)[0, 0] > 50).nonzero().tolist() for chain in ([turn], [turn, move], [move, turn])]
    assert where[0] == [[2, 4]]
    assert where[1] == []  # moved out of sight to the right; the border column is dark
    assert where[2] == [[3, 4]]


def test_fused_equals_one_after_the_other_for_lattice_changes_that_commute_with_the_border() -> None:
    x = pictures(16, 9, 12)
    flips = [(AUGMENTATIONS["flip"], 0.5), (AUGMENTATIONS["vertical_flip"], 0.5)]
    u = rng().uniform("affine", 2)
    by_hand = torch.where(u[:, 0, None, None, None] < 0.5, x.flip(3), x)
    by_hand = torch.where(u[:, 1, None, None, None] < 0.5, by_hand.flip(2), by_hand)
    assert torch.equal(warp(x, rng(), flips), by_hand)


def test_interpolated_and_copied_agree_on_the_lattice() -> None:
    x = pictures(16, 9, 12)
    chain = [(AUGMENTATIONS["flip"], 0.5), (AUGMENTATIONS["crop"], 3.0)]
    still = (AUGMENTATIONS["rotate"], 0.0)
    # The turn by nothing comes last, so that the draws of the others stay where they are.
    torch.testing.assert_close(warp(x, rng(), [*chain, still]), warp(x, rng(), chain).float(), atol=0.01, rtol=0)


def test_rotation_stays_float_within_range() -> None:
    out = AUGMENTATIONS["rotate"](pictures(16, 8, 8), rng(), amount=180)
    assert out.dtype == torch.float32
    assert out.min() >= 0
    assert out.max() <= 255


@pytest.mark.parametrize("names", [("rotate", "shift", "flip"), ("zoom", "shear"), ("crop", "flip"), ("shift",)])
def test_each_row_has_draws_of_its_own(names: tuple[str, ...]) -> None:
    x = pictures(12, 9, 12)
    chain = [(AUGMENTATIONS[name], AUGMENTATIONS[name].amount) for name in names]
    whole = warp(x, Rng(1, 5, torch.arange(12)), chain)
    for rows in (slice(0, 5), slice(5, 12), [11, 3]):
        part = warp(x[rows], Rng(1, 5, torch.arange(12)[rows]), chain)
        torch.testing.assert_close(part, whole[rows], atol=1e-3, rtol=0)
    assert not torch.equal(warp(x, Rng(1, 6, torch.arange(12)), chain), whole)


def test_angles_and_shifts_are_even_within_their_bounds() -> None:
    u = Rng(0, 0, torch.arange(4000)).uniform("affine", 2, 1, 1).unbind(1)
    turned = AUGMENTATIONS["rotate"].place(u[:1], 10.0, 32, 32)
    degrees = torch.rad2deg(torch.atan2(turned.yx, turned.xx))
    assert -10 <= degrees.min() < -9.9
    assert 9.9 < degrees.max() <= 10
    assert degrees.mean().abs() < 0.4
    moved = AUGMENTATIONS["shift"].place(u, 0.1, 40, 20)
    assert 1.9 < moved.x0.abs().max() <= 2
    assert 3.9 < moved.y0.abs().max() <= 4


def test_places_do_not_depend_on_the_precision_of_matrix_products() -> None:
    x = pictures(8, 32, 32)
    expected = AUGMENTATIONS["rotate"](x, rng(8))
    before = torch.backends.mkldnn.matmul.fp32_precision
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    try:
        assert torch.equal(AUGMENTATIONS["rotate"](x, rng(8)), expected)
    finally:
        torch.backends.mkldnn.matmul.fp32_precision = before
