"""What is read piece by piece is what is read at once, and lies in files rather than in memory."""

import errno
import gzip
import random
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from leadline.core.catalogue import say
from leadline.core.schema import WrittenForm
from leadline.data import cache
from leadline.data.sources import memory_mapped, read
from leadline.data.sources.written_form import Reader
from leadline.errors import DataError, DiskFull
from sentences import says

pytest.importorskip("pyarrow")


@pytest.fixture
def piecemeal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read every file piece by piece, in small pieces, with few rows to guess types by."""
    monkeypatch.setattr(memory_mapped, "LARGE", 1)
    monkeypatch.setattr(memory_mapped, "PIECE", 4096)
    monkeypatch.setattr("leadline.data.sources.delimited.streaming._HEAD", 100)
    monkeypatch.setattr("leadline.data.sources.columnar.SIDE_BY_SIDE", 3)


def both(path: Path, **options: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return a file read at once, and read piece by piece."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_mapped, "LARGE", 1 << 40)
        at_once = read(path, **options)  # type: ignore[arg-type]
    in_pieces = read(path, **options)  # type: ignore[arg-type]
    assert at_once.fingerprint == in_pieces.fingerprint
    assert at_once.forms == in_pieces.forms
    assert at_once.unreadable.equals(in_pieces.unreadable)
    return at_once.frame, in_pieces.frame


def lines(rows: int, separator: str = ",") -> list[str]:
    rng = random.Random(rows)
    words = ["red", "green", "a longer word than twelve letters", ""]
    return [
        separator.join(
            [str(i), f"{rng.random():.4f}", rng.choice(words), rng.choice(["true", "false"]), rng.choice(["7", "NA"])]
        )
        for i in range(rows)
    ]


HEADER = "i,x,word,flag,n"


@pytest.mark.usefixtures("piecemeal")
class TestDelimited:
    def test_plain(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("\n".join([HEADER, *lines(3000)]) + "\n")
        one, other = both(tmp_path / "t.csv")
        assert other.equals(one)
        assert other.n_chunks() > 3
        assert len(set(other.n_chunks("all"))) == 1

    @pytest.mark.parametrize("late", ["2.5", "word", "-", " 12 ", "", "1e400", "0123", " 0123", "NA"])
    def test_a_value_late_in_the_file_changes_the_type(self, tmp_path: Path, late: str) -> None:
        (tmp_path / "t.csv").write_text("a,b\n" + "1,true\n" * 3000 + f"{late},x\n" + "1,true\n" * 100)
        one, other = both(tmp_path / "t.csv")
        assert other.equals(one)

    def test_columns_are_read_as_in_training(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("a;b;c\n" + "1.234;TRUE;0123\n" * 3000 + "many;no;x\n" + "2,5;NA;7\n" * 100)
        forms = {
            "a": WrittenForm(reads="number", style="comma"),
            "b": WrittenForm(reads="boolean", words=("no", "true")),
            "c": WrittenForm(reads="text"),
        }
        one, other = both(tmp_path / "t.csv", how=Reader(forms=forms))
        assert other.equals(one)
        assert other.row(0) == (1234.0, "true", "0123")
        assert other.row(3000) == (None, "no", "x")
        assert other.row(-1) == (2.5, None, "7")
        notes = read(tmp_path / "t.csv", how=Reader(forms=forms)).notes
        assert not any(re.fullmatch(says("sources.words-read-as-missing"), note) for note in notes)  # not text
        free = read(tmp_path / "t.csv", how=Reader(forms={**forms, "b": WrittenForm(reads="text")})).notes
        assert say("sources.words-read-as-missing", column="b", words="'NA'", cells=100) in free

    def test_a_column_whose_first_values_are_missing(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("a,b,c\n" + "1,,\n" * 1000 + "2,0.5,x\n" * 1000)
        one, other = both(tmp_path / "t.csv")
        assert other.equals(one)

    def test_decimal_commas_and_points_between_groups(self, tmp_path: Path) -> None:
        rows = "".join(f"{i}.{i % 1000:03d};{i},5;x\n" for i in range(1, 1000))
        (tmp_path / "t.csv").write_text("a;b;c\n" + rows)
        one, other = both(tmp_path / "t.csv")
        assert other.equals(one)
        assert other["a"][-1] == 999_999

    @pytest.mark.parametrize("codec", ["cp1252", "utf-16", "gb18030"])
    def test_encodings(self, tmp_path: Path, codec: str) -> None:
        text = "城市,n\n北京上海,1\n广州,2\n" if codec == "gb18030" else "Ort,n\nZürich,1\nGenève,2\n"
        (tmp_path / "t.csv").write_bytes((text + "abc,3\n" * 2000).encode(codec))
        one, other = both(tmp_path / "t.csv")
        assert other.equals(one)
        named, other = both(tmp_path / "t.csv", how=Reader(codec))
        assert other.equals(named) and named.equals(one)

    def test_an_encoding_that_shows_late(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_bytes(b"name,n\n" + b"abc,1\n" * 2000 + "Zürich,2\n".encode("cp1252"))
        table = read(tmp_path / "t.csv")
        assert table.frame.row(-1) == ("Zürich", 2)
        assert "cp1252" in table.notes[0]

    def test_compressed_and_separated_by_blanks(self, tmp_path: Path) -> None:
        rows = "".join(f"{i}   {i / 2}  a\n" for i in range(2000))
        (tmp_path / "t.csv.gz").write_bytes(gzip.compress(f"# above\ni x  w\n{rows}".encode()))
        one, other = both(tmp_path / "t.csv.gz")
        assert other.equals(one) and other.shape == (2000, 3)

    @pytest.mark.parametrize("row", ["1", "1,2,3"])
    def test_ragged_rows_name_the_line(self, tmp_path: Path, row: str) -> None:
        (tmp_path / "t.csv").write_text("a,b\n" + "1,2\n" * 2000 + f"{row}\n")
        with pytest.raises(DataError, match=says("sources.row-length-differs", line=2002, header=1, columns=2)):
            read(tmp_path / "t.csv")

    def test_progress_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "t.csv"
        path.write_text("a,b\n" + f"{'1' * 500},2\n" * 5000)
        told: list[tuple[str, int, int]] = []
        read(path, how=Reader(progress=lambda name, done, total: told.append((name, done, total))))
        stages = {say(f"stages.{stage}", file="t.csv") for stage in ("fingerprint", "finding-encoding", "reading")}
        assert {name for name, _, _ in told} == stages
        assert all(done <= total for _, done, total in told)


TYPES = pl.DataFrame(
    {
        "i": range(2000),
        "x": np.linspace(0, 1, 2000, dtype=np.float32),
        "s": [None if i % 7 == 0 else f"a text that is long enough, number {i}" for i in range(2000)],
        "c": pl.Series([["p", "q", "r"][i % 3] for i in range(2000)], dtype=pl.Categorical),
        "b": [i % 3 == 0 for i in range(2000)],
        "d": pl.Series(range(2000)).cast(pl.Date),
        "l": [[i, i + 1] for i in range(2000)],
        "n": pl.Series([i / 4 for i in range(2000)]).cast(pl.Decimal(10, 2)),
    }
)


@pytest.mark.usefixtures("piecemeal")
class TestColumnar:
    @pytest.mark.parametrize("suffix", ["parquet", "arrow", "stream.arrow"])
    @pytest.mark.parametrize("group", [100, 5000])
    def test_types(self, tmp_path: Path, suffix: str, group: int) -> None:
        path = tmp_path / f"t.{suffix}"
        if suffix == "parquet":
            TYPES.write_parquet(path, row_group_size=group)
        elif suffix == "arrow":
            TYPES.write_ipc(path, record_batch_size=group)
        else:
            TYPES.write_ipc_stream(path)
        one, other = both(path)
        assert other.equals(one)
        assert other.schema == one.schema
        assert len(set(other.n_chunks("all"))) == 1

    @pytest.mark.parametrize("suffix", ["parquet", "arrow"])
    def test_damaged_files(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"t.{suffix}"
        TYPES.write_parquet(path) if suffix == "parquet" else TYPES.write_ipc(path)
        whole = path.read_bytes()
        for content in (b"rubbish that is no table at all", whole[: len(whole) // 2]):
            path.write_bytes(content)
            with pytest.raises(DataError, match=says("sources.unreadable-as")):
                read(path)

    def test_a_cut_cache_is_written_again(self, tmp_path: Path) -> None:
        path = tmp_path / "t.parquet"
        TYPES.write_parquet(path)
        one, _ = both(path)
        for file in (cache.root() / "entries").rglob("*.arrow"):
            file.unlink()  # cut in its place, it would end the process that has mapped it
            file.write_bytes(b"cut")
        assert read(path).frame.equals(one)


@pytest.mark.usefixtures("piecemeal")
def test_objects_a_line(tmp_path: Path) -> None:
    rows = [f'{{"i": {i}, "in": {{"x": {i / 2}}}, "tags": ["a", "b{i}"]}}' for i in range(2000)]
    (tmp_path / "t.jsonl").write_text("\n".join([*rows, '{"i": 3, "late": true}']))
    one, other = both(tmp_path / "t.jsonl")
    assert other.equals(one)
    assert other.columns == ["i", "in.x", "tags", "late"]


def test_text_written_in_slices_takes_its_own_space_only(tmp_path: Path) -> None:
    frame = pl.DataFrame({"s": [f"a rather long text, the number of which is {i}" for i in range(20_000)]})
    with memory_mapped.Writer(tmp_path / "0.arrow", 100) as writer:
        writer.write(frame)
    assert (tmp_path / "0.arrow").stat().st_size < 4 * frame.estimated_size()


def test_without_pyarrow_a_large_file_is_read_at_once_with_a_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_mapped, "LARGE", 1)
    monkeypatch.setattr(memory_mapped, "can_map", lambda: False)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n')
    TYPES.write_parquet(tmp_path / "t.parquet")
    for suffix in ("csv", "jsonl", "parquet"):
        notes = read(tmp_path / f"t.{suffix}").notes
        assert any("leadline[frames]" in note for note in notes)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="RssAnon is known on Linux only")
def test_a_large_table_lies_in_files_rather_than_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from leadline.machine.memory import rss_anon_mb

    path, mb = tmp_path / "t.parquet", 80
    pl.DataFrame({f"x{i}": np.random.default_rng(i).random(500_000) for i in range(mb // 4)}).write_parquet(path)
    monkeypatch.setattr(memory_mapped, "LARGE", 1)
    monkeypatch.setattr(memory_mapped, "PIECE", 1 << 20)
    read(path)  # the allocator keeps what reading took
    before = rss_anon_mb().mb
    frames = [read(path).frame for _ in range(4)]
    after = rss_anon_mb().mb
    assert before is not None and after is not None
    assert sum(float(frame["x0"].sum()) for frame in frames) > 0
    assert after - before < mb, f"four frames of {mb} MB each take {after - before:.0f} MB"


@pytest.mark.usefixtures("piecemeal")
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    def full(writer: memory_mapped.Writer, frame: pl.DataFrame) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / f"t.{suffix}"
    frame = pl.DataFrame({"a": range(5000)})
    frame.write_csv(path) if suffix == "csv" else frame.write_parquet(path)
    monkeypatch.setattr(memory_mapped.Writer, "_put", full)
    with pytest.raises(DiskFull):
        read(path)
