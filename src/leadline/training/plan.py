"""How steps are executed: device, precision, memory format, compilation, threads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import torch
from torch import Tensor, nn

from leadline.core.base import Fact
from leadline.core.catalogue import say
from leadline.core.entries.foreign_items import item_meant
from leadline.errors import UsageError, first_line
from leadline.nn.batch import Batch

Precision = Literal["fp32", "bf16-matmul", "bf16"]


class Trial(Fact):
    """One way of executing a step as it was timed: milliseconds of forward and backward, and how far from fp32 it came
    out.

    `loss_error` and `gradient_error` are relative to fp32; `ms` is None where the candidate was not sound or failed,
    and `why` says so.
    """

    candidate: str
    ms: float | None
    loss_error: float | None = None
    gradient_error: float | None = None
    why: str | None = None


class ExecutionPlan(Fact):
    """How every step of a run is executed; recorded with the run and used again on resume.

    `precision` is ``fp32``, ``bf16-matmul`` (fp32 tensors, products computed from bf16 parts on a CPU and from TF32
    parts on a GPU) or ``bf16`` (autocast). `trials` are what the choice rests on and `because` says it in words;
    `gradient_noise` is how far the choice of a batch puts the gradient off, relative to it: what errors of gradients
    are to be compared with.
    """

    device: str = "cpu"
    precision: Precision = "fp32"
    channels_last: bool = False
    compile: bool = False
    threads: int = 1
    deterministic: bool = False
    because: str = "as asked for"
    trials: tuple[Trial, ...] = ()
    gradient_noise: float | None = None

    @property
    def _arithmetic(self) -> str:
        if self.precision == "bf16-matmul":
            return "TF32 matmuls" if self.device.startswith("cuda") else "bfloat16 matmuls"
        return {"fp32": "float32", "bf16": "bfloat16 autocast"}[self.precision]

    @property
    def name(self) -> str:
        """What tells this plan from others, in words: ``float32, channels last, 2 threads``."""
        words: list[str] = [self._arithmetic]
        words += ["channels last"] if self.channels_last else []
        words += ["compiled"] if self.compile else []
        return ", ".join([*words, f"{self.threads} thread{'s' if self.threads > 1 else ''}"])


def device_title(device: str) -> str:
    """Return what people call a device: ``CPU``, ``GPU 0 (NVIDIA H200)``."""
    if not device.startswith("cuda"):
        return device.upper()
    return f"GPU {torch.device(device).index or 0} ({torch.cuda.get_device_name(device)})"


def device_for(name: str | None, local_rank: int = 0) -> torch.device:
    """Return the device a user named, or a GPU where there is one, else the CPU; raises UsageError where it is not
    there.
    """
    if name is None:
        return torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # devices without values ("meta") can be made, and cannot calculate
    except (RuntimeError, AssertionError, ImportError) as error:
        meant = item_meant("devices", name)
        if meant:
            raise UsageError(say("training.device-unknown", device=name, hint=meant)) from None
        raise UsageError(
            say("training.device-unavailable", device=name, error=first_line(error).partition(". ")[0])
        ) from None
    return torch.device("cuda", local_rank) if device.type == "cuda" and device.index is None else device


@contextmanager
def applied(plan: ExecutionPlan) -> Iterator[None]:
    """Make threads, matrix precision and determinism those of the plan within the block, and put the old ones back."""
    low = plan.precision == "bf16-matmul"
    backends: Any = torch.backends  # the stubs do not know these switches
    # cuDNN would use TF32 by itself: fp32 means fp32 here, so that what other precisions are checked against is exact.
    switches = [(backends.mkldnn.matmul, "bf16" if low else "ieee")]
    switches += [(backend, "tf32" if low else "ieee") for backend in (backends.cuda.matmul, backends.cudnn.conv)]
    before = [switch.fp32_precision for switch, _ in switches]
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(plan.threads)
    if plan.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS refuses to be deterministic without
        torch.use_deterministic_algorithms(True)
    try:
        for switch, precision in switches:
            switch.fp32_precision = precision
        yield
    finally:
        for (switch, _), precision in zip(switches, before, strict=True):
            switch.fp32_precision = precision
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


def autocast(plan: ExecutionPlan) -> AbstractContextManager[object]:
    """Return the context of a forward pass."""
    if plan.precision != "bf16":
        return nullcontext()
    return torch.autocast(torch.device(plan.device).type, dtype=torch.bfloat16)


def network_on(network: nn.Module, plan: ExecutionPlan) -> nn.Module:
    """Move a network to the plan's device and memory format, in place, and return it."""
    network.to(plan.device)
    if plan.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from the stubs
    return network


def batch_on(batch: Batch, plan: ExecutionPlan) -> Batch:
    """Return the batch with images in the plan's memory format; stored images come as channels-last."""
    if not any(x.ndim == 4 for x in batch.inputs.values()):
        return batch
    layout = torch.channels_last if plan.channels_last else torch.contiguous_format

    def arrange(x: Tensor) -> Tensor:
        return x.contiguous(memory_format=layout) if x.ndim == 4 else x

    return batch.map(arrange)
