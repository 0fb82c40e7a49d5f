from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import torch
from torch import nn

from leadline.errors import RunError, TrainingFailed
from leadline.training.state import checkpoint
from leadline.training.state.checkpoint import Checkpoints
from sentences import says

TENSORS = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(7), "empty": torch.empty(0)}


def saved(folder: Path, *steps: int, keep: int = 2) -> Checkpoints:
    made = Checkpoints(folder, keep)
    for step in steps:
        made.save(step, {**TENSORS, "step": torch.tensor(float(step))}, {"step": step, "best": None, "rate": 0.1})
    return made


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    found = saved(tmp_path / "new" / "folder", 3).latest()
    assert found is not None and found.step == 3 and found.notes == ()
    assert found.scalars == {"step": 3, "best": None, "rate": 0.1}
    assert found.tensors.keys() == {*TENSORS, "step"}
    assert all(
        torch.equal(found.tensors[name], x) and found.tensors[name].dtype == x.dtype for name, x in TENSORS.items()
    )


def test_nothing_saved_is_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path).latest() is None
    assert Checkpoints(tmp_path / "missing").latest() is None


def test_the_newest_are_kept_and_the_rest_removed(tmp_path: Path) -> None:
    (tmp_path / ".step-000000001.json.tmp").write_text("left by a killed process")
    (tmp_path / "step-000000001.safetensors").write_text("left by a killed process")
    kept = saved(tmp_path, 9, 10, 200)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "step-000000010.json", "step-000000010.safetensors", "step-000000200.json", "step-000000200.safetensors",
    ]  # fmt: skip
    latest = kept.latest()
    assert latest is not None and latest.step == 200


def test_saving_a_step_again_replaces_it(tmp_path: Path) -> None:
    kept = saved(tmp_path, 5)
    kept.save(5, {"a": torch.zeros(1)}, {"again": True})
    latest = kept.latest()
    assert latest is not None and latest.scalars == {"again": True} and latest.tensors.keys() == {"a"}


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-3] ^= 1
    file.write_bytes(bytes(data))


def edit(file: Path) -> None:
    file.write_text(file.read_text().replace('"rate":0.1', '"rate":0.2'))


DAMAGES = [(cut, ".safetensors"), (empty, ".safetensors"), (flip, ".safetensors"), (Path.unlink, ".safetensors"),
           (cut, ".json"), (empty, ".json"), (edit, ".json")]  # fmt: skip


@pytest.mark.parametrize(("damage", "suffix"), DAMAGES)
def test_a_damaged_checkpoint_is_passed_over_with_a_note(tmp_path: Path, damage: object, suffix: str) -> None:
    kept = saved(tmp_path, 1, 2)
    damage(tmp_path / f"step-000000002{suffix}")  # type: ignore[operator]
    latest = kept.latest()
    assert latest is not None and latest.step == 1
    assert len(latest.notes) == 1 and "step-000000002 is damaged" in latest.notes[0]


def test_when_all_are_damaged_it_says_what_to_do(tmp_path: Path) -> None:
    kept = saved(tmp_path, 1, 2)
    for step in (1, 2):
        cut(tmp_path / f"step-00000000{step}.safetensors")
    with pytest.raises(RunError, match=says("training.no-usable-checkpoint")):
        kept.latest()


def test_being_killed_before_the_sidecar_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = saved(tmp_path, 1)

    class Killed(BaseException):
        pass

    def die(value: object) -> str:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(checkpoint, "digest", die)
        kept.save(2, TENSORS, {})
    latest = kept.latest()
    assert latest is not None and latest.step == 1 and latest.notes == ()
    saved(tmp_path, 3)
    assert not list(tmp_path.glob("step-000000002*"))


def test_a_full_disk_says_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = saved(tmp_path, 1)

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.os, "fsync", full)
        with pytest.raises(
            TrainingFailed, match=r"No space left on device.*The checkpoint before it, step-000000001, is kept"
        ) as raised:
            kept.save(2, TENSORS, {})
    assert raised.value.exit_code == 5
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".json", ".safetensors"]
    latest = kept.latest()
    assert latest is not None and latest.step == 1


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingFailed, match=says("training.no-checkpoint-kept")):
        Checkpoints(tmp_path / "file").save(1, TENSORS, {})


def test_tied_and_strided_weights_are_saved(tmp_path: Path) -> None:
    layer = nn.Linear(2, 2)
    image = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    Checkpoints(tmp_path).save(
        1, {"a": layer.weight, "tied": layer.weight, "part": layer.weight[0], "image": image}, {}
    )
    latest = Checkpoints(tmp_path).latest()
    assert latest is not None
    assert torch.equal(latest.tensors["tied"], layer.weight) and torch.equal(latest.tensors["part"], layer.weight[0])
    assert torch.equal(latest.tensors["image"], image)


def test_sidecars_are_plain_json(tmp_path: Path) -> None:
    saved(tmp_path, 4)
    content = json.loads((tmp_path / "step-000000004.json").read_text())
    assert content.keys() == {"step", "tensors_sha256", "scalars", "sha256"}


def test_a_loss_that_is_not_finite_comes_back_as_none(tmp_path: Path) -> None:
    made = Checkpoints(tmp_path)
    made.save(1, TENSORS, {"rows": [{"val_loss": float("nan"), "loss": 1.5}], "best": (float("inf"), 2)})
    found = made.latest()
    assert found is not None and found.scalars == {"rows": [{"val_loss": None, "loss": 1.5}], "best": [None, 2]}
