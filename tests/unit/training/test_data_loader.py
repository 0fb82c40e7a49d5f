from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_problem import Table, noisy, plain
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.augmentations.mixing import Mixer
from leadline.errors import UsageError
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from leadline.objectives.lookup import objective_for
from leadline.training.data_loader import DataLoader, bucketed
from leadline.training.distributed import World
from sentences import says

regression = objective_for(Component(name="regression"))


def rows(loader: DataLoader, step: int) -> list[int]:
    return loader.at(step).row_B.tolist()


@given(n=st.integers(1, 60), batch=st.integers(1, 70), world=st.integers(1, 4))
def test_an_epoch_shows_every_row_once(n: int, batch: int, world: int) -> None:
    if min(n, batch) < world:
        with pytest.raises(UsageError, match=says("training.too-many-processes")):
            DataLoader(Table(n), batch, 0, world=World(0, world))
        return
    loaders = [DataLoader(Table(n), batch, 0, world=World(rank, world)) for rank in range(world)]
    seen: list[int] = []
    for step in range(loaders[0].steps_per_epoch):
        shares = [rows(loader, step) for loader in loaders]
        assert all(shares)
        assert sum(map(len, shares)) == loaders[0].size(step) < batch + 2 * world
        seen += [row for share in shares for row in share]
    assert sorted(seen) == list(range(n))


