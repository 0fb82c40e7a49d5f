"""What a shipped network costs: parameters, operations, size, time, memory, energy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.finding import Finding, Provenance, Repeat, Reproduction
from leadline.core.metric import Metric
from leadline.core.schema import Schema
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_run
from leadline.evaluation.predictions import first_inputs
from leadline.evaluation.subject import Subject
from leadline.machine import flops, latency, memory, out_of_memory
from leadline.machine.energy import CO2, Energy, declared_co2, total_wh
from leadline.objectives.contract import BoundObjective

METRICS = (
    Metric("params", "Parameters", "number of trainable parameters", better="lower"),
    Metric(
        "flops",
        "FLOPs per example",
        "floating-point operations of a forward pass; a multiply–add counts as two",
        "FLOP",
        "lower",
    ),
    Metric("size_mb", "Model size", "size of the weights file", unit="MB", better="lower"),
    Metric("latency_ms", "Latency", "median time of a forward pass, per batch", "ms", "lower"),
    Metric("peak_memory_mb", "Peak memory", "highest memory use of a forward pass", unit="MB", better="lower"),
    Metric(
        "train_seconds", "Training time", "wall-clock time of training, validation included", unit="s", better="lower"
    ),
    Metric("energy_wh", "Training energy", "energy used while training", unit="Wh", better="lower"),
    Metric(
        "co2_g", "Training CO₂ emissions", "energy times the carbon intensity of the grid", unit="g", better="lower"
    ),
)

BATCHES = (1, 64)
RECORDED = Reproduction(producer="cost", repeat="recorded")  # what training took is known from no other place
Inputs = Mapping[str, Tensor]


def measure_cost(
    module: nn.Module,
    batch_of: Callable[[int], Inputs],
    weights: Path,
    *,
    train_seconds: float | None = None,
    energy: Mapping[str, Energy] | None = None,
    levels: Sequence[float] = (0.95,),
    timed: bool = True,
) -> Iterator[Finding]:
    """Yield the costs of a shipped network, measured on its own device and in its own precision.

    `batch_of(n)` gives n encoded rows on the module's device, `weights` is the file that ships. `train_seconds` and
    `energy` (of `machine.energy.Meter`) are what training took, None where that is not known. Where the machine is
    shared with other runs nothing is to be `timed`, and what takes time or energy is absent. 1 MB = 10^6 bytes.
    """
    yield _lower(
        "params",
        float(sum(p.numel() for p in module.parameters())),
        method="trainable parameters, shared ones counted once",
        again=_again(),
    )
    yield _flops(module, batch_of(1))
    yield _lower(
        "size_mb", weights.stat().st_size / 1e6, unit="MB", method=f"size of {weights.name} on disk", again=_again()
    )
    if not timed:
        yield from _untimed()
        return
    for rows in BATCHES:
        yield _latency(module, batch_of(rows), rows, levels)
    yield from _peak_memory()
    yield _train_seconds(train_seconds)
    yield from _energy(energy)


def _untimed() -> Iterator[Finding]:
    why = say("evaluation.shared-machine")
    for rows in BATCHES:
        yield Finding.absent("latency_ms", why, group=f"batch={rows}", unit="ms", better="lower")
    for name, unit in (("train_seconds", "s"), ("energy_wh", "Wh"), ("co2_g", "g")):
        yield Finding.absent(name, why, unit=unit, better="lower", again=RECORDED)


def _flops(module: nn.Module, inputs: Inputs) -> Finding:
    counted = flops.count(module, inputs)
    if counted.value is None:
        return Finding.absent("flops", counted.why or "", unit="FLOP", better="lower")
    return _lower("flops", float(counted.value), unit="FLOP", method=f"{flops.METHOD}; one example", again=_again())


def _latency(module: nn.Module, inputs: Inputs, rows: int, levels: Sequence[float]) -> Finding:
    device = _device(module)
    group = f"batch={rows}"
    try:
        with flops.predicting(module), torch.no_grad():
            timed = latency.measure(lambda: module(inputs), levels=levels, device=device)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory.is_out_of_memory(error):
            raise
        why = say("evaluation.latency-memory", rows=rows)
        return Finding.absent("latency_ms", why, group=group, unit="ms", better="lower")
    threads = torch.get_num_threads()
    where = (
        f"{threads} CPU thread{'s' if threads > 1 else ''}"
        if device.type == "cpu"
        else torch.cuda.get_device_name(device)
    )
    return _lower(
        "latency_ms",
        timed.median_ms,
        group=group,
        interval=timed.intervals[0],
        stricter={f"{k:.6g}": i for k, i in zip(levels[1:], timed.intervals[1:], strict=True) if i is not None},
        level=levels[0],
        n=timed.n,
        unit="ms",
        method=(
            f"median time of a batch of {rows} encoded examples, {_precision(module)}, {where}; interval from order"
            " statistics"
        ),
        # Within a factor of two: other work on the machine moves a median by that much.
        again=_again({"batch": rows, "threads": threads}, repeat="timed", tolerance=timed.median_ms),
    )


def _peak_memory() -> Iterator[Finding]:
    peak = memory.peak_rss_mb()
    if peak.mb is None:
        yield Finding.absent("peak_memory_mb", peak.why or "", unit="MB", better="lower", again=RECORDED)
    else:
        yield _lower("peak_memory_mb", peak.mb, unit="MB", method=peak.method, again=RECORDED)
    allocated_mb = torch.cuda.max_memory_allocated() / 1e6 if torch.cuda.is_available() else 0.0
    if allocated_mb:  # by training: what ships is measured on its own device
        method = "peak memory of tensors on the GPU, training included"
        yield _lower(
            "peak_memory_mb",
            allocated_mb,
            group="device=gpu",
            unit="MB",
            method=method,
            again=RECORDED,
        )


def _train_seconds(seconds: float | None) -> Finding:
    if seconds is None:
        return Finding.absent(
            "train_seconds", say("evaluation.training-not-timed"), unit="s", better="lower", again=RECORDED
        )
    method = "wall clock of the training loop, validation included"
    return _lower("train_seconds", seconds, unit="s", method=method, again=RECORDED)


def _energy(read: Mapping[str, Energy] | None) -> Iterator[Finding]:
    """Yield the whole, and each device where there are several; the whole is known only where every part is."""
    if not read:
        yield Finding.absent("energy_wh", say("evaluation.no-energy-meter"), unit="Wh", better="lower", again=RECORDED)
        yield Finding.absent("co2_g", say("evaluation.energy-unknown"), unit="g", better="lower", again=RECORDED)
        return
    whole = total_wh(read)
    if whole is None:
        missing = "; ".join(e.why or "" for e in read.values() if e.wh is None)
        yield Finding.absent("energy_wh", missing, unit="Wh", better="lower", again=RECORDED)
    else:
        yield _used(whole, read.values())
    for device, used in read.items() if len(read) > 1 else ():
        group = f"device={device}"
        if used.wh is None:
            yield Finding.absent("energy_wh", used.why or "", group=group, unit="Wh", better="lower", again=RECORDED)
        else:
            yield _used(used.wh, (used,), group=group)
    yield _co2(whole)


def _used(wh: float, parts: Collection[Energy], group: str | None = None) -> Finding:
    method = " + ".join(dict.fromkeys(e.method or "" for e in parts))
    provenance: Provenance = "estimated" if any(e.estimated for e in parts) else "measured"
    again = RECORDED
    return _lower("energy_wh", wh, group=group, unit="Wh", method=method, provenance=provenance, again=again)


def _co2(wh: float | None) -> Finding:
    intensity = declared_co2()
    if wh is None or intensity is None:
        why = say("evaluation.energy-unknown") if wh is None else say("evaluation.carbon-unknown", variable=CO2)
        return Finding.absent("co2_g", why, unit="g", better="lower", again=RECORDED)
    method = f"energy of the training times {intensity:g} g a kWh, declared ({CO2})"
    value = wh / 1000 * intensity
    return _lower("co2_g", value, unit="g", method=method, provenance="estimated", again=RECORDED)


def _lower(name: str, value: float, **rest: Any) -> Finding:
    return Finding(name=name, value=value, better="lower", **rest)


def _again(
    options: Mapping[str, Any] | None = None, *, repeat: Repeat = "exact", tolerance: float = 0.0
) -> Reproduction:
    return Reproduction(producer="cost", options=options or {}, repeat=repeat, tolerance=tolerance)


def _device(module: nn.Module) -> torch.device:
    tensor = next(module.parameters(), None)
    return torch.device("cpu") if tensor is None else tensor.device


def _precision(module: nn.Module) -> str:
    kinds = sorted({str(p.dtype).removeprefix("torch.") for p in module.parameters()})
    return "/".join(kinds) if kinds else "no parameters"


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    record, splits = subject.run_record, subject.dataset.splits
    held_out = splits.get("test") or splits["train"]
    yield from measure_cost(
        subject.network,
        lambda rows: first_inputs(held_out, rows),
        record.weights,
        train_seconds=record.trained.seconds,
        energy=record.trained.energy,
        timed=record.timed,
        levels=subject.levels,
    )


def _names(objective: BoundObjective, schema: Schema) -> tuple[str, ...]:
    of_parts = [f"latency_ms({rows})" for rows in BATCHES]
    of_parts += ["peak_memory_mb(gpu)", "energy_wh(cpu)", "energy_wh(gpu)"]
    return (*(metric.id for metric in METRICS if metric.id != "latency_ms"), *of_parts)


ANALYSIS = Analysis(
    name="cost",
    question="What do training and inference cost?",
    section="cost",
    run=_run,
    applies=of_run,
    metrics=METRICS,
    requirable=_names,
)
