"""Pictures to pictures: their sizes, whatever they are, and that each row is its own."""

from __future__ import annotations

import pytest
import torch

from leadline.nn.generative.image_translation import ImageTranslator


@pytest.mark.parametrize("given", [(1, 4, 4), (3, 28, 28), (1, 33, 17), (2, 7, 64)])
@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 28, 28), (3, 35, 70)])
def test_any_size_becomes_the_one_that_is_asked_for(given: tuple[int, ...], shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    converter = ImageTranslator(given[0], shape, 2, width=4, blocks=1)
    with torch.no_grad():
        found = converter(torch.randn(3, *given), torch.tensor([0, 1, 1]))
    assert found.shape == (3, *shape)
    assert (found >= 0).all()
    assert (found <= 255).all()


def test_a_row_does_not_see_the_others_and_its_class_tells() -> None:
    torch.manual_seed(0)
    converter = ImageTranslator(1, (1, 12, 12), 3, width=4, blocks=2).train()
    x, class_B = torch.randn(4, 1, 12, 12), torch.tensor([0, 1, 2, 0])
    whole = converter(x, class_B)
    torch.testing.assert_close(converter(x[2:3], class_B[2:3]), whole[2:3], atol=1e-4, rtol=1e-4)
    assert not torch.allclose(converter(x, torch.zeros(4, dtype=torch.int64))[1], whole[1])


def test_constant_pixels_give_numbers() -> None:
    converter = ImageTranslator(1, (1, 8, 8), 0, width=4, blocks=1)
    converter(torch.zeros(2, 1, 8, 8)).mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in converter.parameters())
