"""A user's own code by name: what a name leads to, what is written down of it, what is said where it leads nowhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from leadline.core import own_code
from leadline.core.component import Component
from leadline.errors import RunError, UsageError
from sentences import says

FILE = """
def double(x, by=2, names=("a",), *, deep=None):
    return by * x

class Thing:
    def __init__(self, size):
        self.size = size

nothing = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "own.py").write_text(FILE, encoding="utf-8")
    (tmp_path / "own_module_for_test.py").write_text(FILE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("own_module_for_test", None)


@pytest.mark.parametrize("name", ["own.py:f", "a/b.py:F.g", "own.py", "package.module:F", "__main__:<lambda>"])
def test_names_of_code(name: str) -> None:
    assert own_code.is_own(name)


@pytest.mark.parametrize("name", ["adamw", "squared", "own", "http://own", ""])
def test_names_of_ours(name: str) -> None:
    assert not own_code.is_own(name)


@pytest.mark.parametrize("name", ["own.py:double", "own_module_for_test:double"])
def test_a_file_and_a_module_are_found_and_their_sha256_is_held_to(name: str, folder: Path) -> None:
    written = own_code.recorded(Component(name=name), "loss")
    assert len(written.options["sha256"]) == 64
    assert own_code.options_of(written) == {}
    assert own_code.found(written, "loss")(3) == 6
    other = written.model_copy(update={"options": {"sha256": "0" * 64}})
    with pytest.raises(RunError, match=says("core.own-file-changed", noun="loss", name=name)):
        own_code.found(other, "loss")


def test_an_edited_file_is_run_again(folder: Path) -> None:
    assert own_code.found(Component(name="own.py:double"), "loss")(3) == 6
    (folder / "own.py").write_text(FILE.replace("by * x", "by * x + 100"), encoding="utf-8")
    assert own_code.found(Component(name="own.py:double"), "loss")(3) == 106


def test_installed_packages_have_no_sha256() -> None:
    component = own_code.component_of(nn.CrossEntropyLoss)
    assert own_code.recorded(component, "loss").options == {}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nowhere.py:f", "core.no-own-file"),
        ("broken.py:f", "core.own-file-cannot-run"),
        ("own.py", "core.own-name-missing"),
        ("own.py:dubble", "core.own-lacks-name"),
        ("no.such.module:f", "core.own-module-not-imported"),
    ],
)
def test_what_leads_nowhere_is_said(name: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=says(sentence)):
        own_code.found(Component(name=name), "loss")


def test_the_nearest_name_is_offered() -> None:
    with pytest.raises(UsageError, match="Did you mean 'double'"):
        own_code.found(Component(name="own.py:dubble"), "loss")


def test_what_is_imported_by_a_name_is_named_so() -> None:
    assert own_code.component_of(torch.optim.SGD) == Component(name="torch.optim.sgd:SGD")
    named = own_code.component_of(partial(torch.optim.SGD, lr=0.1, momentum=0.9))
    assert named == Component(name="torch.optim.sgd:SGD", options={"lr": 0.1, "momentum": 0.9})


def test_an_object_that_its_options_make_again_is_named_by_them() -> None:
    named = own_code.component_of(nn.CrossEntropyLoss(label_smoothing=0.1))
    assert named == Component(name="torch.nn.modules.loss:CrossEntropyLoss", options={"label_smoothing": 0.1})


def test_other_objects_are_known_in_this_process_by_what_they_are_made_of() -> None:
    def scaled(by: float) -> Any:
        return lambda x: by * x

    two, three = own_code.component_of(scaled(2.0)), own_code.component_of(scaled(3.0))
    assert two != three
    assert own_code.component_of(scaled(2.0)) == two
    assert (own_code.found(two, "loss")(1), own_code.found(three, "loss")(1)) == (2.0, 3.0)
    assert own_code.holds_object({"objective": {"loss": two.model_dump()}})
    assert not own_code.holds_object({"objective": {"loss": "own.py:double"}})
    weighted = [own_code.component_of(nn.CrossEntropyLoss(torch.tensor([1.0, w]))) for w in (2.0, 2.0, 3.0)]
    assert weighted[0] == weighted[1] != weighted[2]
    stranger = Component(name="x:y", options={"object": "0" * 64})
    with pytest.raises(UsageError, match=says("core.own-object-again", noun="loss")):
        own_code.found(stranger, "loss")


def test_options_are_checked_against_the_signature() -> None:
    double = own_code.found(Component(name="own.py:double"), "loss")
    thing = own_code.found(Component(name="own.py:Thing"), "loss")
    parameters = own_code.parameters_of(double, 1)
    given = Component(name="own.py:double", options={"by": 3, "names": ["b", "c"], "sha256": "x"})
    assert own_code.checked_options(given, parameters, "loss") == {"by": 3, "names": ("b", "c"), "deep": None}
    with pytest.raises(UsageError, match=says("core.own-no-option", option="bye", suggestion="Did you mean 'by'?")):
        own_code.checked_options(Component(name="own.py:double", options={"bye": 3}), parameters, "loss")
    with pytest.raises(UsageError, match=says("core.own-needs-option", option="size")):
        own_code.checked_options(Component(name="own.py:Thing"), own_code.parameters_of(thing, 0), "loss")
