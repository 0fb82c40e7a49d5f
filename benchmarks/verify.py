"""`leadline verify` finds what is changed in a run, and finds nothing in an honest one.

Ten kinds of run are trained on small data that is made here. Each is verified as it is, under another number of threads
too; then it is forged, again and again:

- one figure of a finding (value, an end of its interval, n), by one percent: with the manifest rewritten to match, and
  with page and card made anew as well, so that nothing but a new measurement can tell;
- one weight, by a tenth of the spread of its tensor: with the manifest rewritten to match, and with all made anew;
- one word of the page or the card, with the manifest rewritten to match.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from benchmarks.bits import data
from benchmarks.bits.jobs import chosen
from benchmarks.bits.trees import Tree
from benchmarks.common import ROOT, Figure, publish

from leadline.core.experiment import Experiment
from leadline.core.finding import Finding
from leadline.core.report import Report
from leadline.metrics.statistics.intervals import wilson
from leadline.pipeline.verifying.records import files_checked, records_checked
from leadline.pipeline.write import artifacts, write_report
from leadline.run import folder as files
from leadline.run.verification import Check
from leadline.verbs.verify import verify

CLAIM = "verify"
KINDS = "table-classes,table-quantiles,table-ordinal,table-labels,images,text,tagging,series,several,vae"
WEIGHTS = 50  # edits of each run
WORDS = 20
FIGURES = 40  # of those edits of figures for which the page is rendered again


def figure_edits(report: Report) -> Iterator[tuple[int, Finding]]:
    """Yield where a finding stands, and the finding with one of its figures changed by one percent."""
    for at, one in enumerate(report.findings):
        if one.value is None:
            continue
        yield at, one.model_copy(update={"value": _changed(one.value)})
        if one.interval is not None:
            low, high = one.interval
            yield at, one.model_copy(update={"interval": (low - abs(low - _changed(low)), high)})
            yield at, one.model_copy(update={"interval": (low, high + abs(high - _changed(high)))})
        if one.n is not None:
            yield at, one.model_copy(update={"n": one.n + 1})


def _changed(value: float) -> float:
    return value * 1.01 if value else 0.01


def with_finding(report: Report, at: int, changed: Finding) -> Report:
    """Return a report with another finding in one place."""
    return report.model_copy(update={"findings": (*report.findings[:at], changed, *report.findings[at + 1 :])})


def rewrite_manifest(run: Path) -> None:
    """Do what hides a change from the manifest."""
    (run / files.MANIFEST).unlink()
    files.seal(run)


def rewrite_all(run: Path, report: Report) -> None:
    """Do what hides a change from all but a new measurement: hashes, page, card and manifest are made anew."""
    write_report(run, report.model_copy(update={"environment": {**report.environment, "files": artifacts(run)}}))


def of_records(run: Path) -> bool:
    """Say whether files, report and pages of a run contradict each other."""
    report, experiment = Report.read(run / files.REPORT), Experiment.read(run / files.EXPERIMENT)
    return _differs((*files_checked(run), *records_checked(run, report, experiment)))


def _differs(checks: tuple[Check, ...]) -> bool:
    return any(one.outcome == "differs" for one in checks)


class Forger:
    """Changes one run and counts what is found; each change is made in a copy."""

    def __init__(self, run: Path, seed: int) -> None:
        self.run, self.rng = run, np.random.default_rng(seed)
        self.report = Report.read(run / files.REPORT)
        self.made: Counter[str] = Counter()
        self.found: Counter[str] = Counter()

    def count(self, name: str, forge: Callable[[Path], None], finds: Callable[[Path], bool]) -> None:
        """Make one change in a copy of the run, and count whether it is found."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / self.run.name
            shutil.copytree(self.run, copy)
            forge(copy)
            self.made[name] += 1
            self.found[name] += finds(copy)

    def figures(self) -> None:
        """Change figures of findings."""
        edits = list(figure_edits(self.report))
        for number in self.rng.permutation(len(edits))[:FIGURES]:
            at, changed = edits[number]
            report = with_finding(self.report, at, changed)

            def only_report(copy: Path, report: Report = report) -> None:
                files.write(copy / files.REPORT, report.to_json())
                rewrite_manifest(copy)

            self.count("figure, manifest rewritten", only_report, of_records)
        for number in self.rng.permutation(len(edits))[:FIGURES]:
            at, changed = edits[number]
            again = self.report.findings[at].again
            repeat = "recorded" if again is None else again.repeat
            name = "figure, all rewritten" if repeat in ("exact", "sampled") else f"{repeat} figure, all rewritten"
            report = with_finding(self.report, at, changed)
            self.count(name, lambda copy, report=report: rewrite_all(copy, report), _verified_not)

    def weights(self) -> None:
        """Change single weights."""
        for number in range(WEIGHTS):
            self.count("weight, manifest rewritten", self._weight, of_records)
            if number < WEIGHTS // 5:
                self.count("weight, all rewritten", self._weight_and_all, _verified_not)

    def _weight(self, copy: Path) -> None:
        file = copy / files.WEIGHTS
        tensors = safetensors.torch.load_file(file)
        names = sorted(name for name, x in tensors.items() if x.is_floating_point() and x.numel() > 1)
        sizes = np.array([tensors[name].numel() for name in names], dtype=float)
        x = tensors[names[self.rng.choice(len(names), p=sizes / sizes.sum())]].view(-1)
        x[int(self.rng.integers(len(x)))] += max(0.1 * float(x.std()), 1e-3)
        safetensors.torch.save_file(tensors, file)
        rewrite_manifest(copy)

    def _weight_and_all(self, copy: Path) -> None:
        self._weight(copy)
        rewrite_all(copy, self.report)

    def words(self) -> None:
        """Change single words of the page and the card."""
        for number in range(WORDS):
            name = (files.PAGE, files.CARD)[number % 2]
            self.count("sentence, manifest rewritten", lambda copy, name=name: self._word(copy / name), of_records)

    def _word(self, file: Path) -> None:
        words = file.read_text(encoding="utf-8").split(" ")
        at = int(self.rng.choice([i for i, word in enumerate(words) if word.isalpha() and len(word) > 3]))
        words[at] = words[at][::-1] if words[at] != words[at][::-1] else "other"
        file.write_text(" ".join(words), encoding="utf-8")
        rewrite_manifest(file.parent)


