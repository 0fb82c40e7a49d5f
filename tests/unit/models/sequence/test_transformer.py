"""The Transformer's encoder: layers against PyTorch's, and what becomes a token."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.models.build import resolved_options
from leadline.models.sequence.transformer import FAMILY, Layer, Options, Transformer
from leadline.nn.batch import Signal, SignalSpec
from sentences import says


def network(spec: SignalSpec, **options: object) -> Transformer:
    torch.manual_seed(0)
    net = FAMILY.build(spec, Options(**{"layers": 1, "width": 8, "heads": 2, **options}))  # type: ignore[arg-type]
    assert isinstance(net, Transformer)
    return net.double().eval()


def tokens(net: Transformer, x: Tensor, mask_BT: Tensor | None = None) -> Signal:
    out = net.tokens(Signal(x, mask_BT))
    assert isinstance(out, Signal)
    return out


def test_a_layer_is_pytorchs_with_the_norm_first() -> None:
    torch.manual_seed(0)
    ours = Layer(Options(width=8, heads=2, expansion=3), rotary=False).double().eval()
    theirs = nn.TransformerEncoderLayer(8, 2, 24, activation="gelu", batch_first=True, norm_first=True).double().eval()
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": ours.attention.inside.weight,
            "self_attn.in_proj_bias": ours.attention.inside.bias,
            "self_attn.out_proj.weight": ours.attention.outside.weight,
            "self_attn.out_proj.bias": ours.attention.outside.bias,
            **{f"linear1.{key}": value for key, value in ours.dense[0].state_dict().items()},
            **{f"linear2.{key}": value for key, value in ours.dense[2].state_dict().items()},
            **{f"norm{n + 1}.{key}": value for n in (0, 1) for key, value in ours.norms[n].state_dict().items()},
        }
    )
    x_BTD = torch.randn(3, 5, 8, dtype=torch.float64)
    torch.testing.assert_close(ours(x_BTD, None, False), theirs(x_BTD))


def test_several_steps_become_a_token_that_counts_where_any_of_them_does() -> None:
    net = network(SignalSpec("sequence", (7, 2)), patch=3)
    x_BTF = torch.randn(2, 7, 2, dtype=torch.float64)
    mask_BT = torch.arange(7) < torch.tensor([[4], [7]])
    values, mask = tokens(net, x_BTF, mask_BT)
    assert mask is not None
    assert mask.tolist() == [[True, True, False], [True, True, True]]
    zero = torch.zeros(2, dtype=torch.float64)
    torch.testing.assert_close(values[0, 1], net.tokens.dense(torch.cat([x_BTF[0, 3], zero, zero])))
    torch.testing.assert_close(values[1, 2], net.tokens.dense(torch.cat([x_BTF[1, 6], zero, zero])))


def test_patches_of_an_image_are_read_in_lines_with_zeros_beyond_its_edges() -> None:
    net = network(SignalSpec("image", (2, 5, 7)), patch=3)
    x_BCHW = torch.randn(2, 2, 5, 7, dtype=torch.float64)
    values_BTD = tokens(net, x_BCHW).values
    assert values_BTD.shape == (2, 6, 8)
    whole = nn.functional.pad(x_BCHW, (0, 2, 0, 1))
    weight_DK = net.tokens.conv.weight.flatten(1)
    for token, (top, left) in enumerate([(0, 0), (0, 3), (0, 6), (3, 0), (3, 3), (3, 6)]):
        patch_BK = whole[:, :, top : top + 3, left : left + 3].flatten(1)
        torch.testing.assert_close(values_BTD[:, token], patch_BK @ weight_DK.T)


def test_a_feature_of_a_table_is_its_own_vector_times_its_value_and_another() -> None:
    net = network(SignalSpec("table", (3,)))
    x_BF = torch.tensor([[0.0, 1.0, -2.0]], dtype=torch.float64)
    weight_FD, bias_FD = net.tokens.weight_FD, net.tokens.bias_FD
    expected = torch.stack([bias_FD[0], weight_FD[1] + bias_FD[1], bias_FD[2] - 2 * weight_FD[2]])[None]
    torch.testing.assert_close(tokens(net, x_BF).values, expected)
    assert net.first_D is not None  # and its features are those of a token of its own
    assert not any("position" in name for name, _ in net.named_parameters())


@pytest.mark.parametrize(
    ("spec", "patch"),
    [
        (SignalSpec("image", (1, 8, 8)), 1),
        (SignalSpec("image", (1, 28, 28)), 4),
        (SignalSpec("image", (3, 32, 32)), 4),
        (SignalSpec("image", (3, 224, 224)), 28),
        (SignalSpec("sequence", (512, 4)), 1),
        (SignalSpec("sequence", (336, 4), ahead=96, past=336, aims=(0,)), 5),
        (SignalSpec("sequence", (9, 4), ahead=1, past=9, aims=(0,)), 1),
    ],
)
def test_about_sixty_four_tokens_of_images_and_series_and_all_steps_of_other_sequences(
    spec: SignalSpec, patch: int
) -> None:
    tokens = network(spec).tokens
    assert tokens.patch == patch


def test_learned_positions_tell_steps_apart_and_rotary_ones_have_no_weights() -> None:
    spec = SignalSpec("sequence", (6, 4))
    x_BTF = torch.randn(2, 6, 4, dtype=torch.float64)
    for positions in ("learned", "rotary"):
        net = network(spec, positions=positions)
        assert not torch.allclose(net(Signal(x_BTF)).values, net(Signal(x_BTF.flip(1))).values)
        assert any("position" in name for name, _ in net.named_parameters()) == (positions == "learned")


def test_a_first_token_sees_the_row_and_not_what_follows_it() -> None:
    net = network(SignalSpec("sequence", (6, 4)), pool="first", positions="learned")
    x_BTF = torch.randn(2, 6, 4, dtype=torch.float64)
    mask_BT = torch.arange(6) < torch.tensor([[4], [6]])
    torch.testing.assert_close(net(Signal(x_BTF, mask_BT)).values[0], net(Signal(x_BTF[:1, :4])).values[0])


def test_features_of_every_step_need_a_token_for_every_step() -> None:
    spec = SignalSpec("sequence", (336, 4), ahead=6, past=336, aims=(0,))
    assert FAMILY.build(spec, Options(layers=1), "sequence").eval()(Signal(torch.zeros(1, 336, 4))).values.shape == (
        1,
        336,
        128,
    )
    with pytest.raises(UsageError, match=says("models.transformer-patch-per-step", patch=4)):
        FAMILY.build(spec, Options(patch=4), "sequence")


@pytest.mark.parametrize(
    ("options", "spec", "words"),
    [
        (
            {"heads": 3},
            SignalSpec("table", (4,)),
            ["(transformer)", say("models.heads-do-not-divide-width", heads=3, width=128)],
        ),
        ({"patch": 0}, SignalSpec("image", (1, 8, 8)), ["network.patch: transformer", "not 0"]),
        ({"positions": "rotery"}, SignalSpec("image", (1, 8, 8)), ["network.positions: transformer", "'rotary'"]),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, object], spec: SignalSpec, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        resolved_options(Component(name="transformer", options=options), spec, "base")
    for word in words:
        assert word in str(caught.value)


def test_a_patch_larger_than_the_image_is_named() -> None:
    with pytest.raises(UsageError, match=says("models.transformer-patch-above-image", patch=9, height=8, width=5)):
        network(SignalSpec("image", (1, 8, 5)), patch=9)
