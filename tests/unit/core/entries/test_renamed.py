"""Names of version 0.1 are read as today's, and each is said once."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from leadline.core.component import Component
from leadline.core.entries.renamed import (
    ENTRIES,
    FINDINGS,
    ITEMS,
    OPTION_VALUES,
    OPTIONS,
    SLOTS,
    VALUES,
    Renamed,
    current,
    is_old,
)
from leadline.core.experiment import Experiment
from leadline.core.registry import lookup
from leadline.core.report import Report
from leadline.core.requirement import Requirement
from leadline.core.schema import Schema
from leadline.core.settings import with_setting, with_settings
from leadline.errors import UsageError

# A value that an entry may have, by its name today, where a text will not do.
SAMPLES: dict[str, Any] = {
    "single_input_ablation": True,
    "data.types": {"x": "number"},
    "data.split.near_duplicates": "ignore",
    "data.series.context_length": 4,
    "data.series.known_covariates": ["x"],
    "data.series.frequency": "1h",
    "data.series.irregular_times": "drop",
    "training.early_stopping.min_delta": 0.1,
    "training.early_stopping.stopping_threshold": 0.1,
    "network.encoders": {"*": "mlp"},
    "training.optimizers": {"generator": "adam"},
    "training.lr_multipliers": {"head.*": 0.5},
}


def nested(path: str, value: Any) -> dict[str, Any]:
    for word in reversed(path.split(".")):
        value = {word.replace("*", "one"): value}
    return value


def series(values: dict[str, Any]) -> dict[str, Any]:
    """Give a series the one entry that it cannot do without."""
    if "series" in values.get("data", {}):
        values["data"]["series"] = {"horizon": 3, **values["data"]["series"]}
    return values


def at(values: Any, path: str) -> Any:
    """Return what lies at a path, where ``*`` in a list is its only entry."""
    for word in path.split("."):
        values = values[0] if isinstance(values, list) else values[word.replace("*", "one")]
    return values


def said(values: dict[str, Any]) -> tuple[Experiment, list[str]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Renamed)
        experiment = Experiment.parse(values)
    return experiment, [str(one.message) for one in caught]


@pytest.mark.parametrize("old", ENTRIES)
def test_an_entry_under_its_old_name_is_the_entry_and_that_is_said_once(old: str) -> None:
    new = ".".join([*old.split(".")[:-1], ENTRIES[old]])
    value = SAMPLES.get(new, "text")
    before, lines = said(series(nested(old, value)))
    now, nothing = said(series(nested(new, value)))
    assert before == now and before.hash == now.hash and nothing == []
    assert before != Experiment.parse(series(nested("data.series", {}) if "series" in old else {}))
    assert lines == [f"{old.replace('*', 'one')} is now called {new.replace('*', 'one')}."]


@pytest.mark.parametrize("old", ENTRIES)
def test_a_setting_with_an_old_path_is_that_of_the_new(old: str) -> None:
    new = ".".join([*old.split(".")[:-1], ENTRIES[old]])
    value = SAMPLES.get(new, "text")
    with pytest.warns(Renamed, match="is now called") as caught:
        put = with_setting({"data": {"types": {"y": "date"}}}, old.replace("*", "one"), value)
    assert put == with_setting({"data": {"types": {"y": "date"}}}, new.replace("*", "one"), value)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("path", "old", "new"), [(path, old, new) for path, names in VALUES.items() for old, new in names.items()]
)
def test_an_old_value_is_the_new_one(path: str, old: str, new: str) -> None:
    before, lines = said(series(nested(path, old)))
    assert before == Experiment.parse(series(nested(path, new)))
    assert lines == [f"{path.replace('*', 'one')}: {old} is now called {new}."]


@pytest.mark.parametrize(
    ("group", "item", "old", "new"),
    [
        (group, item, old, new)
        for group, items in OPTIONS.items()
        for item, names in items.items()
        for old, new in names.items()
    ],
)
def test_an_old_option_of_an_item_is_the_new_one(group: str, item: str, old: str, new: str) -> None:
    place, name = "objective", "type" if group == "columns" else "name"
    place = next(path for path, one in SLOTS.items() if one == group)
    written: tuple[dict[str, Any], ...] = ({name: item, old: 1},)
    if group != "columns":
        written = (*written, {"name": item, "options": {old: 1}}, {item: {old: 1}})
    for values in written:
        lines: list[str] = []
        result = at(current(nested(place, values), lines.append), place)
        assert result == {name: item, new: 1}
        assert len(lines) == 1 and f".{old} is now called " in lines[0] and f".{new}." in lines[0]


@pytest.mark.parametrize(
    ("group", "item", "option", "old", "new"),
    [
        (group, item, option, old, new)
        for group, items in OPTION_VALUES.items()
        for item, options in items.items()
        for option, names in options.items()
        for old, new in names.items()
    ],
)
def test_an_old_value_of_an_option_is_the_new_one(group: str, item: str, option: str, old: str, new: str) -> None:
    place = next(path for path, one in SLOTS.items() if one == group)
    lines: list[str] = []
    result = at(current(nested(place, {"name": item, option: old}), lines.append), place)
    assert result == {"name": item, option: new}
    assert lines == [f"{place}.{option}: {old} is now called {new}."]


def test_options_of_every_item_are_those_that_it_has() -> None:
    for group, items in OPTIONS.items():
        for item, names in items.items():
            if group != "columns":
                found = lookup(group, item)  # type: ignore[arg-type]
                known = getattr(found, "options", found).model_fields
                assert set(names.values()) <= set(known) and not set(names) & set(known)


@pytest.mark.parametrize(
    ("group", "old", "new"), [(group, old, new) for group, names in ITEMS.items() for old, new in names.items()]
)
def test_an_old_name_of_an_item_is_the_new_one(group: str, old: str, new: str) -> None:
    place = next(path for path, one in SLOTS.items() if one == group)
    for written, now in ((old, new), ({"name": old, "p": 1}, {"name": new, "p": 1}), ({old: 1}, {new: 1})):
        lines: list[str] = []
        values: Any = [written] if place.endswith(".*") and place.count("*") > 1 else written
        result: Any = current(nested(place.removesuffix(".*"), values), lines.append)
        for word in place.removesuffix(".*").split("."):
            result = result[word.replace("*", "one")]
        result = result[0] if isinstance(values, list) else result
        assert Component.model_validate(result) == Component.model_validate(now)
        assert len(lines) == 1 and lines[0].endswith(f"{old} is now called {new}.")


def test_several_old_names_are_said_once_each_and_patterns_of_parameters_too() -> None:
    values = {
        "training": {"freeze": ["bodies.a.*", "bodies.a.front.*"], "rates": {"bodies.b.*": 0.5}},
        "data": {"inputs": {"a": {"kind": "image"}, "b": {"kind": "text"}}},
    }
    experiment, lines = said(values)
    assert experiment.training.freeze == ("encoders.a.*", "encoders.a.preprocessor.*")
    assert experiment.training.lr_multipliers == {"encoders.b.*": 0.5}
    assert len(lines) == len(set(lines)) == 6


def test_both_names_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match=r"data.kinds is now called data.types. Both are given"):
        Experiment.parse({"data": {"kinds": {}, "types": {"x": "number"}}})


def test_settings_of_both_spellings_go_into_one_entry() -> None:
    with pytest.warns(Renamed):
        values = with_settings({}, ("data.kinds.a=number", "data.types.b=date"))
    assert values == {"data": {"types": {"a": "number", "b": "date"}}}


def test_an_option_of_a_chosen_item_is_known_by_the_item() -> None:
    with pytest.warns(Renamed, match=r"network.rate is now called network.learning_rate."):
        values = with_settings({"network": "gradient-boosting"}, ("network.rate=0.2",))
    assert values == {"network": {"name": "gradient-boosting", "learning_rate": 0.2}}
    assert with_settings({"network": "mlp"}, ("network.rate=1",)) == {"network": {"name": "mlp", "rate": 1}}


def test_what_a_run_recorded_is_read_without_a_word() -> None:
    assert Experiment.recorded({"data": {"kinds": {"x": "number"}}}).data.types == {"x": "number"}
    assert is_old({"data": {"kinds": {}}}) and not is_old({"data": {"types": {}}})
    spec = '{"horizon": 2, "lookback": 3, "item": "shop", "known": ["x"], "every": "1h", "zone": null}'
    window = f'{{"spec": {spec}, "aims": ["y"], "form": null}}'
    schema = Schema.recorded(
        f'{{"inputs": [{{"name": "s", "kind": "series", "fields": [], "shape": [3, 1], "window": {window}}}]}}'
    )
    assert schema.inputs[0].window is not None and schema.inputs[0].window.past == 3


@pytest.mark.parametrize("old", FINDINGS)
def test_a_finding_is_found_by_its_old_name_and_in_old_reports(old: str, tmp_path: Path) -> None:
    new = FINDINGS[old]
    values: dict[str, Any] = {
        "schema": 1,
        "experiment": {"data": {"kinds": {"x": "number"}}},
        "run": {"id": "r", "started": "2026-01-05T10:32:11+00:00", "seconds": 1.0, "test_looks": 3},
        "environment": {},
        "findings": [{"name": old, "split": "test", "value": 1.0}],
        "metrics": {old: {"id": old, "title": "A title"}},
    }
    (tmp_path / "report.json").write_text(json.dumps(values))
    report = Report.read(tmp_path / "report.json")
    found = report.find(new)
    assert found is not None and report.metrics[new].id == new
    assert report.run.test_accesses == 3 and report.experiment["data"] == {"types": {"x": "number"}}
    with pytest.warns(Renamed, match=f"{old} is now called {new}."):
        assert report.find(old) == found
    with pytest.warns(Renamed, match=f"{old} is now called {new}."):
        assert Requirement.parse(f"{old}(cat) >= 0.5").name == f"{new}(cat)"
    experiment, lines = said({"require": [f"{old} >= 0.5", f"{old}(cat) >= 0.1"]})
    assert experiment.require == (f"{new} >= 0.5", f"{new}(cat) >= 0.1")
    assert lines == [f"{old} is now called {new}."]
