"""Run folders in which a file was changed and the manifest rewritten: ``python tests/fuzz/runs.py [COUNT] [SEED]``.

`verify` is to say that something differs, or to refuse in a sentence; so is `predict`, which may also predict.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from changes import Rng, changed
from seeds import frame

import leadline
from leadline.errors import LeadlineError
from leadline.run import folder as files


def tampered(run: Path, to: Path, rng: Rng) -> str:
    """Copy a run, change one of its files, and write the manifest anew; return the file's name."""
    shutil.copytree(run, to)
    names = sorted(file.relative_to(to).as_posix() for file in to.rglob("*") if file.is_file())
    name = names[int(rng.integers(len(names)))]
    before = (to / name).read_bytes()
    while (to / name).read_bytes() == before:
        (to / name).write_bytes(changed(before, rng))
    if name != files.MANIFEST:
        (to / files.MANIFEST).unlink()
        files.seal(to)
    return name


def outcome(run: Path) -> str:
    """Verify and use a run; return what came of it, a traceback where something broke."""
    try:
        leadline.load(run).predict(frame(), quiet=True)
    except LeadlineError:
        pass
    except BaseException:  # noqa: BLE001  what is looked for; a panic is no Exception
        return f"crashed: predict\n{traceback.format_exc(limit=-6)}"
    try:
        return "found" if not leadline.verify(run, quiet=True).holds else "not found"
    except LeadlineError:
        return "refused"
    except BaseException:  # noqa: BLE001  a panic is no Exception
        return f"crashed: verify\n{traceback.format_exc(limit=-6)}"


def main() -> int:
    """Tamper with a run again and again, and print what was found of it; return 1 where something broke."""
    count, seed = (int(word) for word in [*sys.argv[1:], *("200", "0")[len(sys.argv) - 1 :]])
    rng, counted = np.random.default_rng(seed), Counter[str]()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        frame().write_csv(folder / "rows.csv")
        words = {"settings": {"baselines": []}, "require": ["accuracy >= 0.1"], "quiet": True}
        leadline.train(str(folder / "rows.csv"), target="kind", epochs=1, out=folder / "run", **words)
        for number in range(count):
            copy = folder / str(number)
            name = tampered(folder / "run", copy, rng)
            found = outcome(copy)
            if found.startswith("crashed") or found == "not found":
                print(f"{name}: {found}", flush=True)
            counted[found.partition(":")[0]] += 1
            shutil.rmtree(copy)
    print("tampered runs", dict(counted))
    return int(counted["crashed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
