"""Train the textbook CNN with a loop written by hand, and print images/s of each epoch as JSON.

``python torch_loop.py arrays.npz --plan '{"precision": "bf16", "channels_last": true, "threads": 2}' --epochs 2``
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 10


def network() -> nn.Sequential:
    """The network of `keras_cnn.py`; ReLU after max-pooling is the same function as before it, and cheaper."""
    convolutions = [
        layer
        for before, filters in ((3, 32), (32, 64), (64, 128))
        for layer in (nn.Conv2d(before, filters, 3, padding="same"), nn.MaxPool2d(2), nn.ReLU())
    ]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(128 * 4 * 4, 128), nn.ReLU(), nn.Linear(128, CLASSES))


def augmented(x_BCHW: Tensor) -> Tensor:
    """Rotate by up to 10°, shift by up to a tenth and flip half of the pictures, in one resampling."""
    rows = x_BCHW.shape[0]
    angle_B = (torch.rand(rows) * 2 - 1) * math.radians(10)
    flip_B = (torch.rand(rows) < 0.5) * -2.0 + 1
    shift_B2 = (torch.rand(rows, 2) * 2 - 1) * 0.2  # a tenth of the side: coordinates run from -1 to 1
    cos_B, sin_B = angle_B.cos(), angle_B.sin()
    x_row_B3 = torch.stack([cos_B * flip_B, -sin_B, shift_B2[:, 0]], dim=1)
    y_row_B3 = torch.stack([sin_B * flip_B, cos_B, shift_B2[:, 1]], dim=1)
    grid_BHW2 = F.affine_grid(torch.stack([x_row_B3, y_row_B3], dim=1), list(x_BCHW.shape), align_corners=False)
    return F.grid_sample(x_BCHW, grid_BHW2, padding_mode="border", align_corners=False)


def epochs_per_second(x_NHWC: Tensor, y_N: Tensor, plan: Mapping[str, Any], epochs: int, batch: int) -> list[float]:
    """Train and return images/s of each epoch."""
    layout = torch.channels_last if plan["channels_last"] else torch.contiguous_format
    model: Any = network().to(memory_format=layout)  # type: ignore[call-overload]
    forward = torch.compile(model) if plan["compile"] else model
    low = plan["precision"] == "bf16-matmul"
    torch.backends.mkldnn.matmul.fp32_precision = "bf16" if low else "ieee"
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    mean_C, std_C = (torch.tensor(v).view(1, 3, 1, 1) for v in ([125.3, 123.0, 113.9], [63.0, 62.1, 66.7]))
    rates = []
    for _ in range(epochs):
        start = time.perf_counter()
        for at in torch.randperm(len(x_NHWC)).split(batch):
            x_BCHW = x_NHWC[at].permute(0, 3, 1, 2).contiguous(memory_format=layout).float()
            x_BCHW = (augmented(x_BCHW) - mean_C) / std_C
            with torch.autocast("cpu", torch.bfloat16) if plan["precision"] == "bf16" else nullcontext():
                loss = F.cross_entropy(forward(x_BCHW), y_N[at])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        rates.append(len(x_NHWC) / (time.perf_counter() - start))
    return rates


def main() -> None:
    """Read the arrays, train, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arrays")
    parser.add_argument("--plan", type=json.loads, required=True)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    torch.set_num_threads(options.plan["threads"])
    with np.load(options.arrays, allow_pickle=False) as arrays:
        x_NHWC, y_N = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["y"])
    rates = epochs_per_second(x_NHWC, y_N, options.plan, options.epochs, options.batch)
    print(json.dumps({"images_per_second": rates}))


if __name__ == "__main__":
    main()
