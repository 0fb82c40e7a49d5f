"""What the answer says of several inputs: whether all together do better than the best of them alone."""

from __future__ import annotations

from leadline.core.report import Report
from leadline.core.safe_text import apart
from leadline.rendering.outline import Noted
from leadline.rendering.sentence import Sentence, aside, upwards

GAIN = "fusion_gain"


def fusion_text(report: Report) -> tuple[Sentence, ...]:
    """Return a sentence on whether fusion helps; none where no input was trained alone."""
    gain = next((Noted(i, f) for i, f in enumerate(report.findings) if f.name == GAIN and f.value is not None), None)
    if gain is None or gain.finding.again is None:
        return ()
    words = report.wording
    said, finding = gain.finding.again.options, upwards(gain.finding)
    best, count = f"‘{apart(said['best'])}’", len(said["inputs"])
    whole = "both inputs" if count == 2 else f"all {count} inputs"
    size = words.amount(finding)
    by = size if said["measure"] in ("accuracy", "mae") else f"{size} of {words.metric(said['measure']).title.lower()}"
    low, high = gain.finding.interval or (-1.0, 1.0)
    if low > 0:
        text = f"{whole.capitalize()} together are better than the best of them alone, {best}, by {by}"
    elif high < 0:
        text = f"Fusion does harm: {best} alone is demonstrably better than {whole} together, by {by}"
    elif gain.finding.value == 0:
        text = f"That fusion helps is not shown: {whole} together are no better and no worse than {best} alone"
    else:
        than = "better" if (gain.finding.value or 0.0) > 0 else "worse"
        text = (
            f"That fusion helps is not shown: {whole} together are {than} than {best} alone by {by}, "
            "which these rows cannot tell from nothing"
        )
    return (Sentence(text, (gain,), aside(words, finding)),)
