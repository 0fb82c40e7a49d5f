"""Attention against PyTorch's own, what masks let through, and what rotary positions promise."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.nn.layers.attention import Attention
from leadline.nn.layers.positions import LearnedPositions, rotated
from sentences import says

ROWS, STEPS, WIDTH, HEADS = 3, 6, 8, 2


def inputs() -> Tensor:
    return torch.randn(ROWS, STEPS, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def attention(*, rotary: bool = False) -> Attention:
    torch.manual_seed(0)
    return Attention(WIDTH, HEADS, rotary).double()


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_it_is_pytorchs_attention_with_the_same_weights(masked: bool, causal: bool) -> None:
    ours, x = attention(), inputs()
    theirs = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).double()
    state = {"in_proj_weight": ours.inside.weight, "in_proj_bias": torch.randn(3 * WIDTH, dtype=torch.float64)}
    state |= {"out_proj.weight": ours.outside.weight, "out_proj.bias": torch.randn(WIDTH, dtype=torch.float64)}
    theirs.load_state_dict(state)
    ours.inside.bias.data, ours.outside.bias.data = state["in_proj_bias"], state["out_proj.bias"]
    mask_BT = torch.arange(STEPS) < torch.tensor([6, 2, 4])[:, None] if masked else None
    hidden = None if mask_BT is None else ~mask_BT
    later = torch.ones(STEPS, STEPS, dtype=torch.bool).triu(1) if causal else None
    expected = theirs(x, x, x, key_padding_mask=hidden, attn_mask=later, need_weights=False)[0]
    own_BT = torch.ones(ROWS, STEPS, dtype=torch.bool) if mask_BT is None else mask_BT  # what others see means nothing
    torch.testing.assert_close(ours(x, mask_BT, causal)[own_BT], expected[own_BT])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("rotary", [False, True])
def test_steps_that_see_nothing_are_finite_and_have_finite_gradients(causal: bool, rotary: bool) -> None:
    ours, x = attention(rotary=rotary), inputs().requires_grad_()
    mask_BT = torch.zeros(ROWS, STEPS, dtype=torch.bool)
    mask_BT[0, 3:] = True  # the first steps of this row see no step before them
    out = ours(x, mask_BT, causal)
    out.square().sum().backward()
    assert out.isfinite().all()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_heads_that_cannot_share_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match=says("nn.heads-do-not-divide-width", heads=3, width=8)):
        Attention(8, 3)


@pytest.mark.parametrize("width", [1, 4, 5])
def test_turned_products_depend_on_how_far_apart_two_steps_are(width: int) -> None:
    q, k = torch.randn(2, width, dtype=torch.float64)
    turned_q = rotated(q.expand(1, 1, 50, width))[0, 0]
    turned_k = rotated(k.expand(1, 1, 50, width))[0, 0]
    product_TT = turned_q @ turned_k.T
    for apart in range(-49, 50):
        along = product_TT.diagonal(apart)
        torch.testing.assert_close(along, along[:1].expand_as(along))
    torch.testing.assert_close(turned_q.norm(dim=1), q.norm().expand(50))
    torch.testing.assert_close(turned_q[0], q)


def test_the_first_pair_of_features_turns_by_one_radian_a_step_and_the_second_slower() -> None:
    x = torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64).expand(1, 1, 3, 4)
    angle_T = torch.arange(3, dtype=torch.float64)
    expected = torch.stack([angle_T.cos(), (angle_T / 100).cos(), angle_T.sin(), (angle_T / 100).sin()], 1)
    torch.testing.assert_close(rotated(x)[0, 0], expected)


def test_angles_of_late_steps_stay_exact_in_low_precision() -> None:
    x = torch.randn(1, 1, 2000, 8)
    assert (rotated(x.bfloat16()).float() - rotated(x)).abs().max() < 0.1


def test_rotary_attention_sees_the_order_of_steps_and_plain_attention_does_not() -> None:
    x, back = inputs(), torch.arange(STEPS - 1, -1, -1)
    plain, turned = attention(), attention(rotary=True)
    torch.testing.assert_close(plain(x[:, back])[:, back], plain(x))
    assert not torch.allclose(turned(x[:, back])[:, back], turned(x), atol=1e-3)


def test_learned_positions_are_added_place_by_place_and_the_last_one_stands_for_what_follows() -> None:
    positions = LearnedPositions(4, WIDTH).double()
    added = positions(torch.zeros(1, STEPS, WIDTH, dtype=torch.float64))[0]
    assert torch.equal(added[:4], positions.position_TF)
    assert torch.equal(added[4:], positions.position_TF[3].expand(2, -1))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_single_rows_see_what_they_see_in_their_batch(causal: bool, masked: bool) -> None:
    layer, x_BTF = attention(rotary=True), inputs()
    mask_BT = torch.arange(STEPS) < torch.tensor([4, 0, 6])[:, None] if masked else None
    expected = layer(x_BTF, mask_BT, causal)

    def alone(x_TF: Tensor, mask_T: Tensor | None = None) -> Tensor:
        return layer(x_TF[None], None if mask_T is None else mask_T[None], causal)[0]

    found = torch.func.vmap(alone)(x_BTF) if mask_BT is None else torch.func.vmap(alone)(x_BTF, mask_BT)
    torch.testing.assert_close(found, expected)
