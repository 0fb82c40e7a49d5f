"""The file tree of the package, as ARCHITECTURE.md shows it: ``python tests/architecture/tree.py`` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from package import PACKAGE

# Folders in the order of the house, each with what it holds; a folder below one of them follows it.
FOLDERS = {
    "cli": "the commands, their options, what they print",
    "estimators": "Classifier, Regressor",
    "verbs": "one file a verb",
    "pipeline": "the eight steps of a run, and what they share",
    "pipeline/auxiliary": "networks trained beside the run's own",
    "pipeline/resolving": "what a user wrote becomes an experiment with every default written out",
    "pipeline/several": "repeats and folds",
    "evaluation": "the subject, the loop over analyses, comparison with baselines",
    "evaluation/analyses": "one question a file",
    "evaluation/analyses/generative": "questions of generated rows",
    "rendering": "the page, the card, the terminal",
    "training": "the loop, and what it is made of",
    "training/optim": "update rules",
    "training/state": "what is kept from log entry to log entry, each with its place in a checkpoint",
    "training/steps": "one update of the weights",
    "run": "the folder, the network in it, accesses to test rows",
    "models": "families of networks",
    "objectives": "what a network is trained for, and how it is judged",
    "objectives/calibrations": "what is chosen after training, and how",
    "data": "from a source to batches",
    "data/augmentations": "random changes of whole batches",
    "data/checks": "what is looked for before training",
    "data/columns": "one type a file",
    "data/columns/decoding": "media files to arrays",
    "data/columns/scalars": "text to numbers and times",
    "data/columns/texts": "vocabularies and word vectors",
    "data/input_types": "inputs made of scalar columns",
    "data/series": "tables in time order",
    "data/sources": "every way in",
    "data/sources/delimited": "CSV and its dialects",
    "data/splits": "how rows are shared among splits",
    "data/targets": "one type a file",
    "nn": "modules that families and objectives share",
    "metrics": "measures with intervals",
    "machine": "energy, latency, memory, operations",
    "core": "frozen values that a run is made of and reports",
    "core/entries": "what entries are called and take, and what a wrong name or value is answered with",
}
WIDTH = 112


def tree() -> Iterator[str]:
    """Yield the lines of the tree: each folder with what it holds, and the files in it."""
    for top in (folder for folder in FOLDERS if "/" not in folder):
        below = sorted(path for path in (PACKAGE / top).rglob("*") if any(path.glob("*.py")))
        for folder in (PACKAGE / top, *below):
            yield from _folder(folder)


def _folder(folder: Path) -> Iterator[str]:
    name = folder.relative_to(PACKAGE).as_posix()
    depth = name.count("/")
    yield f"{'  ' * depth + folder.name + '/':<20}{FOLDERS.get(name, '')}".rstrip()
    line = margin = "  " * (depth + 1)
    for file in sorted(file.stem for file in folder.glob("*.py") if file.stem != "__init__"):
        if len(line) + len(file) > WIDTH:
            yield line.rstrip()
            line = margin
        line += f"{file} "
    if line.strip():
        yield line.rstrip()


if __name__ == "__main__":
    print("\n".join(tree()))
