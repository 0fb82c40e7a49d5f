"""Which train rows keep their labels."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.data.dataset import prepare
from leadline.data.splits.label_subset import drawn
from leadline.errors import UsageError
from sentences import says


def frame(rows: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    kind = rng.choice(["a", "b", "c"], rows, p=[0.7, 0.25, 0.05])
    return pl.DataFrame({"x": rng.normal(size=rows), "y": rng.normal(size=rows), "kind": kind})


def test_shares_are_nested_and_keep_the_shares_of_classes() -> None:
    class_n = np.random.default_rng(1).choice(4, 2000, p=[0.6, 0.3, 0.099, 0.001])
    before: set[int] = set()
    for share in (0.001, 0.01, 0.1, 0.5, 1.0):
        at = drawn(class_n, share, seed=3)
        assert (np.diff(at) > 0).all()
        counts, kept = np.bincount(class_n, minlength=4), np.bincount(class_n[at], minlength=4)
        np.testing.assert_array_equal(kept, [max(1, round(share * n)) if n else 0 for n in counts.tolist()])
        assert before <= set(at.tolist())
        before = set(at.tolist())
    assert before == set(range(2000))
    assert set(drawn(class_n, 0.1, 3).tolist()) != set(drawn(class_n, 0.1, 4).tolist())


def test_rows_without_a_class_are_never_drawn() -> None:
    class_n = np.array([-1, 0, 1, -1, 0, 1])
    np.testing.assert_array_equal(drawn(class_n, 1.0, 0), [1, 2, 4, 5])
    assert len(drawn(np.full(3, -1), 1.0, 0)) == 0


def test_rows_that_need_their_label_are_left_out() -> None:
    whole = prepare(DataSpec(target="kind"), frame())
    few = prepare(DataSpec(target="kind", labelled=0.1), frame())
    np.testing.assert_array_equal(few.splits["test"].rows, whole.splits["test"].rows)
    np.testing.assert_array_equal(few.splits["validation"].rows, whole.splits["validation"].rows)
    assert set(few.splits["train"].rows) < set(whole.splits["train"].rows)
    assert len(few.splits["train"]) == sum(max(1, round(0.1 * n)) for n in np.bincount(whole.splits["train"].target))
    kept, rows = len(few.splits["train"]), len(whole.splits["train"])
    how = f" ({say('splits.stratified-by', column='kind')})"
    assert say("splits.labelled-others-left-out", kept=kept, rows=rows, how=how) in few.notes
    # what is left out is not looked at
    assert few.schema.inputs[0].fields[0].state["mean"] == pytest.approx(
        frame()["x"].to_numpy()[few.splits["train"].rows].mean()
    )


def test_rows_that_need_no_label_stay_without_it() -> None:
    whole = prepare(DataSpec(target="kind"), frame(), labels="some")
    few = prepare(DataSpec(target="kind", labelled=0.1), frame(), labels="some")
    np.testing.assert_array_equal(few.splits["train"].rows, whole.splits["train"].rows)
    kept = few.splits["train"].target >= 0
    np.testing.assert_array_equal(
        few.splits["train"].rows[kept], prepare(DataSpec(target="kind", labelled=0.1), frame()).splits["train"].rows
    )
    np.testing.assert_array_equal(few.splits["train"].target[kept], whole.splits["train"].target[kept])
    assert (few.splits["test"].target >= 0).all()
    assert sum(few.schema.target.state["counts"]) == kept.sum()  # classes are counted where they may be seen
    again = prepare(DataSpec(target="kind", labelled=0.1), frame(), schema=few.schema, resplit=True, labels="some")
    np.testing.assert_array_equal(again.splits["train"].target, few.splits["train"].target)


def test_numbers_lose_theirs_too() -> None:
    few = prepare(DataSpec(target="y", labelled=0.25), frame(), labels="some", target_types={"*": ("number",)})
    assert np.isnan(few.splits["train"].target).sum() == len(few.splits["train"]) - round(
        0.25 * len(few.splits["train"])
    )


def test_what_has_no_labels_has_no_share_of_them() -> None:
    said = prepare(DataSpec(target="kind", labelled=0.1), frame(), labels="none").notes
    assert say("splits.labelled-without-effect") in said
    with pytest.raises(UsageError, match=says("series.option-not-for-series", entry="data.labelled")):
        prepare(DataSpec.model_validate({"series": {"horizon": 2}, "labelled": 0.5}), frame())


def test_classes_that_are_left_one_label_are_named() -> None:
    said = " ".join(prepare(DataSpec(target="kind", labelled=0.005), frame()).notes)
    assert re.search(says("checks.rare-classes", fewest=5), said)
    assert "'c'" in said
