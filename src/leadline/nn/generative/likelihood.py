"""How likely an input's rows are, given what a decoder says of them: the contract, and what kinds of input share.

B rows, C channels, H height, W width, Q quantities.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from leadline.nn.batch import SignalSpec
from leadline.nn.rng import Rng, untraced

# The spread of quantities around what is expected, in standard deviations of the train rows.
Sigma = Annotated[float, Field(gt=0)] | Literal["learned"]
PixelLikelihood = Literal["bernoulli", "gaussian"]
LEAST = (
    1e-2  # standard deviations that a learned spread has at least: a likelihood without bound rewards certainty alone
)
MOST = 1e6  # standard deviations from the mean that count: a square beyond would be no number
EXTREME = 0.5  # of the variance that pixels of 0 and 255 alone would have: above it, pictures are taken for such
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
_ONE = math.log(math.e - 1)  # where softplus is 1


class Likelihood(nn.Module, ABC):
    """One input's rows as a decoder describes them: `spec` is what it has to give for each.

    - `taken(raw, draws)`: the rows that are modelled, raw: those given, unless pixels are drawn from them.
    - `nll(given, raw, draws, counted)`: nats (B,), summed over a row's entries. Those of a table or series that are
      missing do not count, nor do those where `counted`, bool of the raw rows' shape, is False. Without draws rows are
      as `taken` gave them; where they are not, it is the mean over what may be taken.
    - `mean(given)` and `draw(given, draws)`: raw rows, float where the kind's are whole numbers of pixels.
    - `there(raw)`: which entries are there, bool of the raw rows' shape.
    - `hidden(raw, where)`: raw rows in which some entries are as if missing; `noisy(raw, amount, draws)`: with so many
      standard deviations of normal noise on quantities.
    - `plain(rows, like)`: what a decoder would give for `rows` rows if each were the mean of the train rows'
      quantities.
    - `squares(given, raw)`: (B,2), the sum over a row's quantities of squared errors of the mean, in train variances,
      and how many they are.
    - `description`: the likelihood in words.
    """

    spec: SignalSpec
    description: str

    def taken(self, raw: Tensor, rng: Rng) -> Tensor:
        """Return the rows that are modelled."""
        return raw

    @abstractmethod
    def nll(self, given: Tensor, raw: Tensor, rng: Rng | None = None, counted: Tensor | None = None) -> Tensor:
        """Return the negative log-likelihood of rows (B,) in nats."""

    @abstractmethod
    def mean(self, given: Tensor) -> Tensor:
        """Return the raw rows that are expected: of classes and tokens the most probable ones."""

    @abstractmethod
    def draw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return raw rows drawn from what is given."""

    @abstractmethod
    def there(self, raw: Tensor) -> Tensor:
        """Return which entries are there."""

    @abstractmethod
    def hidden(self, raw: Tensor, where: Tensor) -> Tensor:
        """Return raw rows without some entries."""

    @abstractmethod
    def noisy(self, raw: Tensor, amount: float, rng: Rng) -> Tensor:
        """Return raw rows with noise on their quantities."""

    def plain(self, rows: int, like: Tensor) -> Tensor:
        """Return zeros, of the type and on the device of `like`: quantities are given standardised."""
        return like.new_zeros(rows, *self.spec.shape)

    def squares(self, given: Tensor, raw: Tensor) -> Tensor:
        """Return zeros: there are no quantities."""
        return given.new_zeros(len(given), 2)


class Spread(nn.Module):
    """The standard deviation of `count` quantities, in units of the train rows': one that is given, or learned from 1
    on.
    """

    def __init__(self, sigma: Sigma, count: int) -> None:
        super().__init__()
        self.learned = nn.Parameter(torch.full((count,), _ONE)) if sigma == "learned" else None
        self.fixed_Q: Tensor
        self.register_buffer("fixed_Q", torch.full((count,), 1.0 if sigma == "learned" else sigma), persistent=False)

    def forward(self) -> Tensor:
        return self.fixed_Q if self.learned is None else F.softplus(self.learned) + LEAST


def normal_nll(z: Tensor, mean: Tensor, sigma: Tensor) -> Tensor:
    """Return the negative log-density of each value in nats."""
    return 0.5 * ((z - mean) / sigma).square() + sigma.log() + HALF_LOG_2PI


def chance(share: Tensor, rng: Rng, purpose: str, most: float = 1) -> Tensor:
    """Return bool of the shape of `share` (B, ...), each True with the probability share / most, to 2⁻¹⁶; at 0 never,
    at 1 always.

    Four entries share the 64 bits of a hash.
    """
    lane = rng.shorts(purpose, share[0].numel()).view(share.shape)
    return (opaque_below if torch.compiler.is_compiling() else _below)(lane, share, most)


def _below(lane: Tensor, share: Tensor, most: float) -> Tensor:
    return lane < share * (65_536 / most) - 32_768


