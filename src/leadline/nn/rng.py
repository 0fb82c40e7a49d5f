"""Random numbers that depend on (seed, purpose, step, row) and on nothing else.

A counter-based generator: each number is a hash of its address, so resuming, splitting a batch or adding processes
draws the same numbers for the same rows. The mixing function is that of SplitMix64 (Steele, Lea & Flood 2014), whose
output passes BigCrush when run over a counter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor

from leadline.nn.transforms import in_transform

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as int64
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
_UNSIGNED_GOLDEN, _UNSIGNED_MIX_1, _UNSIGNED_MIX_2 = (np.uint64(number % 2**64) for number in (_GOLDEN, _MIX_1, _MIX_2))
# How many numbers NumPy, on one core, makes sooner than PyTorch: a call costs it a third of the time.
_FEW = 1 << 16


def seed_for(seed: int, *purpose: str | int) -> int:
    """Return a 63-bit seed for a purpose; different purposes give unrelated streams."""
    text = "\x1f".join(map(str, (seed, *purpose))).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 1


def generator_for(seed: int, *purpose: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a torch generator seeded for a purpose."""
    return torch.Generator(device=device).manual_seed(seed_for(seed, *purpose))


def _shift(x: Tensor, bits: int) -> Tensor:
    return (x >> bits) & ((1 << (64 - bits)) - 1)  # a logical shift: int64 has no unsigned one


def mix(x: Tensor) -> Tensor:
    """Return a bijective scramble of int64 values (SplitMix64's finaliser)."""
    x = (x ^ _shift(x, 30)) * _MIX_1
    x = (x ^ _shift(x, 27)) * _MIX_2
    return x ^ _shift(x, 31)


def _unsigned(x: Tensor, count: int = 1) -> np.ndarray | None:
    """Return int64 values as uint64, not copied; None where so many numbers of each, or values that are being
    transformed, are not for NumPy.
    """
    few = x.device.type == "cpu" and len(x) * count <= _FEW and not in_transform(x)
    return x.numpy().view(np.uint64) if few else None


def _mixed(x: np.ndarray) -> Tensor:
    """Return what `mix` does of uint64 values, which are overwritten, as int64."""
    shifted = x >> np.uint64(30)
    x ^= shifted
    x *= _UNSIGNED_MIX_1
    np.right_shift(x, np.uint64(27), out=shifted)
    x ^= shifted
    x *= _UNSIGNED_MIX_2
    np.right_shift(x, np.uint64(31), out=shifted)
    x ^= shifted
    return torch.from_numpy(x.view(np.int64))


def _state(row_B: Tensor, seed: int) -> Tensor:
    few_B = _unsigned(row_B)
    return mix(row_B * _GOLDEN + seed) if few_B is None else _mixed(few_B * _UNSIGNED_GOLDEN + np.uint64(seed))


def _bits(state_B: Tensor, seed: int, count: int) -> Tensor:
    """Return (B, count) int64 whose 64 bits are independent and even."""
    few_B = _unsigned(state_B, count)
    if few_B is not None:
        own_B = _mixed(few_B + np.uint64(seed)).numpy().view(np.uint64)
        return _mixed(own_B[:, None] + np.arange(1, count + 1, dtype=np.uint64) * _UNSIGNED_GOLDEN)
    mixed_B = mix(state_B + seed)
    counter_F = torch.arange(1, count + 1, device=state_B.device, dtype=torch.int64) * _GOLDEN
    return mix(mixed_B[:, None] + counter_F)


