"""A change of the code that is to change nothing computed: the same weights, findings and predictions, to the bit.

``python -m benchmarks.same_bits --against COMMIT [--only NAME,…]`` runs every job (`benchmarks/bits/jobs.py`) with the
working tree's code and with the commit's, on data that it makes itself, and ends with 1 where anything differs that is
not in `WANTED`. ``--record`` runs the working tree alone and writes the digests down; without either what is computed
is compared with the digests that were written, where machine and versions are the same. ``--speed ROUNDS`` with
``--against`` measures training's speed instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

# Called as a file or in a second working tree, it is this tree that is meant, wherever Leadline is installed from.
sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.bits import data, speed
from benchmarks.bits.jobs import JOBS, Job, chosen
from benchmarks.bits.reading import KINDS, Bits, Difference, differences, equal, read
from benchmarks.bits.trees import Broken, Tree, name_of, take
from benchmarks.common import RESULTS, ROOT, Figure, publish, skip

from leadline.machine import environment

CLAIM = "same_bits"
SHOWN = 12  # differences of a job that are printed

SCALE = (
    "what a support vector machine's scores are multiplied by is where SciPy finds the slope zero: to 1e-12, not 1e-5"
)
# Differences that are wanted: a pattern of the jobs' names, one of what differs ("finding *size_mb*"), and the reason.
WANTED: tuple[tuple[str, str, str], ...] = (
    (
        "*",
        "finding *size_mb*",
        "a weights file holds the names of its tensors: `bodies` and `front` of 0.1 are `encoders` and `preprocessor`",
    ),
    *(("svm", what, SCALE) for what in ("tensor *head.*", "finding brier,*", "finding ece,*", "finding nll,*")),
    ("svm", "prediction p(*", SCALE),
    ("*", "finding nll, *baseline=svm*", SCALE),
)


def reason(job: Job, difference: Difference) -> str | None:
    """Return why a difference is wanted, or None."""
    fits = (why for name, what, why in WANTED if fnmatchcase(job.name, name) and fnmatchcase(difference.what, what))
    return next(fits, None)


def bits_of(tree: Tree, job: Job) -> Bits | str:
    """Run a job, and return its bits, or what it said where it broke."""
    try:
        bits = read(tree.train(job))
    except Broken as broken:
        return str(broken)
    counts = bits.counts()
    return bits if counts["tensor"] and counts["finding"] else f"{job.name} with {tree.name} left nothing to compare"


def compared(job: Job, before: Bits | str, now: Bits | str) -> tuple[int, int]:
    """Print what differs between two runs of a job; return how many differences are unwanted and wanted."""
    if isinstance(before, str) or isinstance(now, str):
        print(f"{job.name}: BROKE\n{before if isinstance(before, str) else now}", flush=True)
        return 1, 0
    found = list(differences(before, now))
    wanted = [(one, why) for one in found if (why := reason(job, one)) is not None]
    unwanted = [one for one in found if reason(job, one) is None]
    counts = ", ".join(f"{equal(before, now, kind)} of {count} {kind}s" for kind, count in now.counts().items())
    print(f"{job.name}: {'DIFFERS' if unwanted else 'the same'}: {counts}", flush=True)
    for one in unwanted[:SHOWN]:
        print(f"  {one}")
    if len(unwanted) > SHOWN:
        print(f"  and {len(unwanted) - SHOWN} more")
    for one, why in wanted[:SHOWN]:
        print(f"  wanted ({why}): {one}")
    return len(unwanted), len(wanted)


def against(commit: str, jobs: Sequence[Job], whole: bool) -> int:
    """Compare the working tree with a commit in all jobs; publish where they are the `whole` of them, and return
    the exit code.
    """
    full = name_of(commit)
    taken: dict[str, tuple[Bits, Bits]] = {}
    unwanted, wanted = {}, {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        there = Tree(full[:7], take(full, folder / "code"), folder / "there", _made(folder))
        here = Tree("the working tree", ROOT / "src", folder / "here", there.data)
        with there, here, ThreadPoolExecutor(2) as pool:
            for job in jobs:
                before, now = pool.map(bits_of, (there, here), (job, job))
                unwanted[job.name], wanted[job.name] = compared(job, before, now)
                if isinstance(before, Bits) and isinstance(now, Bits):
                    taken[job.name] = before, now
    bad = [name for name, count in unwanted.items() if count]
    print(f"differ: {', '.join(bad)}" if bad else "nothing differs that is not wanted", flush=True)
    if whole:
        figures = [_jobs(len(jobs), len(jobs) - len(bad)), *(_share(kind, list(taken.values())) for kind in KINDS)]
        notes = {
            "against": full,
            "unwanted": unwanted,
            "wanted": wanted,
            "jobs": {name: now.digests() for name, (_, now) in taken.items()},
        }
        publish(CLAIM, figures, notes)
    return 1 if bad else 0


def alone(jobs: Sequence[Job]) -> dict[str, Bits]:
    """Run all jobs with the working tree; a job that breaks ends the benchmark."""
    found = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with Tree("the working tree", ROOT / "src", folder / "here", _made(folder)) as here:
            for job in jobs:
                bits = bits_of(here, job)
                if isinstance(bits, str):
                    sys.exit(bits)
                print(
                    f"{job.name}: {', '.join(f'{count} {kind}s' for kind, count in bits.counts().items())}", flush=True
                )
                found[job.name] = bits
    return found


def record() -> int:
    """Write down the digests of what the working tree computes."""
    found = alone(JOBS)
    figures = [Figure("jobs", len(found), "", len(found), "digests written, compared with nothing")]
    publish(CLAIM, figures, {"against": None, "jobs": {name: bits.digests() for name, bits in found.items()}})
    return 0


def with_record(jobs: Sequence[Job]) -> int:
    """Compare what the working tree computes with the digests that were written, and return the exit code."""
    file = RESULTS / f"{CLAIM}.json"
    if not file.exists():
        skip("needs --against COMMIT, or digests that --record has written")
    written = json.loads(file.read_text(encoding="utf-8"))
    if _kind(written["hardware"]) != _kind(environment.describe(ROOT)):
        skip(
            "the digests were written on another kind of machine or with other versions; "
            "--against COMMIT compares with code"
        )
    known = written["notes"]["jobs"]
    lacking = [job.name for job in jobs if job.name not in known]
    found = alone([job for job in jobs if job.name in known])
    bad = 0
    for name, bits in found.items():
        differ = [kind for kind, digest in bits.digests().items() if known[name].get(kind) != digest]
        if differ:
            bad += 1
            what = ", ".join(f"{kind}s" for kind in differ)
            print(f"{name}: DIFFERS in its {what} from {written['commit']['commit'][:7]}")
    print(f"{bad} of {len(found)} jobs differ from the digests{f'; none of {lacking}' if lacking else ''}")
    return 1 if bad else 0


def _made(folder: Path) -> Path:
    """Make the datasets in a folder of their own, and return it."""
    made = folder / "data"
    made.mkdir()
    data.make(made)
    return made


def _kind(hardware: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what bits depend on beside the code: processor, system and versions."""
    versions = {name: version for name, version in hardware["versions"].items() if name != "leadline"}
    return hardware["cpu"]["model"], hardware["architecture"], hardware["os"].split()[0], versions


