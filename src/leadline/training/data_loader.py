"""From the rows of a split to the batch of a step, as a pure function of the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.data.augmentations.mixing import partners
from leadline.errors import UsageError
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng, generator_for
from leadline.training.distributed import ALONE, World

Augment = Callable[[Batch, Rng], Batch]
Mix = Callable[[Batch, Batch, Rng], Batch]
POOL = 64  # batches whose rows are sorted by length together
FEWEST = 2  # rows of a batch that is drawn, as batch statistics need two
BLUR = 0.1  # of its length that a row may seem longer
# How the rows of a batch are chosen: each once an epoch, or each by a coin of its own in every step.
Sampling = Literal["shuffled", "poisson"]
GatheredRows = tuple[Batch, Batch | None]  # the rows of a step, and the rows that they are mixed with, if any


class LoadedRows(Protocol):
    """Rows that can be gathered: a `leadline.data.dataset.Subset`."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Tensor | None:
        """How long each row is (M,) int64, where rows differ in it."""

    @property
    def unlabelled(self) -> np.ndarray | None:
        """Which rows have no target (M,) bool; None where all have one."""

    def batch(self, at: Tensor) -> Batch:
        """Return the raw rows at positions `at` (B,) int64, on the CPU."""


class DataLoader:
    """Shuffled batches of a split: each epoch is a permutation that depends on (seed, epoch) alone.

    `batch` counts the rows of one update over all processes; process r takes every r-th of them. What is left over at
    the end of an epoch is a smaller batch; left-overs of fewer than two rows a process join the batch before, as batch
    statistics need two. Where rows differ in length, a batch is made of rows about as long (`bucketed`). Where fewer
    than `labelled_share` of the rows have a target, those that do are shown several times in an epoch, all about
    equally often, such that they are that share of every batch (`stratified`). Where rows are mixed, each is so with
    another one of the split that its draws choose, augmented by draws of its own: what a row becomes depends on (seed,
    step, row) alone. Each of `views` is the rows augmented in a way, and by draws, of its own. With ``poisson``
    sampling each row is in a step's batch by a coin of its own, `batch` of them on average, and lengths do not matter.
    Raises UsageError where a process would have no rows.
    """

    def __init__(
        self,
        part: LoadedRows,
        batch: int,
        seed: int,
        *,
        augment: Augment | None = None,
        mix: Mix | None = None,
        views: Mapping[str, Augment] = MappingProxyType({}),
        labelled_share: float = 0.0,
        sampling: Sampling = "shuffled",
        world: World = ALONE,
        device: torch.device | str = "cpu",
    ) -> None:
        self._labelled, self._unlabelled, rows = _strata(part, labelled_share)
        if min(batch, rows) < world.size:
            raise UsageError(say("training.too-many-processes", processes=world.size, batch=batch, rows=rows))
        if sampling == "poisson" and self._labelled is not None:
            raise UsageError(say("training.share-of-labels-with-poisson-sampling"))
        self.part, self.batch, self.seed, self.world = part, batch, seed, world
        self.feedback: None = None  # a batch is a function of the step alone
        self._drawn = sampling == "poisson"
        self.augment, self.mix, self.views = augment, mix, views
        self.device = torch.device(device)
        self.rows = rows  # of an epoch
        full, left = divmod(rows, batch)
        self.steps_per_epoch = max(full + (left >= 2 * world.size), 1)
        self._order: tuple[int, Tensor] = (-1, torch.empty(0))
        self._ahead: tuple[int, GatheredRows] | None = None
        self._copying: Any = torch.cuda.Stream(self.device) if self.device.type == "cuda" else None  # type: ignore[no-untyped-call]

    def at(self, step: int) -> Batch:
        """Return this process's share of the batch of a global step, augmented and mixed, on the device."""
        own, other = self._gather(step) if self._copying is None else self._prefetched(step)
        rng = Rng(self.seed, step, own.row_B)
        if self.views:
            views = {name: view(own, rng.fold_in(f"view {name}")).inputs for name, view in self.views.items()}
            own = replace(own, views=views)
        if self.augment is not None:
            own = self.augment(own, rng)
            other = None if other is None else self.augment(other, rng.fold_in("partner"))
        return own if self.mix is None or other is None else self.mix(own, other, rng)

    def size(self, step: int) -> int:
        """Return how many rows a step's batch has over all processes."""
        if self._drawn:
            return len(poisson(self.seed, step, self.rows, self.batch))
        start, end = self._span(step)
        return end - start

    def _span(self, step: int) -> tuple[int, int]:
        number = step % self.steps_per_epoch
        last = number == self.steps_per_epoch - 1
        return number * self.batch, self.rows if last else (number + 1) * self.batch

    def _gather(self, step: int) -> GatheredRows:
        if self._drawn:
            at_B = poisson(self.seed, step, self.rows, self.batch)[self.world.rank :: self.world.size]
            return self._gathered(step, at_B, FEWEST)
        epoch = step // self.steps_per_epoch
        if self._order[0] != epoch:
            self._order = epoch, self._permuted(epoch)
        start, end = self._span(step)
        at_B = self._order[1][start + self.world.rank : end : self.world.size]
        return self._gathered(step, at_B, 0)

    def _gathered(self, step: int, at_B: Tensor, fewest: int) -> GatheredRows:
        """Return the rows at some positions, filled up to the `fewest` there may be with rows that weigh nothing."""
        own = len(at_B)
        if own < fewest:
            at_B = torch.cat([at_B, at_B.new_zeros(fewest - own)])
        batch = self.part.batch(at_B)
        if own < fewest:
            weight_B = batch.weight_B.clone()
            weight_B[own:] = 0
            batch = replace(batch, weight_B=weight_B)
        if self.mix is None:
            return batch, None
        return batch, self.part.batch(partners(Rng(self.seed, step, batch.row_B), at_B, len(self.part)))

    def _permuted(self, epoch: int) -> Tensor:
        """Return the order of the rows in an epoch (M,) int64."""
        generator = generator_for(self.seed, "order", epoch)
        if self._labelled is None or self._unlabelled is None:
            order_M = torch.randperm(len(self.part), generator=generator)
        else:
            order_M = stratified(self._labelled, self._unlabelled, self.rows, self.batch, generator)
        lengths = self.part.lengths
        return order_M if lengths is None else bucketed(order_M, lengths, self.batch, self.steps_per_epoch, generator)

    def _prefetched(self, step: int) -> GatheredRows:
        """Return the batches copied while the step before ran, and begin to copy the next ones."""
        batches = self._ahead[1] if self._ahead is not None and self._ahead[0] == step else self._copied(step)
        stream = torch.cuda.current_stream(self.device)
        stream.wait_stream(self._copying)

        def hold(x: Tensor) -> Tensor:
            x.record_stream(stream)  # or its memory could be used again by the next copy while it is still read
            return x

        for batch in batches:
            if batch is not None:
                batch.map(hold)
        self._ahead = step + 1, self._copied(step + 1)
        return batches

    def _copied(self, step: int) -> GatheredRows:
        with torch.cuda.stream(self._copying):
            own, other = self._gather(step)
            return self._there(own), None if other is None else self._there(other)

    def _there(self, batch: Batch) -> Batch:
        return batch.map(Tensor.pin_memory).to(self.device)


