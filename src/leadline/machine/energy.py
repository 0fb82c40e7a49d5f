"""How much energy the hardware used: read from its own counters where it has some, else estimated, and called so.

Processors: RAPL through Linux's powercap interface (``Documentation/power/powercap/powercap.rst``). GPUs: the energy
counter of NVML (Volta and newer), through NVIDIA's package ``nvidia-ml-py``. Both count everything that runs on the
device, not this process alone. Where a processor's counters cannot be read, the CPU time of this process counts
`WATTS_PER_CORE` a busy core. ``LEADLINE_WATTS`` declares what the whole machine draws instead,
``LEADLINE_CO2_G_PER_KWH`` how much carbon dioxide its electricity causes.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import torch

from leadline.core.catalogue import say
from leadline.errors import UsageError

WATTS_PER_CORE = 12.0  # of a processor nobody knows more about (Lannelongue et al. 2021, Green Algorithms, "any" CPU)
_JOULES_PER_WH = 3600.0
_POWERCAP = Path("/sys/class/powercap")
WATTS, CO2 = "LEADLINE_WATTS", "LEADLINE_CO2_G_PER_KWH"
_RAPL = "RAPL counters of package and memory, all processes"
_NVML = "NVML energy counter, all processes"


class Energy(NamedTuple):
    """Watt-hours since the meter was made, or None with the reason; `method` names the counter, or how it was
    `estimated`.
    """

    wh: float | None
    method: str | None = None
    why: str | None = None
    estimated: bool = False


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


class _Source(NamedTuple):
    counters: list[_Counter]
    method: str
    estimated: bool = False


class Meter:
    """Counts the energy of the processor, and of the GPUs where `gpus`, from the moment it is made.

    Read it at least every ten minutes: RAPL's counters start again from zero within half an hour to a few hours. An
    estimate from CPU time counts so many `processes` that work alike. Raises UsageError where ``LEADLINE_WATTS`` is no
    number.
    """

    def __init__(self, *, gpus: bool = False, processes: int = 1, powercap: Path = _POWERCAP) -> None:
        self._sources: dict[str, _Source] = {}
        self._absent: dict[str, str] = {}
        watts = declared_watts()
        self._open("cpu", lambda: _Source(_rapl(powercap), _RAPL))
        if gpus:
            self._open("gpu", lambda: _Source(_nvml(), _NVML))
        if self._absent and watts is not None:
            # The whole machine was declared: what some of its parts count would come on top.
            self._absent = {}
            self._sources = {"machine": _declared(watts)}
        elif "cpu" in self._absent:
            self._sources["cpu"] = _by_cpu_time(self._absent.pop("cpu"), processes)

    def _open(self, device: str, find: Callable[[], _Source]) -> None:
        try:
            self._sources[device] = find()
        except OSError as error:
            self._absent[device] = str(error)

    def read(self) -> Mapping[str, Energy]:
        """Return the energy so far by device, ``cpu`` and ``gpu``, or of the ``machine`` where its watts were
        declared.
        """
        found = {device: Energy(None, why=why) for device, why in self._absent.items()}
        for device, source in self._sources.items():
            try:
                joules = sum(counter.advance() for counter in source.counters)
            except OSError as error:
                found[device] = Energy(None, why=str(error))
            else:
                found[device] = Energy(joules / _JOULES_PER_WH, source.method, estimated=source.estimated)
        return found


def total_wh(read: Mapping[str, Energy]) -> float | None:
    """Return the watt-hours of all devices; None where one of them is not known."""
    known = [energy.wh for energy in read.values() if energy.wh is not None]
    return math.fsum(known) if len(known) == len(read) else None


def added(before: Mapping[str, Energy], now: Mapping[str, Energy]) -> Mapping[str, Energy]:
    """Return the energy of two stretches of one training, device by device; absent where only one of them knows a
    device.
    """
    result = {}
    for device in {**before, **now}:
        one, other = before.get(device), now.get(device)
        if one is None or other is None:
            result[device] = Energy(None, why=say("machine.meters-changed"))
        elif one.wh is None or other.wh is None:
            result[device] = one if one.wh is None else other
        else:
            method = " + ".join(dict.fromkeys(m for m in (one.method, other.method) if m))
            result[device] = Energy(one.wh + other.wh, method, estimated=one.estimated or other.estimated)
    return result


def declared_watts() -> float | None:
    """Return what the whole machine draws while it trains, where ``LEADLINE_WATTS`` says so; raises UsageError for
    nonsense.
    """
    return _declaration(WATTS, say("machine.watts-example"))


def declared_co2() -> float | None:
    """Return the grams of CO₂ a kWh causes here, where ``LEADLINE_CO2_G_PER_KWH`` says so; raises UsageError for
    nonsense.
    """
    return _declaration(CO2, say("machine.co2-example"))


def _declaration(name: str, example: str) -> float | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UsageError(say("machine.number-above-zero", name=name, text=text, example=example))
    return value


def _declared(watts: float) -> _Source:
    method = say("machine.watts-declared", watts=watts, variable=WATTS)
    return _Source([_Counter(lambda: time.perf_counter() * watts)], method, estimated=True)


def _by_cpu_time(why: str, processes: int) -> _Source:
    method = say("machine.cpu-time-energy", processes=processes, watts=WATTS_PER_CORE, why=why, variable=WATTS)
    return _Source([_Counter(lambda: time.process_time() * processes * WATTS_PER_CORE)], method, estimated=True)


def _rapl(powercap: Path) -> list[_Counter]:
    """Packages, and memory where it is counted apart; cores and graphics are parts of their package and left out."""
    counters = []
    for zone in sorted(powercap.glob("intel-rapl:*")):
        name = (zone / "name").read_text(encoding="ascii").strip()
        if name.startswith("package") or name == "dram":
            wrap_j = int((zone / "max_energy_range_uj").read_text(encoding="ascii")) / 1e6
            counters.append(_Counter(_microjoules(zone / "energy_uj"), wrap_j))
    if not counters:
        raise OSError(say("machine.no-cpu-energy-counter"))
    return counters


def _microjoules(file: Path) -> Callable[[], float]:
    def read() -> float:
        try:
            return int(file.read_text(encoding="ascii")) / 1e6
        except PermissionError:
            raise OSError(say("machine.energy-counter-forbidden", file=file)) from None

    return read


def _nvml() -> list[_Counter]:
    if not torch.cuda.is_available():
        raise OSError(say("machine.no-cuda-device"))
    try:
        import pynvml
    except ImportError:
        raise OSError(say("machine.no-nvml-package")) from None
    try:
        pynvml.nvmlInit()
        # By UUID: NVML counts devices that CUDA_VISIBLE_DEVICES hides from PyTorch.
        uuids = [f"GPU-{torch.cuda.get_device_properties(i).uuid}" for i in range(torch.cuda.device_count())]
        handles = [pynvml.nvmlDeviceGetHandleByUUID(uuid) for uuid in uuids]
    except pynvml.NVMLError as error:
        raise OSError(say("machine.nvml-fails", error=error)) from None
    return [_Counter(_joules(pynvml, handle)) for handle in handles]


def _joules(pynvml: ModuleType, handle: Any) -> Callable[[], float]:
    def read() -> float:
        try:
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3  # it counts millijoules
        except pynvml.NVMLError as error:
            raise OSError(say("machine.gpu-no-energy-counter", error=error)) from None

    return read
