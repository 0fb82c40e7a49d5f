"""Mixing of rows against loops over them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.mixing import Mixer, partners
from leadline.errors import UsageError
from leadline.nn.batch import PRESENT, Batch
from leadline.nn.rng import Rng
from sentences import says

NUMBER = {"std": 1.0, "mean": 0.0, "offset": 0.0, "missing": True}
TABLE = InputSchema(
    name="table",
    kind="table",
    fields=(
        ColumnSchema(name="size", kind="number", state=NUMBER),
        ColumnSchema(name="town", kind="category", state={"classes": ["a", "b"]}),
        ColumnSchema(name="built", kind="date", state={"format": None}),
        ColumnSchema(name="weight", kind="number", state=NUMBER),
    ),
    shape=(5,),
)
PHOTO = InputSchema(name="photo", kind="image", fields=(), shape=(6, 9, 3))


def mixer(mix: object, *inputs: InputSchema) -> Mixer:
    return Mixer(Component.model_validate(mix), inputs)


def photos(rows: int, seed: int, dtype: torch.dtype = torch.uint8) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (rows, 6, 9, 3), dtype=torch.uint8, generator=generator).permute(0, 3, 1, 2).to(dtype)


def cells(rows: int, seed: int) -> Tensor:
    x = torch.randn(rows, 5, generator=torch.Generator().manual_seed(seed))
    x[::5, 0] = torch.nan
    return x


def batches(rows: int = 60, dtype: torch.dtype = torch.uint8) -> tuple[Batch, Batch, Rng]:
    def batch(seed: int) -> Batch:
        inputs = {"photo": photos(rows, seed, dtype), "table": cells(rows, seed)}
        return Batch(inputs, torch.arange(rows) + 100 * seed, torch.ones(rows), torch.arange(rows) * 3)

    own, other = batch(1), batch(2)
    return own, other, Rng(0, 7, own.row_B)


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 8.0])
def test_shares_are_beta_distributed(alpha: float) -> None:
    share_B = mixer({"name": "mixup", "alpha": alpha}, TABLE).shares(Rng(0, 0, torch.arange(20_000))).double().numpy()
    at = np.linspace(1e-3, 1 - 1e-3, 200)  # nearer to the ends float32 cannot tell shares from 0 and 1
    seen = np.searchsorted(np.sort(share_B), at) / len(share_B)
    np.testing.assert_allclose(seen, stats.beta.cdf(at, alpha, alpha), atol=0.013)  # 1 % of true draws stray as far
    assert share_B.min() >= 0
    assert share_B.max() <= 1


def test_some_rows_are_left_as_they_are() -> None:
    own, other, rng = batches(400)
    out = mixer({"name": "mixup", "alpha": 1, "probability": 0.3}, PHOTO)(own, other, rng)
    alone = out.share_B == 1
    assert 0.6 < alone.float().mean() < 0.8
    assert torch.equal(out.inputs["photo"][alone], own.inputs["photo"][alone].float())


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_mixup_of_pictures_is_linear(dtype: torch.dtype) -> None:
    own, other, rng = batches(dtype=dtype)
    out = mixer("mixup", PHOTO)(own, other, rng)
    assert out.share_B is not None
    for row in range(60):
        share = float(out.share_B[row])
        expected = share * own.inputs["photo"][row].double() + (1 - share) * other.inputs["photo"][row].double()
        torch.testing.assert_close(out.inputs["photo"][row].double(), expected, atol=1e-3, rtol=1e-5)
    assert out.inputs["photo"].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(out.other_B, other.target_B)
    assert torch.equal(out.target_B, own.target_B)
    assert torch.equal(out.row_B, own.row_B)


def test_mixup_of_a_table_mixes_numbers_and_chooses_the_rest() -> None:
    own, other, rng = batches(2000)
    out = mixer({"mixup": 1}, TABLE)(own, other, rng)
    a, b, x = (batch.inputs["table"] for batch in (own, other, out))
    share_B = out.share_B
    assert share_B is not None
    torch.testing.assert_close(x[:, 4], share_B * a[:, 4] + (1 - share_B) * b[:, 4])
    both = ~(a[:, 0].isnan() | b[:, 0].isnan())
    torch.testing.assert_close(x[both, 0], (share_B * a[:, 0] + (1 - share_B) * b[:, 0])[both])
    kept = x[:, 1] == a[:, 1]
    assert torch.equal(kept, x[:, 1] != b[:, 1])
    assert torch.equal(x[:, 2] == a[:, 2], x[:, 3] == a[:, 3])  # the two columns of a date are one value
    for low in (0.0, 0.25, 0.5, 0.75):
        slice_ = (share_B >= low) & (share_B < low + 0.25)
        np.testing.assert_allclose(kept[slice_].float().mean(), share_B[slice_].mean(), atol=0.08)


def test_a_number_that_one_row_lacks_is_taken_from_one_or_the_other() -> None:
    own, other, rng = batches(2000)
    own.inputs["table"][:, 0] = torch.nan
    other.inputs["table"][:, 0] = 5.0
    out = mixer({"mixup": 1}, TABLE)(own, other, rng)
    lacking = out.inputs["table"][:, 0].isnan()
    assert (out.inputs["table"][~lacking, 0] == 5).all()
    np.testing.assert_allclose(lacking.float().mean(), 0.5, atol=0.05)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_cutmix_pastes_a_box_and_its_share_is_exact(dtype: torch.dtype) -> None:
    own, other, rng = batches(300, dtype)
    own.inputs["photo"][:], other.inputs["photo"][:] = 10, 20
    out = mixer("cutmix", PHOTO)(own, other, rng)
    pasted = out.inputs["photo"][:, 0] == 20
    assert out.share_B is not None
    torch.testing.assert_close(out.share_B, 1 - pasted.float().mean((1, 2)))
    for row in range(300):
        places = pasted[row].nonzero()
        if len(places):
            (top, left), (bottom, right) = places.amin(0), places.amax(0)
            assert len(places) == (bottom - top + 1) * (right - left + 1)
    assert torch.equal(pasted, out.inputs["photo"][:, 2] == 20)
    assert out.inputs["photo"].dtype == dtype
    assert pasted.float().mean() > 0.2


def test_cutmix_of_a_table_takes_cells_and_counts_them() -> None:
    own, other, rng = batches(2000)
    out = mixer("cutmix", TABLE)(own, other, rng)
    a, b, x = (torch.nan_to_num(batch.inputs["table"], nan=99.0) for batch in (own, other, out))
    assert ((x == a) | (x == b)).all()
    from_own = (x == a)[:, [1, 2, 4]].float()
    np.testing.assert_allclose(from_own.mean(), 0.5, atol=0.03)
    assert out.share_B is not None
    assert set((out.share_B * 4).tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0}
    np.testing.assert_allclose(np.corrcoef(from_own.mean(1), out.share_B)[0, 1], 0.95, atol=0.05)


def test_inputs_of_a_row_have_one_share() -> None:
    own, other, rng = batches()
    both = mixer("mixup", PHOTO, TABLE)(own, other, rng)
    assert torch.equal(both.share_B, mixer("mixup", TABLE)(own, other, rng).share_B)
    boxes, chosen = (mixer("cutmix", one)(own, other, rng).share_B for one in (PHOTO, TABLE))
    torch.testing.assert_close(mixer("cutmix", PHOTO, TABLE)(own, other, rng).share_B, (boxes + chosen) / 2)


@given(own=st.floats(0, 10), other=st.floats(0, 10), loss=st.floats(-5, 5), other_loss=st.floats(-5, 5))
def test_each_of_two_rows_counts_by_its_own_weight(own: float, other: float, loss: float, other_loss: float) -> None:
    x = torch.full((1, 1), 1.0)
    number = TABLE.model_copy(update={"fields": TABLE.fields[:1]})
    a, b = (
        Batch({"table": x}, torch.zeros(1), torch.tensor([w]), torch.zeros(1, dtype=torch.int64)) for w in (own, other)
    )
    rng = Rng(0, 3, a.row_B)
    out = mixer({"mixup": 1}, number)(a, b, rng)
    share = float(mixer({"mixup": 1}, number).shares(rng))
    assert out.share_B is not None
    counted = float(out.weight_B * (out.share_B * loss + (1 - out.share_B) * other_loss))
    assert counted == pytest.approx(share * own * loss + (1 - share) * other * other_loss, abs=1e-4)


def test_partners_are_other_rows_all_equally_probable() -> None:
    at_B = torch.arange(7).repeat(3000)
    found = partners(Rng(0, 0, torch.arange(21_000)), at_B, 7)
    assert not (found == at_B).any()
    counts = torch.bincount(at_B * 7 + found, minlength=49).view(7, 7)
    assert stats.chisquare(counts[~torch.eye(7, dtype=torch.bool)]).pvalue > 1e-3
    assert partners(Rng(0, 0, torch.arange(1)), torch.zeros(1, dtype=torch.int64), 1).tolist() == [0]


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_rows_do_not_depend_on_the_batch_they_are_in(name: str) -> None:
    own, other, rng = batches()
    whole = mixer(name, PHOTO, TABLE)(own, other, rng)
    for part, rest in zip(own.split(7), other.split(7), strict=True):
        out = mixer(name, PHOTO, TABLE)(part, rest, Rng(0, 7, part.row_B))
        at = torch.searchsorted(own.row_B, part.row_B)
        for key in ("photo", "table"):
            torch.testing.assert_close(out.inputs[key], whole.inputs[key][at], equal_nan=True)
        assert torch.equal(out.share_B, whole.share_B[at])


@pytest.mark.parametrize(
    ("mix", "words"),
    [
        ("mixu", "there is no mixing method 'mixu'. Did you mean 'mixup'"),
        ({"mixup": 0}, "training.mix: mixup: option 'alpha' .* from 0.01 to 1000, not 0"),
        ({"name": "cutmix", "alpha": 1, "probability": 2}, "cutmix: option 'probability' .*, not 2"),
        ({"name": "cutmix", "beta": 1}, "cutmix has no option 'beta'"),
    ],
)
def test_what_is_unknown_is_refused(mix: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        mixer(mix, PHOTO)


def test_what_cannot_be_mixed_is_refused_by_name() -> None:
    sound = InputSchema(name="call", kind="audio", fields=(), shape=(100,))
    with pytest.raises(UsageError, match=says("augmentations.mix-input-type", input="call", type="audio", mix="mixup")):
        mixer("mixup", PHOTO, sound)


def test_options_are_written_out() -> None:
    assert mixer("cutmix", PHOTO).component == Component(name="cutmix", options={"alpha": 1.0, "probability": 1.0})


def test_rows_are_mixed_only_where_neither_lacks_an_input() -> None:
    own, other, rng = batches()
    have = torch.ones(60, 2, dtype=torch.bool)
    own = own.with_inputs({**own.inputs, PRESENT: have.index_fill(0, torch.tensor([0]), False)})
    other = other.with_inputs({**other.inputs, PRESENT: have.index_fill(0, torch.tensor([1]), False)})
    mixed = mixer({"name": "mixup", "alpha": 5}, PHOTO, TABLE)(own, other, rng)
    assert torch.equal(mixed.inputs[PRESENT], own.inputs[PRESENT])
    assert torch.equal(mixed.inputs["photo"][:2], own.inputs["photo"][:2].float())
    assert mixed.share_B is not None and mixed.share_B[:2].tolist() == [1, 1] and bool((mixed.share_B[2:] < 1).all())