class Lines(Table):
    """Rows that differ in length."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.lengths = torch.randint(1, 100, (rows,), generator=torch.Generator().manual_seed(1))


@given(n=st.integers(1, 60), batch=st.integers(1, 70))
def test_rows_of_different_lengths_are_each_shown_once_too(n: int, batch: int) -> None:
    loader = DataLoader(Lines(n), batch, 0)
    plain_sizes = [DataLoader(Table(n), batch, 0).size(step) for step in range(loader.steps_per_epoch)]
    seen = [rows(loader, step) for step in range(loader.steps_per_epoch)]
    assert [len(one) for one in seen] == plain_sizes
    assert sorted(row for one in seen for row in one) == list(range(n))


def test_batches_hold_rows_about_as_long_and_others_in_each_epoch() -> None:
    lines = Lines(2_000)
    loader = DataLoader(lines, 20, 0)
    epochs = [[lines.lengths[rows(loader, step + 100 * epoch)] for step in range(100)] for epoch in (0, 1)]
    padded, needed = sum(int(x.max()) * len(x) for x in epochs[0]), int(lines.lengths.sum())
    assert padded < 1.15 * needed
    assert (
        20 * sum(int(lines.lengths[rows(DataLoader(Table(2_000), 20, 0), step)].max()) for step in range(100))
        > 1.8 * needed
    )
    longest = torch.stack([x.max() for x in epochs[0]]).float()
    assert abs(float(torch.corrcoef(torch.stack([longest, torch.arange(100.0)]))[0, 1])) < 0.3, (
        "long batches do not come last"
    )
    one, other = ({frozenset(rows(loader, step + 100 * epoch)) for step in range(100)} for epoch in (0, 1))
    assert len(one & other) < 5


def test_lengths_change_nothing_where_all_are_the_same() -> None:
    order = torch.randperm(10)
    again = bucketed(order, torch.ones(10, dtype=torch.int64), 10, 1, torch.Generator().manual_seed(0))
    assert sorted(again.tolist()) == list(range(10))


def test_a_batch_is_a_function_of_the_step_alone() -> None:
    one, other = DataLoader(Table(50), 8, 3, augment=noisy), DataLoader(Table(50), 8, 3, augment=noisy)
    for step in (12, 0, 30, 12, 5):
        a, b = one.at(step), other.at(step)
        assert torch.equal(a.row_B, b.row_B) and torch.equal(a.inputs["table"], b.inputs["table"])
        other.at(step + 1)


def test_epochs_and_seeds_are_shuffled_apart() -> None:
    loader = DataLoader(Table(64), 64, 3)
    assert loader.steps_per_epoch == 1
    assert rows(loader, 0) != rows(loader, 1)
    assert rows(loader, 0) != rows(DataLoader(Table(64), 64, 4), 0)
    assert rows(loader, 0) != list(range(64))


@pytest.mark.parametrize(
    ("n", "batch", "sizes"),
    [(10, 4, [4, 4, 2]), (9, 4, [4, 5]), (8, 4, [4, 4]), (3, 8, [3]), (1, 8, [1]), (3, 1, [1, 1, 1])],
)
def test_left_overs_are_a_smaller_batch_or_join_the_one_before(n: int, batch: int, sizes: list[int]) -> None:
    loader = DataLoader(Table(n), batch, 0)
    assert [len(loader.at(step)) for step in range(loader.steps_per_epoch)] == sizes


def test_processes_share_one_batch_and_its_augmentation() -> None:
    whole = DataLoader(Table(40), 12, 1, augment=noisy)
    shares = [DataLoader(Table(40), 12, 1, augment=noisy, world=World(rank, 2)) for rank in range(2)]
    for step in range(4):
        batch = whole.at(step)
        for rank, share in enumerate(shares):
            part = share.at(step)
            assert torch.equal(part.row_B, batch.row_B[rank::2])
            torch.testing.assert_close(part.inputs["table"], batch.inputs["table"][rank::2])


def test_augmentation_differs_from_step_to_step() -> None:
    loader = DataLoader(Table(8), 8, 1, augment=noisy)
    a, b = loader.at(0), loader.at(1)
    assert not torch.equal(a.inputs["table"][a.row_B.argsort()], b.inputs["table"][b.row_B.argsort()])


def mixup() -> Mixer:
    fields = tuple(ColumnSchema(name=f"x{i}", kind="number", state={"std": 1.0}) for i in range(10))
    return Mixer(
        Component(name="mixup", options={"alpha": 1.0}),
        [InputSchema(name="table", kind="table", fields=fields, shape=(10,))],
    )


def test_views_are_made_of_the_rows_as_they_are_by_draws_of_their_own() -> None:
    table = Table(40)
    loader = DataLoader(table, 8, 5, augment=noisy, views={"strong": noisy, "strong 2": noisy})
    batch = loader.at(3)
    versions = [batch.inputs["table"], batch.views["strong"]["table"], batch.views["strong 2"]["table"]]
    raw = table.x_NF[batch.row_B]
    for at, version in enumerate(versions):
        assert 0 < (version - raw).std() < 0.2
        assert not any(torch.equal(version, other) for other in versions[:at])
    again = DataLoader(table, 8, 5, augment=noisy, views={"strong 2": noisy}).at(3)
    torch.testing.assert_close(again.views["strong 2"]["table"], versions[2])


def test_a_row_is_mixed_with_another_row_of_the_split() -> None:
    table = Table(40)
    batch = DataLoader(table, 12, 1, mix=mixup()).at(5)
    assert batch.other_B is not None and batch.share_B is not None
    for i, row in enumerate(batch.row_B.tolist()):
        other = int((table.target_N == batch.other_B[i]).nonzero()[0])
        share = mixup().shares(Rng(1, 5, batch.row_B))[i]
        assert other != row
        torch.testing.assert_close(batch.inputs["table"][i], share * table.x_NF[row] + (1 - share) * table.x_NF[other])
        torch.testing.assert_close(batch.weight_B[i], share * table.weight_N[row] + (1 - share) * table.weight_N[other])


def test_processes_share_one_batch_and_its_mixing() -> None:
    whole = DataLoader(Table(40), 12, 1, augment=noisy, mix=mixup())
    shares = [DataLoader(Table(40), 12, 1, augment=noisy, mix=mixup(), world=World(rank, 2)) for rank in range(2)]
    for step in (0, 3, 7):
        batch = whole.at(step)
        for rank, share in enumerate(shares):
            part = share.at(step)
            for mine, theirs in (
                (part.row_B, batch.row_B),
                (part.inputs["table"], batch.inputs["table"]),
                (part.other_B, batch.other_B),
                (part.share_B, batch.share_B),
                (part.weight_B, batch.weight_B),
            ):
                torch.testing.assert_close(mine, theirs[rank::2])


def test_the_other_row_has_augmentation_of_its_own() -> None:
    """Not that of the row it is mixed with, nor its own where it is in the batch itself."""
    seen: list[Tensor] = []

    def watched(batch: Batch, rng: Rng) -> Batch:
        out = noisy(batch, rng)
        seen.append(out.inputs["table"] - batch.inputs["table"])
        return out

    DataLoader(Table(6, even=True), 6, 1, augment=watched, mix=mixup()).at(0)
    own, other = seen
    distance = torch.cdist(torch.cat([own, other]), torch.cat([own, other])) + torch.eye(12)
    assert distance.min() > 1e-3


VALUE = Schema(inputs=(), target=ColumnSchema(name="y", kind="number", state={"mean": 0.0, "std": 1.0}))


class Network(nn.Module):
    """A linear layer over the table, with an end as objectives expect it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(10, 1)
        self.last = regression.capability("head").last(VALUE)
        nn.init.constant_(self.layer.weight, 0.3)
        nn.init.zeros_(self.layer.bias)

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        return self.layer(inputs["table"])[:, 0]


def test_micro_batches_of_mixed_rows_make_the_same_update() -> None:
    """And it is that of the two targets of each row, shared as the inputs are."""
    table, seen = Table(24), []
    batch = DataLoader(table, 12, 1, mix=mixup()).at(2)
    for accumulate in (1, 3, 5):
        net = Network()
        plain(net, {"name": "sgd", "lr": 0.1}, objective=regression, accumulate=accumulate)(batch)
        seen.append(net.layer.weight.detach())
    torch.testing.assert_close(seen[0], seen[1])
    torch.testing.assert_close(seen[0], seen[2])
    x, scores = batch.inputs["table"], batch.inputs["table"].sum(1) * 0.3
    share_B, weight_B = batch.share_B, batch.weight_B
    assert batch.target_B is not None and batch.other_B is not None and share_B is not None
    slope_B = 2 * (share_B * (scores - batch.target_B) + (1 - share_B) * (scores - batch.other_B))
    gradient = (weight_B * slope_B) @ x / weight_B.sum()
    torch.testing.assert_close(seen[0][0], 0.3 - 0.1 * gradient)


