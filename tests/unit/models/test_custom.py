"""A user's own networks: objects, classes, files and modules, and what is said where they do not fit."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from leadline.core.component import Component
from leadline.errors import UsageError
from leadline.models.build import build_encoder, resolved_options
from leadline.models.contract import Family
from leadline.models.custom import resolve
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.network import InputEncoder
from sentences import says

TABLE = SignalSpec("table", (4,))
IMAGE = SignalSpec("image", (1, 6, 6))

FILE = """
    from __future__ import annotations
    import torch
    from torch import nn
    from leadline.nn.batch import Signal, SignalSpec

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Flatten(), nn.LazyLinear(5))
        def forward(self, x):
            return self.layers(x)

    class Sized(nn.Module):
        def __init__(self, spec: SignalSpec, width: int = 6, rate=0, *, bias=True, kind=None):
            super().__init__()
            self.layer = nn.Linear(spec.shape[0], width, bias=bias)
        def forward(self, signal: Signal) -> Signal:
            return Signal(self.layer(signal.values))

    class Needy(nn.Module):
        def __init__(self, spec, depth, width):
            super().__init__()

    not_a_network = 3
"""
FAMILY = """
    from pydantic import BaseModel
    from torch import nn
    from leadline.models.contract import Family
    from leadline.nn.batch import Signal

    class Options(BaseModel):
        width: int = 3
        head: str = "none"

    class Net(nn.Module):
        def __init__(self, spec, options):
            super().__init__()
            self.layer = nn.Linear(spec.shape[0], options.width)
        def forward(self, signal):
            return Signal(self.layer(signal.values))

    FAMILY = Family("mine", ("table",), Options, Net, "me, today", sizes={"large": {"width": 30}})
