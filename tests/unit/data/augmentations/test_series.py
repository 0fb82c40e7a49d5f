"""Random changes of windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema
from leadline.core.series_spec import SeriesSpec, Window
from leadline.data.augmentations.augmenter import Augmenter, augmentation, augmentations, strong
from leadline.data.augmentations.series import spans
from leadline.nn.batch import Batch
from leadline.nn.rng import Rng

AUGMENTATIONS: Mapping[str, Any] = {name: augmentation("series", name) for name in augmentations("series")}

PAST, AHEAD, ROWS = 20, 4, 400
NUMBER = {
    "mean": 5.0,
    "std": 2.0,
    "min": 0.0,
    "max": 9.0,
    "median": 5.0,
    "missing": False,
    "offset": 0.0,
    "scale": "standard",
}


def schema(*augment: Component) -> InputSchema:
    fields = (
        ColumnSchema(name="load", kind="number", state=NUMBER),
        ColumnSchema(name="place", kind="category", state={"classes": ["a", "b", "c"]}),
    )
    window = Window(spec=SeriesSpec(horizon=AHEAD, context_length=PAST), aims=("load",))
    return InputSchema(
        name="series", kind="series", fields=fields, shape=(PAST + AHEAD, 2), window=window, augment=augment
    )


def windows() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    load = 5 + 2 * torch.randn(ROWS, PAST + AHEAD, generator=generator)
    load[:, PAST:] = torch.nan
    load[::7, 3] = torch.nan
    return torch.stack([load, torch.randint(1, 4, load.shape, generator=generator).float()], 2)


def changed(name: str, amount: float) -> tuple[Tensor, Tensor]:
    x = windows()
    rows = Batch({"series": x}, None, torch.ones(ROWS), torch.arange(ROWS))
    out = Augmenter([schema(Component(name=name, options={"amount": amount}))])(rows, Rng(0, 1, rows.row_B))
    return x, out.inputs["series"]


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_codes_and_what_is_ahead_stay(name: str) -> None:
    x, out = changed(name, 0.5)
    torch.testing.assert_close(out[:, :, 1], x[:, :, 1], atol=0, rtol=0)
    torch.testing.assert_close(out[:, PAST:], x[:, PAST:], atol=0, rtol=0, equal_nan=True)
    assert not torch.equal(torch.nan_to_num(out[:, :PAST, 0]), torch.nan_to_num(x[:, :PAST, 0]))
    x, same = changed(name, 0.0)
    torch.testing.assert_close(same, x, atol=1e-5, rtol=0, equal_nan=True)


def test_noise_is_a_fraction_of_the_spread() -> None:
    x, out = changed("noise", 0.25)
    noise = (out - x)[:, :PAST, 0]
    assert noise[~noise.isnan()].std().item() == pytest.approx(0.5, rel=0.03)
    assert torch.equal(noise.isnan(), x[:, :PAST, 0].isnan())


def test_a_scale_keeps_the_last_known_value() -> None:
    x, out = changed("scale", 0.5)
    last = x[:, PAST - 1, 0]
    torch.testing.assert_close(out[:, PAST - 1, 0], last)
    factor = (out[:, 0, 0] - last) / (x[:, 0, 0] - last)
    known = ~factor.isnan()
    assert known.sum() > 300
    assert 0.49 < factor[known].min() < 0.52
    assert 1.48 < factor[known].max() < 1.51


def test_spans_are_runs_of_every_length_up_to_the_most() -> None:
    gone = spans(Rng(0, 0, torch.arange(5000)), 20, 1, 0.5)[:, :, 0]
    lengths = gone.sum(1)
    assert set(lengths.tolist()) == set(range(11))
    edges = (torch.diff(torch.nn.functional.pad(gone.int(), (1, 1)), dim=1) != 0).sum(1)
    assert set(edges.tolist()) == {0, 2}
    share = gone[lengths == 1].float().mean(0).numpy()
    np.testing.assert_allclose(share, 0.05, atol=0.035)  # anywhere
    x, out = changed("missing_span", 0.5)
    more = out[:, :PAST, 0].isnan() & ~x[:, :PAST, 0].isnan()
    assert 0.15 < more.float().mean() < 0.35


def test_windows_have_strong_versions() -> None:
    assert [one.name for one in strong(schema())] == ["noise", "scale", "missing_span"]
