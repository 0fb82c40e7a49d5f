"""Windows on a scale of their own, and forecasts taken back from it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.forecaster import Anchored, Forecaster, Forecasts
from leadline.nn.layers.windows import Past, last_value, moments, numbers
from leadline.nn.network import InputEncoder, linear_head

SPEC = SignalSpec("sequence", (12, 4), ahead=2, past=10, aims=(3, 1))


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


class Flat(nn.Module):
    def forward(self, signal: Signal) -> Signal:
        return Signal(signal.values.flatten(1))


def x(count: int = 5) -> Tensor:
    return torch.randn(count, 12, 4, generator=torch.Generator().manual_seed(0))


def network(anchor: str, levels: tuple[float, ...] = ()) -> Forecaster:
    torch.manual_seed(0)
    body = InputEncoder(Anchored(Front(), SPEC, anchor), Flat(), 48)
    made = Forecaster(
        {"x": body}, linear_head(48, 4 * max(len(levels), 1)), Forecasts([0.0, 0.0], [1.0, 1.0], 2, levels)
    )
    made.anchored = "x"
    return made.eval()


def test_only_the_past_of_the_variables_is_on_the_scale_of_its_window() -> None:
    raw = x()
    seen = Anchored(Front(), SPEC, "mean")(raw).values
    assert torch.equal(seen[:, 10:], raw[:, 10:])
    assert torch.equal(seen[..., [0, 2]], raw[..., [0, 2]])
    past = seen[:, :10, [1, 3]]
    torch.testing.assert_close(past.mean(1), torch.zeros(5, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(past.std(1, unbiased=False), torch.ones(5, 2), atol=1e-3, rtol=0)
    last = Anchored(Front(), SPEC, "last")(raw).values
    assert torch.equal(last[:, 9, [1, 3]], torch.zeros(5, 2))


@pytest.mark.parametrize("levels", [(), (0.1, 0.5, 0.9)])
def test_a_window_that_is_shifted_is_forecast_shifted_and_one_that_is_stretched_stretched(
    levels: tuple[float, ...],
) -> None:
    shift = torch.tensor([0.0, 7.0, 0.0, -3.0])
    ahead = torch.tensor([-3.0, 7.0]) if not levels else torch.tensor([-3.0, 7.0])[:, None]
    for anchor in ("last", "mean"):
        forecasts, raw = network(anchor, levels), x()
        raw[:, 10:] = 0
        moved = raw.clone()
        moved[:, :10] += shift
        torch.testing.assert_close(forecasts({"x": moved}), forecasts({"x": raw}) + ahead, rtol=1e-4, atol=1e-4)
    raw[..., [0, 2]] = 0
    torch.testing.assert_close(forecasts({"x": 4 * raw}), 4 * forecasts({"x": raw}), rtol=1e-2, atol=1e-2)


def test_a_flat_window_stays_finite() -> None:
    scale = moments(torch.ones(2, 1, 9))
    assert scale.off(torch.ones(2, 1, 9)).abs().max() < 1e-5
    assert scale.size is not None and scale.size.min() > 0
    torch.testing.assert_close(scale.on(scale.off(torch.full((2, 1, 9), 3.0))), torch.full((2, 1, 9), 3.0))


def test_forecasts_are_in_the_variables_units_and_quantiles_in_order() -> None:
    end = Forecasts([10.0, -1.0], [2.0, 0.0], ahead=3)
    assert end(torch.zeros(4, 6))[0].tolist() == [[10.0, -1.0]] * 3
    assert end(torch.ones(4, 6))[0].tolist() == [[12.0, 0.0]] * 3  # a variable that does not vary has the deviation 1
    z = torch.randn(4, 18, generator=torch.Generator().manual_seed(0))
    quantiles = Forecasts([10.0, -1.0], [2.0, 3.0], ahead=3, levels=(0.1, 0.5, 0.9))(z)
    assert quantiles.shape == (4, 3, 2, 3)
    assert (quantiles.diff(dim=-1) >= 0).all()


def test_numbers_are_in_the_order_step_variable_number() -> None:
    spec = SPEC._replace(each=3)
    x_BVG = torch.arange(2).view(1, 2, 1) * 100 + torch.arange(6).view(1, 1, 6)  # step * 3 + number of each variable
    z = Forecasts([0.0, 0.0], [1.0, 1.0], ahead=2, levels=(0.1, 0.5, 0.9))(numbers(x_BVG.float(), spec).values)
    assert z[0, 1, 0].tolist() == [3.0, 4.0, 5.0]
    assert z[0, 0, 1].tolist() == [100.0, 101.0, 102.0]


def test_the_past_is_that_of_the_variables_in_their_order() -> None:
    raw = x()
    past = Past(SPEC)(Signal(raw))
    assert torch.equal(past[:, 0], raw[:, :10, 3])
    assert torch.equal(last_value(past).shift[:, 1, 0], raw[:, 9, 1])


@pytest.mark.parametrize("anchor", ["last", "mean"])
def test_it_can_be_exported_for_any_number_of_rows(anchor: str) -> None:
    made = network(anchor, (0.1, 0.5, 0.9))
    dynamic = ({"x": {0: torch.export.Dim("rows", min=1)}},)
    exported = torch.export.export(made, ({"x": x()},), dynamic_shapes=dynamic).module()
    torch.testing.assert_close(exported({"x": x(3)}), made({"x": x(3)}))
