import re
from pathlib import Path

import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.data.sources.delimited.numerals import (
    TEXT,
    Judged,
    Reading,
    Style,
    is_grouped,
    judged,
    read_as,
    trimmed,
)
from leadline.data.sources.delimited.reader import read
from sentences import says


def csv(folder: Path, text: str) -> tuple[dict[str, list[object]], tuple[str, ...]]:
    (folder / "t.csv").write_text(text, encoding="utf-8")
    frame, notes, *_ = read(folder / "t.csv")
    return frame.to_dict(as_series=False), notes


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["1,5", "2,25"], [1.5, 2.25]),
        (["1.234,5", "-7,0"], [1234.5, -7.0]),
        (["1.234.567,8", "+1"], [1234567.8, 1.0]),
        (["1\u202f234,5", "12,0"], [1234.5, 12.0]),
        (["1 234,5", "12,0"], [1234.5, 12.0]),
        ([",5", "0,25"], [0.5, 0.25]),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas(tmp_path: Path, separator: str, values: list[str], numbers: list[float]) -> None:
    columns, notes = csv(tmp_path, f"a{separator}b\n" + "".join(f"{value}{separator}x\n" for value in values))
    assert columns == {"a": numbers, "b": ["x"] * len(values)}
    assert say("sources.numbers-with-commas", columns="'a'") in notes


def test_decimal_commas_beside_commas_stand_in_quotes(tmp_path: Path) -> None:
    columns, _ = csv(tmp_path, 'a,b\n"1,5",x\n"2,25",y\n')
    assert columns["a"] == [1.5, 2.25]


@pytest.mark.parametrize(
    ("values", "numbers"),
    [(["1,234.5", "2"], [1234.5, 2.0]), (["1,234,567", "12"], [1234567, 12]), (["0.5", "1,000"], [0.5, 1000])],
)
def test_commas_between_groups_of_three_digits(tmp_path: Path, values: list[str], numbers: list[float]) -> None:
    columns, notes = csv(tmp_path, "a\tb\n" + "".join(f"{value}\tx\n" for value in values))
    assert columns["a"] == numbers
    assert say("sources.numbers-grouped-by-commas", columns="'a'") in notes


def test_what_could_be_either_follows_the_other_columns(tmp_path: Path) -> None:
    columns, _ = csv(tmp_path, "a\tb\n1,234\t1,5\n3,250\t2,5\n")
    assert columns == {"a": [1.234, 3.25], "b": [1.5, 2.5]}
    columns, _ = csv(tmp_path, "a\tb\n1,234\t1,000.5\n3,250\t2.5\n")
    assert columns == {"a": [1234, 3250], "b": [1000.5, 2.5]}


def test_what_could_be_either_stays_text_where_nothing_tells(tmp_path: Path) -> None:
    columns, notes = csv(tmp_path, "a\tb\n1,234\tx\n3,250\ty\n")
    assert columns["a"] == ["1,234", "3,250"]
    assert "could be decimal" in notes[0] and "'a'" in notes[0]


def test_quoted_commas_in_a_file_of_commas_group_digits(tmp_path: Path) -> None:
    columns, notes = csv(tmp_path, 'pay,x\n"38,415",a\n950,b\n"1,250",c\n')
    assert columns["pay"] == [38415, 950, 1250]
    assert say("sources.numbers-grouped-by-commas", columns="'pay'") in notes
    columns, notes = csv(tmp_path, 'rate,x\n"0,415",a\n"1,250",c\n')
    assert columns["rate"] == ["0,415", "1,250"]
    assert say("sources.commas-unclear", columns="'rate'") in notes


def test_columns_that_contradict_each_other_decide_nothing_for_others(tmp_path: Path) -> None:
    columns, notes = csv(tmp_path, "a\tb\tc\n1,234\t1,5\t1,000.5\n3,250\t2,5\t2.5\n")
    assert columns == {"a": ["1,234", "3,250"], "b": [1.5, 2.5], "c": [1000.5, 2.5]}
    assert any(re.fullmatch(says("sources.commas-unclear"), note) for note in notes)


def test_points_between_groups_are_known_by_decimal_commas_elsewhere(tmp_path: Path) -> None:
    columns, notes = csv(tmp_path, "a;b;c\n1.234;1,5;0.5\n12.000;2,5;1.25\n")
    assert columns == {"a": [1234, 12000], "b": [1.5, 2.5], "c": [0.5, 1.25]}
    assert any(re.fullmatch(says("sources.points-group-digits"), note) and "'a'" in note for note in notes)
    columns, _ = csv(tmp_path, "a;b\n1.234;1.5\n12.000;2.5\n")
    assert columns == {"a": [1.234, 12.0], "b": [1.5, 2.5]}


