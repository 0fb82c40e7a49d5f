"""What the summary says of several inputs: whether all together perform better than the best of them alone."""

from __future__ import annotations

from leadline.core.catalogue import say
from leadline.core.report import Report
from leadline.core.safe_text import apart
from leadline.rendering.baseline_text import OPENED_WITH
from leadline.rendering.outline import Noted
from leadline.rendering.sentence import Sentence, alike, as_measured, difference

GAIN = "fusion_gain"


def fusion_text(report: Report) -> tuple[Sentence, ...]:
    """Return a sentence on whether fusion helps; none where no input was trained alone."""
    gain = next((Noted(i, f) for i, f in enumerate(report.findings) if f.name == GAIN and f.value is not None), None)
    if gain is None or gain.finding.again is None:
        return ()
    words, said = report.wording, gain.finding.again.options
    measure, best, count = str(said["measure"]), f"‘{apart(said['best'])}’", len(said["inputs"])
    low, high = gain.finding.interval or (-1.0, 1.0)
    if low > 0:
        text = say("summary.fusion-better", count=count, best=best)
    elif high < 0:
        text = say("summary.fusion-worse", count=count, best=best)
    else:
        text = say("summary.fusion-about" if alike(gain.finding) else "summary.fusion-unclear", count=count, best=best)
    by = difference(words, as_measured(gain.finding, measure, words), measure, named=measure not in OPENED_WITH)
    return (Sentence(text, (gain,), by),)
