"""How items are held against their contract; whole packages are in ``tests/contracts/test_registry.py``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import SimpleNamespace
from typing import Protocol

import pytest

from leadline.core import plugins
from leadline.core.plugins import Contract, Entry, members, misfit


class Named(Protocol):
    name: str
    _hidden: int


class Worked(Named, Protocol):
    def work(self, rows: int) -> float:
        """Return how much there is to do."""


class Base(ABC):
    @abstractmethod
    def work(self) -> None: ...


class Whole(Base):
    def work(self) -> None: ...


def contract(kind: str, *, classes: bool = False) -> Contract:
    return Contract("thing", f"{__name__}:{kind}", classes)


def test_members_of_a_protocol_are_its_own_and_those_it_takes_over():
    assert members(Worked) == ["name", "work"]


@pytest.mark.parametrize(
    ("item", "kind", "classes", "said"),
    [
        (SimpleNamespace(name="a", work=None), "Worked", False, None),
        (SimpleNamespace(name="a"), "Worked", False, "lacks work, which every thing needs"),
        (SimpleNamespace(), "Worked", False, "lacks name and work, which every thing needs"),
        (Whole, "Base", True, None),
        (Base, "Base", True, "lacks work, which every thing needs"),
        (Whole(), "Base", True, "is a value of type Whole, not a class that derives from Base"),
        (Whole(), "Base", False, None),
        (Whole, "Base", False, "is the class Whole, not a Base"),
    ],
)
def test_what_is_wrong_with_an_item(
    item: object, kind: str, classes: bool, said: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(plugins.importlib, "import_module", lambda name: SimpleNamespace(**globals()))
    assert misfit(item, contract(kind, classes=classes)) == said


def test_an_entry_is_ours_unless_it_says_otherwise():
    assert Entry("a:B", "what it is").package == plugins.OURS
