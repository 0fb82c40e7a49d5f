import os
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from leadline.errors import UsageError
from leadline.machine.energy import Energy, Meter, added, declared_co2, declared_watts, total_wh
from sentences import says

WRAP_UJ = 262_143_328_850


def zone(root: Path, name: str, label: str, energy_uj: int) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{label}\n")
    (folder / "energy_uj").write_text(f"{energy_uj}\n")
    (folder / "max_energy_range_uj").write_text(f"{WRAP_UJ}\n")
    return folder / "energy_uj"


# A colon in a folder's name is what Linux uses; Windows cannot have it.
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="powercap exists on Linux only")


def test_packages_and_memory_are_added_and_parts_of_packages_are_not(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    core = zone(tmp_path, "intel-rapl:0:0", "core", 0)
    dram = zone(tmp_path, "intel-rapl:0:1", "dram", 500)
    meter = Meter(powercap=tmp_path)
    package.write_text(str(1_000_000 + 3600 * 1_000_000))
    core.write_text(str(99 * 3600 * 1_000_000))
    dram.write_text(str(500 + 1800 * 1_000_000))
    energy = meter.read()["cpu"]
    assert energy.wh == pytest.approx(1.5)
    assert "RAPL" in (energy.method or "")


def test_a_counter_that_starts_again_from_zero(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", WRAP_UJ - 1_000_000)
    meter = Meter(powercap=tmp_path)
    package.write_text("2000000")
    assert meter.read()["cpu"].wh == pytest.approx(3 / 3600)
    package.write_text("5000000")
    assert meter.read()["cpu"].wh == pytest.approx(6 / 3600)


def test_without_a_counter_the_cpu_time_of_the_process_stands_in(tmp_path, monkeypatch):
    seconds = iter([10.0, 310.0, 0.0, 100.0])
    monkeypatch.setattr("leadline.machine.energy.time.process_time", lambda: next(seconds))
    energy = Meter(powercap=tmp_path / "nothing").read()["cpu"]
    assert energy.wh == pytest.approx(300 * 12.0 / 3600)
    assert energy.estimated
    assert "no readable energy counter" in (energy.method or "")
    assert "12 W per busy core" in (energy.method or "")
    energy = Meter(powercap=tmp_path / "nothing", processes=3).read()["cpu"]
    assert energy.wh == pytest.approx(300 * 12.0 / 3600)
    assert "CPU time of all processes" in (energy.method or "")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="the administrator may read everything")
def test_estimated_with_the_reason_where_rights_are_missing(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", 1).chmod(0)
    energy = Meter(powercap=tmp_path).read()["cpu"]
    assert energy.estimated
    assert "administrator" in (energy.method or "")


def test_declared_watts_stand_in_for_the_whole_machine_where_a_counter_is_missing(tmp_path, monkeypatch):
    seconds = iter([0.0, 7200.0])
    monkeypatch.setattr("leadline.machine.energy.time.perf_counter", lambda: next(seconds))
    monkeypatch.setenv("LEADLINE_WATTS", "65")
    read = Meter(powercap=tmp_path / "nothing", gpus=True).read()
    assert set(read) == {"machine"}
    assert read["machine"].wh == pytest.approx(130)
    assert read["machine"].estimated
    assert "65 W declared" in (read["machine"].method or "")


def test_a_counter_wins_over_declared_watts(tmp_path, monkeypatch):
    zone(tmp_path, "intel-rapl:0", "package-0", 1)
    monkeypatch.setenv("LEADLINE_WATTS", "65")
    assert not Meter(powercap=tmp_path).read()["cpu"].estimated


@pytest.mark.parametrize("text", ["much", "-3", "0", "nan", "inf"])
def test_nonsense_is_refused(monkeypatch, text):
    monkeypatch.setenv("LEADLINE_WATTS", text)
    with pytest.raises(UsageError, match=says("machine.number-above-zero", name="LEADLINE_WATTS")):
        declared_watts()
    monkeypatch.setenv("LEADLINE_CO2_G_PER_KWH", text)
    with pytest.raises(UsageError, match=says("machine.number-above-zero", name="LEADLINE_CO2_G_PER_KWH")):
        declared_co2()


def test_two_stretches_of_a_training_add_up():
    before = {"cpu": Energy(1.0, "a counter"), "gpu": Energy(2.0, "another")}
    now = {"cpu": Energy(0.5, "a guess", estimated=True), "gpu": Energy(None, why="it fell silent")}
    both = added(before, now)
    assert both["cpu"] == Energy(1.5, "a counter + a guess", estimated=True)
    assert both["gpu"].why == "it fell silent"
    assert added({"cpu": before["cpu"]}, {"machine": now["cpu"]})["cpu"].wh is None
    assert total_wh(before) == 3.0
    assert total_wh(both) is None


def test_a_counter_that_vanishes_is_absent_not_zero(tmp_path):
    package = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    meter = Meter(powercap=tmp_path)
    package.unlink()
    energy = meter.read()["cpu"]
    assert energy.wh is None
    assert energy.why


def test_gpu_is_listed_only_when_asked_for(tmp_path):
    assert set(Meter(powercap=tmp_path).read()) == {"cpu"}
    gpu = Meter(powercap=tmp_path, gpus=True).read()["gpu"]
    assert (gpu.wh is None) == bool(gpu.why)


class NVMLError(Exception):
    """What NVIDIA's package raises."""


class FakeNvml(ModuleType):
    """NVIDIA's package over GPUs whose counters a test sets, in millijoules by UUID."""

    NVMLError = NVMLError

    def __init__(self, counters: dict[str, int], trouble: str = "") -> None:
        super().__init__("pynvml")
        self.counters, self.trouble = counters, trouble

    def nvmlInit(self) -> None:
        if self.trouble == "init":
            raise NVMLError("Driver Not Loaded")

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:
        if uuid not in self.counters:
            raise NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:
        if self.trouble == "counter":
            raise NVMLError("Not Supported")
        return self.counters[handle]


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    nvml = FakeNvml({"GPU-hidden": 7, "GPU-0000": 10_000, "GPU-0001": 20_000})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda i: SimpleNamespace(uuid=f"000{i}"))
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    return nvml


def test_the_gpus_that_pytorch_sees_are_added(two_gpus, tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", 0)
    meter = Meter(gpus=True, powercap=tmp_path)
    for uuid, joules in (("GPU-hidden", 9e6), ("GPU-0000", 3600), ("GPU-0001", 1800)):
        two_gpus.counters[uuid] += int(joules * 1000)
    energy = meter.read()["gpu"]
    assert energy.wh == pytest.approx(1.5)
    assert energy.method == "NVML energy counter, all processes"
    assert not energy.estimated


@pytest.mark.parametrize(
    ("trouble", "why"),
    [
        ("init", says("machine.nvml-fails", error="Driver Not Loaded")),
        ("unknown", says("machine.nvml-fails", error="Not Found")),
        ("counter", says("machine.gpu-no-energy-counter", error="Not Supported")),
        ("package", says("machine.no-nvml-package")),
    ],
)
def test_what_keeps_a_gpu_from_being_counted_is_said(two_gpus, tmp_path, monkeypatch, trouble, why):
    two_gpus.trouble = trouble
    if trouble == "unknown":
        two_gpus.counters.clear()
    if trouble == "package":
        monkeypatch.setitem(sys.modules, "pynvml", None)
    energy = Meter(gpus=True, powercap=tmp_path).read()["gpu"]
    assert energy.wh is None
    assert re.fullmatch(why, energy.why)


def test_a_counter_that_fails_later_is_absent_then(two_gpus, tmp_path):
    meter = Meter(gpus=True, powercap=tmp_path)
    assert meter.read()["gpu"].wh == 0
    two_gpus.trouble = "counter"
    assert "Not Supported" in meter.read()["gpu"].why


def test_the_package_has_what_is_asked_of_it():
    pynvml = pytest.importorskip("pynvml")
    names = ("nvmlInit", "nvmlDeviceGetHandleByUUID", "nvmlDeviceGetTotalEnergyConsumption")
    assert all(callable(getattr(pynvml, name)) for name in names)
    assert issubclass(pynvml.NVMLError, Exception)