"""


class Front(nn.Module):
    def forward(self, raw: Tensor) -> Signal:
        return Signal(raw)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "Mein Netz").mkdir()
    (tmp_path / "Mein Netz" / "net.py").write_text(dedent(FILE), encoding="utf-8")
    (tmp_path / "family.py").write_text(dedent(FAMILY), encoding="utf-8")
    (tmp_path / "own_package_for_test.py").write_text(dedent(FILE), encoding="utf-8")
    (tmp_path / "broken.py").write_text("import torch\n1 / 0\n", encoding="utf-8")
    (tmp_path / "syntax.py").write_text("def (:\n", encoding="utf-8")
    (tmp_path / "empty.py").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith(("leadline_own_", "own_package_for_test")):
            del sys.modules[name]


def body(name: str, spec: SignalSpec = TABLE, size: str = "base", **options: object) -> InputEncoder:
    return build_encoder(Component(name=name, options=options), spec, Front(), size)


def test_a_registered_name_is_its_family() -> None:
    assert resolve("mlp").name == "mlp"


def test_a_family_is_itself() -> None:
    family = resolve("mlp")
    assert resolve(family) is family


def test_a_class_in_a_file_whatever_its_folder_is_called(folder: Path) -> None:
    for place in ("Mein Netz/net.py:Plain", f"{folder / 'Mein Netz' / 'net.py'}:Plain"):
        plain = body(place, IMAGE)
        assert plain.width == 5
        assert plain(torch.randn(3, 1, 6, 6)).shape == (3, 5)


def test_a_class_in_a_module(folder: Path) -> None:
    assert body("own_package_for_test:Plain").width == 5


def test_a_class_of_pytorch_itself_with_its_shape_in_the_spec() -> None:
    assert body("torch.nn:Identity").width == 4


def test_parameters_with_plain_defaults_are_options(folder: Path) -> None:
    name = "Mein Netz/net.py:Sized"
    expected = {"head": "linear", "width": 6, "rate": 0, "bias": True, "kind": None}
    assert resolved_options(Component(name=name), TABLE, "base") == expected
    sized = body(name, width=9, rate=0.5, bias=False)
    assert sized.width == 9
    assert sized.backbone.module.layer.bias is None
    with pytest.raises(UsageError, match=says("options.unknown-option", name="widht", hint="Did you mean 'width'?")):
        body(name, widht=9)


def test_a_file_that_declares_a_family(folder: Path) -> None:
    assert body("family.py", size="large").width == 30
    own = body("family.py", width=2)
    assert own.width == 2
    assert own.gives_outputs
    with pytest.raises(UsageError, match="takes table, not image"):
        body("family.py", IMAGE)


def test_a_file_is_executed_once_and_again_when_edited(folder: Path) -> None:
    file = folder / "family.py"
    file.write_text("EXECUTED = True\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    first = resolve("family.py")
    assert resolve("family.py") is first
    file.write_text(file.read_text(encoding="utf-8").replace('"mine"', '"edited"') + "\n# longer\n", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert resolve("family.py").name == "edited"


def test_head_none_says_that_outputs_are_given(folder: Path) -> None:
    assert body("Mein Netz/net.py:Plain", IMAGE, head="none").gives_outputs
    assert not body("Mein Netz/net.py:Plain", IMAGE).gives_outputs


def test_an_object_keeps_its_weights_and_is_left_alone() -> None:
    module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    family = resolve(module)
    first, second = (build_encoder(module, TABLE, Front(), "base") for _ in range(2))
    x = torch.randn(5, 4)
    assert torch.equal(first.eval()(x), module.eval()(x))
    with torch.no_grad():
        next(first.parameters()).zero_()
    assert torch.equal(second.eval()(x), module(x))
    assert isinstance(family, Family)
    assert family.name == "Sequential"


def test_a_class_object_is_built_afresh() -> None:
    class Net(nn.Module):
        def __init__(self, spec: SignalSpec) -> None:
            super().__init__()
            self.layer = nn.Linear(spec.shape[0], 2)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.layer(x)
            return out

    family = resolve(Net)
    weights = [next(family.build(TABLE, family.options()).parameters()) for _ in range(2)]
    assert not torch.equal(*weights)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere.py", ["There is no file", "nowhere.py"]),
        ("broken.py", ["broken.py cannot be run", "ZeroDivisionError"]),
        ("syntax.py", ["syntax.py cannot be run", "SyntaxError"]),
        ("empty.py", ["declares no FAMILY", "no class derived from nn.Module"]),
        ("Mein Netz/net.py", ["declares no FAMILY", "net.py:Plain"]),
        ("Mein Netz/net.py:Plane", ["no 'Plane'", "Did you mean 'Plain'"]),
        ("Mein Netz/net.py:not_a_network", ["neither an nn.Module class nor a Family", "int"]),
        ("Mein Netz/net.py:Needy", ["Needy cannot be built", "'depth', 'width' have no default"]),
        ("no.such.module:Net", ["'no.such.module' cannot be imported"]),
        ("torch.nn:Liner", ["no 'Liner'"]),
        ("ml", ["no network 'ml'", "Did you mean 'mlp'", "net.py:Net"]),
    ],
)
def test_what_cannot_be_found_is_named(folder: Path, name: str, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(name)
    for word in words:
        assert word in str(caught.value)


def test_what_is_no_network_is_refused() -> None:
    with pytest.raises(UsageError, match=says("models.network-type", type="int")):
        resolve(3)


def test_a_module_that_fails_on_the_input_says_on_which() -> None:
    with pytest.raises(
        UsageError,
        match=says("models.forward-fails", name="Linear", described="an input of type table and shape (rows, 4)"),
    ):
        build_encoder(nn.Linear(7, 3), TABLE, Front(), "base")


def test_a_class_that_fails_to_build_says_for_what(folder: Path) -> None:
    with pytest.raises(
        UsageError,
        match=says("models.cannot-be-built", type="Sized", described="an input of type table and shape (rows, 4)"),
    ):
        body("Mein Netz/net.py:Sized", width="wide")


@pytest.mark.parametrize("used", [lambda spec: spec, lambda spec: spec * 2, lambda spec: spec + 1])
def test_a_class_that_takes_the_spec_for_a_number_is_told_what_it_is(used: Callable[[Any], Any]) -> None:
    class Wide(nn.Module):
        def __init__(self, features) -> None:  # type: ignore[no-untyped-def]
            super().__init__()
            self.layer = nn.Linear(used(features), 8)

    with pytest.raises(UsageError, match=says("models.is-given-a-spec", type="Wide", parameter="features")):
        build_encoder(Wide, TABLE, Front(), "base")


def test_a_module_that_gives_maps_is_told_to_flatten() -> None:
    with pytest.raises(UsageError, match=r"'Conv2d' returns values of shape \(2, 3, 4, 4\).*flatten or pool"):
        build_encoder(nn.Conv2d(1, 3, 3), IMAGE, Front(), "base")


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "1 / 0"])
def test_a_file_or_module_that_gives_up_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    (tmp_path / "gives_up.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    for asked in (f"{tmp_path / 'gives_up.py'}:Net", "gives_up:Net"):
        with pytest.raises(UsageError, match=r"SystemExit: 3|ZeroDivisionError"):
            resolve(asked)
