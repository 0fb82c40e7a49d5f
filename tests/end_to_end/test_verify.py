"""`leadline verify`: an honest run holds, and what is changed in one is found, even if the manifest was rewritten."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import safetensors.torch
import torch

import leadline
from leadline.core.catalogue import say
from leadline.core.report import Report
from leadline.errors import RunError
from leadline.run import folder as files
from leadline.run.verification import last_verification
from sentences import says

Rewrite = Callable[[Path, Report], None]


def test_an_honest_run_holds_under_any_number_of_threads(copied: Path, cli: Callable[..., int], capsys) -> None:
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            assert cli("verify", copied, "--quiet") == 0
    finally:
        torch.set_num_threads(before)
    assert "100" not in capsys.readouterr().err
    found = last_verification(copied)
    assert found is not None and found.holds and found.source == "data"
    left = {one.name for one in found.of("unchecked") if not one.name.startswith("latency_ms")}
    assert left == set()
    measured = [one for one in Report.read(copied / files.REPORT).findings if one.value is not None]
    assert all(one.again is not None for one in measured)
    assert len(found.of("holds", "finding")) > 0.8 * len(measured)


def test_fitted_again_the_baselines_are_the_same(copied: Path) -> None:
    found = leadline.verify(copied, full=True, quiet=True)
    assert found.holds and found.full
    assert any(one.name.endswith("linear") for one in found.of("holds", "predictions"))


@pytest.mark.parametrize("rewritten", [False, True], ids=["old-manifest", "manifest-rewritten"])
def test_an_edited_figure_is_found(
    rewrite_manifest: Callable[[Path], None], copied: Path, cli: Callable[..., int], capsys, rewritten: bool
) -> None:
    text = (copied / files.REPORT).read_text(encoding="utf-8")
    report = json.loads(text)
    at = next(i for i, one in enumerate(report["findings"]) if one["name"] == "accuracy" and one["split"] == "test")
    report["findings"][at]["value"] += 0.02
    (copied / files.REPORT).write_text(Report.model_validate(report).to_json(), encoding="utf-8")
    if rewritten:
        rewrite_manifest(copied)
    assert cli("verify", copied, "--quiet") == 4
    printed = capsys.readouterr().out
    assert "accuracy, test" in printed and files.PAGE in printed


def test_a_figure_that_page_and_manifest_agree_with_is_found_by_measuring_it(
    rewrite_all: Rewrite, copied: Path
) -> None:
    report = Report.read(copied / files.REPORT)
    changed = tuple(
        one.model_copy(update={"value": 0.999}) if one.name == "roc_auc" and one.split == "test" else one
        for one in report.findings
    )
    rewrite_all(copied, report.model_copy(update={"findings": changed}))
    different = leadline.verify(copied, quiet=True).of("differs")
    assert [one.name for one in different if one.subject == "finding"] == ["roc_auc, test"]
    assert not [one for one in different if one.subject in ("file", "page")]


def test_a_finding_that_was_taken_out_is_missed(rewrite_all: Rewrite, copied: Path) -> None:
    report = Report.read(copied / files.REPORT)
    kept = tuple(one for one in report.findings if not (one.name == "brier" and one.split == "test"))
    rewrite_all(copied, report.model_copy(update={"findings": kept, "requirements": ()}))
    names = [one.name for one in leadline.verify(copied, quiet=True).of("differs", "finding")]
    assert "brier, test" in names


@pytest.mark.parametrize("name", [files.PAGE, files.CARD])
def test_an_edited_sentence_is_found(rewrite_manifest: Callable[[Path], None], copied: Path, name: str) -> None:
    text = (copied / name).read_text(encoding="utf-8")
    assert "baseline" in text
    (copied / name).write_text(text.replace("baseline", "best line", 1), encoding="utf-8")
    rewrite_manifest(copied)
    assert [one.name for one in leadline.verify(copied, quiet=True).of("differs")] == [name]


def test_one_changed_weight_is_found(
    rewrite_manifest: Callable[[Path], None], rewrite_all: Rewrite, copied: Path
) -> None:
    tensors = safetensors.torch.load_file(copied / files.WEIGHTS)
    name = next(one for one in sorted(tensors) if one.startswith("head") and tensors[one].is_floating_point())
    tensors[name].view(-1)[0] += 0.5
    safetensors.torch.save_file(tensors, copied / files.WEIGHTS)
    rewrite_manifest(copied)
    assert leadline.verify(copied, quiet=True).of("differs", "file")
    rewrite_all(copied, Report.read(copied / files.REPORT))
    different = leadline.verify(copied, quiet=True).of("differs")
    assert {"finding", "predictions"} <= {one.subject for one in different}


def test_verdicts_follow_from_the_findings(rewrite_all: Rewrite, copied: Path) -> None:
    report = Report.read(copied / files.REPORT)
    verdicts = tuple(one.model_copy(update={"verdict": "undecided"}) for one in report.requirements)
    rewrite_all(copied, report.model_copy(update={"requirements": verdicts}))
    assert [one.subject for one in leadline.verify(copied, quiet=True).of("differs")] == ["requirement"]


@pytest.fixture
def with_own_data(trained: Path, tmp_path: Path) -> Path:
    """Return a run whose data may be changed."""
    shutil.copy(trained / "rows.csv", tmp_path / "rows.csv")
    leadline.train(
        str(tmp_path / "rows.csv"),
        target="kind",
        epochs=2,
        settings={"baselines": []},
        out=tmp_path / "own",
        quiet=True,
    )
    return tmp_path / "own"


def test_one_changed_row_is_found(with_own_data: Path) -> None:
    data = with_own_data.parent / "rows.csv"
    lines = data.read_text(encoding="utf-8").splitlines()
    data.write_text("\n".join([lines[0], "9" + lines[1], *lines[2:], ""]), encoding="utf-8")
    found = leadline.verify(with_own_data, quiet=True)
    assert [one.subject for one in found.of("differs")] == ["data"]
    assert not found.of("holds", "finding")


def test_where_the_data_is_gone_held_out_measures_come_from_stored_predictions(
    rewrite_all: Rewrite, with_own_data: Path, cli: Callable[..., int], capsys
) -> None:
    (with_own_data.parent / "rows.csv").unlink()
    assert cli("verify", with_own_data, "--quiet") == 0
    assert capsys.readouterr().out
    found = last_verification(with_own_data)
    assert found is not None and found.source == "predictions"
    holds = {one.name for one in found.of("holds", "finding")}
    assert {"accuracy, test", "accuracy, validation"} <= holds
    assert "accuracy, train" in {one.name for one in found.of("unchecked", "finding")}
    report = Report.read(with_own_data / files.REPORT)
    changed = tuple(
        one.model_copy(update={"value": 0.5}) if one.name == "accuracy" and one.split == "test" else one
        for one in report.findings
    )
    rewrite_all(with_own_data, report.model_copy(update={"findings": changed}))
    assert "accuracy, test" in {one.name for one in leadline.verify(with_own_data, quiet=True).of("differs")}


def test_folders_that_hold_no_finished_run_are_refused(copied: Path, tmp_path: Path) -> None:
    (copied / files.MANIFEST).unlink()
    with pytest.raises(RunError):
        leadline.verify(copied, quiet=True)
    with pytest.raises(RunError):
        leadline.verify(tmp_path / "nothing", quiet=True)


def test_a_missing_file_is_named(copied: Path) -> None:
    (copied / files.WEIGHTS).unlink()
    names = [one.name for one in leadline.verify(copied, quiet=True).of("differs")]
    assert files.WEIGHTS in names


@pytest.mark.parametrize(
    "name", [files.HISTORY, files.PREDICTIONS, files.DECISIONS, files.WEIGHTS, files.SCHEMA, files.REPORT, files.CARD]
)
@pytest.mark.parametrize("data", [b"", b"\x00\xff" * 40], ids=["empty", "no-such-format"])
def test_a_damaged_file_is_named_and_ends_in_no_crash(
    rewrite_manifest: Callable[[Path], None],
    copied: Path,
    cli: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    name: str,
    data: bytes,
) -> None:
    (copied / name).write_bytes(data)
    rewrite_manifest(copied)
    assert cli("verify", copied, "--quiet") == 4
    assert name in capsys.readouterr().out


def test_repeats_and_folds_are_verified_each_and_together(rewrite_all: Rewrite, trained: Path, tmp_path: Path) -> None:
    data, common = (
        str(trained / "rows.csv"),
        {"target": "kind", "epochs": 1, "settings": {"baselines": []}, "quiet": True},
    )
    leadline.train(data, repeats=2, out=tmp_path / "repeats", **common)
    found = leadline.verify(tmp_path / "repeats", quiet=True)
    assert found.holds
    assert any(one.name.startswith("accuracy_over_repeats") for one in found.of("holds", "finding"))
    leadline.crossval(data, folds=2, out=tmp_path / "folds", **common)
    found = leadline.verify(tmp_path / "folds", quiet=True)
    assert found.holds
    assert any(one.name.startswith("folds/fold-2: ") for one in found.of("holds", "finding"))
    report = Report.read(tmp_path / "folds" / files.REPORT)
    changed = tuple(
        one.model_copy(update={"value": 0.97}) if one.label == "accuracy" else one for one in report.findings
    )
    rewrite_all(tmp_path / "folds", report.model_copy(update={"findings": changed}))
    assert [one.name for one in leadline.verify(tmp_path / "folds", quiet=True).of("differs")] == ["accuracy, test"]


def test_requirements_are_recorded_before_the_test_rows_are_read(
    rewrite_manifest: Callable[[Path], None], rewrite_all: Rewrite, copied: Path
) -> None:
    report = Report.read(copied / files.REPORT)
    assert report.run.required_first
    assert re.search(says("summary.requirements-first"), (copied / files.PAGE).read_text(encoding="utf-8"))
    late = report.run.model_copy(update={"required": "2099-01-01T00:00:00.000+00:00"})
    rewrite_all(copied, report.model_copy(update={"run": late}))
    names = {one.name for one in leadline.verify(copied, quiet=True).of("differs", "requirement")}
    assert names == {files.REQUIREMENTS, say("verify.order")}
    (copied / files.REQUIREMENTS).write_text("[]", encoding="utf-8")
    rewrite_manifest(copied)
    assert files.REQUIREMENTS in {one.name for one in leadline.verify(copied, quiet=True).of("differs", "requirement")}


def test_a_page_written_anew_says_when_the_run_was_verified(copied: Path, cli: Callable[..., int]) -> None:
    page = copied.parent / "page.html"
    assert cli("report", copied, "--html", page) == 0
    assert page.read_bytes() == (copied / files.PAGE).read_bytes()
    assert leadline.verify(copied, quiet=True).holds
    leadline.report(copied, html=page)
    assert re.search(says("verify.line-holds"), page.read_text(encoding="utf-8"))
    (copied / files.CARD).write_text("better", encoding="utf-8")
    assert not leadline.verify(copied, quiet=True).holds
    leadline.report(copied, html=page)
    assert re.search(says("verify.line-fails"), page.read_text(encoding="utf-8"))
