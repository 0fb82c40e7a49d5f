"""Tables of a run: whatever is wrong with the file, one sentence names it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from leadline.data.sources.boundary import PANIC
from leadline.errors import RunError
from leadline.run.parquet import read_parquet


def test_a_table_is_read_whatever_its_path_looks_like(tmp_path: Path) -> None:
    file = tmp_path / "run [1] *" / "history.parquet"
    file.parent.mkdir()
    table = pl.DataFrame({"step": [1, 2], "loss": [0.5, 0.25]})
    table.write_parquet(file)
    assert read_parquet(file).equals(table)
    assert read_parquet(file, ("loss",)).columns == ["loss"]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no table", None], ids=["empty", "cut", "text", "missing"])
def test_a_damaged_or_missing_table_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "history.parquet"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RunError, match=r"history\.parquet"):
        read_parquet(file)


def test_a_panic_of_the_parser_is_a_sentence_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def panics(*_: object, **__: object) -> None:
        raise PANIC("assertion failed: offset + length <= self.length")

    monkeypatch.setattr(pl, "read_parquet", panics)
    with pytest.raises(RunError, match=r"history\.parquet"):
        read_parquet(tmp_path / "history.parquet")
    assert capfd.readouterr().err == ""
