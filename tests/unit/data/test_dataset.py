"""From a source to a dataset: split, fitted on train only, encoded, with unusable rows set aside; or with a given
schema.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import Schema
from leadline.data.dataset import Dataset, prepare
from leadline.errors import DataError, UsageError
from sentences import says

N = 60
RNG = np.random.default_rng(0)
AREA = RNG.normal(size=N)


def csv(path: Path, **columns: object) -> str:
    pl.DataFrame(
        {"area": AREA, "town": ["Bath", "York"] * (N // 2), "label": ["a", "a", "b", "b"] * (N // 4)} | columns
    ).write_csv(path)
    return str(path)


def spec(**entries: object) -> DataSpec:
    return DataSpec.model_validate(entries)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = tmp_path / "animals"
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for at in range(20):
            Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(root / name / f"{at:02d}.png")
    return root


def rows(dataset: Dataset) -> dict[str, list[int]]:
    return {name: part.rows.tolist() for name, part in dataset.splits.items()}


def used(dataset: Dataset) -> list[int]:
    return sorted(row for part in dataset.splits.values() for row in part.rows.tolist())


def test_a_table_becomes_a_dataset(tmp_path: Path) -> None:
    source = csv(tmp_path / "people.csv")
    dataset = prepare(spec(source=source))
    assert dataset.name == "people" and dataset.schema.classes == ("a", "b")
    assert {name: len(part) for name, part in dataset.splits.items()} == {"train": 48, "validation": 6, "test": 6}
    assert used(dataset) == list(range(N))
    assert "random" in dataset.split_by and dataset.invalid_rows.is_empty()
    assert [(one.name, one.kind, one.shape) for one in dataset.schema.inputs] == [("table", "table", (2,))]
    assert dataset.splits["train"].where(0) == (source, int(dataset.splits["train"].rows[0]) + 1)
    assert dataset.summary()["rows"][1] == ["town", "category", "input table", 0, "2 categories: Bath, York"]


def test_the_same_seed_gives_the_same_dataset_and_another_one_another_split(tmp_path: Path) -> None:
    source = csv(tmp_path / "people.csv")
    first, second = (spec(source=source, split={"seed": seed}) for seed in (1, 2))
    assert rows(prepare(first)) == rows(prepare(first)) == rows(prepare(first, seed=2))
    assert rows(prepare(first)) != rows(prepare(second))


def test_fields_are_fitted_on_train_rows_only(tmp_path: Path) -> None:
    splits = np.array(["train"] * 40 + ["val"] * 10 + ["test"] * 10)
    area = np.where(splits == "train", AREA, 1e6)
    dataset = prepare(spec(source=csv(tmp_path / "people.csv", area=area, split=splits)))
    state = dataset.schema.inputs[0].fields[0].state
    assert state["mean"] == pytest.approx(area[:40].mean()) and state["max"] < 10


def test_a_split_that_is_ignored_does_not_count(tmp_path: Path) -> None:
    source = csv(tmp_path / "people.csv", split=["train"] * 50 + ["test"] * 10)
    assert len(prepare(spec(source=source)).splits["test"]) == 10
    again = prepare(spec(source=source, ignore=["split"]))
    assert len(again.splits["test"]) == 6 and [f.name for f in again.schema.inputs[0].fields] == ["area", "town"]


def test_a_class_folder_becomes_a_dataset(pictures: Path) -> None:
    dataset = prepare(spec(source=str(pictures)))
    assert [(one.name, one.kind, one.shape) for one in dataset.schema.inputs] == [("image", "image", (8, 8, 3))]
    assert dataset.schema.classes == ("cat", "dog")
    batch = dataset.splits["test"].batch(torch.arange(len(dataset.splits["test"])))
    assert batch.inputs["image"].shape[1:] == (3, 8, 8)
    assert dataset.splits["test"].target is not None
    assert set(dataset.splits["test"].target) == {0, 1}


def test_unreadable_pictures_are_set_aside_with_the_reason(pictures: Path) -> None:
    (pictures / "cat" / "03.png").write_bytes(b"")
    (pictures / "dog" / "05.png").write_bytes((pictures / "dog" / "05.png").read_bytes()[:60])
    dataset = prepare(spec(source=str(pictures)))
    assert dataset.invalid_rows.columns == ["file", "row", "column", "reason"]
    assert dataset.invalid_rows["column"].to_list() == ["image", "image"]
    assert "cat/03.png" in dataset.invalid_rows["reason"][0] and "dog/05.png" in dataset.invalid_rows["reason"][1]
    assert sum(len(part) for part in dataset.splits.values()) == 38
    assert used(dataset) == [i for i in range(40) if i not in (3, 25)]
    with pytest.raises(DataError, match=says("checks.strict-drops-no-rows", bad=2, rows=40)):
        prepare(spec(source=str(pictures), strict=True))


def test_a_dataset_without_one_usable_row(pictures: Path) -> None:
    good = prepare(spec(source=str(pictures)))
    for file in pictures.rglob("*.png"):
        file.write_bytes(b"no picture")
    with pytest.raises(DataError, match=says("columns.no-image-readable")):
        prepare(spec(source=str(pictures)))
    with pytest.raises(DataError, match=says("checks.none-rows-can-used", rows=40)):
        prepare(spec(source=str(pictures)), schema=good.schema)


def test_rows_without_a_target_are_set_aside_before_the_split(tmp_path: Path) -> None:
    label = [None if i in (4, 9) else "ab"[i % 2] for i in range(N)]
    source = csv(tmp_path / "people.csv", label=label)
    dataset = prepare(spec(source=source))
    assert dataset.invalid_rows.rows() == [
        (source, 5, "label", "the target is missing"),
        (source, 10, "label", "the target is missing"),
    ]
    assert used(dataset) == [i for i in range(N) if i not in (4, 9)]


def test_one_bad_number_is_set_aside(tmp_path: Path) -> None:
    area = [str(v) for v in AREA]
    area[7] = "large"
    dataset = prepare(spec(source=csv(tmp_path / "people.csv", area=area)))
    assert dataset.invalid_rows.select("row", "column", "reason").rows() == [(8, "area", "'large' is not a number")]


def test_a_class_that_train_lacks_is_set_aside(tmp_path: Path) -> None:
    splits = ["train"] * 40 + ["val"] * 10 + ["test"] * 10
    label = ["ab"[i % 2] for i in range(59)] + ["c"]
    dataset = prepare(spec(source=csv(tmp_path / "people.csv", label=label, split=splits)))
    assert dataset.schema.classes == ("a", "b")
    assert dataset.invalid_rows["reason"].to_list() == [say("targets.value-unseen", value="'c'")]
    assert len(dataset.splits["test"]) == 9


def test_a_class_whose_every_train_row_is_bad_leaves_nothing_to_learn(pictures: Path) -> None:
    for file in (pictures / "cat").iterdir():
        file.write_bytes(b"")
    with pytest.raises(DataError, match=says("data.constant", what="target")):
        prepare(spec(source=str(pictures)))


def test_duplicates_across_splits_are_counted(tmp_path: Path) -> None:
    splits = ["train"] * 40 + ["val"] * 10 + ["test"] * 10
    area = AREA.copy()
    area[50], area[52] = area[0], area[0]  # the town is the same too
    area[51] = area[0]  # but here it is not
    dataset = prepare(spec(source=csv(tmp_path / "people.csv", area=area, split=splits)))
    assert dataset.duplicates.counts == {("train", "validation"): 0, ("train", "test"): 2, ("validation", "test"): 0}
    assert {pair.second_row for pair in dataset.duplicates.examples} == {50, 52}


def test_there_must_be_a_source_and_a_target() -> None:
    with pytest.raises(UsageError, match=says("data.no-source")):
        prepare(spec())
    with pytest.raises(DataError, match=says("targets.which-target")):
        prepare(spec(), pl.DataFrame({"a": [1, 2], "b": [3, 4]}))


def test_with_a_schema_rows_are_encoded_as_in_training(tmp_path: Path) -> None:
    trained = prepare(spec(source=csv(tmp_path / "people.csv")))
    schema = Schema.model_validate_json(trained.schema.model_dump_json())
    new = pl.DataFrame(
        {"more": [0, 0, 0], "town": ["York", "Ely", None], "area": [1.0, 2.0, None], "label": ["b", "a", "b"]}
    )
    dataset = prepare(spec(), new, schema=schema)
    assert dataset.schema == trained.schema and list(dataset.splits) == ["all"]
    batch = dataset.splits["all"].batch(slice(None))
    np.testing.assert_array_equal(batch.inputs["table"], [[1, 2], [2, 0], [np.nan, 0]])
    assert batch.target_B is not None and batch.target_B.tolist() == [1, 0, 1]
    assert dataset.duplicates.counts == {}


def test_with_a_schema_the_target_may_be_missing(tmp_path: Path) -> None:
    schema = prepare(spec(source=csv(tmp_path / "people.csv"))).schema
    new = pl.DataFrame({"town": ["York", "Bath"], "area": [1.0, 2.0]})
    part = prepare(spec(), new, schema=schema).splits["all"]
    assert part.target is None and part.batch(torch.tensor([1])).target_B is None
    unknown = new.with_columns(label=pl.Series(["a", None]))
    assert len(prepare(spec(), unknown, schema=schema).splits["all"]) == 1, "there is nothing to compare with"
    assert len(prepare(spec(), unknown, schema=schema, labelled=False).splits["all"]) == 2, "but something to predict"


def test_with_a_schema_missing_columns_are_named(tmp_path: Path) -> None:
    schema = prepare(spec(source=csv(tmp_path / "people.csv"))).schema
    with pytest.raises(DataError, match=says("data.lacks-columns", count=1, columns="'town'", available="area")):
        prepare(spec(), pl.DataFrame({"area": [1.0]}), schema=schema)
    with pytest.raises(DataError, match=says("data.lacks-columns", count=2, columns="'area', 'town'")):
        prepare(spec(), pl.DataFrame({"x": [1.0]}), schema=schema)


def test_with_a_schema_a_source_may_carry_its_own_splits(tmp_path: Path) -> None:
    schema = prepare(spec(source=csv(tmp_path / "people.csv"))).schema
    splits = ["train"] * 50 + ["test"] * 10
    source = csv(tmp_path / "others.csv", split=splits)
    dataset = prepare(spec(source=source), schema=schema)
    assert {name: len(part) for name, part in dataset.splits.items()} == {"train": 50, "test": 10}
    assert list(prepare(spec(source=source), schema=schema, labelled=False).splits) == ["all"]


def test_a_run_finds_its_own_rows_again(tmp_path: Path) -> None:
    label = [None if i == 4 else "ab"[i % 2] for i in range(N)]
    data = spec(source=csv(tmp_path / "people.csv", label=label))
    trained = prepare(data, seed=3)
    again = prepare(data, seed=3, schema=trained.schema, resplit=True)
    assert rows(again) == rows(trained)
    assert again.invalid_rows.equals(trained.invalid_rows)


def test_nothing_to_learn_says_which_rows_were_unusable(tmp_path: Path) -> None:
    huge = [1.0 if at % 4 < 2 else 1e300 for at in range(N)]  # of the second class no row can be used
    with pytest.raises(DataError, match=says("data.constant")):
        prepare(spec(source=csv(tmp_path / "t.csv", area=huge), target="label"))


def test_progress_is_told_of_every_stage(tmp_path: Path) -> None:
    rows = "".join(f"{i / 4},{i % 7},{'xy'[i % 2]}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("a,b,kind\n" + rows)
    told: list[tuple[str, int, int]] = []
    prepare(DataSpec(source=str(tmp_path / "t.csv"), target="kind"), progress=lambda *one: told.append(one))
    stages = list(dict.fromkeys(name for name, _, _ in told))
    assert [name for name in stages if "kind" not in name and "MB" not in name] == [
        say("stages.inferring-types"),
        "fitting table (columns)",
        "encoding table",
    ]
    ends = {name: (done, total) for name, done, total in told}
    assert ends["fitting table (columns)"] == (2, 2)
    assert ends["encoding table"] == (60, 60)


def test_an_encoding_of_the_experiment_reaches_the_file(tmp_path: Path) -> None:
    rows = "".join(f"{i / 4},{'Žižka' if i % 2 else 'Łódź'}\n" for i in range(60))
    (tmp_path / "t.csv").write_bytes(("a,kind\n" + rows).encode("cp1250"))
    dataset = prepare(DataSpec(source=str(tmp_path / "t.csv"), target="kind", encoding="cp1250"))
    assert dataset.schema.classes == ("Łódź", "Žižka")


def unlabelled(tmp_path: Path, **columns: object) -> str:
    labels = [None if at % 3 == 0 else "ab"[at % 2] for at in range(N)]
    return csv(tmp_path / "people.csv", label=labels, **columns)


def test_rows_without_a_target_train_where_only_some_need_one(tmp_path: Path) -> None:
    dataset = prepare(spec(source=unlabelled(tmp_path)), labels="some")
    assert used(dataset) == list(range(N)) and dataset.invalid_rows.is_empty()
    train = dataset.splits["train"]
    assert (train.target == -1).sum() == N // 3
    assert (train.batch(torch.arange(len(train))).target_B == -1).sum() == N // 3
    assert sorted(set(train.labelled.target.tolist())) == [0, 1] and len(train.labelled) == len(train) - N // 3
    assert all((dataset.splits[name].target >= 0).all() for name in ("validation", "test"))
    said = says("data.learned-unlabelled-split", unlabelled=20, target="label")
    assert any(re.fullmatch(said, note) for note in dataset.notes)
    assert dataset.splits["test"].labelled is dataset.splits["test"]


def test_where_the_source_says_what_is_for_testing_unlabelled_rows_of_it_do_not_train(tmp_path: Path) -> None:
    splits = ["test" if at % 5 == 0 else "train" for at in range(N)]
    dataset = prepare(spec(source=unlabelled(tmp_path, split=splits), split="split"), labels="some")
    trained = set(dataset.splits["train"].rows.tolist())
    assert all(splits[row] == "train" for row in trained)
    assert {row for row in range(N) if row % 3 == 0 and row % 5} <= trained


def test_where_no_row_needs_a_target_all_are_split_and_known_ones_are_carried(tmp_path: Path) -> None:
    dataset = prepare(spec(source=unlabelled(tmp_path)), labels="none")
    assert used(dataset) == list(range(N))
    assert dataset.schema.classes == ("a", "b")
    assert sum((part.target == -1).sum() for part in dataset.splits.values()) == N // 3


def test_without_a_target_there_are_only_inputs(tmp_path: Path) -> None:
    dataset = prepare(spec(source=csv(tmp_path / "people.csv"), target="none"), labels="none")
    assert dataset.schema.target is None
    assert [field.name for field in dataset.schema.inputs[0].fields] == ["area", "town", "label"]
    test = dataset.splits["test"]
    assert test.target is not None and test.target.shape == (len(test), 0)
    assert test.batch(slice(0, 2)).target_B.shape == (2, 0)
    again = prepare(
        spec(source=csv(tmp_path / "people.csv"), target="none"), schema=dataset.schema, resplit=True, labels="none"
    )
    assert rows(again) == rows(dataset)


def test_data_without_a_target_column_says_what_learns_without(tmp_path: Path) -> None:
    pl.DataFrame({"area": AREA, "width": AREA**2}).write_csv(tmp_path / "lines.csv")
    with pytest.raises(DataError, match="autoencoder"):
        prepare(spec(source=str(tmp_path / "lines.csv")))
    assert prepare(spec(source=str(tmp_path / "lines.csv")), labels="none").schema.target is None
    with pytest.raises(UsageError, match=says("data.no-column", column="colour")):
        prepare(spec(source=str(tmp_path / "lines.csv"), target="colour"), labels="none")
