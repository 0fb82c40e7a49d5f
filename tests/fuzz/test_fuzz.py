"""A few hundred changed files and settings, as ``make fuzz`` tries many: each ends in a table or a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import experiments
import run as fuzzing
import second_readers
from seeds import frame, seeds

FILES, SETTINGS = 308, 200


def test_changed_files_end_in_a_table_or_a_sentence(tmp_path: Path) -> None:
    files = fuzzing.changed_files(tmp_path, FILES, seed=0)
    found = [(path.name, one) for path, one in fuzzing.fuzz(files, workers=1)]
    assert len(found) == FILES
    assert [one for one in found if one[1].name in fuzzing.WRONG] == []
    assert {one.name for _, one in found} == {"read", "refused"}


@pytest.mark.parametrize("suffix", seeds())
def test_unchanged_files_are_read_as_the_second_reader_reads_them(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(seeds()[suffix])
    assert fuzzing.outcome(path).name == "read"
    if suffix in second_readers.SECOND:
        assert second_readers.SECOND[suffix](path)


def test_other_values_would_be_noticed(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(seeds()[".csv"])
    rows = frame()
    assert second_readers.difference(rows, path) is None
    for name, value in (("price", 0.5), ("town", "Bonn"), ("gap", 3.0)):
        changed = rows.clone()
        changed[5 if name != "gap" else 0, name] = value
        assert f"column '{name}'" in (second_readers.difference(changed, path) or "")


def test_a_process_that_ends_or_hangs_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "LIMIT", 0.0)
    path = tmp_path / "rows.csv"
    path.write_bytes(seeds()[".csv"])
    worker = fuzzing.Worker()
    worker.take(path)
    assert (worker.ended() or fuzzing.Outcome("read")).name in ("hung", "read")
    worker.process.kill()
    worker.process.join()
    assert (worker.ended() or fuzzing.Outcome("")).name in ("aborted", "hung")
    worker.stop()


def test_settings_are_taken_or_refused_in_a_sentence() -> None:
    rng = np.random.default_rng(0)
    known = experiments.places(experiments.Experiment().model_dump(mode="json"))
    found = {experiments.outcome([experiments.setting(known, rng)]) for _ in range(SETTINGS)}
    assert found == {"taken", "refused"}
