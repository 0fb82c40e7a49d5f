import os
import sys
from pathlib import Path

import pytest

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
    assert "no energy counter" in (energy.method or "")
    assert "12 W a busy core" in (energy.method or "")
    energy = Meter(powercap=tmp_path / "nothing", processes=3).read()["cpu"]
    assert energy.wh == pytest.approx(300 * 12.0 / 3600)
    assert "3 processes like this one" in (energy.method or "")


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
    with pytest.raises(UsageError, match=says("machine.write-number-above-zero", name="LEADLINE_WATTS")):
        declared_watts()
    monkeypatch.setenv("LEADLINE_CO2_G_PER_KWH", text)
    with pytest.raises(UsageError, match=says("machine.write-number-above-zero", name="LEADLINE_CO2_G_PER_KWH")):
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
