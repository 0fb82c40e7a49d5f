"""Train a variational autoencoder with a loop written by hand, and print images/s of each epoch as JSON.

``python torch_vae.py arrays.npz --plan '{"precision": "fp32", "compile": false, "threads": 2}' --epochs 3``
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

LATENT, HIDDEN = 20, 400


class Vae(nn.Module):
    """One hidden layer each way; the forward pass is the negative evidence bound, averaged over rows."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENT))
        self.decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, pixels))

    def forward(self, x_BD: Tensor) -> Tensor:
        mean_BL, spread_BL = self.encoder(x_BD).float().chunk(2, 1)
        code_BL = mean_BL + torch.exp(0.5 * spread_BL) * torch.randn_like(mean_BL)
        made = F.binary_cross_entropy_with_logits(self.decoder(code_BL).float(), x_BD, reduction="sum")
        kl = 0.5 * (mean_BL.square() + spread_BL.exp() - 1 - spread_BL).sum()
        bound: Tensor = (made + kl) / len(x_BD)
        return bound


def epochs_per_second(x_ND: Tensor, plan: Mapping[str, Any], epochs: int, batch: int) -> list[float]:
    """Train and return images/s of each epoch."""
    model: Any = Vae(x_ND.shape[1])
    forward = torch.compile(model) if plan["compile"] else model
    torch.backends.mkldnn.matmul.fp32_precision = "bf16" if plan["precision"] == "bf16-matmul" else "ieee"
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, fused=True)
    rates = []
    for _ in range(epochs):
        start = time.perf_counter()
        for at in torch.randperm(len(x_ND)).split(batch):
            x_BD = torch.bernoulli(x_ND[at].float().mul_(1 / 255))
            with torch.autocast("cpu", torch.bfloat16) if plan["precision"] == "bf16" else nullcontext():
                loss = forward(x_BD)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        rates.append(len(x_ND) / (time.perf_counter() - start))
    return rates


def main() -> None:
    """Read the pictures, train, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arrays")
    parser.add_argument("--plan", type=json.loads, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch", type=int, default=128)
    options = parser.parse_args()
    torch.set_num_threads(options.plan["threads"])
    with np.load(options.arrays, allow_pickle=False) as arrays:
        x_ND = torch.from_numpy(arrays["x"].reshape(len(arrays["x"]), -1))
    print(json.dumps({"images_per_second": epochs_per_second(x_ND, options.plan, options.epochs, options.batch)}))


if __name__ == "__main__":
    main()