@pytest.mark.parametrize(
    ("values", "numbers", "key"),
    [
        (["950", "1.050", "-12.345"], [950, 1050, -12345], "sources.points-above-a-thousand"),
        (["1.598.601", "12.345", "7"], [1598601, 12345, 7], "sources.points-only-group-digits"),
        (["1.598.601", "12.598.601"], [1598601, 12598601], "sources.points-only-group-digits"),
    ],
)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_points_that_can_only_group_digits_do(
    tmp_path: Path, separator: str, values: list[str], numbers: list[int], key: str
) -> None:
    rows = "".join(f"{value}{separator}{i + 1}.500\n" for i, value in enumerate(values))
    columns, notes = csv(tmp_path, f"a{separator}b\n{rows}")
    assert columns == {"a": numbers, "b": [1000 * i + 1500 for i in range(len(values))]}
    assert any(re.fullmatch(says(key), note) and "'a'" in note for note in notes)
    assert any(re.fullmatch(says("sources.points-group-digits"), note) and "'b'" in note for note in notes)


@pytest.mark.parametrize(
    "values",
    [
        ["1.234", "2.500", "3.000"],  # all with three decimals
        ["3", "1.234", "2.567"],  # no zero that a fraction would not need
        ["3", "1.250", "0.500"],
        ["3", "1.250", "2.5"],
        ["3500", "1.250"],
    ],
)
def test_points_that_could_be_decimal_are(tmp_path: Path, values: list[str]) -> None:
    columns, notes = csv(tmp_path, "a;b\n" + "".join(f"{value};x\n" for value in values))
    assert columns["a"] == [float(value) for value in values]
    assert not notes


def test_a_decimal_point_elsewhere_says_what_points_are(tmp_path: Path) -> None:
    columns, _ = csv(tmp_path, "a;b\n950;0.5\n1.050;2.25\n")
    assert columns == {"a": [950.0, 1.05], "b": [0.5, 2.25]}


@pytest.mark.parametrize("values", [["100.200.300", "120.210.310"], ["192.168.100.200", "10.100.200.100"]])
def test_codes_and_addresses_with_points_stay_text(tmp_path: Path, values: list[str]) -> None:
    columns, _ = csv(tmp_path, "a;b\n" + "".join(f"{value};x\n" for value in values))
    assert columns["a"] == values


@pytest.mark.parametrize("value", ["1,2,3", "12,34.5", "1.23,4", "a,5", "1,5%"])
def test_what_is_no_number_stays_text(tmp_path: Path, value: str) -> None:
    columns, _ = csv(tmp_path, f"a;b\n{value};1\n1,5;2\n")
    assert columns["a"] == [value, "1,5"]


def test_dates_and_addresses_are_no_numbers(tmp_path: Path) -> None:
    columns, _ = csv(tmp_path, "when;ip;n\n01.02.2024;192.168.100.200;1,5\n03.04.2024;10.100.200.100;2,5\n")
    assert columns["when"] == ["01.02.2024", "03.04.2024"]
    assert columns["ip"][0] == "192.168.100.200"


def test_trimmed_text_has_nulls_for_words_for_nothing() -> None:
    assert trimmed(pl.Series([" a ", " NA", "?", ""])).to_list() == ["a", None, None, None]


def test_reading_refuses_what_does_not_fit() -> None:
    texts = pl.Series(["1", "2,5", None])
    assert read_as(texts, Reading(pl.Int64)) is None
    assert read_as(texts, Reading(pl.Float64, Style.POINT)) is None
    assert read_as(texts, Reading(pl.Float64, Style.COMMA)).to_list() == [1.0, 2.5, None]  # type: ignore[union-attr]
    assert read_as(texts, TEXT) is texts
    truth = Reading(words=("False", "True"))
    assert read_as(pl.Series(["TRUE", "false", None]), truth).to_list() == ["True", "False", None]  # type: ignore[union-attr]
    assert read_as(pl.Series(["True", "no"]), truth) is None


def test_judging_passes_over_columns_without_values() -> None:
    assert judged([pl.Series("a", [None, None], dtype=pl.String)], ";") == Judged({})


def test_grouped_points() -> None:
    assert is_grouped(pl.Series(["1.234", "12", None]))
    assert not is_grouped(pl.Series(["1", "12"]))
    assert not is_grouped(pl.Series(["0.234", "1.234"]))
