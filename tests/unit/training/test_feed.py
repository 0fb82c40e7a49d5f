from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_problem import Table, noisy

from leadline.errors import UsageError
from leadline.training.distributed import World
from leadline.training.feed import Feed


def rows(feed: Feed, step: int) -> list[int]:
    return feed.at(step).row_B.tolist()


@given(n=st.integers(1, 60), batch=st.integers(1, 70), world=st.integers(1, 4))
def test_an_epoch_shows_every_row_once(n: int, batch: int, world: int) -> None:
    if min(n, batch) < world:
        with pytest.raises(UsageError, match="at least one"):
            Feed(Table(n), batch, 0, world=World(0, world))
        return
    feeds = [Feed(Table(n), batch, 0, world=World(rank, world)) for rank in range(world)]
    seen: list[int] = []
    for step in range(feeds[0].steps_per_epoch):
        shares = [rows(feed, step) for feed in feeds]
        assert all(shares)
        assert sum(map(len, shares)) == feeds[0].size(step) < batch + 2 * world
        seen += [row for share in shares for row in share]
    assert sorted(seen) == list(range(n))


def test_a_batch_is_a_function_of_the_step_alone() -> None:
    one, other = Feed(Table(50), 8, 3, augment=noisy), Feed(Table(50), 8, 3, augment=noisy)
    for step in (12, 0, 30, 12, 5):
        a, b = one.at(step), other.at(step)
        assert torch.equal(a.row_B, b.row_B) and torch.equal(a.inputs["table"], b.inputs["table"])
        other.at(step + 1)


def test_epochs_and_seeds_are_shuffled_apart() -> None:
    feed = Feed(Table(64), 64, 3)
    assert feed.steps_per_epoch == 1
    assert rows(feed, 0) != rows(feed, 1)
    assert rows(feed, 0) != rows(Feed(Table(64), 64, 4), 0)
    assert rows(feed, 0) != list(range(64))


@pytest.mark.parametrize(
    ("n", "batch", "sizes"), [(10, 4, [4, 4, 2]), (9, 4, [4, 5]), (8, 4, [4, 4]), (3, 8, [3]), (1, 8, [1]), (3, 1, [1, 1, 1])]
)
def test_left_overs_are_a_smaller_batch_or_join_the_one_before(n: int, batch: int, sizes: list[int]) -> None:
    feed = Feed(Table(n), batch, 0)
    assert [len(feed.at(step)) for step in range(feed.steps_per_epoch)] == sizes


def test_processes_share_one_batch_and_its_augmentation() -> None:
    whole = Feed(Table(40), 12, 1, augment=noisy)
    shares = [Feed(Table(40), 12, 1, augment=noisy, world=World(rank, 2)) for rank in range(2)]
    for step in range(4):
        batch = whole.at(step)
        for rank, share in enumerate(shares):
            part = share.at(step)
            assert torch.equal(part.row_B, batch.row_B[rank::2])
            torch.testing.assert_close(part.inputs["table"], batch.inputs["table"][rank::2])


def test_augmentation_differs_from_step_to_step() -> None:
    feed = Feed(Table(8), 8, 1, augment=noisy)
    a, b = feed.at(0), feed.at(1)
    assert not torch.equal(a.inputs["table"][a.row_B.argsort()], b.inputs["table"][b.row_B.argsort()])
