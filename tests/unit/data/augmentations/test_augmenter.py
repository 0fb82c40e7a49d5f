"""Augmentation of whole batches."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch

from leadline.core import registry
from leadline.core.component import Component
from leadline.core.plugins import Entry
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.data.augmentations.affine import warp
from leadline.data.augmentations.augmenter import Augmenter, _passes, augmentation, augmentations
from leadline.data.augmentations.contract import Amount, SeparatePass, Stage
from leadline.errors import UsageError
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng
from sentences import says

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("image", name) for name in augmentations("image")}

MEAN = ColumnSchema(name="photo", kind="image", state={"mean": [100.0, 120.0, 140.0]})


def schema(*augment: object, name: str = "photo", kind: str = "image") -> InputSchema:
    return InputSchema(
        name=name, kind=kind, fields=(), shape=(9, 12, 3), augment=tuple(Component.model_validate(a) for a in augment)
    )


def batch(*names: str, rows: int = 12) -> Batch:
    x = torch.randint(0, 256, (rows, 9, 12, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)).permute(
        0, 3, 1, 2
    )
    return Batch(dict.fromkeys(names or ("photo",), x), None, torch.ones(rows), torch.arange(rows) * 7)


def augmented(given: Batch, *inputs: InputSchema, step: int = 0) -> Batch:
    return Augmenter(inputs)(given, Rng(0, step, given.row_B))


def test_nothing_asked_is_nothing_done() -> None:
    given = batch()
    assert augmented(given, schema()) is given


def test_affine_changes_cost_one_resampling() -> None:
    given = batch()
    rng = Rng(0, 0, given.row_B).fold_in("augment:photo:0")
    chain = [(AUGMENTATIONS["rotate"], 15.0), (AUGMENTATIONS["shift"], 0.2), (AUGMENTATIONS["flip"], 0.5)]
    out = augmented(given, schema({"rotate": 15}, {"shift": 0.2}, "flip"))
    assert torch.equal(out.inputs["photo"], warp(given.inputs["photo"], rng, chain))


def test_only_the_input_that_asks_is_changed_and_the_batch_is_not() -> None:
    given = batch("photo", "scan")
    before = given.inputs["photo"].clone()
    out = augmented(given, schema({"flip": 1}), schema(name="scan"))
    assert torch.equal(out.inputs["photo"], before.flip(3))
    assert out.inputs["scan"] is given.inputs["scan"]
    assert torch.equal(given.inputs["photo"], before)
    assert out.row_B is given.row_B


def test_two_inputs_are_drawn_apart() -> None:
    out = augmented(batch("photo", "scan"), schema("crop"), schema("crop", name="scan"))
    assert not torch.equal(out.inputs["photo"], out.inputs["scan"])


@pytest.mark.parametrize(
    "chain", [("rotate", "shift", "flip", "crop"), ("zoom", "color_jitter", "noise", "cutout", "shear")]
)
def test_rows_do_not_depend_on_the_batch_they_are_in(chain: tuple[str, ...]) -> None:
    asked = schema(*chain).model_copy(update={"fields": (MEAN,)})
    whole = augmented(batch(), asked).inputs["photo"]
    parts = torch.cat([augmented(part, asked).inputs["photo"] for part in batch().split(5)])
    torch.testing.assert_close(parts, whole, atol=1e-3, rtol=0)
    assert not torch.equal(augmented(batch(), asked, step=1).inputs["photo"], whole)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("rotat", r"'photo'.*'rotat'.*'rotate'"),
        ({"name": "rotate", "degrees": 3}, r"rotate has no option 'degrees'.*amount"),
        ({"rotate": 200}, r"rotate: option 'amount' .degrees.*180, not 200"),
        ({"shift": -0.1}, "a fraction of width and height"),
        ({"flip": 2}, "probability of a flip. must be from 0 to 1"),
        ({"flip": "often"}, "not 'often'"),
        ({"crop": True}, "not True"),
        ({"crop": float("nan")}, "not nan"),
    ],
)
def test_what_is_unknown_is_refused_at_once(asked: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Augmenter([schema(asked)])


def test_what_does_not_fit_the_input_is_refused() -> None:
    grey = schema("color_jitter").model_copy(update={"shape": (9, 12, 1)})
    with pytest.raises(UsageError, match=says("augmentations.unsuitable", augmentation="color_jitter")):
        Augmenter([grey])
    with pytest.raises(UsageError, match=says("augmentations.unknown", augmentation="flip")):
        Augmenter([schema("flip", name="scores", kind="table")])
    words = ColumnSchema(name="town", kind="category", state={"classes": ["a", "b"]})
    with pytest.raises(UsageError, match=says("augmentations.unsuitable", augmentation="noise")):
        Augmenter(
            [InputSchema(name="scores", kind="table", fields=(words,), shape=(1,), augment=(Component(name="noise"),))]
        )


def test_tables_are_augmented_beside_pictures() -> None:
    number = ColumnSchema(name="size", kind="number", state={"std": 2.0})
    table = InputSchema(name="table", kind="table", fields=(number,), shape=(1,), augment=(Component(name="noise"),))
    given = batch()
    given = given.with_inputs({**given.inputs, "table": torch.zeros(12, 1)})
    out = augmented(given, schema({"flip": 1}), table)
    assert torch.equal(out.inputs["photo"], given.inputs["photo"].flip(3))
    assert 0 < out.inputs["table"].abs().min() < out.inputs["table"].abs().max() < 1


@pytest.fixture
def invert(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def make(schema: InputSchema, *, rate: float) -> Stage:
        return lambda x, rng: torch.where(rng.uniform("invert", 1, 1, 1) < rate, 255 - x, x)

    module = ModuleType("inverting")
    module.INVERT = SeparatePass(make, {"rate": Amount(0.5, 1, "a share")})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "inverting", module)
    entry = Entry("inverting:INVERT", "white for black")
    tables = {**registry.TABLES, "augmentations": {**registry.TABLES["augmentations"], "image/invert": entry}}
    monkeypatch.setattr(registry, "TABLES", tables)
    registry.registered.cache_clear()
    yield
    registry.registered.cache_clear()


@pytest.mark.usefixtures("invert")
def test_changes_of_another_sort_take_their_place_in_the_order() -> None:
    given = batch()
    out = augmented(given, schema("flip", {"invert": 1}, "flip", "vertical_flip")).inputs["photo"]
    x = given.inputs["photo"]
    for stage, chain in (("augment:photo:0", ["flip"]), ("augment:photo:2", ["flip", "vertical_flip"])):
        x = warp(x, Rng(0, 0, given.row_B).fold_in(stage), [(AUGMENTATIONS[name], 0.5) for name in chain])
    assert torch.equal(out, 255 - x)


def test_each_sort_of_change_costs_one_pass() -> None:
    asked = schema("flip", {"rotate": 5}, "brightness", "contrast", "noise", "noise", "cutout", "zoom")
    assert len(_passes(InputSchema(**{**dict(asked), "fields": (MEAN,)}))) == 5


@pytest.fixture
def masks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A type of column that is not ours: a mask, which lies over the picture of its row."""
    module, own = ModuleType("masks"), registry.lookup("columns", "image")
    follows = replace(own.input, moved=lambda one, raw, motion: motion.values(raw))
    module.COLUMN = replace(own, kind="mask", input=follows)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "masks", module)
    columns = {**registry.TABLES["columns"], "mask": Entry("masks:COLUMN", "a mask")}
    monkeypatch.setattr(registry, "TABLES", {**registry.TABLES, "columns": columns})
    registry.registered.cache_clear()
    yield
    registry.registered.cache_clear()


