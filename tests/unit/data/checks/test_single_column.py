"""The rule by which one column alone predicts: of each kind, the one that leaves least is found, and no luck counts."""

from __future__ import annotations

import numpy as np
import pytest

from leadline.data.checks.single_column import Rule, best_rule

N = 2_000
RNG = np.random.default_rng(0)


def rule(x: np.ndarray, goal: np.ndarray, *, quantity: bool = False, ordered: bool = True) -> Rule:
    found = best_rule(x.astype(float), goal, quantity=quantity, ordered=ordered)
    assert found is not None
    return found


def test_a_category_is_looked_up() -> None:
    code = RNG.integers(0, 9, N)
    label = np.where(RNG.random(N) < 0.1, 1 - code % 2, code % 2)
    found = rule(code, label, ordered=False)
    assert found.how == "value" and found.share == pytest.approx(0.9, abs=0.02)
    assert found.left == pytest.approx((1 - found.share) / (1 - found.dummy))


def test_a_number_is_parted_once_or_into_ranges() -> None:
    x = RNG.normal(size=N)
    once, often = rule(x, (x > 0.3).astype(int)), rule(x, (np.abs(x) > 1).astype(int))
    assert once.share == 1 and once.how == "range" and len(once.ends) == 1 and 0.2 < once.ends[0] < 0.3
    assert often.share > 0.95 and len(often.ends) > 10
    assert np.array_equal(np.unique(once.cells(np.array([-5.0, 0.29, 0.31, 7.0]))), [0, 1])


@pytest.mark.parametrize(
    ("of_x", "how", "least"), [(lambda x: 3 * x - 1, "line", 0.98), (np.square, "range", 0.9), (np.sign, "range", 0.9)]
)
def test_a_quantity_lies_along_a_line_or_by_ranges(of_x, how: str, least: float) -> None:
    x = RNG.normal(size=N)
    y = of_x(x) + 0.1 * RNG.normal(size=N)
    found = rule(x, y, quantity=True)
    assert found.how == how and found.share >= least
    assert found.left == pytest.approx(1 - found.share)
    if how == "line":
        slope = float(np.diff(found.along(np.array([1.0, 2.0])))[0])
        assert slope == pytest.approx(3, abs=0.02)


def test_a_quantity_is_the_mean_of_a_category() -> None:
    code = RNG.integers(0, 30, N)
    found = rule(code, (code * 7 % 11) + 0.5 * RNG.normal(size=N), quantity=True, ordered=False)
    assert found.how == "value" and found.share == pytest.approx(0.975, abs=0.01)


def test_missing_values_are_a_cell_of_their_own() -> None:
    x = np.array([np.nan, 1.0, np.nan, 2.0])
    for how in ("value", "range", "line"):
        cells = Rule(how, 0.1, 0.9, ends=np.array([1.5]), line=(1.0, 2.0)).cells(x)  # type: ignore[arg-type]
        assert cells[0] == cells[2] and cells[0] not in (cells[1], cells[3])
    assert list(Rule("line", 0.1, 0.9, line=(1.0, 2.0)).along(x)) == [0.0, 3.0, 0.0, 5.0]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("quantity", [False, True])
def test_chance_is_no_rule(seed: int, quantity: bool) -> None:
    rng = np.random.default_rng(seed)
    goal = rng.normal(size=N) if quantity else rng.integers(0, 2, N)
    for x, ordered in ((rng.normal(size=N), True), (rng.integers(0, 500, N), False), (rng.integers(0, 500, N), True)):
        found = best_rule(x.astype(float), goal, quantity=quantity, ordered=ordered)
        assert found is None or found.left > 0.9, "a row's own answer is left out"


def test_nothing_is_learned_from_few_rows_or_a_target_of_one_value() -> None:
    few = np.arange(40.0)
    assert best_rule(few, few, quantity=True, ordered=True) is None
    assert best_rule(np.arange(100.0), np.ones(100), quantity=True, ordered=True) is None
    assert best_rule(np.full(100, np.nan), np.arange(100.0), quantity=True, ordered=True) is not None, "its mean"
