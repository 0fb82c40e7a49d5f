"""What is printed of a verification: first what no longer holds, then how much does, and what could not be checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from leadline.core.catalogue import say
from leadline.core.safe_text import for_terminal
from leadline.core.wording import moment, shortened
from leadline.run import folder as files
from leadline.run.verification import Check, Verification

MOST = 12  # checks of a kind that are named
LONGEST = 200  # characters of a reason


def verification_text(found: Verification) -> Iterator[str]:
    """Yield the lines that are printed of a verification."""
    different = found.of("differs")
    if different:
        yield say("verify.differs", count=len(different))
        yield from _named(different)
    else:
        yield say("verify.all-holds", count=len(found.of("holds")))
    yield say("verify.counts", findings=len(found.of("holds", "finding")), files=len(found.of("holds", "file")))
    if found.source != "data":
        yield say("verify.from-predictions" if found.source == "predictions" else "verify.from-nothing")
    recorded = found.of("recorded", "finding")
    if recorded:
        names = ", ".join(dict.fromkeys(one.name for one in recorded))
        yield say("verify.recorded", count=len(recorded), names=shortened(names, LONGEST))
    if any(one.name == files.CLAIMS for one in found.of("holds", "signature")):
        yield say("verify.signature-holds")
    for one in found.of("unchecked", "signature"):
        yield one.why or ""
    left = [one for one in found.of("unchecked") if one.subject not in ("data", "signature")]
    if left:
        yield say("verify.unchecked", count=len(left))
        yield from _reasons(left)


def verification_line(found: Verification) -> str:
    """Return what a page says of the last verification of its run."""
    about = {"at": moment(found.at), "version": found.version}
    different, holding = found.of("differs"), found.of("holds")
    if different:
        first, total = different[0], len(different) + len(holding)
        why = shortened(first.why or "", LONGEST)
        return say("verify.line-fails", count=len(different), total=total, name=first.name, why=why, **about)
    return say("verify.line-holds", count=len(holding), findings=len(found.of("holds", "finding")), **about)


def _named(checks: Sequence[Check]) -> Iterator[str]:
    for one in checks[:MOST]:
        why = shortened(one.why or "", LONGEST)
        yield for_terminal(say("verify.differs-one", name=one.name, why=why))
    if len(checks) > MOST:
        yield say("verify.differs-more", count=len(checks) - MOST)


def _reasons(checks: Sequence[Check]) -> Iterator[str]:
    """Yield each reason once, with what it is the reason of."""
    by_reason: dict[str, list[str]] = {}
    for one in checks:
        by_reason.setdefault(one.why or "", []).append(one.name)
    for why, names in list(by_reason.items())[:MOST]:
        shown = shortened(", ".join(names), LONGEST)
        yield for_terminal(say("verify.differs-one", name=shown, why=shortened(why, LONGEST)))
