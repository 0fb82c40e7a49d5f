"""Likelihoods of pictures, against closed forms and draws."""

from __future__ import annotations

import math

import pytest
import torch
from scipy import stats
from torch import Tensor

from leadline.nn.generative.likelihood import LEAST, Bernoulli, Gaussian, Spread, chance
from leadline.nn.rng import Rng

STATE = {"height": 4, "width": 3, "channels": 1, "mean": [100.0], "std": [80.0]}


def rng(rows: int = 3) -> Rng:
    return Rng(0, 0, torch.arange(rows))


def pixels(rows: int = 3) -> Tensor:
    return torch.randint(0, 256, (rows, 1, 4, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_chances_are_what_they_say_and_sure_things_are_sure() -> None:
    share = torch.tensor([0.0, 1 / 255, 0.3, 254 / 255, 1.0]).repeat(20_000, 1)
    found = chance(share, rng(20_000), "x")
    assert not found[:, 0].any()
    assert found[:, 4].all()
    for at in (1, 2, 3):
        expected = float(share[0, at])
        assert float(found[:, at].float().mean()) == pytest.approx(
            expected, abs=4 * math.sqrt(expected * (1 - expected) / 20_000)
        )


def test_chances_belong_to_the_row_and_entries_are_independent() -> None:
    share = torch.full((4_000, 8), 0.5)
    found = chance(share, rng(4_000), "x")
    torch.testing.assert_close(chance(share[:7], rng(7), "x"), found[:7])
    together = torch.corrcoef(found.float().T) - torch.eye(8)
    assert together.abs().max() < 5 / math.sqrt(4_000)


def test_bernoulli_is_the_sum_of_log_probabilities() -> None:
    one, raw, given = Bernoulli(STATE), pixels(), torch.randn(3, 1, 4, 3, generator=torch.Generator().manual_seed(1))
    taken = one.taken(raw, rng())
    assert set(taken.unique().tolist()) <= {0.0, 255.0}
    p = torch.sigmoid(given)
    expected = -torch.where(taken > 0, p, 1 - p).log().flatten(1).sum(1)
    torch.testing.assert_close(one.nll(given, raw, rng()), expected)
    torch.testing.assert_close(one.nll(given, taken), expected)


def test_grey_pixels_cost_the_mean_over_what_they_are_drawn_as() -> None:
    one, raw, given = Bernoulli(STATE), pixels(1), torch.randn(1, 1, 4, 3, generator=torch.Generator().manual_seed(1))
    many = 20_000
    drawn = one.nll(given.expand(many, -1, -1, -1), raw.expand(many, -1, -1, -1), rng(many))
    assert float(one.nll(given, raw)) == pytest.approx(
        float(drawn.mean()), abs=5 * float(drawn.std()) / math.sqrt(many)
    )


def test_pixels_that_are_taken_are_taken_as_they_are_again() -> None:
    one = Bernoulli(STATE)
    taken = one.taken(pixels(), rng())
    torch.testing.assert_close(one.taken(taken, rng().fold_in("other")), taken)


def test_gaussian_is_the_normal_density_of_standardised_pixels() -> None:
    one, raw, given = Gaussian(STATE, 0.5), pixels(), torch.zeros(3, 1, 4, 3)
    expected = -stats.norm.logpdf((raw.double().numpy() - 100) / 80, 0, 0.5).sum((1, 2, 3))
    torch.testing.assert_close(one.nll(given, raw).double(), torch.tensor(expected), rtol=1e-5, atol=1e-5)
    assert torch.equal(one.mean(given), torch.full((3, 1, 4, 3), 100.0))
    assert float(one.mean(given + 100).max()) == 255


def test_only_what_is_counted_counts() -> None:
    counted = torch.zeros(3, 1, 4, 3, dtype=torch.bool)
    counted[:, 0, 1, 2] = True
    for one in (Bernoulli(STATE), Gaussian(STATE, 1.0)):
        given, raw = torch.zeros(3, 1, 4, 3), pixels()
        other = raw.clone()
        other[:, 0, 0, 0] = 255 - other[:, 0, 0, 0]
        torch.testing.assert_close(one.nll(given, raw, None, counted), one.nll(given, other, None, counted))


def test_a_learned_spread_starts_near_one_and_keeps_a_distance_from_zero() -> None:
    spread = Spread("learned", 2)
    torch.testing.assert_close(spread(), torch.full((2,), 1 + LEAST))
    assert spread.learned is not None
    with torch.no_grad():
        spread.learned.fill_(-100)
    torch.testing.assert_close(spread(), torch.full((2,), LEAST))
    assert Spread(0.3, 1).learned is None


def test_drawn_pictures_vary_as_the_likelihood_says() -> None:
    rows = 4_000
    drawn = Gaussian(STATE, 0.5).draw(torch.zeros(rows, 1, 4, 3), rng(rows))
    assert float(drawn.std()) == pytest.approx(40, rel=0.03)
    black_or_white = Bernoulli(STATE).draw(torch.full((rows, 1, 4, 3), math.log(0.2 / 0.8)), rng(rows))
    assert float(black_or_white.mean()) == pytest.approx(0.2 * 255, rel=0.03)


def test_hidden_pixels_are_the_mean_and_noise_has_its_amount() -> None:
    one, raw = Gaussian(STATE, 1.0), pixels(2_000)
    where = torch.zeros(2_000, 1, 4, 3, dtype=torch.bool)
    where[:, :, 0] = True
    hidden = one.hidden(raw, where)
    assert (hidden[:, :, 0] == 100).all()
    assert torch.equal(hidden[:, :, 1:], raw[:, :, 1:].float())
    assert float((one.noisy(raw, 0.25, rng(2_000)) - raw).std()) == pytest.approx(20, rel=0.03)


def test_squares_are_one_for_the_mean_picture_of_standardised_noise() -> None:
    generator = torch.Generator().manual_seed(0)
    raw = 100 + 20 * torch.randn(500, 1, 4, 3, generator=generator)
    square_B2 = Gaussian({**STATE, "std": [20.0]}, 1.0).squares(torch.zeros(500, 1, 4, 3), raw)
    assert (square_B2[:, 1] == 12).all()
    assert float(square_B2[:, 0].sum() / square_B2[:, 1].sum()) == pytest.approx(1, abs=0.06)
