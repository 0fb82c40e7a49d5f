"""Every name of other libraries leads to an entry that there is, and every entry is found by its own name."""

from __future__ import annotations

import pytest

from leadline.core.entries.did_you_mean import ALONE, answer, meaning
from leadline.core.entries.foreign_names import FOREIGN
from leadline.core.entries.places import ANY, Entry, entries, item_entries
from leadline.core.entries.surface import Language, speaking
from leadline.core.entries.train_options import OPTIONS
from leadline.core.experiment import Experiment

ALL = (*entries(), *item_entries())
PLACES = {one.place for one in ALL} | set(Experiment.model_fields) | {n for n, o in OPTIONS.items() if not o.entry}


@pytest.mark.parametrize("name", sorted(FOREIGN))
def test_a_name_of_another_library_leads_to_entries_that_there_are(name: str) -> None:
    foreign = FOREIGN[name]
    assert set(foreign.entries) <= PLACES
    assert foreign.entries or foreign.why
    assert set(foreign.entries) <= set(meaning(name).places)
    assert answer(name)


def test_the_table_of_other_libraries_is_as_long_as_it_is_to_be() -> None:
    assert len(FOREIGN) >= 60


@pytest.mark.parametrize("entry", ALL, ids=lambda one: one.place)
def test_every_entry_is_found_by_its_last_name_or_its_place(entry: Entry) -> None:
    names = entry.place.split(".")
    at = next((n for n, name in enumerate(names) if name in ANY.values() and names[n - 1] in ALONE), None)
    # of one network among several what is offered is the place where there is but one
    simple = names if at is None else [*names[: at - 1], *ALONE[names[at - 1]], *names[at + 1 :]]
    if entry.last == "epsilon":  # where adagrad has it, every other optimizer has eps, which is what is meant
        return
    found = {*meaning(entry.last).places, *meaning(".".join(simple)).places}
    assert ".".join(simple) in found


@pytest.mark.parametrize(
    ("language", "name", "value", "said"),
    [
        ("python", "batch_size", 64, "Write batch=64."),
        ("command line", "--batch-size", 64, "Write --batch 64."),
        ("file", "training.batch_size", 64, "Write batch: 64 under training."),
        ("python", "optimiser.lr", 0.1, "Write lr=0.1."),
        ("python", "weight_decay", 0.01, "Write settings={'training.optimizer.weight_decay': 0.01}."),
        ("command line", "weight_decay", 0.01, "Write --set training.optimizer.weight_decay=0.01."),
        ("estimator", "hidden_layer_sizes", (9, 9), "Write settings={'network.hidden': (9, 9)}."),
        ("estimator", "validation_fraction", 0.2, "Write validation=0.2."),
        ("estimator", "max_time", 3, "Write settings={'training.max_time': 3}."),
        ("command line", "output_dir", "x", "Write --out x."),
        ("command line", "nesterov", True, 'Write --optimizer "{name: sgd, nesterov: true}".'),
        ("python", "epoch", 3, "Write epochs=3."),
    ],
)
def test_the_answer_is_in_the_language_of_the_question(language: Language, name: str, value: object, said: str) -> None:
    with speaking(language):
        assert answer(name, value) == said


def test_what_is_done_otherwise_here_is_said_and_a_value_in_another_unit_is_not_repeated() -> None:
    assert answer("callbacks", []) == FOREIGN["callbacks"].why
    said = answer("warmup_steps", 500)
    assert "500" not in said and FOREIGN["warmup_steps"].why in said


def test_an_option_of_an_item_in_a_list_is_written_in_the_list() -> None:
    assert answer("tracking_uri", ...) == "Write settings={'training.log': [{'name': 'mlflow', 'tracking_uri': '…'}]}."


def test_a_name_like_no_other_has_no_answer() -> None:
    assert answer("qqqqqqqq", 1) == ""
