from pathlib import Path

import pytest
import torch
from torch import nn

from leadline.core.finding import Finding
from leadline.core.requirement import Requirement, verdicts_on
from leadline.evaluation.analyses.cost import ANALYSIS, measure_cost
from leadline.machine.energy import Energy


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(10, 5)
        self.second = nn.Linear(5, 1)

    def forward(self, inputs):
        return self.second(torch.sigmoid(self.first(inputs["table"])))


def findings_of(tmp_path: Path, module: nn.Module, **rest) -> dict[str, Finding]:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"x" * 2_500)
    found = list(measure_cost(module, lambda n: {"table": torch.zeros(n, 10)}, weights, **rest))
    assert len({f.label for f in found}) == len(found)
    return {f.label: f for f in found}


def test_what_can_be_counted_is_exact(tmp_path):
    found = findings_of(tmp_path, Small())
    assert found["params"].value == 10 * 5 + 5 + 5 + 1
    assert found["flops"].value == 2 * (10 * 5 + 5)
    assert found["size_mb"].value == 0.0025
    for name in ("params", "flops", "size_mb"):
        again = found[name].again
        assert again is not None
        assert (again.producer, again.repeat) == ("cost", "exact")


def test_shared_parameters_count_once(tmp_path):
    module = Small()
    module.extra = module.first
    assert findings_of(tmp_path, module)["params"].value == 61


def test_latency_has_an_interval_at_every_level_and_says_how(tmp_path):
    found = findings_of(tmp_path, Small(), levels=(0.95, 0.975))
    for rows in (1, 64):
        latency = found[f"latency_ms({rows})"]
        assert latency.value is not None
        assert latency.interval is not None
        assert 0 < latency.interval[0] <= latency.value <= latency.interval[1]
        wider = latency.stricter["0.975"]
        assert wider[0] <= latency.interval[0]
        assert wider[1] >= latency.interval[1]
        assert "float32" in (latency.method or "")
        assert "thread" in (latency.method or "")
        assert latency.again is not None
        assert latency.again.repeat == "timed"


def test_every_cost_has_a_name_a_requirement_may_use(tmp_path):
    found = findings_of(tmp_path, Small(), train_seconds=1.5)
    assert set(found) <= set(ANALYSIS.names(None, None))
    (verdict,) = verdicts_on([Requirement.parse("size_mb <= 1")], list(found.values()))
    assert verdict.verdict == "pass"


def test_what_was_not_measured_is_absent_with_its_reason(tmp_path):
    found = findings_of(tmp_path, Small())
    for name in ("train_seconds", "energy_wh", "co2_g"):
        assert found[name].provenance == "absent"
        assert found[name].why


def test_an_estimate_is_called_one_and_decides_no_requirement(tmp_path):
    energy = {"cpu": Energy(2.0, "CPU time", estimated=True)}
    found = findings_of(tmp_path, Small(), energy=energy)
    assert found["energy_wh"].provenance == "estimated"
    texts = ("energy_wh <= 5", "energy_wh <= 5 (estimates count)")
    verdicts = verdicts_on([Requirement.parse(text) for text in texts], list(found.values()))
    assert [v.verdict for v in verdicts] == ["undecided", "pass"]


def test_carbon_dioxide_follows_from_what_the_user_declares(tmp_path, monkeypatch):
    energy = {"cpu": Energy(2000.0, "a counter")}
    assert "LEADLINE_CO2_G_PER_KWH" in (findings_of(tmp_path, Small(), energy=energy)["co2_g"].why or "")
    monkeypatch.setenv("LEADLINE_CO2_G_PER_KWH", "380")
    found = findings_of(tmp_path, Small(), energy=energy)["co2_g"]
    assert found.value == pytest.approx(760)
    assert found.provenance == "estimated"
    assert "380 g" in (found.method or "")
    assert findings_of(tmp_path, Small())["co2_g"].value is None


def test_training_seconds_are_recorded(tmp_path):
    finding = findings_of(tmp_path, Small(), train_seconds=12.5)["train_seconds"]
    assert finding.value == 12.5
    assert finding.again is not None
    assert finding.again.repeat == "recorded"


def test_energy_of_the_whole_is_known_only_where_every_part_is(tmp_path):
    read = Energy(2.0, "a counter")
    assert findings_of(tmp_path, Small(), energy={"cpu": read})["energy_wh"].value == 2.0
    both = findings_of(tmp_path, Small(), energy={"cpu": read, "gpu": Energy(3.0, "another")})
    assert (both["energy_wh"].value, both["energy_wh(cpu)"].value, both["energy_wh(gpu)"].value) == (5.0, 2.0, 3.0)
    partly = findings_of(
        tmp_path, Small(), energy={"cpu": Energy(None, why="no rights"), "gpu": Energy(3.0, "another")}
    )
    assert partly["energy_wh"].value is None
    assert partly["energy_wh"].why == "no rights"
    assert partly["energy_wh(gpu)"].value == 3.0


def test_measuring_leaves_the_network_as_it_was(tmp_path):
    module = nn.Sequential(Small(), nn.BatchNorm1d(1))
    module[1].eval()
    before = {k: v.clone() for k, v in module.state_dict().items()}
    findings_of(tmp_path, module)
    assert (module.training, module[1].training) == (True, False)
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_gpu_both_memories_are_reported(tmp_path):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"x")
    found = {f.label: f for f in measure_cost(Small().cuda(), lambda n: {"table": torch.zeros(n, 10).cuda()}, weights)}
    assert found["peak_memory_mb(gpu)"].value is not None