class Some(Table):
    """Rows of which only the first few have a target."""

    def __init__(self, rows: int, labelled: int) -> None:
        super().__init__(rows)
        self.unlabelled = np.arange(rows) >= labelled if labelled < rows else None


@given(
    n=st.integers(2, 80),
    labelled=st.integers(1, 20),
    batch=st.integers(1, 70),
    world=st.integers(1, 2),
    share=st.floats(0.05, 0.9),
)
def test_rows_with_a_target_come_as_often_as_their_share_wants(
    n: int, labelled: int, batch: int, world: int, share: float
) -> None:
    part = Some(n, min(labelled, n - 1))
    if min(n, batch) < world:
        return
    loaders = [DataLoader(part, batch, 0, labelled_share=share, world=World(rank, world)) for rank in range(world)]
    steps = range(loaders[0].steps_per_epoch)
    batches = [[row for loader in loaders for row in rows(loader, step)] for step in steps]
    count = np.bincount([row for one in batches for row in one], minlength=n)
    free = part.unlabelled
    assert free is not None
    assert (count[free] == 1).all()
    assert count[~free].max() - count[~free].min() <= 1
    assert [len(one) for one in batches] == [loaders[0].size(step) for step in steps]
    natural = 1 - free.mean()
    if natural >= share:
        assert (count == 1).all()
        return
    for one in batches:  # of any run of rows, as many as the share says, give or take one at either end
        assert abs(sum(not free[row] for row in one) - share * len(one)) <= 2 + 1 / (1 - share)


def test_rows_with_a_target_are_in_every_batch_and_in_another_order_each_epoch() -> None:
    loader = DataLoader(Some(1_000, 10), 64, 0, labelled_share=1 / 8)
    own = [[row for row in rows(loader, step) if row < 10] for step in range(2 * loader.steps_per_epoch)]
    assert all(7 <= len(one) <= 9 for one in own[: loader.steps_per_epoch - 1])
    assert own[: loader.steps_per_epoch] != own[loader.steps_per_epoch :]
    again = DataLoader(Some(1_000, 10), 64, 0, labelled_share=1 / 8)
    assert torch.equal(again.at(20).row_B, loader.at(20).row_B)


def test_where_all_have_a_target_a_share_changes_nothing() -> None:
    one, other = DataLoader(Some(50, 50), 8, 0), DataLoader(Some(50, 50), 8, 0, labelled_share=0.5)
    assert [rows(one, step) for step in range(6)] == [rows(other, step) for step in range(6)]


def test_poisson_batches_take_each_row_by_a_coin_of_its_own() -> None:
    rows, batch = 40, 8
    loader = DataLoader(Table(rows), batch, 3, sampling="poisson")
    taken = [loader.at(step).row_B for step in range(600)]
    assert all(len(own.unique()) == len(own) == loader.size(step) for step, own in enumerate(taken) if len(own) > 2)
    share_N = torch.cat(taken).bincount(minlength=rows) / 600
    spread = (0.2 * 0.8 / 600) ** 0.5
    assert ((share_N - 0.2).abs() < 5 * spread).all()
    sizes = torch.tensor([loader.size(step) for step in range(600)], dtype=torch.float64)
    assert abs(float(sizes.var()) - rows * 0.2 * 0.8) < 2, "how many there are is binomial"
    again = DataLoader(Table(rows), batch, 3, sampling="poisson")
    assert torch.equal(again.at(17).row_B, taken[17])
    assert loader.steps_per_epoch == 5


def test_a_poisson_batch_that_is_too_small_is_filled_up_with_rows_that_weigh_nothing() -> None:
    loader = DataLoader(Table(4, even=True), 1, 3, sampling="poisson")
    batches = [(loader.size(step), loader.at(step)) for step in range(60)]
    assert {size for size, _ in batches} >= {0, 1, 2}
    for size, batch in batches:
        assert len(batch) == max(size, 2)
        assert batch.weight_B.sum() == size


def test_processes_share_a_poisson_batch() -> None:
    whole = DataLoader(Table(60, even=True), 20, 3, sampling="poisson")
    shares = [DataLoader(Table(60, even=True), 20, 3, sampling="poisson", world=World(r, 2)) for r in (0, 1)]
    for step in range(5):
        own = torch.cat([loader.at(step).row_B for loader in shares])
        assert torch.equal(own.sort().values, whole.at(step).row_B)
        assert all(loader.size(step) == whole.size(step) for loader in shares)