def _strata(part: LoadedRows, labelled_share: float) -> tuple[Tensor | None, Tensor | None, int]:
    """Return the positions of rows with a target and without, where the former are too few, and how many rows an epoch
    has.
    """
    lacking = part.unlabelled if labelled_share else None
    if lacking is None or not 0 < 1 - lacking.mean() < labelled_share:
        return None, None, len(part)
    unlabelled = torch.from_numpy(np.flatnonzero(lacking))
    return torch.from_numpy(np.flatnonzero(~lacking)), unlabelled, round(len(unlabelled) / (1 - labelled_share))


def poisson(seed: int, step: int, rows: int, batch: int) -> Tensor:
    """Return the positions (B,) int64 of a step's rows, each taken by itself with probability batch / rows: how many
    there are is a matter of chance (Mironov, Talwar & Zhang 2019).
    """
    chance_M = torch.rand(rows, generator=generator_for(seed, "poisson", step), dtype=torch.float64)
    return (chance_M < batch / rows).nonzero().flatten()


def stratified(labelled: Tensor, unlabelled: Tensor, rows: int, batch: int, generator: torch.Generator) -> Tensor:
    """Return a shuffled order of `rows` positions (M,) int64: each of `unlabelled` once and, spread evenly over the
    batches, those of `labelled` as often as there is room for, in a new order each time.
    """
    slots = rows - len(unlabelled)
    rounds = [labelled[torch.randperm(len(labelled), generator=generator)] for _ in range(-(-slots // len(labelled)))]
    own = torch.cat(rounds)[:slots]
    other = unlabelled[torch.randperm(len(unlabelled), generator=generator)]
    due_M = torch.arange(rows + 1) * slots // rows  # how many labelled ones there are before each place
    order_M = torch.empty(rows, dtype=torch.int64)
    here_M = due_M.diff() > 0
    order_M[here_M], order_M[~here_M] = own, other
    # Within a batch places are drawn, or those of one process, every so many, could all be alike.
    drawn_M = torch.arange(rows) // batch + torch.rand(rows, generator=generator, dtype=torch.float64)
    return order_M[drawn_M.argsort()]


def bucketed(order_M: Tensor, lengths_M: Tensor, batch: int, steps: int, generator: torch.Generator) -> Tensor:
    """Return a shuffled order (M,) int64 in which batches hold rows about as long as each other.

    Of every `POOL` batches in a row the rows are sorted by length, blurred a little so that each meets others in every
    epoch, and cut into batches anew; then all batches but the last, which may be smaller, are shuffled.
    """
    blurred_M = lengths_M * (1 + BLUR * torch.rand(len(lengths_M), generator=generator))
    pools = [pool[blurred_M[pool].argsort(stable=True)] for pool in torch.split(order_M, POOL * batch)]
    *full, last = torch.split(torch.cat(pools), [batch] * (steps - 1) + [len(order_M) - batch * (steps - 1)])
    return torch.cat([*(full[at] for at in torch.randperm(len(full), generator=generator).tolist()), last])
