"""Where windows may begin, against looking at every window."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from leadline.data.series import windows


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(-1, 2)), min_size=1, max_size=25),
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 2),
)
def test_a_window_is_of_one_segment_forecasts_one_part_and_looks_back_on_none_that_is_later(
    rows: list[tuple[int, int]], past: int, ahead: int, part: int
) -> None:
    segment_N = np.cumsum([new for new, _ in rows])
    part_N = np.array([p for _, p in rows], dtype=np.int8)
    expected = [
        r
        for r in range(past, len(rows) - ahead + 1)
        if len(set(segment_N[r - past : r + ahead])) == 1
        and (part_N[r : r + ahead] == part).all()
        and ((part_N[r - past : r] >= 0) & (part_N[r - past : r] <= part)).all()
    ]
    assert windows.origins(segment_N, part_N, part, past, ahead).tolist() == expected


def test_look_back_reaches_into_the_earlier_split_and_no_horizon_crosses() -> None:
    part_N = np.repeat([0, 1, 2], [10, 5, 5]).astype(np.int8)
    segment_N = np.zeros(20, dtype=np.int64)
    assert windows.origins(segment_N, part_N, 0, 4, 3).tolist() == [4, 5, 6, 7]
    assert windows.origins(segment_N, part_N, 1, 4, 3).tolist() == [10, 11, 12]
    assert windows.origins(segment_N, part_N, 2, 4, 3).tolist() == [15, 16, 17]


def test_the_longest_stretch() -> None:
    segment_N = np.array([0, 0, 0, 1, 1, 2])
    assert windows.longest(segment_N) == 3
    assert windows.longest(segment_N, np.array([True, False, True, True, True, True])) == 2
    assert windows.longest(segment_N, np.zeros(6, dtype=bool)) == 0


def test_windows_in_which_something_is_known() -> None:
    known_N = np.array([True, False, False, False, True, False, False])
    assert windows.known(known_N, np.array([2, 3, 4, 5]), 2, 2).tolist() == [False, False, False, False]
    assert windows.known(known_N, np.array([2, 3, 4]), 3 - 1, 3).tolist() == [True, False, False]
