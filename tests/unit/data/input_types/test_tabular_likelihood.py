"""Likelihoods of tables and series, against closed forms and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats

from leadline.core.schema import ColumnSchema
from leadline.data.input_types.tabular_likelihood import SeriesLikelihood, TabularLikelihood
from leadline.nn.rng import Rng

NUMBER = {
    "mean": 5.0,
    "std": 2.0,
    "min": 0.0,
    "max": 9.0,
    "median": 5.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}
DATE = {"format": None, "mean": 19_000.25, "std": 10.0, "times": True, "missing": False}
FIELDS = (
    ColumnSchema(name="a", kind="number", state=NUMBER),
    ColumnSchema(name="day", kind="date", state=DATE),
    ColumnSchema(name="k", kind="category", state={"classes": ["x", "y", "z"]}),
    ColumnSchema(name="b", kind="boolean", state={"classes": ["no", "yes"], "missing": True}),
    ColumnSchema(name="c", kind="number", state={**NUMBER, "mean": 1e6, "offset": 1e6, "std": 0.5}),
    ColumnSchema(name="k2", kind="category", state={"classes": ["u", "v", "w"]}),
    ColumnSchema(name="k3", kind="category", state={"classes": ["p", "q"]}),
)
NAN = float("nan")
RAW = torch.tensor(
    [
        [5.0, 19_001.0, 3_600.0, 2.0, 1.0, NAN, 1.0, 2.0],
        [7.0, 19_010.0, 43_200.0, 0.0, NAN, 0.25, 3.0, 0.0],
        [NAN, NAN, NAN, 3.0, 0.0, -0.5, 0.0, 1.0],
    ]
)


def given(rows: int = 3) -> torch.Tensor:
    return torch.randn(rows, *TabularLikelihood(FIELDS, 0.7).spec.shape, generator=torch.Generator().manual_seed(0))


def rng(rows: int = 3) -> Rng:
    return Rng(0, 0, torch.arange(rows))


def test_rows_cost_what_each_cell_costs() -> None:
    """The given numbers are: a, c, day, odds of b, two of k3, three of k, three of k2."""
    cells, out = TabularLikelihood(FIELDS, 0.7), given().double().numpy()
    assert cells.spec.shape == (12,)
    day = (19_001 + 3_600 / 86_400 - 19_000.25) / 10, (19_010.5 - 19_000.25) / 10
    k3, k, k2 = (np.log(np.exp(x) / np.exp(x).sum(1, keepdims=True)) for x in (out[:, 4:6], out[:, 6:9], out[:, 9:]))

    def normal(z: float, mean: float) -> float:
        return float(stats.norm.logpdf(z, mean, 0.7))

    def yes(value: int, odds: float) -> float:
        return float(np.log(1 / (1 + np.exp(-odds))) if value else np.log(1 / (1 + np.exp(odds))))

    expected = [
        normal(0, out[0, 0]) + normal(day[0], out[0, 2]) + yes(1, out[0, 3]) + k[0, 1] + k2[0, 0] + k3[0, 1],
        normal(1, out[1, 0]) + normal(0.5, out[1, 1]) + normal(day[1], out[1, 2]) + k2[1, 2],
        normal(-1, out[2, 1]) + yes(0, out[2, 3]) + k[2, 2] + k3[2, 0],
    ]
    np.testing.assert_allclose(-cells.nll(given(), RAW).numpy(), expected, rtol=1e-4)


def test_missing_cells_carry_no_gradient_and_no_nan() -> None:
    cells, out = TabularLikelihood(FIELDS, "learned"), given().requires_grad_()
    cells.nll(out, torch.full_like(RAW, NAN).where(cells.fill_F.isnan(), torch.zeros(()))).sum().backward()
    assert out.grad is not None
    assert out.grad.abs().sum() == 0
    cells.nll(out, RAW).sum().backward()
    assert out.grad.isfinite().all()


def test_only_what_is_counted_counts() -> None:
    cells, counted = TabularLikelihood(FIELDS, 1.0), torch.zeros_like(RAW, dtype=torch.bool)
    assert (cells.nll(given(), RAW, None, counted) == 0).all()
    counted[:, 3] = True
    expected = [-float(given()[0, 6:9].log_softmax(0)[1]), 0.0, -float(given()[2, 6:9].log_softmax(0)[2])]
    np.testing.assert_allclose(cells.nll(given(), RAW, None, counted).numpy(), expected, rtol=1e-5)


def test_expected_rows_are_read_back_as_what_was_given() -> None:
    cells, out = TabularLikelihood(FIELDS, 1.0), given(50)
    made = cells.mean(out)
    assert made.shape == (50, 8)
    assert made.isfinite().all()
    quantity_BQ, code_BK = cells.read(made)
    torch.testing.assert_close(quantity_BQ[:, :2], out[:, :2], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(quantity_BQ[:, 2], out[:, 2], rtol=0, atol=1e-4)  # to a second of ten days
    assert torch.equal(code_BK[:, 0], (out[:, 3] > 0).float())
    assert torch.equal(code_BK[:, 1], out[:, 4:6].argmax(1) + 1.0)
    assert torch.equal(code_BK[:, 2], out[:, 6:9].argmax(1) + 1.0)
    assert ((made[:, 2] >= 0) & (made[:, 2] < 86_400)).all()


def test_drawn_rows_are_distributed_as_given() -> None:
    rows = 20_000
    cells, one = TabularLikelihood(FIELDS, 0.7), given(1)
    quantity_BQ, code_BK = cells.read(cells.draw(one.expand(rows, -1), rng(rows)))
    np.testing.assert_allclose(quantity_BQ.mean(0).numpy(), one[0, :3].numpy(), atol=5 * 0.7 / math.sqrt(rows))
    np.testing.assert_allclose(quantity_BQ.std(0).numpy(), 0.7, rtol=0.03)
    for at, scores in ((1, one[0, 4:6]), (2, one[0, 6:9]), (3, one[0, 9:])):
        shares = np.bincount(code_BK[:, at].long().numpy() - 1, minlength=len(scores)) / rows
        np.testing.assert_allclose(shares, scores.softmax(0).numpy(), atol=5 * math.sqrt(0.25 / rows))
    assert float(code_BK[:, 0].mean()) == pytest.approx(float(one[0, 3].sigmoid()), abs=5 * math.sqrt(0.25 / rows))


def test_hidden_cells_are_missing_and_noise_is_on_numbers_alone() -> None:
    cells, where = TabularLikelihood(FIELDS, 1.0), torch.zeros_like(RAW, dtype=torch.bool)
    where[0] = True
    hidden = cells.hidden(RAW, where)
    assert not cells.there(hidden)[0].any()
    assert torch.equal(hidden[1:].nan_to_num(-1), RAW[1:].nan_to_num(-1))
    rows = RAW[:1].expand(5_000, -1)
    change = (cells.noisy(rows, 0.5, rng(5_000)) - rows).nan_to_num()
    assert float(change[:, 0].std()) == pytest.approx(1.0, rel=0.04)
    assert (change[:, [1, 2, 3, 4, 6, 7]] == 0).all()


def test_squares_count_quantities_that_are_there() -> None:
    square_B2 = TabularLikelihood(FIELDS, 1.0).squares(torch.zeros(3, 12), RAW)
    assert square_B2[:, 1].tolist() == [2, 3, 1]
    assert float(square_B2[2, 0]) == pytest.approx(1)


def test_windows_cost_what_their_steps_cost() -> None:
    fields = FIELDS[:1] + FIELDS[4:5]
    steps, cells = SeriesLikelihood(fields, 3, 1.0), TabularLikelihood(fields, 1.0)
    raw = torch.tensor([[[5.0, 0.0], [NAN, 1.0], [NAN, NAN]], [[6.0, NAN], [4.0, 0.5], [1.0, -1.0]]])
    out = torch.randn(2, 3, 2, generator=torch.Generator().manual_seed(0))
    assert steps.spec.shape == (3, 2)
    torch.testing.assert_close(
        steps.nll(out, raw), torch.stack([cells.nll(out[:, t], raw[:, t]) for t in range(3)]).sum(0)
    )
    assert steps.mean(out).shape == raw.shape
    assert steps.draw(out, rng(2)).isfinite().all()
    assert steps.squares(out, raw)[:, 1].tolist() == [3, 5]


def test_a_column_without_values_or_classes_does_no_harm() -> None:
    empty = ColumnSchema(name="e", kind="category", state={"classes": []})
    constant = ColumnSchema(name="c", kind="number", state={**NUMBER, "std": 0.0})
    cells = TabularLikelihood((empty, constant), "learned")
    raw = torch.tensor([[0.0, 5.0], [0.0, NAN]])
    assert cells.spec.shape == (1,)
    assert cells.nll(torch.zeros(2, 1), raw).isfinite().all()
    assert torch.equal(cells.mean(torch.zeros(2, 1)), torch.tensor([[0.0, 5.0], [0.0, 5.0]]))
