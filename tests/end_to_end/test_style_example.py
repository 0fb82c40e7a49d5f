"""The example of style transfer: what its network sees in pictures of any size, and pictures that are made to look
like others.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

import leadline
from leadline.models.tabular import mlp
from leadline.models.vision import cnn, resnet, vgg
from leadline.nn.batch import SignalSpec

FILE = Path(__file__).parents[2] / "examples" / "style.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("style_example", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def backbone(family):
    torch.manual_seed(0)
    options = family.FAMILY.options.model_validate(family.FAMILY.sizes["small"])
    return family.FAMILY.build(SignalSpec("image", (3, 16, 16)), options)


def train(source: str, network: str) -> leadline.Run:
    settings = {"network.size": "small", "baselines": []}
    run = leadline.train(source, network=network, epochs=1, settings=settings, deterministic=True, quiet=True)
    assert run is not None
    return run


@pytest.mark.parametrize("family", [cnn, vgg, resnet])
def test_maps_are_seen_at_every_size_but_one(example: ModuleType, family) -> None:
    maps = example.FeatureMaps(backbone(family), (3, 16, 16))
    sides = [x.shape[-1] for x in maps(torch.zeros(1, 3, 16, 16))]
    assert len(sides) >= 2
    assert sides == sorted(set(sides), reverse=True)
    wide = maps(torch.zeros(1, 3, 40, 24))
    assert [tuple(x.shape[2:]) for x in wide] == [(40 * side // 16, 24 * side // 16) for side in sides]
    assert not any(module._forward_hooks for module in maps.backbone.modules())


def test_a_network_without_maps_ends_the_program(example: ModuleType) -> None:
    with pytest.raises(SystemExit, match="no convolutions"):
        example.FeatureMaps(mlp.FAMILY.build(SignalSpec("image", (3, 16, 16)), mlp.FAMILY.options()), (3, 16, 16))


def test_gram_matrices_know_no_places(example: ModuleType) -> None:
    x = torch.randn(1, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    places = torch.randperm(30, generator=torch.Generator().manual_seed(1))
    moved = x.flatten(2)[..., places].view(1, 4, 5, 6)
    assert torch.allclose(example.gram(x), example.gram(moved), atol=1e-6)
    assert torch.allclose(example.gram(x)[0, 1, 2], (x[0, 1] * x[0, 2]).mean(), atol=1e-6)
    assert torch.allclose(example.gram(x.repeat(1, 1, 2, 2)), example.gram(x), atol=1e-6)  # nor of a picture's size


def test_a_picture_comes_to_look_like_another_and_keeps_its_things(example: ModuleType) -> None:
    maps = example.FeatureMaps(backbone(cnn), (3, 16, 16))
    content = torch.full((1, 3, 20, 28), 60.0)
    content[:, :, 5:15, 8:20] = 180.0
    look = (128 + 80 * torch.sin(torch.arange(24) / 1.5)).expand(1, 3, 24, 24).clone()
    look[:, 0] -= 40

    def preprocess(x):
        return x / 128 - 1

    def apart(x, y):
        seen = [[example.gram(one) for one in maps(preprocess(picture))] for picture in (x, y)]
        return float(sum((a - b).square().mean() / b.square().mean() for a, b in zip(*seen, strict=True)))

    made = example.transferred(maps, preprocess, content, look, steps=25)
    assert made.shape == content.shape
    assert 0 <= float(made.min()) <= float(made.max()) <= 255
    assert apart(made, look) < 0.3 * apart(content, look)
    assert torch.equal(made, example.transferred(maps, preprocess, content, look, steps=25))
    kept = example.transferred(maps, preprocess, content, look, steps=25, weight=0.0)
    assert (kept - content).abs().mean() < (made - content).abs().mean()


def test_pictures_and_a_run_of_ones_own(example: ModuleType, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = train("digits", network="cnn")
    rng = np.random.default_rng(0)
    for name, size in (("content.png", (30, 44, 3)), ("look.jpg", (60, 300, 3))):
        Image.fromarray(rng.integers(0, 256, size, dtype=np.uint8)).save(place / name)
    words = ["content.png", "look.jpg", "--network", str(run.folder), "-o", "out.png", "--steps", "3"]
    monkeypatch.setattr(sys, "argv", ["style.py", *words])
    example.main()
    made = np.asarray(Image.open(place / "out.png"))
    assert made.shape == (30, 44)  # the network saw grey pictures
    content, look = example.read(place / "content.png"), example.read(place / "look.jpg")
    assert look.shape == (51, 256, 3)
    assert np.array_equal(made, example.style(content, look, run, steps=3)[..., 0])


def test_a_run_without_images_ends_the_program(example: ModuleType) -> None:
    x = np.zeros((8, 8, 3), dtype=np.uint8)
    with pytest.raises(SystemExit, match="no images"):
        example.style(x, x, train("iris", network="mlp"), steps=1)
