from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.nn.batch import Batch
from leadline.training.plan import ExecutionPlan, applied, autocast, batch_on, device_for, device_title, network_on


def settings() -> tuple[object, ...]:
    backends = torch.backends
    return (
        torch.get_num_threads(),
        backends.mkldnn.matmul.fp32_precision,
        backends.cuda.matmul.fp32_precision,
        backends.cudnn.conv.fp32_precision,
        torch.are_deterministic_algorithms_enabled(),
    )


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (ExecutionPlan(threads=2, precision="bf16-matmul"), (2, "bf16", "tf32", "tf32", False)),
        (ExecutionPlan(threads=1, precision="fp32", deterministic=True), (1, "ieee", "ieee", "ieee", True)),
    ],
)
def test_a_plan_holds_within_its_block_and_no_longer(plan: ExecutionPlan, expected: tuple[object, ...]) -> None:
    before = settings()
    with pytest.raises(ZeroDivisionError), applied(plan):
        assert settings() == expected
        raise ZeroDivisionError
    assert settings() == before


def test_only_bf16_is_autocast() -> None:
    layer, x = nn.Linear(3, 2), torch.ones(1, 3)
    for precision, dtype in (("fp32", torch.float32), ("bf16-matmul", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(ExecutionPlan(precision=precision)):  # type: ignore[arg-type]
            assert layer(x).dtype == dtype


def images(x: Tensor) -> Batch:
    return Batch({"photo": x, "table": torch.ones(len(x), 2)}, None, torch.ones(len(x)), torch.arange(len(x)))


@pytest.mark.parametrize("channels_last", [False, True])
def test_weights_and_images_take_the_plans_layout(channels_last: bool) -> None:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    plan = ExecutionPlan(channels_last=channels_last)
    stored = torch.randint(0, 255, (2, 5, 6, 3), dtype=torch.uint8).permute(0, 3, 1, 2)
    for given in (stored, stored.contiguous()):
        x = batch_on(images(given), plan).inputs["photo"]
        assert x.is_contiguous(memory_format=layout) and torch.equal(x, stored)
    weight = network_on(nn.Conv2d(3, 4, 3), plan).weight
    assert weight.is_contiguous(memory_format=layout)


def test_tables_pass_untouched() -> None:
    batch = Batch({"table": torch.ones(2, 3)}, None, torch.ones(2), torch.arange(2))
    assert batch_on(batch, ExecutionPlan()) is batch


def test_names_say_what_a_plan_is() -> None:
    assert ExecutionPlan(precision="bf16-matmul", device="cuda:0").name == "TF32 matmuls, 1 thread"
    assert ExecutionPlan(precision="bf16-matmul").name == "bfloat16 matmuls, 1 thread"
    assert device_title("cpu") == "CPU"
    because = say("training.plan-fastest", tested=7, ms=25.0)
    plan = ExecutionPlan(threads=2)
    said = say("pipeline.using-plan", device=device_title(plan.device), plan=plan.name, because=because)
    assert said == "Using CPU, float32, 2 threads (fastest of 7 tested, 25 ms per step)"
    assert ExecutionPlan().name == "float32, 1 thread"
    assert (
        ExecutionPlan(precision="bf16", channels_last=True, compile=True, threads=2).name
        == "bfloat16 autocast, channels last, compiled, 2 threads"
    )


def test_plans_survive_json() -> None:
    plan = ExecutionPlan(precision="bf16", threads=3, because="quickest")
    assert ExecutionPlan.model_validate_json(plan.model_dump_json()) == plan


def test_the_cpu_is_always_there() -> None:
    assert device_for("cpu") == torch.device("cpu")
    assert device_for(None).type in ("cpu", "cuda")
