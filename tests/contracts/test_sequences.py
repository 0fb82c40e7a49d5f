"""What every family that takes sequences promises: nothing beyond a row's end changes it, and steps are what was asked
for.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.registry import lookup, registered
from leadline.errors import UsageError
from leadline.models.build import build_encoder
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.layers.dropout import name_dropouts
from leadline.nn.rng import Rng, using_rng

SPEC = SignalSpec("sequence", (12, 4))
LENGTH_B = torch.tensor([7, 1, 4, 6, 2])
ROWS, LONGEST = len(LENGTH_B), int(LENGTH_B.max())
NAMES = [
    name
    for name in sorted(registered("models"))
    for family in [lookup("models", name)]
    if "sequence" in family.accepts and family.fit is None and not family.forecasts
]
STEPPED = [name for name in NAMES if "sequence" in lookup("models", name).builders]
EVERY = pytest.mark.parametrize("name", NAMES)
WANTS = pytest.mark.parametrize(
    ("name", "wants"), [(name, wants) for name in STEPPED for wants in ("sequence", "causal")]
)
ALL = pytest.mark.parametrize(
    ("name", "wants"),
    [(name, "vector") for name in NAMES] + [(name, wants) for name in STEPPED for wants in ("sequence", "causal")],
)


class Front(nn.Module):
    """Steps (B,T,F) to a Signal; what is NaN lies beyond a row's end."""

    def forward(self, raw_BTF: Tensor) -> Signal:
        return Signal(raw_BTF.nan_to_num(9.0), ~raw_BTF.isnan().any(2))


def backbone(name: str, encoder_output: str = "vector", **options: object) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        body = build_encoder(
            Component(name=name, options=options), SPEC, Front(), "small", encoder_output=encoder_output
        )  # type: ignore[arg-type]
    name_dropouts(body)
    return body.backbone.double().eval()


def steps() -> Tensor:
    return torch.randn(ROWS, LONGEST, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def padded(x_BTF: Tensor, extra: int, filling: float = 1e3) -> Signal:
    """Rows of `LENGTH_B` steps and something else after them."""
    mask_BT = torch.arange(LONGEST + extra) < LENGTH_B[:, None]
    x_BTF = torch.cat([x_BTF, x_BTF.new_full((ROWS, extra, 4), filling)], 1)
    return Signal(x_BTF.masked_fill(~mask_BT[:, :, None], filling), mask_BT)


def own(out: Tensor, row: int) -> Tensor:
    """What is a row's own: its features, or those of its steps."""
    return out[row : row + 1] if out.ndim == 2 else out[row : row + 1, : LENGTH_B[row]]


@ALL
@pytest.mark.parametrize("extra", [0, 1, 5])
def test_a_row_in_a_padded_batch_is_as_it_is_alone(name: str, wants: str, extra: int) -> None:
    net, x = backbone(name, wants), steps()
    together = net(padded(x, extra)).values
    for row, length in enumerate(LENGTH_B.tolist()):
        alone = net(Signal(x[row : row + 1, :length])).values
        torch.testing.assert_close(own(together, row), alone, rtol=1e-9, atol=1e-9)


@ALL
def test_more_padding_changes_no_gradient(name: str, wants: str) -> None:
    net = backbone(name, wants)
    found: list[tuple[Tensor, Mapping[str, Tensor | None]]] = []
    for extra in (0, 5):
        net.zero_grad()
        x = steps().requires_grad_()
        out = net(padded(x, extra, float(extra))).values
        sum(own(out, row).square().sum() for row in range(ROWS)).backward()  # type: ignore[union-attr]
        assert x.grad is not None
        found.append((x.grad, {key: None if p.grad is None else p.grad.clone() for key, p in net.named_parameters()}))
        beyond_BT = torch.arange(LONGEST) >= LENGTH_B[:, None]
        assert x.grad[beyond_BT].abs().max() == 0
        assert x.grad[~beyond_BT].abs().max() > 0
    torch.testing.assert_close(found[0], found[1], rtol=1e-9, atol=1e-9)


@ALL
def test_more_padding_changes_nothing_in_training(name: str, wants: str) -> None:
    net, x = backbone(name, wants).train(), steps()
    outs = []
    for extra in (0, 5):
        with using_rng(Rng(0, 0, torch.arange(ROWS))):
            outs.append(net(padded(x, extra)).values)
    for row in range(ROWS):
        torch.testing.assert_close(own(outs[0], row), own(outs[1], row), rtol=1e-9, atol=1e-9)


@ALL
def test_a_row_without_any_step_gives_finite_features_and_gradients(name: str, wants: str) -> None:
    net, x = backbone(name, wants), steps().requires_grad_()
    mask_BT = torch.arange(LONGEST) < torch.tensor([7, 0, 4, 0, 2])[:, None]
    out = net(Signal(x, mask_BT)).values
    out.square().sum().backward()
    assert out.isfinite().all()
    for tensor in (x, *net.parameters()):
        assert tensor.grad is None or tensor.grad.isfinite().all()


# PyTorch's recurrent modules keep a list of their weights beside the parameters, which exporting remarks on.
@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")
@EVERY
def test_it_can_be_exported_with_its_mask_for_any_number_of_rows(name: str) -> None:
    net = backbone(name)
    dynamic = {0: torch.export.Dim("rows", min=1)}
    x, mask = padded(steps(), 5)
    exported = torch.export.export(_Plain(net), (x, mask), dynamic_shapes=(dynamic, dynamic)).module()
    torch.testing.assert_close(exported(x[1:4], mask[1:4]), net(Signal(x[1:4], mask[1:4])).values)


class _Plain(nn.Module):
    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x_BTF: Tensor, mask_BT: Tensor) -> Tensor:
        out: Tensor = self.net(Signal(x_BTF, mask_BT)).values
        return out


@WANTS
def test_each_step_has_features_and_the_mask_goes_on(name: str, wants: str) -> None:
    signal = padded(steps(), 3)
    out = backbone(name, wants)(signal)
    assert out.values.shape[:2] == signal.values.shape[:2]
    assert out.values.isfinite().all()
    assert torch.equal(out.mask, signal.mask)
    assert backbone(name, wants)(Signal(signal.values)).mask is None


@WANTS
def test_a_gradient_reaches_every_parameter_of_the_steps(name: str, wants: str) -> None:
    net = backbone(name, wants)
    net(padded(steps(), 2)).values.square().sum().backward()
    assert [key for key, p in net.named_parameters() if p.grad is None or not p.grad.abs().max() > 0] == []


@pytest.mark.parametrize("name", STEPPED)
@pytest.mark.parametrize("masked", [False, True])
def test_what_is_causal_knows_of_no_later_step(name: str, masked: bool) -> None:
    net, x = backbone(name, "causal"), steps().requires_grad_()
    signal = padded(x, 2) if masked else Signal(x)
    for step in range(LONGEST):
        (grad,) = torch.autograd.grad(net(signal).values[:, step].square().sum(), x, retain_graph=True)
        assert grad[:, step + 1 :].abs().sum() == 0
        assert grad[0, step].abs().max() > 0


@EVERY
def test_steps_are_given_or_refused_in_words(name: str) -> None:
    if name in STEPPED:
        assert backbone(name, "sequence")(Signal(steps())).values.ndim == 3
        return
    with pytest.raises(UsageError, match=f"{name!r} returns no features of every step.*rnn"):
        backbone(name, "sequence")
