"""How stored rows become raw tensors."""

from __future__ import annotations

import numpy as np
import torch

from leadline.data.storage import DenseRows, ImageRows, RaggedRows, WindowRows


def ragged(**options: object) -> RaggedRows:
    lengths = torch.tensor([3, 0, 5, 1])
    return RaggedRows(
        torch.arange(1, 10, dtype=torch.int16),
        torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)]),
        **options,
    )  # type: ignore[arg-type]


def test_rows_of_one_shape_are_gathered_as_they_are() -> None:
    x = torch.randn(6, 2, 3, 4)
    at = torch.tensor([4, 0, 4])
    assert torch.equal(DenseRows(x).gather(at), x[at])
    assert torch.equal(ImageRows(x).gather(at), x[at].permute(0, 3, 1, 2))
    assert np.array_equal(ImageRows(x).one(2), x[2:3].numpy())


def test_rows_of_different_lengths_are_padded_to_the_longest_of_the_batch() -> None:
    rows = ragged(multiple=4)
    assert rows.lengths.tolist() == [3, 0, 5, 1]
    assert rows.gather(torch.tensor([3, 0])).tolist() == [[9, 0, 0, 0], [1, 2, 3, 0]]
    assert rows.gather(torch.tensor([2])).tolist() == [[4, 5, 6, 7, 8, 0, 0, 0]]
    assert rows.gather(torch.tensor([1])).tolist() == [[0, 0, 0, 0]]
    assert rows.one(2).tolist() == [[4, 5, 6, 7, 8]]
    assert rows.one(1).shape == (1, 0)


def test_a_batch_is_no_longer_than_the_longest_row_may_be() -> None:
    assert ragged(multiple=4, longest=5).gather(torch.tensor([2])).shape == (1, 5)
    assert ragged(multiple=4, longest=5).gather(torch.tensor([0])).shape == (1, 4)


def test_whole_numbers_are_scaled_and_padded_with_nan() -> None:
    x = ragged(multiple=4, scale=0.5, padding=torch.nan).gather(torch.tensor([0]))
    assert x.dtype == torch.float32
    assert x[0, :3].tolist() == [0.5, 1.0, 1.5]
    assert x[0, 3:].isnan().all()


def test_rows_that_are_all_empty_are_padding_alone() -> None:
    rows = RaggedRows(torch.empty(0, dtype=torch.int32), torch.zeros(3, dtype=torch.int64), multiple=2)
    assert rows.gather(torch.tensor([0, 1])).tolist() == [[0, 0], [0, 0]]


def test_windows_end_before_their_row_or_go_on_from_it() -> None:
    table = torch.arange(12, dtype=torch.float32).view(6, 2)
    past, future = WindowRows(table, 2, 0), WindowRows(table, 0, 3)
    assert past.gather(torch.tensor([2, 6])).tolist() == [[[0, 1], [2, 3]], [[8, 9], [10, 11]]]
    assert future.gather(torch.tensor([1])).tolist() == [[[2, 3], [4, 5], [6, 7]]]
    beyond = future.gather(torch.tensor([5]))
    assert beyond[0, 0].tolist() == [10, 11]
    assert beyond[0, 1:].isnan().all()
    assert past.gather(torch.tensor([1]))[0, 0].isnan().all()
    assert torch.equal(table, torch.arange(12, dtype=torch.float32).view(6, 2)), "the table itself is never written to"


def test_only_known_columns_are_seen_ahead() -> None:
    table = torch.arange(12, dtype=torch.float32).view(6, 2)
    x_TF = WindowRows(table, 1, 2, known=torch.tensor([1])).gather(torch.tensor([3]))[0]
    assert x_TF[0].tolist() == [4, 5]
    assert x_TF[1:, 0].isnan().all()
    assert x_TF[1:, 1].tolist() == [7, 9]
