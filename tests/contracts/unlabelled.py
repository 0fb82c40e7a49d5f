"""Rows of every kind without labels, and the objectives that learn from them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from leadline.core.component import Component
from leadline.core.schema import ColumnSchema, InputSchema, Schema
from leadline.data.preprocessors import build_preprocessor, signal_spec
from leadline.models.build import build_encoder
from leadline.nn.batch import PRESENT, Batch
from leadline.nn.fusion import fuse_by
from leadline.objectives.contract import BoundObjective

ROWS = 16
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
DATE = {"format": None, "mean": 19_000.25, "std": 30.0, "times": True, "missing": False}
LETTERS = {
    "tokens": "characters",
    "lower": False,
    "vocabulary": ["[ padding ]", "[ unknown ]", "a", "狗", "b"],
    "length": 6,
}
CELLS = (
    ColumnSchema(name="price", kind="number", state=NUMBER),
    ColumnSchema(name="kind", kind="category", state={"classes": ["a", "b", "c", "d"]}),
    ColumnSchema(name="sold", kind="date", state=DATE),
    ColumnSchema(name="größe", kind="number", state={**NUMBER, "missing": True}),
    ColumnSchema(name="yes", kind="boolean", state={"classes": ["no", "yes"], "missing": True}),
)
UNDATED = tuple(field for field in CELLS if field.kind != "date")
PIXELS = {
    "height": 6,
    "width": 5,
    "channels": 1,
    "mean": [110.0],
    "std": [105.0],
    "resized": False,
    "scale": "standard",
}
COLOURS = {**PIXELS, "channels": 3, "mean": [110.0] * 3, "std": [60.0, 50.0, 40.0]}
TARGET = ColumnSchema(name="class", kind="category", state={"classes": ["cat", "狗", "<b>"], "counts": [7, 5, 4]})
INPUTS = {
    "table": InputSchema(name="table", kind="table", fields=CELLS, shape=(6,)),
    "cells": InputSchema(name="table", kind="table", fields=UNDATED, shape=(4,)),
    "picture": InputSchema(
        name="photo", kind="image", fields=(ColumnSchema(name="photo", kind="image", state=PIXELS),), shape=(6, 5, 1)
    ),
    "colour": InputSchema(
        name="photo",
        kind="image",
        fields=(ColumnSchema(name="photo", kind="image", state=COLOURS),),
        shape=(6, 5, 3),
    ),
    "drawing": InputSchema(
        name="drawing",
        kind="image",
        fields=(ColumnSchema(name="drawing", kind="image", state=COLOURS),),
        shape=(6, 5, 3),
    ),
    "text": InputSchema(
        name="text",
        kind="text",
        fields=(ColumnSchema(name="text", kind="text", state={**LETTERS, "width": 8}),),
        shape=(6,),
    ),
}
NETWORKS = {"table": "mlp", "image": "mlp", "text": "rnn"}

FREE = {"spectral_norm": False}  # a power iteration in each pass is no function of the weights alone

# Every objective without labels on the kinds of rows that it takes, with options that change its loss. One line a case.
CASES: dict[str, tuple[Component, str]] = {
    "autoencoder": (Component(name="autoencoder"), "table"),
    "autoencoder, bernoulli": (Component(name="autoencoder", options={"pixel_likelihood": "bernoulli"}), "picture"),
    "autoencoder, masked": (Component(name="autoencoder", options={"noise": "mask", "sigma": 0.5}), "colour"),
    "autoencoder, noisy": (Component(name="autoencoder", options={"noise": "gaussian", "anomaly": ["狗"]}), "table"),
    "autoencoder, relative": (
        Component(name="autoencoder", options={"anomaly_score": "relative", "pixel_likelihood": "bernoulli"}),
        "picture",
    ),
    "autoencoder, relative cells": (Component(name="autoencoder", options={"anomaly_score": "relative"}), "table"),
    "autoencoder, texts": (Component(name="autoencoder", options={"noise": "mask"}), "text"),
    "autoencoder, several": (Component(name="autoencoder"), "table + picture"),
    "vae": (Component(name="vae"), "table"),
    "vae, bernoulli": (Component(name="vae", options={"pixel_likelihood": "bernoulli", "beta": 2.0}), "picture"),
    "vae, conditional": (Component(name="vae", options={"conditional": True, "free_bits": 0.1}), "colour"),
    "vae, texts": (Component(name="vae", options={"latent_dim": 3}), "text"),
    "vae, several": (Component(name="vae"), "table + picture"),
    "clustering": (Component(name="clustering", options={"clustering_weight": 0.5}), "table"),
    "clustering, as many as said": (Component(name="clustering", options={"n_clusters": 3}), "colour"),
    "clustering, several": (Component(name="clustering", options={"n_clusters": 2, "warmup": 0.2}), "table + picture"),
    "masked": (Component(name="masked"), "table"),
    "masked, pictures": (Component(name="masked", options={"mask_ratio": 0.4, "patch_size": 2}), "colour"),
    "masked, texts step by step": (Component(name="masked", options={"mask_ratio": 0.5}), "text"),
    "masked, texts as a whole": (Component(name="masked", options={"by": "row"}), "text"),
    "masked, several": (Component(name="masked"), "table + picture"),
    "contrastive": (Component(name="contrastive"), "table"),
    "contrastive, pictures": (
        Component(name="contrastive", options={"temperature": 0.5, "projection_dim": 6}),
        "colour",
    ),
    "contrastive, texts": (Component(name="contrastive"), "text"),
    "contrastive, several": (Component(name="contrastive"), "table + picture"),
    "gan": (Component(name="gan", options={**FREE, "width": 4}), "picture"),
    "gan, colours": (Component(name="gan", options={**FREE, "width": 4, "latent_dim": 3}), "colour"),
    "gan, wgan-gp": (
        Component(name="gan", options={"loss": "wgan-gp", "width": 4, "upsampling": "transposed"}),
        "picture",
    ),
    "gan, cells": (Component(name="gan", options={**FREE, "width": 4}), "cells"),
    "gan, conditional cells": (Component(name="gan", options={**FREE, "conditional": True, "r1": 0.1}), "cells"),
    "image-to-image": (Component(name="image-to-image", options={**FREE, "width": 4, "residual_blocks": 1}), "colour"),
    "image-to-image, of pairs": (
        Component(name="image-to-image", options={**FREE, "into": "drawing", "width": 4, "loss": "hinge"}),
        "picture + drawing",
    ),
    "gan, conditional": (Component(name="gan", options={**FREE, "conditional": True, "r1": 1.0, "width": 4}), "colour"),
}

BESIDE = ("contrastive",)  # objectives that tell rows from those that they are decided with


def schema_of(rows: str) -> Schema:
    return Schema(inputs=tuple(INPUTS[one] for one in rows.split(" + ")), target=TARGET)


def raw(one: InputSchema, rows: int, generator: torch.Generator, dtype: torch.dtype) -> torch.Tensor:
    if one.kind == "image":
        height, width, channels = one.shape
        return torch.randint(0, 256, (rows, height, width, channels), generator=generator, dtype=torch.uint8).permute(
            0, 3, 1, 2
        )
    if one.kind == "text":
        token_BT = torch.randint(1, 5, (rows, 6), generator=generator)
        length_B = torch.randint(1, 7, (rows,), generator=generator)
        return token_BT.masked_fill(torch.arange(6) >= length_B[:, None], 0).to(torch.int32)
    number_B2 = 5 + 2 * torch.randn(rows, 2, generator=generator)
    code_B = torch.randint(0, 5, (rows,), generator=generator).float()
    day_B = torch.randint(18_900, 19_100, (rows,), generator=generator).float()
    second_B = torch.randint(0, 86_400, (rows,), generator=generator).float()
    yes_B = torch.randint(0, 2, (rows,), generator=generator).float()
    number_B2[::5, 1], yes_B[1::4] = torch.nan, torch.nan
    days = [day_B, second_B] if len(one.fields) == len(CELLS) else []
    return torch.stack([number_B2[:, 0], code_B, *days, number_B2[:, 1], yes_B], 1).to(dtype)


def batch_of(rows: str, objective: BoundObjective, dtype: torch.dtype = torch.float32) -> Batch:
    generator = torch.Generator().manual_seed(0)
    inputs = {one.name: raw(one, ROWS, generator, dtype) for one in schema_of(rows).inputs}
    views = {
        view: {one.name: raw(one, ROWS, generator, dtype) for one in schema_of(rows).inputs}
        for view in objective.supervision.views[1:]
    }
    if len(inputs) > 1:  # some rows lack one of them
        there_BK = torch.ones(ROWS, len(inputs), dtype=torch.bool)
        there_BK[1::5, 0], there_BK[2::5, 1] = False, False
        inputs[PRESENT] = there_BK
        views = {view: {**tensors, PRESENT: there_BK} for view, tensors in views.items()}
    target_B = torch.randint(0, 3, (ROWS,), generator=generator)
    return Batch(inputs, target_B, 0.5 + torch.rand(ROWS, generator=generator), torch.arange(ROWS), views)


def build(name: str, objective: Any) -> nn.Module:
    torch.manual_seed(0)
    schema = schema_of(CASES[name][1])
    encoders = {}
    for one in schema.inputs:
        front = build_preprocessor(one)
        options = {"hidden": [12]} if NETWORKS[one.kind] == "mlp" else {"hidden": 8}
        component = Component(name=NETWORKS[one.kind], options=options)
        encoders[one.name] = build_encoder(
            component, signal_spec(front, one), front, "small", encoder_output=objective.learning.encoder_output
        )
    fuse = fuse_by(Component(name="concat", options={"modality_dropout": 0}))
    return objective.learning.build(schema, encoders, fuse)  # type: ignore[no-any-return]
