"""Measure every claim that can be measured here: ``python -m benchmarks [CLAIM]...``; the quick ones come first."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.common import ROOT, SKIPPED

CLAIMS = (
    "startup",
    "same_bits",
    "digits",
    "memory",
    "mnist",
    "simple_models",
    "repeats",
    "mnist_augmented",
    "resume_kill",
    "steady",
    "bucketing",
    "adult",
    "tables",
    "trec",
    "fsdd",
    "streaming",
    "etth1",
    "mr",
    "houses",
    "few_labels",
    "verify",
    "adaptation",
    "fixmatch",
    "vae",
    "anomaly",
    "gan",
    "throughput_vae",
    "throughput_text",
    "throughput_cifar10",
    "wide",
    "cifar10",
)


def main(target_types: list[str]) -> int:
    """Run benchmarks one after the other; return 1 where one broke."""
    unknown = set(target_types) - set(CLAIMS)
    if unknown:
        sys.exit(f"no benchmark called {', '.join(sorted(unknown))}; there are {', '.join(CLAIMS)}")
    broken = []
    for claim in target_types or CLAIMS:
        print(f"== {claim}", flush=True)
        code = subprocess.run([sys.executable, "-m", f"benchmarks.{claim}"], cwd=ROOT, check=False).returncode
        if code not in (0, SKIPPED):
            broken.append(claim)
    if broken:
        print(f"broke: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