@pytest.mark.usefixtures("masks")
def test_a_mask_moves_with_the_picture_of_its_row() -> None:
    given, mask = batch("photo", "mask"), schema(name="mask", kind="mask")
    out = augmented(given, schema("flip", "crop"), mask).inputs
    assert torch.equal(out["mask"], out["photo"]) and not torch.equal(out["mask"], given.inputs["mask"])
    out = augmented(given, schema("flip", "brightness", "crop"), mask).inputs
    assert out["mask"].dtype == torch.uint8  # moved twice, as bright as before
    assert torch.equal(out["photo"], augmented(given, schema("flip", "brightness", "crop")).inputs["photo"])
    x = given.inputs["mask"]
    for stage, name in (("augment:photo:0", "flip"), ("augment:photo:2", "crop")):
        x = warp(x, Rng(0, 0, given.row_B).fold_in(stage), [(AUGMENTATIONS[name], AUGMENTATIONS[name].amount)])
    assert torch.equal(out["mask"], x)


@pytest.mark.usefixtures("masks")
def test_a_mask_follows_one_picture_alone() -> None:
    mask = schema(name="mask", kind="mask")
    with pytest.raises(UsageError, match=says("augmentations.two-moving-images", first="photo", second="other")):
        Augmenter([schema("flip"), schema("shift", name="other"), mask])
    Augmenter([schema("flip"), schema("brightness", name="other"), mask])


def test_a_target_that_speaks_of_places_moves_with_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("corners")
    turned = SimpleNamespace(moved=lambda target, target_B, motion: motion.points(target_B[:, None])[:, 0])
    module.TARGET = turned  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "corners", module)
    targets = {**registry.TABLES["targets"], "corner": Entry("corners:TARGET", "where a corner is")}
    monkeypatch.setattr(registry, "TABLES", {**registry.TABLES, "targets": targets})
    registry.registered.cache_clear()
    try:
        target = ColumnSchema(name="corner", kind="corner", state={})
        given = replace(batch(), target_B=torch.tensor([[0.25, 0.125]]).repeat(12, 1))
        augment = Augmenter([schema({"flip": 1}, "contrast")], target)
        moved_B2 = augment(given, Rng(0, 0, given.row_B)).target_B
        assert moved_B2 is not None and torch.allclose(moved_B2, torch.tensor([[0.75, 0.125]]).repeat(12, 1))
        still = Augmenter([schema("contrast")], target)(given, Rng(0, 0, given.row_B))
        assert still.target_B is given.target_B
        with pytest.raises(UsageError, match=says("augmentations.two-moving-images", follower="The target")):
            Augmenter([schema("flip"), schema("flip", name="other")], target)
    finally:
        registry.registered.cache_clear()
