"""What a network sees of pictures of any size, and pictures that are made to look like others."""

from __future__ import annotations

import pytest
import torch

from leadline.models.tabular import mlp
from leadline.models.vision import cnn, resnet, vgg
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.generative.style import Eye, gram, transferred


def backbone(family=cnn, **options):
    torch.manual_seed(0)
    spec = SignalSpec("image", (3, 16, 16))
    return family.FAMILY.build(spec, family.FAMILY.options.model_validate({**family.FAMILY.sizes["small"], **options}))


@pytest.mark.parametrize("family", [cnn, vgg, resnet])
def test_maps_are_seen_at_every_size_but_one(family) -> None:
    eye = Eye(backbone(family), (3, 16, 16))
    sides = [x.shape[-1] for x in eye(torch.zeros(1, 3, 16, 16))]
    assert len(sides) >= 2
    assert sides == sorted(set(sides), reverse=True)
    wide = eye(torch.zeros(1, 3, 40, 24))
    assert [tuple(x.shape[2:]) for x in wide] == [(40 * side // 16, 24 * side // 16) for side in sides]
    assert not any(module._forward_hooks for module in eye.backbone.modules())


def test_a_network_without_maps_is_refused() -> None:
    spec = SignalSpec("image", (3, 16, 16))
    with pytest.raises(ValueError, match="no layers that give maps"):
        Eye(mlp.FAMILY.build(spec, mlp.FAMILY.options()), (3, 16, 16))


def test_gram_matrices_know_no_places() -> None:
    x = torch.randn(1, 4, 5, 6, generator=torch.Generator().manual_seed(0))
    places = torch.randperm(30, generator=torch.Generator().manual_seed(1))
    moved = x.flatten(2)[..., places].view(1, 4, 5, 6)
    assert torch.allclose(gram(x), gram(moved), atol=1e-6)
    assert torch.allclose(gram(x)[0, 1, 2], (x[0, 1] * x[0, 2]).mean(), atol=1e-6)
    assert torch.allclose(gram(x.repeat(1, 1, 2, 2)), gram(x), atol=1e-6)  # nor how large a picture is


def test_a_picture_comes_to_look_like_another_and_keeps_its_things() -> None:
    eye = Eye(backbone(), (3, 16, 16))
    content = torch.full((1, 3, 20, 28), 60.0)
    content[:, :, 5:15, 8:20] = 180.0
    style = (128 + 80 * torch.sin(torch.arange(24) / 1.5)).expand(1, 3, 24, 24).clone()
    style[:, 0] -= 40

    def front(x):
        return x / 128 - 1

    def apart(x, y):
        seen = [[gram(one) for one in eye(front(picture))] for picture in (x, y)]
        return float(sum((a - b).square().mean() / b.square().mean() for a, b in zip(*seen, strict=True)))

    given = {"steps": 25, "weight": 10.0}
    made = transferred(eye, front, content, style, **given)
    assert made.shape == content.shape
    assert 0 <= float(made.min()) <= float(made.max()) <= 255
    assert apart(made, style) < 0.3 * apart(content, style)
    assert torch.equal(made, transferred(eye, front, content, style, **given))
    kept = transferred(eye, front, content, style, steps=25, weight=0.0)
    assert (kept - content).abs().mean() < (made - content).abs().mean()


def test_signals_come_from_the_front() -> None:
    eye = Eye(backbone(), (3, 16, 16))
    x = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        first = eye(x)[0]
        eye.layers = eye.layers[:1]
        assert torch.equal(eye(x)[0], first)
        assert eye.backbone(Signal(x)).values.ndim == 2
