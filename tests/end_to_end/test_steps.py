"""A tag for each token, and texts that go on, through the command line: from files to reports, predictions and new
texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import leadline

Cli = Callable[..., int]
QUICK = ("--deterministic", "-q", "--set", "training.optimizer.lr=0.02", "--set", "network.size=small")
NOUNS, VERBS = ("dog", "cat", "can", "fish"), ("sees", "can", "likes")


def said(rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return a sentence whose ``can`` is a noun after ``the``, and a verb after a name."""
    tokens, tags = [], []
    for _ in range(rng.integers(1, 4)):
        noun = bool(rng.integers(2))
        tokens += ["the", str(rng.choice(NOUNS))] if noun else ["Ada", str(rng.choice(VERBS))]
        tags += ["DET", "NOUN"] if noun else ["NAME", "VERB"]
    return tokens, tags


def write_tagged(file: Path, rows: int = 200) -> None:
    rng = np.random.default_rng(0)
    lines = [dict(zip(("tokens", "tags"), said(rng), strict=True)) for _ in range(rows)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def entropy_and_corpus(file: Path, rows: int = 300) -> float:
    """Write lines of a fixed grammar; return the entropy of a line in nats over the mean number of its tokens and
    end.
    """
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(rows):
        line = f"{rng.choice(['the', 'a'])} {rng.choice(NOUNS)} {rng.choice(['sees', 'likes'])}"
        lines.append(line + (" fish" if rng.uniform() < 0.25 else ""))
    file.write_text("\n".join(lines) + "\n")
    choice = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    return float((np.log(2) + np.log(4) + np.log(2) + choice) / (4 + 0.25))


def test_a_tag_for_each_token(cli: Cli, place: Path) -> None:
    write_tagged(place / "said.jsonl", 500)  # of which enough differ for an interval above the bound
    with (place / "said.jsonl").open("a") as file:
        file.write('{"tokens": ["the", "cat"], "tags": ["DET"]}\n{"tokens": [], "tags": []}\n')
    asked = ("--target", "tags", "--objective", "tagging", "--epochs", "6", "--require", "token_accuracy >= 0.8")
    assert cli("train", "said.jsonl", *asked, *QUICK, "--out", "run") == 0
    run = leadline.Run("run")
    assert run.experiment.network.encoders["tokens"].options["bidirectional"]
    assert run.report.find("token_accuracy", split="test").value > 0.98
    aside = pl.read_parquet(place / "run" / "invalid_rows.parquet")
    assert aside.select("row", "reason").rows() == [(501, "2 tokens, but 1 tag"), (502, "no text")]
    (place / "new.jsonl").write_text(
        '{"tokens": ["Ada", "can"]}\n{"tokens": "the can  flies"}\n'.replace('"the can  flies"', '["the", "can"]')
    )
    assert cli("predict", "run", "new.jsonl", "-o", "out.csv", "-q") == 0
    assert pl.read_csv(place / "out.csv")["predicted_tags"].to_list() == ["NAME VERB", "DET NOUN"]
    pl.DataFrame({"tokens": ["the can", "Ada likes the can"]}).write_csv(place / "new.csv")
    assert cli("predict", "run", "new.csv", "-o", "out.csv", "-q") == 0
    assert pl.read_csv(place / "out.csv")["predicted_tags"].to_list() == ["DET NOUN", "NAME VERB DET NOUN"]
    assert cli("evaluate", "run", "-q") == 0
    assert cli("sample", "run", "-q") == 2


def test_entities_between_blanks(cli: Cli, place: Path) -> None:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(150):
        name, tags = [("Ada Lovelace", "B-per I-per"), ("Bo", "B-per"), ("New Ulm", "B-loc I-loc")][rng.integers(3)]
        rows.append((f"so {name} came", f"O {tags} O"))
    pl.DataFrame(rows, schema=["said", "names"], orient="row").write_csv(place / "names.csv")
    asked = ("--target", "names", "--objective", "tagging", "--network", "tcn", "--epochs", "6")
    assert cli("train", "names.csv", *asked, *QUICK, "--out", "run") == 0
    report = leadline.Run("run").report
    assert report.find("entity_f1", split="test").value > 0.9
    assert any(f.name == "entity_f1" and f.group == "entity=loc" for f in report.findings)
    assert "Test entity F1" in " ".join((place / "run" / "report.html").read_text(encoding="utf-8").split())


def test_a_corpus_is_learnt_to_its_entropy_and_gone_on_with(
    cli: Cli, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entropy = entropy_and_corpus(place / "corpus.txt")
    assert cli("train", "corpus.txt", "--objective", "language", "--epochs", "12", *QUICK, "--out", "run") == 0
    run = leadline.Run("run")
    assert not run.experiment.network.encoders["text"].options["bidirectional"]
    nll = run.report.find("nll", split="validation").value
    assert nll == pytest.approx(entropy, abs=0.15)
    assert {e.name for e in run.report.exhibits} >= {"samples", "surprises"}
    capsys.readouterr()
    assert cli("sample", "run", "--n", "40", "-q", "--seed", "3") == 0
    drawn = capsys.readouterr().out.splitlines()
    grammar = pl.Series(drawn).str.contains(r"^(the|a) (dog|cat|can|fish) (sees|likes)( fish)?$")
    assert len(drawn) == 40
    assert grammar.mean() > 0.9
    assert cli("sample", "run", "--n", "3", "--prompt", "the dog", "--temperature", "0", "-q", "-o", "new.txt") == 0
    lines = (place / "new.txt").read_text().splitlines()
    assert len(set(lines)) == 1
    assert lines[0].startswith("the dog ")
    (place / "other.txt").write_text("the dog sees\ndog the the fish\n\n")
    assert cli("predict", "run", "other.txt", "-o", "out.csv", "-q") == 0
    table = pl.read_csv(place / "out.csv")
    assert table["tokens"].to_list() == [4, 5, None]
    assert table["nll"][1] > table["nll"][0] + 1
    assert table["reason"][2] == "no text"
    assert cli("evaluate", "run", "other.txt", "-q") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("said.jsonl", "--target", "tags", "--objective", "tagging", "--network", "textcnn"),
            "returns no features of every step",
        ),
        (("numbers.csv", "--objective", "language"), "no column with natural-language text found"),
        (("said.jsonl", "--target", "tokens", "--inputs", "tokens", "--objective", "tagging"), "it is the target"),
        (("corpus.txt",), "--objective language"),
        (("corpus.txt", "--objective", "language", "--set", "data.inputs.text={augment: [swap]}"), "moves tokens"),
        (("corpus.txt", "--objective", "language", "--set", "network={name: rnn, bidirectional: true}"), "later ones"),
    ],
)
def test_what_makes_no_sense_is_said(
    cli: Cli, place: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    write_tagged(place / "said.jsonl", 40)
    entropy_and_corpus(place / "corpus.txt", 40)
    (place / "numbers.csv").write_text("a,b\n" + "1,2\n3,4\n" * 20)
    assert cli("train", *arguments, "-q") == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not (place / "runs").exists()
