"""Train by an optimizer of your own: any class of torch.optim.Optimizer whose constructor takes parameters and lr.

The schedule scales lr in its param_groups. What it remembers in its state, as tensors and numbers, goes into
checkpoints, so an interrupted run is resumed to the same bits; a short trial before training makes sure of that.

From the command line: leadline train iris --optimizer own_optimizer.py:Lion
"""

import functools

import torch

import leadline


class Lion(torch.optim.Optimizer):
    """Steps by the sign of a mean of gradients (Chen et al. 2023), with weight decay apart."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        """Update every parameter that has a gradient."""
        for group in self.param_groups:
            first, second = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                mean = self.state[p].setdefault("mean", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(torch.lerp(p.grad, mean, first).sign(), alpha=group["lr"])
                mean.lerp_(p.grad, 1 - second)


if __name__ == "__main__":
    run = leadline.train("iris", optimizer=functools.partial(Lion, weight_decay=0.1), epochs=30, seed=0)
    print(run)
