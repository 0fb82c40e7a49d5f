"""Decoders give values of the shape that is asked for, whatever it is, and every parameter of them matters."""

from __future__ import annotations

import pytest
import torch

from leadline.errors import UsageError
from leadline.nn.batch import SignalSpec
from leadline.nn.generative.decoders import ImageDecoder, default_decoder
from sentences import says

SPECS = {
    "a table": SignalSpec("table", (7,)),
    "digits": SignalSpec("image", (1, 8, 8)),
    "an image of odd sides": SignalSpec("image", (3, 28, 19)),
    "a line": SignalSpec("image", (1, 1, 30)),
    "one pixel": SignalSpec("image", (2, 1, 1)),
    "a sequence": SignalSpec("sequence", (11, 3)),
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_codes_become_values_of_the_shape(spec: SignalSpec) -> None:
    torch.manual_seed(0)
    decoder = default_decoder(spec, 5)
    values = decoder(torch.randn(6, 5))
    assert values.shape == (6, *spec.shape)
    (values * torch.randn_like(values)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in decoder.parameters())


@pytest.mark.parametrize("growing", ["resize", "transposed"])
def test_values_keep_their_size_on_the_way(growing: str) -> None:
    torch.manual_seed(0)
    values = ImageDecoder((3, 32, 32), 64, growing=growing, norm=False)(torch.randn(64, 64))  # type: ignore[arg-type]
    assert 0.2 < values.std() < 5


def test_other_kinds_of_signal_are_refused() -> None:
    with pytest.raises(UsageError, match=says("nn.no-decoder", kind="sound")):
        default_decoder(SignalSpec("sound", (4,)), 5)
