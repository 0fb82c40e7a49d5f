"""Where a run took place: versions, hardware and the state of the code around it. What is unknown is None."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

PACKAGES = ("leadline", "torch", "numpy", "polars", "scipy", "scikit-learn", "pillow", "safetensors", "pydantic")


def describe(folder: Path | None = None) -> dict[str, Any]:
    """Return plain JSON on the machine, the versions and the git commit that `folder` (the working folder) stands at.

    Names no host, user or path. `cores` counts those this process may use; memory is in units of 10^9 bytes.
    """
    return {
        "python": platform.python_version(),
        "os": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "versions": {name: version_of(name) for name in PACKAGES},
        "cpu": {"model": cpu_model(), "cores": cores(), "threads": torch.get_num_threads(), "memory_gb": _memory_gb()},
        "gpus": gpus(),
        "git": git(folder or Path.cwd()),
    }


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_model() -> str | None:
    """Return the processor's name as its maker writes it."""
    if sys.platform == "darwin":
        return _output(["sysctl", "-n", "machdep.cpu.brand_string"]) or None
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or None
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, None) or platform.processor() or None


def gpus() -> list[Mapping[str, Any]]:
    """Return name, memory and compute capability of each CUDA device, in the order PyTorch numbers them."""
    found: list[Mapping[str, Any]] = []
    for i in range(torch.cuda.device_count()):
        gpu = torch.cuda.get_device_properties(i)
        memory_gb = round(gpu.total_memory / 1e9, 1)
        found.append(
            {
                "name": gpu.name,
                "memory_gb": memory_gb,
                "capability": f"{gpu.major}.{gpu.minor}",
                "cuda": torch.version.cuda,
            }
        )
    return found


def git(folder: Path) -> Mapping[str, Any] | None:
    """Return the commit a folder stands at and whether tracked files differ from it; None outside of a repository."""
    commit = _output(["git", "-C", str(folder), "rev-parse", "HEAD"])
    if not commit:
        return None
    changed = _output(["git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no"])
    return {"commit": commit, "changed": None if changed is None else bool(changed)}


def _output(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _memory_gb() -> float | None:
    """The machine's memory, or the control group's limit where that is lower (as in a container)."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
    except OSError:
        limit = "max"
    return round(min(total, int(limit)) / 1e9 if limit.isdigit() else total / 1e9, 1)
