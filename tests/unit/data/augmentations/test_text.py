"""Random changes of token numbers."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.augmenter import augmentation, augmentations
from leadline.data.augmentations.contract import checked
from leadline.errors import UsageError
from leadline.nn.rng import Rng
from sentences import says

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("text", name) for name in augmentations("text")}

SCHEMA = InputSchema(name="text", kind="text", fields=(ColumnSchema(name="text", kind="text", state={}),), shape=(30,))


def changed(x_BT: Tensor, asked: object, rows: Tensor | None = None) -> Tensor:
    component = Component.model_validate(asked)
    change = AUGMENTATIONS[component.name]
    stage = change.passed([(change, checked(component, change.options))], SCHEMA)
    return stage(x_BT, Rng(0, 3, torch.arange(len(x_BT)) if rows is None else rows))


def texts(count: int, longest: int = 30) -> Tensor:
    """Return texts of 1 … `longest` different tokens, from 2 on."""
    generator = torch.Generator().manual_seed(0)
    length_B = torch.randint(1, longest + 1, (count,), generator=generator)
    step_T = torch.arange(longest)
    return torch.where(step_T < length_B[:, None], step_T + 2, 0).to(torch.int32)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_padding_stays_and_rows_depend_on_themselves_alone(name: str) -> None:
    x_BT = texts(200)
    before = x_BT.clone()
    out = changed(x_BT, {name: 0.5})
    assert torch.equal(x_BT, before)
    assert out.dtype == torch.int32
    assert torch.equal(out == 0, x_BT == 0)
    assert not torch.equal(out, x_BT)
    some = torch.tensor([5, 17, 3])
    assert torch.equal(changed(x_BT[some], {name: 0.5}, some), out[some])
    longer = torch.nn.functional.pad(x_BT, (0, 8))
    assert torch.equal(changed(longer, {name: 0.5})[:, :30], out)
    assert torch.equal(changed(x_BT, {name: 0}), x_BT)


def test_each_token_goes_unknown_with_the_probability_asked_for() -> None:
    x_BT = texts(2_000)
    out = changed(x_BT, {"word_dropout": 0.3})
    there = x_BT != 0
    assert float((out[there] == 1).float().mean()) == pytest.approx(0.3, abs=0.01)
    kept = there & (out != 1)
    assert torch.equal(out[kept], x_BT[kept])


def test_a_run_of_tokens_is_hidden() -> None:
    x_BT = texts(500)
    out = changed(x_BT, {"mask": 0.5})
    hidden = out == 1
    starts = (hidden & ~torch.roll(hidden, 1, 1)).sum(1)
    assert starts.max() == 1
    length = (x_BT != 0).sum(1)
    share = hidden.sum(1) / length
    assert share.max() <= 0.55
    long = length > 10
    assert float(share[long].mean()) == pytest.approx(0.25, abs=0.02)
    whole = changed(x_BT[length > 20], {"mask": 1}) == 1
    assert whole[:, 0].any()
    assert (whole.sum(1) == (x_BT[length > 20] != 0).sum(1)).any()


def test_neighbours_change_places() -> None:
    x_BT = texts(2_000)
    out = changed(x_BT, {"swap": 0.4})
    assert torch.equal(out.sort(1).values, x_BT.sort(1).values)
    there = x_BT != 0
    assert int((out - x_BT)[there].abs().max()) == 1
    whole = torch.arange(2, 22, dtype=torch.int32).expand(4_000, 20)
    moved = (changed(whole, {"swap": 0.4}) != whole).float().mean(0)
    # The first and the last token have a partner in every second row only.
    assert moved.numpy() == pytest.approx([0.2, *[0.4] * 18, 0.2], abs=0.03)


def test_a_single_token_has_no_neighbour() -> None:
    x_BT = torch.tensor([[4]], dtype=torch.int32)
    assert torch.equal(changed(x_BT, {"swap": 1}), x_BT)


def test_amounts_are_fractions() -> None:
    with pytest.raises(UsageError, match=says("augmentations.of-component")):
        changed(texts(2), {"mask": 2})