opaque_below = untraced("below", _below, lambda lane, share, most: torch.empty_like(share, dtype=torch.bool))


class Pixels(Likelihood):
    """What likelihoods of pictures share, from the state of their field."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        super().__init__()
        self.spec = SignalSpec("image", (state["channels"], state["height"], state["width"]))
        self.mean_C11: Tensor
        self.std_C11: Tensor
        self.register_buffer("mean_C11", torch.tensor(state["mean"]).view(-1, 1, 1), persistent=False)
        self.register_buffer("std_C11", torch.tensor(state["std"]).view(-1, 1, 1), persistent=False)

    def there(self, raw: Tensor) -> Tensor:
        """Return True everywhere."""
        return torch.ones_like(raw, dtype=torch.bool)

    def hidden(self, raw: Tensor, where: Tensor) -> Tensor:
        """Return pictures with the train mean of the channel where pixels are hidden."""
        return torch.where(where, self.mean_C11, raw)

    def noisy(self, raw: Tensor, amount: float, rng: Rng) -> Tensor:
        """Return pictures with noise on their pixels, which may leave the range of pixels."""
        return raw + rng.normal("noise", *self.spec.shape) * (amount * self.std_C11)

    def squares(self, given: Tensor, raw: Tensor) -> Tensor:
        """Return squared errors of the mean picture, and how many pixels it has."""
        square_B = ((raw - self.mean(given)) / self.std_C11).square().flatten(1).sum(1)
        return torch.stack([square_B, torch.full_like(square_B, math.prod(self.spec.shape))], 1)


def default_pixel_likelihood(state: Mapping[str, Any]) -> PixelLikelihood:
    """Return how pixels are modelled where nobody says it, by the state of their column: as 0 or 1 where those of grey
    pictures are nearly so, else as normal.
    """
    mean, std = state["mean"][0], state["std"][0]
    return "bernoulli" if state["channels"] == 1 and std**2 > EXTREME * mean * (255 - mean) else "gaussian"


class Bernoulli(Pixels):
    """Pixels that are 0 or 1, from their log-odds (B,C,H,W): each is drawn as 1 with its brightness as probability."""

    description = "Bernoulli of pixels drawn as 0 or 1 with their brightness as probability"

    def __init__(self, state: Mapping[str, Any]) -> None:
        super().__init__(state)
        self.black: Tensor
        self.white: Tensor
        self.register_buffer("black", torch.tensor(0.0), persistent=False)
        self.register_buffer("white", torch.tensor(255.0), persistent=False)

    def taken(self, raw: Tensor, rng: Rng) -> Tensor:
        """Return pictures of pixels 0 and 255, as float."""
        return torch.where(chance(raw, rng, "pixels", most=255), self.white, self.black)

    def plain(self, rows: int, like: Tensor) -> Tensor:
        """Return the log-odds of the mean brightness of each channel."""
        return torch.logit(self.mean_C11 / 255, eps=1e-6).to(like.dtype).expand(rows, *self.spec.shape)

    def nll(self, given: Tensor, raw: Tensor, rng: Rng | None = None, counted: Tensor | None = None) -> Tensor:
        """Return the cross-entropy of rows (B,) in nats; of grey pixels the mean over what they may be drawn as."""
        raw = raw if rng is None else self.taken(raw, rng)
        each = F.binary_cross_entropy_with_logits(given, raw.to(given.dtype) * (1 / 255), reduction="none")
        return (each if counted is None else each * counted).flatten(1).sum(1)

    def mean(self, given: Tensor) -> Tensor:
        """Return pictures whose brightness is the probability of 1."""
        return torch.sigmoid(given) * 255

    def draw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return pictures of pixels 0 and 255."""
        return chance(torch.sigmoid(given), rng, "drawn pixels").to(given.dtype) * 255


class Gaussian(Pixels):
    """Pixels, standardised by channel, around their means (B,C,H,W); one spread for all."""

    description = "normal density of pixels, each channel divided by its standard deviation"

    def __init__(self, state: Mapping[str, Any], sigma: Sigma) -> None:
        super().__init__(state)
        self.spread = Spread(sigma, 1)

    def nll(self, given: Tensor, raw: Tensor, rng: Rng | None = None, counted: Tensor | None = None) -> Tensor:
        """Return the negative log-density of rows (B,) in nats."""
        each = normal_nll((raw - self.mean_C11) / self.std_C11, given, self.spread())
        return (each if counted is None else each * counted).flatten(1).sum(1)

    def mean(self, given: Tensor) -> Tensor:
        """Return the pictures that are expected."""
        return (given * self.std_C11 + self.mean_C11).clamp(0, 255)

    def draw(self, given: Tensor, rng: Rng) -> Tensor:
        """Return pictures with as much noise as the spread says."""
        noise = rng.normal("drawn pixels", *self.spec.shape).to(given.dtype)
        return self.mean(given + noise * self.spread())
