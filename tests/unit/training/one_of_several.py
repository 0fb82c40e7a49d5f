"""Trains the small problem as one of the processes that torchrun would start, and writes what it ended with.

Usage: one_of_several.py OUT ACCUMULATE...
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from small_problem import Table, network, noisy, plain

from leadline.training.data_loader import DataLoader
from leadline.training.distributed import World, joined
from leadline.training.loop import fit


def train(out: Path, accumulate: int, world: World) -> None:
    """Train with early stopping, as a run would, and write the weights, the ticks and a shared word."""
    step = plain(network(dropout=0.2), {"name": "adam", "lr": 0.01}, clip=1.0, accumulate=accumulate, world=world)
    loader = DataLoader(Table(47), 12, 5, augment=noisy, world=world)
    # One process alone wants to stop after step 12: all of them must.
    entries = list(fit(step, loader, lambda t: t.step == 12 and world.rank == world.size - 1, total=20, every=4))
    seen = torch.tensor([[t.step, t.losses["loss"], t.losses["mae"], t.gradient_norm] for t in entries])
    word = world.share("naïve 計画" if world.is_main else None)
    world.barrier()
    tensors = {**step.network.state_dict(), "ticks": seen, "word": torch.tensor(list(word.encode()))}
    save_file(tensors, out / f"{world.rank}-of-{world.size}-{accumulate}.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    with joined("cpu") as joint:
        for parts in sys.argv[2:]:
            train(Path(sys.argv[1]), int(parts), joint)
    tasks = Path("/proc/self/task")  # only Linux tells
    left = [name for task in tasks.glob("*/comm") if "gloo" in (name := task.read_text().strip())]
    if left:
        sys.exit(f"the group was destroyed, but {', '.join(left)} still run and may crash the process as it ends")