def _jobs(count: int, same: int) -> Figure:
    return Figure(
        "jobs without a difference that is not wanted",
        same / count,
        "",
        count,
        "each run with both trees",
        None,
        ">= 1",
    )


def _share(kind: str, pairs: Sequence[tuple[Bits, Bits]]) -> Figure:
    """Return what share of the entries of a kind both trees have in common."""
    total = sum(max(one.counts()[kind] for one in pair) for pair in pairs)
    same = sum(equal(before, now, kind) for before, now in pairs)
    return Figure(
        f"{kind}s equal",
        same / max(total, 1),
        "",
        total,
        "bit for bit, of those of all jobs that ended with both trees",
    )


def main(words: Sequence[str]) -> int:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.same_bits", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--against", metavar="COMMIT", help="the commit that the working tree is compared with")
    parser.add_argument("--only", metavar="NAME,…", help="these jobs alone (patterns), and nothing is published")
    parser.add_argument("--record", action="store_true", help="write down the digests of the working tree alone")
    parser.add_argument(
        "--speed", metavar="ROUNDS", type=int, help="measure the speed of training instead, in so many rounds"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the jobs")
    given = parser.parse_args(words)
    try:
        jobs = chosen(given.only)
    except ValueError as error:
        parser.error(str(error))
    if given.list:
        print("\n".join(job.name for job in jobs))
        return 0
    if given.record and (given.against or given.only):
        parser.error("--record runs all jobs with the working tree alone")
    if given.speed is not None:
        if not given.against or given.speed < 1:
            parser.error("--speed takes at least one round, and needs --against COMMIT")
        return speed.measure(given.against, given.speed)
    if given.record:
        return record()
    return against(given.against, jobs, given.only is None) if given.against else with_record(jobs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
