"""New rows mean what they would have meant among the train rows, whoever wrote them and wherever they come from."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.experiment import DataSpec
from leadline.core.schema import Schema, WrittenForm
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset, prepare
from leadline.data.sources import memory_mapped
from leadline.errors import DataError
from sentences import says

ROWS = 24
PLAIN, COMMA, POINT = (WrittenForm(reads="number", style=style) for style in ("plain", "comma", "point"))


def trained(folder: Path, column: Sequence[str], separator: str = ";", **spec: Any) -> Dataset:
    """Return a dataset of a CSV file with a column of text, over and over again, a number and a target."""
    lines = [f"x{separator}z{separator}y"]
    lines += [f"{column[i % len(column)]}{separator}{i}.5{separator}{'ab'[i % 2]}" for i in range(ROWS)]
    (folder / "train.csv").write_text("\n".join(lines) + "\n")
    return prepare(DataSpec(source=str(folder / "train.csv"), target="y", **spec))


def read(schema: Schema, source: object) -> Dataset:
    path = isinstance(source, Path)
    return prepare(
        DataSpec(source=str(source) if path else ""), None if path else source, schema=schema, labelled=False
    )


def meant(dataset: Dataset, column: str = "x") -> list[Any]:
    """Return what the network is given of a column, as people read it."""
    (part,) = dataset.splits.values()
    (one,) = dataset.schema.inputs
    values = part.batch(slice(0, len(part))).inputs[one.name].numpy()
    return [input_type(one.kind).decode(one, row[None])[column] for row in values]


def csv(folder: Path, column: Sequence[str], separator: str = ";") -> Path:
    path = folder / "new.csv"
    path.write_text("\n".join([f"x{separator}z", *(f"{value}{separator}1.5" for value in column)]) + "\n")
    return path


def frame(column: Sequence[Any], dtype: Any = None) -> pl.DataFrame:
    return pl.DataFrame({"x": pl.Series(column, dtype=dtype), "z": [1.5] * len(column)})


def parquet(folder: Path, column: Sequence[Any]) -> Path:
    frame(column).write_parquet(folder / "new.parquet")
    return folder / "new.parquet"


def json(folder: Path, column: Sequence[Any]) -> Path:
    frame(column).write_ndjson(folder / "new.jsonl")
    return folder / "new.jsonl"


def arrays(folder: Path, column: Sequence[Any]) -> dict[str, np.ndarray]:
    return {"x": np.array(column, dtype=object), "z": np.full(len(column), 1.5)}


def pandas(folder: Path, column: Sequence[Any]) -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"x": column, "z": 1.5})


Source = Callable[[Path, Sequence[Any]], Any]


@pytest.mark.parametrize(
    ("train", "new", "source", "expected"),
    [
        pytest.param(["0123", "0456", "A12"], ["0123", "0456"], csv, ["0123", "0456"], id="codes-look-like-numbers"),
        pytest.param(["0123", "0456", "12"], ["0123", "12"], csv, ["0123", "12"], id="codes-of-digits"),
        pytest.param(["0123", "0456", "12"], ["0123", "12"], parquet, ["0123", "12"], id="codes-from-parquet"),
        pytest.param(["12", "77", "A1"], [12, 77], parquet, ["12", "77"], id="numbers-of-parquet-are-known-codes"),
        pytest.param(["12", "77", "A1"], [12.0, 77.0], parquet, ["12", "77"], id="fractions-are-known-codes"),
        pytest.param(["1E5", "2E3", "A77", "100000"], ["1E5", "2E3"], csv, ["1E5", "2E3"], id="exponents-stay-codes"),
        pytest.param(["1.10", "1.1", "v2"], ["1.10", "1.1"], csv, ["1.10", "1.1"], id="versions-stay-apart"),
        pytest.param(["1.10", "1.1", "v2"], ["1.10", "1.1"], json, ["1.10", "1.1"], id="versions-in-json"),
        pytest.param(["True", "False", "unknown"], ["True", "False"], csv, ["True", "False"], id="truth-and-a-word"),
        pytest.param(["True", "False"], ["true", "FALSE"], csv, ["True", "False"], id="truth-in-another-case"),
        pytest.param(["True", "False"], [True, False], parquet, ["True", "False"], id="truth-from-parquet"),
        pytest.param(["TRUE", "FALSE"], [True, False], pandas, ["TRUE", "FALSE"], id="truth-from-pandas"),
        pytest.param(["true", "false"], [1, 0], arrays, ["true", "false"], id="truth-from-arrays-of-0-and-1"),
        pytest.param(["0", "1"], [True, False], parquet, ["1", "0"], id="0-and-1-from-truth-values"),
        pytest.param(["1,5", "2,25"], ["20", "0"], csv, [20.0, 0.0], id="decimal-commas-and-whole-numbers"),
        pytest.param(["1.234,5", "7,0"], ["20.000", "40.000"], csv, [20000.0, 40000.0], id="points-group-digits"),
        pytest.param(["1.234,5", "7,0"], [20.5, 40.25], parquet, [20.5, 40.25], id="decimal-commas-and-numbers"),
        pytest.param(["1.234,5", "7,0"], ["1.000,5"], json, [1000.5], id="decimal-commas-in-json"),
        pytest.param(["1.234,5", "7,0"], ["1.000,5"], arrays, [1000.5], id="decimal-commas-in-arrays-of-objects"),
        pytest.param(["1.234,5", "7,0"], ["1.000,5"], pandas, [1000.5], id="decimal-commas-in-pandas"),
        pytest.param(["1,234.5", "7.25"], ["20,000", "3.5"], csv, [20000.0, 3.5], id="commas-group-digits"),
        pytest.param(["1.5", "2.25"], ["1", "2"], csv, [1.0, 2.0], id="fractions-and-whole-numbers"),
        pytest.param(["1.5", "2.25"], ["1e3", "NA"], csv, [1000.0, None], id="exponents-and-words-for-missing"),
        pytest.param(["1.5", "2.25"], ["", ""], csv, [None, None], id="nothing-is-there"),
        pytest.param(["1.5", "2.25"], ["3.5"], json, [3.5], id="numbers-as-text-of-json"),
        pytest.param(["1.5", "2.25"], ["3.5"], arrays, [3.5], id="numbers-as-objects"),
        pytest.param(["1.5", "2.25"], [3], pandas, [3.0], id="whole-numbers-of-pandas"),
        pytest.param(["13/02/2024", "02/03/2024"], ["04/03/2024"], csv, ["2024-03-04"], id="day-before-month"),
        pytest.param(
            ["13/02/2024", "02/03/2024"], [dt.date(2024, 3, 4)], parquet, ["2024-03-04"], id="dates-of-parquet"
        ),
    ],
)
def test_new_rows_are_read_as_the_train_rows_were(
    tmp_path: Path, train: Sequence[str], new: Sequence[Any], source: Source, expected: Sequence[Any]
) -> None:
    known = trained(tmp_path, train)
    assert meant(read(known.schema, source(tmp_path, new))) == expected


@pytest.mark.parametrize(
    ("column", "form"),
    [
        (["0123", "12"], WrittenForm(reads="text")),
        (["1", "2", "3"], PLAIN),
        (["1,5", "2"], COMMA),
        (["1,234.5", "2"], POINT),
        (["True", "False"], WrittenForm(reads="boolean", words=("False", "True"))),
        (["YES", "NO"], WrittenForm(reads="text")),
    ],
)
def test_the_schema_records_how_a_column_is_written(tmp_path: Path, column: Sequence[str], form: WrittenForm) -> None:
    written = trained(tmp_path, column).schema.written
    assert written is not None
    assert written["x"] == form
    assert written["y"] == WrittenForm(reads="text")


def test_whole_numbers_are_of_the_style_of_their_file(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("x;z;y\n" + "12;0,5;a\n7;1,5;b\n" * 12)
    schema = prepare(DataSpec(source=str(tmp_path / "train.csv"), target="y")).schema
    (tmp_path / "new.csv").write_text("x;z\n1.234;2,5\n")
    assert meant(read(schema, tmp_path / "new.csv")) == [1234.0]


def test_a_run_that_recorded_no_forms_reads_rows_by_what_they_look_like(tmp_path: Path) -> None:
    schema = trained(tmp_path, ["1.5", "2.25"]).schema.model_copy(update={"written": None})
    assert meant(read(Schema.recorded(schema.model_dump_json()), csv(tmp_path, ["3,5", "4,5"]))) == [3.5, 4.5]


@pytest.mark.parametrize(
    ("train", "new", "row"),
    [
        (["1,5", "2,25"], ["1", "2.75"], 2),
        (["1.5", "2.25"], ["0,5", "1,5"], 1),
        (["1,234.5", "7"], ["1", "1.234,5"], 2),
    ],
)
def test_a_column_that_is_written_otherwise_is_refused(
    tmp_path: Path, train: Sequence[str], new: Sequence[str], row: int
) -> None:
    known, path = trained(tmp_path, train), csv(tmp_path, new)
    message = says("sources.numbers-written-otherwise", where=path, row=row, column="x", value=new[row - 1])
    with pytest.raises(DataError, match=message):
        read(known.schema, path)


def test_a_cell_that_is_no_number_is_an_invalid_row_with_its_reason(tmp_path: Path) -> None:
    found = read(trained(tmp_path, ["1,5", "2,25"]).schema, csv(tmp_path, ["1,5", "abc", "2"]))
    reason = say("sources.not-a-number", value="abc", expected="1.234,5")
    assert found.invalid_rows.rows() == [(str(tmp_path / "new.csv"), 2, "x", reason)]
    assert meant(found) == [1.5, 2.0]


def test_where_no_row_can_be_read_the_error_says_why(tmp_path: Path) -> None:
    known = trained(tmp_path, ["1.5", "2.25"])
    with pytest.raises(DataError, match=says("checks.none-rows-can-used", rows=2)) as caught:
        read(known.schema, csv(tmp_path, ["abc", "def"]))
    assert say("sources.not-a-number", value="abc", expected="1234.5") in str(caught.value)


def test_a_test_file_is_read_as_the_train_file_is(tmp_path: Path) -> None:
    lines = [f"{'1.234' if i % 2 else '2.500'};{i},5;{'ab'[i % 2]}" for i in range(ROWS)]
    (tmp_path / "train.csv").write_text("\n".join(["x;z;y", *lines]) + "\n")
    (tmp_path / "test.csv").write_text("x;z;y\n3.000;1,5;a\n4.000;2,5;b\nmany;3,5;a\n")
    spec = DataSpec(source=str(tmp_path / "train.csv"), test=str(tmp_path / "test.csv"), target="y")
    found = prepare(spec)
    (one,) = found.schema.inputs
    test = found.splits["test"]
    values = test.batch(slice(0, 2)).inputs[one.name].numpy()
    assert [input_type(one.kind).decode(one, row[None])["x"] for row in values] == [3000.0, 4000.0]
    assert found.invalid_rows.rows() == [
        (str(tmp_path / "test.csv"), 3, "x", say("sources.not-a-number", value="many", expected="1.234,5"))
    ]


@pytest.mark.parametrize(
    "values", [["1.10", "1.1"], ["1E5", "100000"], ["1.0", "2.0"], ["007", "7"]], ids=lambda values: values[0]
)
def test_what_the_user_declares_a_category_is_kept_as_it_is_written(tmp_path: Path, values: list[str]) -> None:
    known = trained(tmp_path, values, types={"x": "category"})
    assert sorted(known.schema.inputs[0].fields[0].state["classes"]) == sorted(values)
    assert meant(read(known.schema, csv(tmp_path, values))) == values


def test_labels_are_printed_as_the_data_writes_them(tmp_path: Path) -> None:
    for labels in (("01", "02"), ("True", "False"), ("FALSE", "TRUE")):
        lines = [f"{i}.5,{labels[i % 2]}" for i in range(ROWS)]
        (tmp_path / "t.csv").write_text("\n".join(["z,y", *lines]) + "\n")
        schema = prepare(DataSpec(source=str(tmp_path / "t.csv"), target="y")).schema
        assert schema.classes == tuple(sorted(labels))


DECLARED = {
    "Categorical": pl.Series("x", ["1", "2", "3"] * 8, dtype=pl.Categorical),
    "Enum": pl.Series("x", ["1", "2", "3"] * 8, dtype=pl.Enum(["3", "2", "1"])),
}


@pytest.mark.parametrize("kind", DECLARED)
@pytest.mark.parametrize("by", ["frame", "parquet", "arrow"])
def test_a_declared_category_is_one(tmp_path: Path, kind: str, by: str) -> None:
    table = pl.DataFrame([DECLARED[kind], pl.Series("z", range(ROWS)) * 0.5, pl.Series("y", ["a", "b"] * 12)])
    source: object = table
    if by == "parquet":
        table.write_parquet(tmp_path / "t.parquet")
        source = tmp_path / "t.parquet"
    elif by == "arrow":
        table.write_ipc(tmp_path / "t.arrow")
        source = tmp_path / "t.arrow"
    path = isinstance(source, Path)
    known = prepare(DataSpec(source=str(source) if path else "", target="y"), None if path else source)
    assert {field.name: field.kind for field in known.schema.inputs[0].fields} == {"x": "category", "z": "number"}
    assert meant(read(known.schema, csv(tmp_path, ["3", "1"]))) == ["3", "1"]


@pytest.mark.parametrize("values", [[1, 2, 3], [1.5, 2.5, 3.5], ["1", "2", "3"], [True, False, None]], ids=str)
def test_a_category_of_pandas_is_one_whatever_it_is_made_of(values: list[Any]) -> None:
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"x": pd.Categorical(values * 8), "z": np.arange(ROWS) * 0.5, "y": ["a", "b"] * 12})
    fields = {field.name: field.kind for field in prepare(DataSpec(target="y"), table).schema.inputs[0].fields}
    assert fields == {"x": "category", "z": "number"}


CODES = {
    "whole numbers": ([7, 10, 2] * 8, ["2", "7", "10"]),
    "bytes": (np.array([7, 10, 2] * 8, dtype=np.int8), ["2", "7", "10"]),
    "halves": ([0.5, 1.0, 1.5] * 8, ["0.5", "1", "1.5"]),
    "truth values": ([True, False, True] * 8, ["false", "true"]),
    "days": (np.array(["2024-01-05", "2024-02-01"] * 12, dtype="datetime64[ms]"), ["2024-01-05", "2024-02-01"]),
    "with gaps": ([7, 10, None] * 8, ["7", "10"]),
    "texts": (["10", "7", "2"] * 8, ["2", "7", "10"]),
}


@pytest.mark.parametrize("large", [False, True], ids=["small", "mapped"])
@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("by", ["parquet", "arrow", "stream", "pyarrow", "pandas", "parquet of pandas"])
def test_a_category_of_numbers_is_one_in_every_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, by: str, large: bool
) -> None:
    pa, pd = pytest.importorskip("pyarrow"), pytest.importorskip("pandas")
    import pyarrow.parquet

    if large and by in ("pyarrow", "pandas"):
        pytest.skip("only files are mapped")
    if large:
        monkeypatch.setattr(memory_mapped, "LARGE", 1)
    monkeypatch.setenv("LEADLINE_CACHE", str(tmp_path / "cache"))
    values, classes = CODES[name]
    codes = pa.array(values).dictionary_encode()
    table = pa.table({"x": codes, "z": np.arange(ROWS) * 0.5, "y": ["a", "b"] * 12})
    path, source = str(tmp_path / ("t.parquet" if "parquet" in by else "t.arrow")), None
    if by == "parquet":
        pyarrow.parquet.write_table(table, path)
    elif by in ("arrow", "stream"):
        with (pa.ipc.new_file if by == "arrow" else pa.ipc.new_stream)(path, table.schema) as file:
            file.write_table(table)
    elif by == "pyarrow":
        source = table
    else:
        source = pd.DataFrame({"z": np.arange(ROWS) * 0.5, "y": ["a", "b"] * 12}).assign(x=pd.Categorical(values))
        if by != "pandas":
            source.to_parquet(path)
            source = None
    known = prepare(DataSpec(source=path if source is None else "", target="y"), source)
    (field,) = (field for field in known.schema.inputs[0].fields if field.name == "x")
    assert (field.kind, list(field.state["classes"])) == ("category", classes)
    first = classes[0]
    assert meant(read(known.schema, csv(tmp_path, [first, classes[-1]]))) == [first, classes[-1]], "as text of a file"
    plain = pl.Series(values, strict=False)
    plain = plain.dt.date() if plain.dtype.is_temporal() else plain
    new = pl.DataFrame({"x": plain, "z": np.arange(ROWS) * 0.5})
    assert set(meant(read(known.schema, new))) - {None} == set(classes), "as the plain values"


def test_a_declared_category_says_nothing_where_it_is_constant_or_names_the_rows() -> None:
    table = pl.DataFrame(
        {"a": ["p"] * ROWS, "b": [f"row {i}" for i in range(ROWS)], "z": np.arange(ROWS) * 0.5, "y": ["a", "b"] * 12},
        schema_overrides={"a": pl.Categorical, "b": pl.Categorical},
    )
    known = prepare(DataSpec(target="y"), table)
    assert [field.name for field in known.schema.inputs[0].fields] == ["z"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl", ".arrow"])
def test_a_word_for_missing_means_the_same_in_every_file(tmp_path: Path, suffix: str) -> None:
    table = pl.DataFrame({"z": np.arange(ROWS) * 0.5, "country": ["NA", "DE", "FR"] * 8})
    path = tmp_path / f"t{suffix}"
    write = {".csv": table.write_csv, ".parquet": table.write_parquet, ".jsonl": table.write_ndjson}
    write.get(suffix, table.write_ipc)(path)  # type: ignore[operator]
    usual = prepare(DataSpec(source=str(path), target="country"))
    assert usual.schema.classes == ("DE", "FR")
    assert say("sources.words-read-as-missing", column="country", words="'NA'", cells=8) in usual.notes
    kept = prepare(DataSpec(source=str(path), target="country", nulls=()))
    assert kept.schema.classes == ("DE", "FR", "NA")
    other = prepare(DataSpec(source=str(path), target="country", nulls=("FR",)))
    assert other.schema.classes == ("DE", "NA")


@pytest.mark.parametrize(
    ("values", "sentence", "told"),
    [
        pytest.param(
            ["13/02/2024", "2024-03-01", "14/03/2024"],
            "columns.dates-mixed",
            {"value": "13/02/2024", "other": "2024-03-01"},
            id="two-ways-of-dates",
        ),
        pytest.param(["01/02/2024", "03/04/2024"], "columns.dates-unclear", {"value": "01/02/2024"}, id="day-or-month"),
        pytest.param(
            [str(k) for k in range(20)] + ["unknown"] * 4,
            "columns.numbers-with-words",
            {"words": "'unknown'"},
            id="numbers-and-a-word",
        ),
        pytest.param(["01", "02", "3"], "sources.codes-kept", {"code": "01"}, id="codes"),
    ],
)
def test_what_a_column_is_not_taken_for_is_said(
    tmp_path: Path, values: Sequence[str], sentence: str, told: dict[str, str]
) -> None:
    notes = trained(tmp_path, values).notes
    assert any(re.fullmatch(says(sentence, **told), note) for note in notes)


@pytest.mark.parametrize("values", [["red", "blue"], ["2024-01-02", "2024-03-04"], ["1", "2.5"], ["A1", "77", "B2"]])
def test_of_a_column_that_is_what_it_looks_like_nothing_is_said(tmp_path: Path, values: Sequence[str]) -> None:
    said = ("columns.dates-mixed", "columns.dates-unclear", "columns.numbers-with-words", "sources.codes-kept")
    notes = trained(tmp_path, values).notes
    assert not any(re.fullmatch(says(sentence), note) for note in notes for sentence in said)


@pytest.mark.parametrize(
    ("column", "kind", "sentence"),
    [
        ("x", "number", "columns.no-numbers"),
        ("x", "boolean", "columns.not-boolean"),
        ("x", "date", "columns.no-dates"),
        ("z", "boolean", "columns.not-boolean"),
        ("y", "number", "targets.type-fits-no-value"),
        ("y", "count", "targets.type-fits-no-value"),
    ],
)
def test_a_declared_type_that_no_value_fits_is_refused(tmp_path: Path, column: str, kind: str, sentence: str) -> None:
    with pytest.raises(DataError, match=says(sentence, column=column)):
        trained(tmp_path, ["red", "blue"], types={column: kind})
