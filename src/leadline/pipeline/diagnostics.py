"""What is watched of a training beside its losses: signs that it goes wrong, and new pictures from epoch to epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.finding import Finding, Reproduction
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.data.subset import decoded
from leadline.evaluation.exhibits import picture
from leadline.nn.rng import Rng
from leadline.objectives.contract import BoundObjective
from leadline.training.steps.contract import Step, evaluated_network

MOST = 12  # epochs whose new pictures are kept
ROWS = 8  # new pictures of an epoch
RECORDED = Reproduction(producer="training", repeat="recorded")
LAST = 32  # log entries that an alarm may look back on


class TrainingDiagnostics:
    """Consumes log entries and epochs: what the objective is alarmed by, and pictures of the same codes after epochs
    spread evenly.

    Where there would be more epochs than `MOST`, every other one goes, and from then on only every other is looked at;
    how training ended is always there.
    """

    def __init__(self, objective: BoundObjective, schema: Schema, seed: int) -> None:
        self.diagnostics, self.generator = objective.capability("diagnostics"), objective.capability("generator")
        self.schema, self.seed = schema, seed
        generates = self.generator is not None
        pictures = (one for one in schema.inputs if generates and input_type(one.kind).pixels is not None)
        self.shown = next(pictures, None)
        self.every = 1
        self.pictures: dict[float, Tensor] = {}  # (ROWS,C,H,W) uint8 after so many epochs

    def take(self, rows: Sequence[Mapping[str, Any]], step: Step, *, at_end: bool, last: bool) -> Iterator[str]:
        """Look at the last of all log entries so far, `at_end` of an epoch or of training, the `last` one; yields what
        is alarming.
        """
        epoch = float(rows[-1]["epoch"])
        if self.shown is not None and at_end and epoch not in self.pictures and (last or epoch % self.every == 0):
            self.pictures[epoch] = self._made(step)
            if len(self.pictures) > MOST:
                self.every *= 2
                self.pictures = {
                    at: x for at, x in self.pictures.items() if at % self.every == 0 or (last and at == epoch)
                }
        yield from self._alarms(rows)

    def _alarms(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Yield in words what the last entry is the first to show."""
        if self.diagnostics is None:
            return
        found = self.diagnostics.alarms(rows[-LAST:])
        before = self.diagnostics.alarms(rows[-LAST - 1 : -1]) if any(found.values()) else {}
        yield from (words for name, words in found.items() if words and not before.get(name))

    @torch.no_grad()
    def _made(self, step: Step) -> Tensor:
        """Return pictures by the network that counts now (ROWS,C,H,W), uint8."""
        assert self.shown is not None
        assert self.generator is not None
        rng = Rng(self.seed, 0, torch.arange(ROWS, device=step.context.plan.device)).fold_in("watched")
        network = evaluated_network(step).eval()  # a step puts it back into training
        options = self.generator.samples()
        latent_BL = self.generator.latent(network, rng, options)
        x_BCHW: Tensor = self.generator.generate(network, latent_BL, rng, options)[self.shown.name]
        return x_BCHW.float().clamp(0, 255).round().to("cpu", torch.uint8)

    def forget(self, after: float) -> None:
        """Drop what was made after so many epochs: training goes on from there anew."""
        self.pictures = {at: x for at, x in self.pictures.items() if at <= after}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what a checkpoint holds of it."""
        return {repr(epoch): x for epoch, x in self.pictures.items()}, {"every": self.every}

    def load(self, tensors: Mapping[str, Tensor], scalars: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint holds."""
        self.pictures = {float(epoch): tensors[epoch] for epoch in sorted(tensors, key=float)}
        self.every = scalars["every"]

    def findings(self, rows: Sequence[Mapping[str, Any]]) -> tuple[Finding, ...]:
        """Return for each alarm that the objective knows whether training ended in it: 1, 0, or absent where it was too
        short.
        """
        if self.diagnostics is None:
            return ()
        found = self.diagnostics.alarms(rows[-LAST:])
        method = "1 where the last ticks of training show it, else 0"
        return tuple(
            Finding(
                name=name,
                value=float(bool(found[name])),
                method=method,
                better="lower",
                again=RECORDED,
                section="metrics",
            )
            if name in found
            else Finding.absent(
                name, say("pipeline.training-too-short"), better="lower", section="metrics", again=RECORDED
            )
            for name in self.diagnostics.watched
        )

    def drafts(self) -> tuple[ExhibitDraft, ...]:
        """Return the pictures, an epoch a column, where there are any."""
        if self.shown is None or not self.pictures:
            return ()
        one = self.shown
        columns = [input_type(one.kind).stored(one, x) for _, x in sorted(self.pictures.items())]
        pictures = [picture(decoded(one, x_NHWC[row : row + 1])[one.name]) for row in range(ROWS) for x_NHWC in columns]
        headings = [say("exhibits.epoch", epoch=epoch) for epoch in sorted(self.pictures)]
        content = {
            "pictures": pictures,
            "captions": [""] * len(pictures),
            "columns": len(columns),
            "headings": headings,
        }
        caption = say("exhibits.samples-by-epoch-about")
        return (
            ExhibitDraft(
                "new_by_epoch", "pictures", say("exhibits.samples-by-epoch"), content, caption, section="generated"
            ),
        )
