import os
import sys
from pathlib import Path

import pytest

from leadline.machine.energy import Meter

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


def test_absent_with_reason_without_a_counter(tmp_path):
    energy = Meter(powercap=tmp_path / "nothing").read()["cpu"]
    assert energy.wh is None
    assert "no energy counter" in (energy.why or "")


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="the administrator may read everything")
def test_absent_with_reason_where_rights_are_missing(tmp_path):
    zone(tmp_path, "intel-rapl:0", "package-0", 1).chmod(0)
    energy = Meter(powercap=tmp_path).read()["cpu"]
    assert energy.wh is None
    assert "administrator" in (energy.why or "")


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
