"""A number a row, in its own unit."""

from __future__ import annotations

from leadline.data.targets import quantities, scalar_inference
from leadline.data.targets.candidate import Candidate
from leadline.data.targets.contract import Display, Encoding, Fitting, Recognition, TargetType
from leadline.data.targets.values import TargetSelection
from leadline.data.targets.worst import distances


def _select(candidate: Candidate, asked: bool) -> TargetSelection:
    name, note = candidate.name, None
    assert len(candidate.values)
    if not asked:
        scalar_inference.check_finite(candidate)
        note = scalar_inference.note_on_whole_numbers(candidate, "targets.whole-numbers-as-quantity")
    return TargetSelection(name, "number", note, (name,))


TARGET = TargetType(
    kind="number",
    noun="a number",
    objective="regression",
    recognition=Recognition(
        _select,
        infer=scalar_inference.quantity,
        admits=lambda candidate: candidate.numeric,
        fits=scalar_inference.holds_numbers,
    ),
    fitting=Fitting(quantities.fit),
    encoding=Encoding(
        quantities.present,
        columns=quantities.columns,
        shaped=quantities.shaped,
        unlabelled=quantities.unlabelled,
        stratum=quantities.stratum,
        quantity=True,
    ),
    display=Display(describe=lambda schema: "a number", worst=distances),
    comparison=quantities.COMPARISON,
)
