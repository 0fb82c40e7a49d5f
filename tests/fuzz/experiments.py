"""Settings and experiments at random: ``python tests/fuzz/experiments.py [COUNT] [SEED]``.

Each is to become an experiment, or to be refused in a sentence, before any data is read.
"""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from changes import ODD, Rng, changed

from leadline.core.experiment import Experiment
from leadline.errors import LeadlineError
from leadline.pipeline.resolving.compose import compose

VALUES = (
    "1", "-1", "0", "1.5", "1e400", "nan", ".inf", "true", "null", "", "[]", "{}", "[1, [2, {a: b}]]", "{name: mlp}",
    "mlp", "auto", "'3'", "0x10", "1:30", "2024-01-01", "9" * 50, "a" * 300, "{a: {b: {c: {d: 1}}}}", "*x", "&a [*a]",
    "own.py:Net", "../../etc/passwd", "\u202e", "\ud800", "[[[[[[[[[[1]]]]]]]]]]", "!!python/name:os.system", "? x",
    "- 1",
)  # fmt: skip


def places(values: object, above: str = "") -> list[str]:
    """Return the dotted places of all entries of plain values."""
    if not isinstance(values, dict):
        return []
    found = []
    for name, value in values.items():
        at = f"{above}.{name}" if above else str(name)
        found += [at, *places(value, at)]
    return found


def setting(known: list[str], rng: Rng) -> str:
    """Return what somebody might write behind ``--set``: an entry, or nearly one, and any value."""
    place = known[int(rng.integers(len(known)))]
    if rng.random() < 0.3:
        place = changed(place.encode(), rng).decode("utf-8", "replace")
    value = VALUES[int(rng.integers(len(VALUES)))]
    if rng.random() < 0.2:
        value = ODD[int(rng.integers(len(ODD)))].decode("utf-8", "replace")
    return f"{place}={value}"


def outcome(words: list[str]) -> str:
    """Compose an experiment with settings; return what came of it, a traceback where something broke."""
    try:
        compose("rows.csv", target="kind", settings=words)
    except LeadlineError as error:
        return "refused" if str(error) else "no word"
    except RecursionError:
        return "crashed: too deep"
    except Exception:  # noqa: BLE001  what is looked for
        return f"crashed: {words!r}\n{traceback.format_exc(limit=-5)}"
    return "taken"


def main() -> int:
    """Try settings, and print how many were taken and refused; return 1 where one broke something."""
    count, seed = (int(word) for word in [*sys.argv[1:], *("1000", "0")[len(sys.argv) - 1 :]])
    rng = np.random.default_rng(seed)
    known = places(Experiment().model_dump(mode="json"))
    counted: Counter[str] = Counter()
    for _ in range(count):
        words = [setting(known, rng) for _ in range(int(rng.integers(1, 4)))]
        found = outcome(words)
        if found.startswith("crashed") or found == "no word":
            print(found, flush=True)
            found = "crashed"
        counted[found] += 1
    print("settings", dict(counted))
    return int(counted["crashed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
