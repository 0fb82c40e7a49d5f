"""Leadline: from a dataset to a trained deep network and a measured report.

The verbs of the command line, as functions; nothing heavy is imported until one is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_LAZY = {
    "train": "leadline.verbs.train",
    "crossval": "leadline.verbs.crossval",
    "resume": "leadline.verbs.resume",
    "load": "leadline.verbs.load",
    "evaluate": "leadline.verbs.evaluate",
    "predict": "leadline.verbs.predict",
    "embed": "leadline.verbs.embed",
    "sample": "leadline.verbs.sample",
    "compare": "leadline.verbs.compare",
    "report": "leadline.verbs.report",
    "runs": "leadline.verbs.runs",
    "verify": "leadline.verbs.verify",
    "sign": "leadline.verbs.sign",
    "Classifier": "leadline.estimators.classifier",
    "Regressor": "leadline.estimators.regressor",
    "Run": "leadline.verbs.load",
    "Experiment": "leadline.core.experiment",
    "Finding": "leadline.core.finding",
    "Report": "leadline.core.report",
    "Requirement": "leadline.core.requirement",
    "LeadlineError": "leadline.errors",
}

__all__ = ["__version__", *_LAZY]  # noqa: PLE0604  the lazy names are strings, read below

if TYPE_CHECKING:
    from leadline.core.experiment import Experiment as Experiment
    from leadline.core.finding import Finding as Finding
    from leadline.core.report import Report as Report
    from leadline.core.requirement import Requirement as Requirement
    from leadline.errors import LeadlineError as LeadlineError
    from leadline.estimators.classifier import Classifier as Classifier
    from leadline.estimators.regressor import Regressor as Regressor
    from leadline.verbs.compare import compare as compare
    from leadline.verbs.crossval import crossval as crossval
    from leadline.verbs.embed import embed as embed
    from leadline.verbs.evaluate import evaluate as evaluate
    from leadline.verbs.load import Run as Run
    from leadline.verbs.load import load as load
    from leadline.verbs.predict import predict as predict
    from leadline.verbs.report import report as report
    from leadline.verbs.resume import resume as resume
    from leadline.verbs.runs import runs as runs
    from leadline.verbs.sample import sample as sample
    from leadline.verbs.sign import sign as sign
    from leadline.verbs.train import train as train
    from leadline.verbs.verify import verify as verify


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name == "style":
        from leadline.core.catalogue import say

        raise AttributeError(say("verbs.style-moved"))
    if name.startswith("_"):  # asked for by tools, which read no sentences
        raise AttributeError(f"module 'leadline' has no attribute {name!r}")
    from leadline.core.entries.foreign_attributes import of_package

    raise AttributeError(of_package(name, __all__))


def __dir__() -> list[str]:
    return sorted(__all__)
