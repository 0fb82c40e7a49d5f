"""Bad input: clear words, exit 2, nothing written half."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from leadline.run import folder as files

RUN = ("--epochs", "1", "-q", "--deterministic", "--out", "run")


def table(**columns: object) -> None:
    pl.DataFrame(columns).write_csv("t.csv")


def plain(n: int = 40) -> None:
    table(a=list(range(n)), b=[i % 3 for i in range(n)], kind=["x" if i % 2 else "y" for i in range(n)])


def refused(cli, capsys, *arguments: object, words: tuple[str, ...]) -> None:
    """The command exits with 2, says the words, and leaves no run behind."""
    capsys.readouterr()
    assert cli(*arguments) == 2
    said = capsys.readouterr().err
    for word in words:
        assert word in said, said
    assert "Traceback" not in said
    assert not Path("run").exists()


def test_missing_path_offers_the_nearest(cli, capsys) -> None:
    plain()
    refused(cli, capsys, "train", "t.cvs", *RUN, words=("t.cvs", "t.csv"))


def test_unknown_bundled_name(cli, capsys) -> None:
    refused(cli, capsys, "train", "digit", *RUN, words=("digits",))


def test_empty_folder(cli, capsys) -> None:
    Path("empty").mkdir()
    refused(cli, capsys, "train", "empty", *RUN, words=("empty",))


def test_one_class(cli, capsys) -> None:
    table(a=list(range(30)), kind=["x"] * 30)
    refused(cli, capsys, "train", "t.csv", "--target", "kind", *RUN, words=("kind",))


def test_folder_with_one_class(cli, capsys) -> None:
    Path("p/cat").mkdir(parents=True)
    for i in range(5):
        Image.new("RGB", (8, 8), (i, i, i)).save(f"p/cat/{i}.png")
    refused(cli, capsys, "train", "p", *RUN, words=("cat",))


def test_class_with_one_row_trains_with_a_note(cli, capsys) -> None:
    table(a=[float(i) for i in range(41)], kind=[*("x" if i % 2 else "y" for i in range(40)), "z"])
    assert cli("train", "t.csv", "--target", "kind", "--epochs", "1", "--deterministic", "--out", "run") == 0
    assert "'z'" in capsys.readouterr().err


def test_target_missing_says_which_columns_there_are(cli, capsys) -> None:
    plain()
    refused(cli, capsys, "train", "t.csv", "--target", "kin", *RUN, words=("kin", "kind"))
    table(a=[1.0] * 30, b=[2.5] * 30)
    refused(cli, capsys, "train", "t.csv", *RUN, words=("--target", "a, b"))


def test_target_constant(cli, capsys) -> None:
    table(a=[float(i) for i in range(30)], price=[3.5] * 30)
    refused(cli, capsys, "train", "t.csv", "--target", "price", *RUN, words=("price",))


def test_target_partly_null_sets_rows_aside(cli) -> None:
    table(a=[float(i) for i in range(60)], kind=[None if i % 10 == 0 else "xy"[i % 2] for i in range(60)])
    assert cli("train", "t.csv", "--target", "kind", *RUN) == 0
    aside = pl.read_parquet("run/invalid_rows.parquet")
    assert aside.height == 6
    assert set(aside["column"]) == {"kind"}


def test_all_pictures_unreadable(cli, capsys) -> None:
    for label in ("a", "b"):
        Path(f"p/{label}").mkdir(parents=True)
        for i in range(5):
            Path(f"p/{label}/{i}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    refused(cli, capsys, "train", "p", *RUN, words=("p",))


def test_mixed_sizes_are_brought_to_one(cli) -> None:
    rng = np.random.default_rng(0)
    for label in ("a", "b"):
        Path(f"p/{label}").mkdir(parents=True)
        for i in range(12):
            size = (int(rng.integers(8, 30)), int(rng.integers(8, 30)), 3)
            Image.fromarray(rng.integers(0, 255, size, dtype=np.uint8)).save(f"p/{label}/{i}.png")
    assert cli("train", "p", *RUN) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--network", "cn"), ("cn", "cnn")),
        (("--network", "cnn"), ("cnn", "image", "mlp")),
        (("--objective", "classify"), ("classification",)),
        (("--objective", "regression"), ("kind",)),
        (("--set", "training.epoch=3"), ("epochs",)),
        (("--set", "training.optimizer=adamm"), ("adam",)),
        (("--set", "training.optimizer={name: adam, rate: 3}"), ("rate",)),
        (("--set", "network.hiden=[3]", "--network", "mlp"), ("hidden",)),
        (("--set", "training.schedule=cosin"), ("cosine",)),
        (("--set", "data.types.a=numbr"), ("number",)),
        (("--set", "data.types.q=number"), ("q",)),
        (("--set", "training.early_stopping.monitor=acuracy"), ("accuracy",)),
        (("--set", "training.plan.device=tpu9"), ("tpu9",)),
        (("--ignore", "aa"), ("aa",)),
        (("--inputs", "zz"), ("zz",)),
        (("--split", "nowhere"), ("nowhere",)),
        (("--require", "acuracy >= 1"), ("accuracy",)),
        (("--require", "accuracy = 1"), (">=",)),
        (("--set", "data.inputs.table={columns: [a], augment: [flip]}"), ("table",)),
        (("--epochs", "0"), ("epochs",)),
    ],
)
def test_unknown_names_and_options(cli, capsys, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    plain()
    refused(cli, capsys, "train", "t.csv", "--target", "kind", *RUN, *arguments, words=words)


def test_output_that_is_taken_or_cannot_be_written(cli, capsys) -> None:
    plain()
    Path("taken").mkdir()
    Path("taken/file").touch()
    refused(cli, capsys, "train", "t.csv", "--target", "kind", "-q", "--out", "taken", words=("taken", "--out"))
    Path("file").touch()
    refused(cli, capsys, "train", "t.csv", "--target", "kind", "-q", "--out", "file/run", words=("file",))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_output(cli, capsys) -> None:
    plain()
    Path("locked").mkdir(mode=0o555)
    refused(cli, capsys, "train", "t.csv", "--target", "kind", "-q", "--out", "locked/run", words=("locked",))


@pytest.fixture
def run(cli) -> Path:
    plain()
    assert cli("train", "t.csv", "--target", "kind", "--epochs", "1", "-q", "--deterministic", "--out", "done") == 0
    return Path("done")


def test_edited_run_folders_are_refused(cli, capsys, run: Path) -> None:
    weights = run / files.WEIGHTS
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-8] + b"\0" * 8)
    assert cli("predict", run, "t.csv", "-q") == 2
    assert "model.safetensors" in capsys.readouterr().err
    weights.write_bytes(whole)
    report = json.loads((run / files.REPORT).read_text())
    report["findings"][0]["value"] = 7.0
    (run / files.REPORT).write_text(json.dumps(report))
    assert cli("report", run) == 2
    assert "changed after" in capsys.readouterr().err


def test_foreign_and_missing_run_folders(cli, capsys, run: Path) -> None:
    Path("other").mkdir()
    for verb in (
        ("predict", "other", "t.csv"),
        ("evaluate", "other"),
        ("report", "other"),
        ("resume", "other"),
        ("report", "gone"),
    ):
        assert cli(*verb) == 2
        said = capsys.readouterr().err
        assert "other" in said or "gone" in said
        assert "Traceback" not in said
    assert cli("compare", "done") == 2
    assert cli("runs", "nowhere") == 2


def test_rows_that_lack_a_column_the_network_needs(cli, capsys, run: Path) -> None:
    pl.DataFrame({"a": [1]}).write_csv("short.csv")
    assert cli("predict", run, "short.csv", "-q") == 2
    assert "'b'" in capsys.readouterr().err
    pl.DataFrame({"a": [1], "b": [2]}).write_csv("unlabelled.csv")
    assert cli("predict", run, "unlabelled.csv", "-q") == 0
    assert cli("evaluate", run, "unlabelled.csv", "-q") == 2
    assert "kind" in capsys.readouterr().err


def test_too_few_rows(cli, capsys) -> None:
    table(a=[1.0, 2.0], kind=["x", "y"])
    refused(cli, capsys, "train", "t.csv", "--target", "kind", *RUN, words=("2 rows are too few",))


def test_damaged_array_files(cli, capsys) -> None:
    Path("a.npz").write_bytes(b"PK\x03\x04 no")
    refused(cli, capsys, "train", "a.npz", *RUN, words=("a.npz",))
    np.savez("b.npz", x_train=np.zeros((3, 4, 4), np.uint8), y_train=np.zeros(2, np.int64))
    refused(cli, capsys, "train", "b.npz", *RUN, words=("x_train", "y_train"))
    np.savez("c.npz", x=np.array([{}], dtype=object), y=np.zeros(1))
    refused(cli, capsys, "train", "c.npz", *RUN, words=("c.npz",))


def test_ragged_table_names_the_line(cli, capsys) -> None:
    Path("t.csv").write_text("a,b,kind\n1,2,x\n3,4,y,5\n")
    refused(cli, capsys, "train", "t.csv", "--target", "kind", *RUN, words=("t.csv",))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("t.csv", b"a,b,kind\n1,2,x\n3,4,y,5\n", ("t.csv, line 3", "4 fields", "3 columns")),
        ("t.csv", b'a,b,kind\n1,"2,x\n3,4,y\n', ("t.csv", "quote", "after line 1", "never closed")),
        ("t.csv", b"a,b,kind\n1,2,x\n3,\0,y\n", ("t.csv", "zero bytes", "line 3")),
        ("t.csv", b"a,a,kind\n1,2,x\n", ("t.csv", "several columns named 'a'")),
        ("t.csv", b"a,b,kind\n", ("t.csv", "no rows")),
        ("t.csv", b"", ("t.csv is empty",)),
        ("t.csv.gz", b"\x1f\x8b rubbish", ("t.csv.gz", "cannot be read")),
        ("t.jsonl", b'{"a": 1, "kind": "x"}\n{"a": 2, "kind"\n', ("t.jsonl, line 2, character 16: not valid JSON",)),
        (
            "t.jsonl",
            b'{"a": 1, "kind": "x"}\n{"a": [2], "kind": "y"}\n',
            ("t.jsonl, line 2", "'a' is a list", "line 1"),
        ),
        ("t.json", b'{"rows": []}', ("t.json", "'rows'", "an array of objects")),
        ("t.xlsx", b"PK\x03\x04 rubbish", ("t.xlsx", "spreadsheet")),
        ("t.parquet", b"PAR1 rubbish", ("t.parquet", "Parquet")),
        ("t.doc", b"rubbish", ("t.doc", ".csv", ".xlsx", ".jsonl")),
    ],
)
def test_damaged_tables(cli, capsys, name: str, content: bytes, words: tuple[str, ...]) -> None:
    if name.endswith(".xlsx"):
        pytest.importorskip("fastexcel")
    Path(name).write_bytes(content)
    refused(cli, capsys, "train", name, "--target", "kind", *RUN, words=words)


def test_a_million_columns(cli, capsys) -> None:
    with Path("t.csv").open("w") as file:
        file.write(",".join(f"c{i}" for i in range(1_000_000)) + "\n")
        file.writelines("0," * 999_999 + "1\n" for _ in range(2))
    refused(cli, capsys, "train", "t.csv", "--target", "c0", *RUN, words=("t.csv", "1,000,000 columns", "PCA"))


def test_an_unknown_encoding_and_one_that_does_not_fit(cli, capsys) -> None:
    Path("t.csv").write_bytes("a,kind\n1,grün\n2,weiß\n".encode("cp1252"))
    wrong = ("--set", "data.encoding=utf-9")
    refused(cli, capsys, "train", "t.csv", "--target", "kind", *RUN, *wrong, words=("data.encoding", "utf-9", "cp1250"))
    other = ("--set", "data.encoding=utf-8")
    refused(cli, capsys, "train", "t.csv", "--target", "kind", *RUN, *other, words=("t.csv", "line 2"))


def test_a_key_that_an_experiment_file_has_twice(cli, capsys) -> None:
    plain()
    Path("e.yaml").write_text("data:\n  source: t.csv\n  target: kind\ntraining:\n  epochs: 1\n  epochs: 2\n")
    refused(cli, capsys, "train", "e.yaml", "-q", "--out", "run", words=("e.yaml, line 6", "'epochs'", "line 5"))


def test_classes_in_other_scripts_are_read_from_old_encodings(cli) -> None:
    rows = "".join(f"{i / 4},{'北京' if i % 2 else '上海广州'}\n" for i in range(40))
    Path("t.csv").write_bytes(f"a,城市\n{rows}".encode("gb18030"))
    assert cli("train", "t.csv", "--target", "城市", *RUN) == 0
    assert json.loads((Path("run") / files.SCHEMA).read_text())["target"]["state"]["classes"] == ["上海广州", "北京"]


def test_values_given_as_the_target_say_how_to_give_them() -> None:
    import leadline
    from leadline.errors import DataError, UsageError

    x_NF, y_N = np.random.default_rng(0).random((30, 3)), np.arange(30) % 2
    for source in (x_NF, pl.DataFrame(x_NF)):
        for target in (y_N, pl.Series(y_N), y_N.tolist()):
            with pytest.raises(UsageError, match=r"train\(\(X, y\)\)"):
                leadline.train(source, target=target, quiet=True)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"a pair \(X, y\) of arrays"):
        leadline.train(x_NF, quiet=True)
    for uneven in ((x_NF, y_N[:20]), {"a": y_N, "b": y_N[:20]}):
        with pytest.raises(DataError, match=r"different lengths: . 30, . 20"):
            leadline.train(uneven, quiet=True)


def test_an_unknown_source_lists_what_is_bundled_and_not_the_folder(cli, capsys) -> None:
    plain()
    capsys.readouterr()
    assert cli("train", "zzz", *RUN) == 2
    said = capsys.readouterr().err
    assert "Bundled datasets: " in said and "digits" in said and "t.csv" not in said
