"""What was seen of a training, and what is forgotten of it when training goes back."""

from __future__ import annotations

import json

from leadline.run.trained import Event
from leadline.training.state.history import History


def seen() -> History:
    history = History(epochs=4, total=20)
    for step in (5, 10, 15):
        row = {"val_loss": 1.0, "step": step, "epoch": history.epoch(step), "epoch_end": True, "loss": 2.0}
        history.rows.append({**row, "accuracy": 0.5} if step > 5 else row)
    return history


def test_ends_of_epochs_are_whole_numbers() -> None:
    assert [History(epochs=3, total=21).epoch(step) for step in (7, 14, 21)] == [1, 2, 3]


def test_the_table_has_the_columns_of_every_run_first_and_gaps_where_nothing_was_seen() -> None:
    frame = seen().frame()
    assert frame.columns == ["step", "epoch", "epoch_end", "loss", "accuracy", "val_loss"]
    assert frame["accuracy"].to_list() == [None, 0.5, 0.5]


def test_going_back_forgets_rows_but_no_events() -> None:
    history = seen()
    history.happened(12, "a divergence")
    history.forget(after=10)
    assert [row["step"] for row in history.rows] == [5, 10]
    assert history.events == [Event(12, 2.4, "a divergence")]


def test_a_checkpoint_holds_all_of_it() -> None:
    history, other = seen(), History(epochs=4, total=20)
    history.happened(3, "early")
    tensors, scalars = history.state()
    other.load(tensors, json.loads(json.dumps(scalars)))
    assert (other.rows, other.events) == (history.rows, history.events)