def untraced(name: str, function: Callable[..., Tensor], empty: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function without gradients that compiled code calls but does not look into; `empty` returns the like of
    its result.

    Else what it computes would be computed anew wherever it is used. `torch.library.custom_op` does the same, in 80 µs
    more a call.
    """
    _library.define(name + torch.library.infer_schema(function, mutates_args=()))
    _library.impl(name, function, "CompositeExplicitAutograd")
    torch.library.register_fake(f"leadline::{name}", empty)
    found: Callable[..., Tensor] = getattr(torch.ops.leadline, name)
    return found


_library: Any = torch.library.Library("leadline", "FRAGMENT")  # type: ignore[no-untyped-call]
untraced_bits = untraced("bits", _bits, lambda state_B, seed, count: state_B.new_empty(len(state_B), count))


class Rng:
    """Random numbers for one step and the rows of one batch; every method gives each row its own.

    Nothing is remembered between calls: seed, step and row make `state_B`, a purpose makes a second seed, and a counter
    the numbers. It also says how far training is (`progress`), as the loss of some objectives goes by it.
    """

    def __init__(
        self,
        seed: int,
        step: int,
        row_B: Tensor,
        progress: Tensor | None = None,
        state_B: Tensor | None = None,
        path: str = "",
    ) -> None:
        self._seed, self._step, self._row_B, self._path = seed, step, row_B, path
        # How far training is, from 0 to 1, on the device; at its end where nobody says.
        self.progress = torch.ones((), device=row_B.device) if progress is None else progress
        if state_B is not None:
            self.state_B = state_B

    @cached_property
    def state_B(self) -> Tensor:
        """The step and seed folded into each row's number; made when first asked for, as many steps draw nothing."""
        return _state(self._row_B, seed_for(self._seed, "step", self._step))

    def _of(self, row_B: Tensor, state_B: Tensor, path: str = "") -> Rng:
        # Neither seed nor step are looked at: what is compiled would be compiled anew for each.
        return Rng(0, 0, row_B, self.progress, state_B, self._path + path)

    def fold_in(self, part: str) -> Rng:
        """Return draws that are a part's own: the same purpose gives other numbers than here."""
        return self._of(self._row_B, self.state_B, f"{part}\x1f")

    def each(self, parts: int) -> Rng:
        """Return draws for (B·parts) rows: each row's parts, one part after another, have numbers of their own."""
        part_P = torch.arange(1, parts + 1, device=self._row_B.device, dtype=torch.int64) * _GOLDEN
        return self._of(self._row_B.repeat_interleave(parts), mix(self.state_B[:, None] + part_P).flatten())

    def copies(self, count: int) -> Tensor:
        """Return `count` states (count, B) for the same rows, those of one with numbers that are unlike the others'."""
        copy_K = torch.arange(1, count + 1, device=self._row_B.device, dtype=torch.int64) * _GOLDEN
        return mix(self.state_B + copy_K[:, None])

    def with_state(self, state_B: Tensor) -> Rng:
        """Return draws for the same rows that go by another state."""
        return self._of(self._row_B, state_B)

    def first(self, rows: int) -> Rng:
        """Return the draws of the first so many rows."""
        return self._of(self._row_B[:rows], self.state_B[:rows])

    def bits(self, purpose: str, count: int) -> Tensor:
        """Return (B, count) int64 whose 64 bits are independent and even."""
        seed = seed_for(0, self._path + purpose)
        return (untraced_bits if torch.compiler.is_compiling() else _bits)(self.state_B, seed, count)

    def shorts(self, purpose: str, count: int) -> Tensor:
        """Return (B, count) int16, independent and even: four of each 64 bits."""
        # A multiple of sixteen numbers: with others, what PyTorch 2.13 compiles for CPUs corrupts memory.
        return self.bits(purpose, 16 * -(-count // 64)).view(torch.int16)[:, :count]

    def uniform(self, purpose: str, *shape: int) -> Tensor:
        """Return float32 uniforms in [0, 1) of shape (B, *shape)."""
        bits = self.bits(purpose, math.prod(shape))
        return (_shift(bits, 40).to(torch.float32) * 2.0**-24).view(-1, *shape)

    def normal(self, purpose: str, *shape: int) -> Tensor:
        """Return float32 standard normals of shape (B, *shape) (Box & Muller 1958)."""
        count = math.prod(shape)
        bits = self.bits(purpose, count)
        radius = torch.sqrt(-2 * torch.log((_shift(bits, 32).to(torch.float32) + 0.5) * 2.0**-32))
        angle = (bits & 0xFFFFFF).to(torch.float32) * (2 * math.pi * 2.0**-24)
        return (radius * torch.cos(angle)).view(-1, *shape)


_current: list[Rng] = []


@contextmanager
def using_rng(rng: Rng) -> Iterator[None]:
    """Make `rng` what layers such as dropout take their numbers from within the block."""
    _current.append(rng)
    try:
        yield
    finally:
        _current.pop()


def current_rng() -> Rng:
    """Return the generator of the step under way; raises RuntimeError outside of one."""
    if not _current:
        raise RuntimeError(
            "a random layer ran in training mode outside of a step: wrap the call in leadline.nn.rng.using_rng(...)"
        )
    return _current[-1]