def _verified_not(run: Path) -> bool:
    return not verify(run, quiet=True).holds


def main() -> None:
    """Train, verify, forge, and publish."""
    made, found = Counter[str](), Counter[str]()
    honest, seconds = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "data").mkdir()
        data.make(folder / "data")
        with Tree("the working tree", ROOT / "src", folder / "here", folder / "data") as tree:
            for seed, job in enumerate(chosen(KINDS)):
                run = tree.train(job)
                for threads in (1, 2):
                    torch.set_num_threads(threads)
                    began = time.perf_counter()
                    honest.append(verify(run, quiet=True).holds)
                    seconds.append(time.perf_counter() - began)
                forger = Forger(run, seed)
                forger.figures()
                forger.weights()
                forger.words()
                made, found = made + forger.made, found + forger.found
                print(f"{job.name}: honest {honest[-2:]}, {dict(forger.found)} of {dict(forger.made)}", flush=True)
    figures = [_share("honest runs that hold", sum(honest), len(honest), ">= 1")]
    figures += [_share(f"found: {name}", found[name], count, _target(name)) for name, count in sorted(made.items())]
    figures.append(Figure("longest verification", max(seconds), "s", len(seconds), "wall clock, imports aside"))
    publish(CLAIM, figures, {"kinds": KINDS.split(",")})


def _target(name: str) -> str | None:
    """Return the bound of a share; where page, card and hashes are forged as well, only what is measured again can be
    held to one.
    """
    return ">= 1" if name.endswith("manifest rewritten") or name == "figure, all rewritten" else None


def _share(name: str, hits: int, count: int, target: str | None) -> Figure:
    return Figure(name, hits / count, "", count, "share; Wilson", wilson(hits, count, (0.95,))[0], target)


if __name__ == "__main__":
    main()
