"""How much energy the hardware used, read from its own counters; never estimated.

Processors: RAPL through Linux's powercap interface (``Documentation/power/powercap/powercap.rst``). GPUs: the energy counter
of NVML (Volta and newer). Both count everything that runs on the device, not this process alone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch

_JOULES_PER_WH = 3600.0
_POWERCAP = Path("/sys/class/powercap")


class Energy(NamedTuple):
    """Watt-hours since the meter was made, or None with the reason; `method` names the counter."""

    wh: float | None
    method: str | None = None
    why: str | None = None


@dataclass
class _Counter:
    """A counter that only rises, in joules, and starts again from zero after `wrap_j` (None: never)."""

    read_j: Callable[[], float]
    wrap_j: float | None = None
    last_j: float = 0.0
    used_j: float = 0.0

    def __post_init__(self) -> None:
        self.last_j = self.read_j()

    def advance(self) -> float:
        now_j = self.read_j()
        step_j = now_j - self.last_j
        if step_j < 0 and self.wrap_j is not None:
            step_j += self.wrap_j
        self.last_j = now_j
        self.used_j += max(step_j, 0.0)
        return self.used_j


class Meter:
    """Counts the energy of the processor, and of the GPUs where `gpus`, from the moment it is made.

    Read it at least every ten minutes: RAPL's counters start again from zero within half an hour to a few hours.
    """

    def __init__(self, *, gpus: bool = False, powercap: Path = _POWERCAP) -> None:
        self._counters: dict[str, list[_Counter]] = {}
        self._absent: dict[str, str] = {}
        self._open("cpu", lambda: _rapl(powercap))
        if gpus:
            self._open("gpu", _nvml)

    def _open(self, device: str, find: Callable[[], list[_Counter]]) -> None:
        try:
            self._counters[device] = find()
        except OSError as error:
            self._absent[device] = str(error)

    def read(self) -> Mapping[str, Energy]:
        """Return the energy so far by device, ``cpu`` and ``gpu``."""
        methods = {"cpu": "RAPL counters of package and memory, all processes", "gpu": "NVML energy counter, all processes"}
        found = {device: Energy(None, why=why) for device, why in self._absent.items()}
        for device, counters in self._counters.items():
            try:
                joules = sum(counter.advance() for counter in counters)
            except OSError as error:
                found[device] = Energy(None, why=str(error))
            else:
                found[device] = Energy(joules / _JOULES_PER_WH, methods[device])
        return found


def _rapl(powercap: Path) -> list[_Counter]:
    """Packages, and memory where it is counted apart; cores and graphics are parts of their package and left out."""
    counters = []
    for zone in sorted(powercap.glob("intel-rapl:*")):
        name = (zone / "name").read_text(encoding="ascii").strip()
        if name.startswith("package") or name == "dram":
            wrap_j = int((zone / "max_energy_range_uj").read_text(encoding="ascii")) / 1e6
            counters.append(_Counter(_microjoules(zone / "energy_uj"), wrap_j))
    if not counters:
        raise OSError("this machine has no energy counter of the processor that can be read (no RAPL under /sys/class/powercap)")
    return counters


def _microjoules(file: Path) -> Callable[[], float]:
    def read() -> float:
        try:
            return int(file.read_text(encoding="ascii")) / 1e6
        except PermissionError:
            raise OSError(
                f"the processor's energy counter needs more rights: {file} is readable by the administrator only"
            ) from None

    return read


def _nvml() -> list[_Counter]:
    if not torch.cuda.is_available():
        raise OSError("there is no CUDA device")
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        raise OSError("the driver's library NVML is missing") from None
    _check(nvml.nvmlInit_v2(), "NVML does not start")
    return [_Counter(_millijoules(nvml, _handle(nvml, i))) for i in range(torch.cuda.device_count())]


def _handle(nvml: ctypes.CDLL, index: int) -> ctypes.c_void_p:
    # By UUID: NVML counts devices that CUDA_VISIBLE_DEVICES hides from PyTorch.
    handle = ctypes.c_void_p()
    uuid = f"GPU-{torch.cuda.get_device_properties(index).uuid}".encode()
    _check(nvml.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(handle)), f"NVML does not know GPU {index}")
    return handle


def _millijoules(nvml: ctypes.CDLL, handle: ctypes.c_void_p) -> Callable[[], float]:
    def read() -> float:
        energy_mj = ctypes.c_ulonglong()
        _check(nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(energy_mj)), "this GPU has no energy counter")
        return energy_mj.value / 1e3

    return read


def _check(status: int, trouble: str) -> None:
    if status != 0:
        raise OSError(f"{trouble} (NVML error {status})")
