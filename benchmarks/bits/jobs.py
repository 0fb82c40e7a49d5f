"""The runs whose bits are compared: every kind of data, every sort of objective, every way to train, each of a few
seconds.

Words are those after ``leadline``; ``{data}`` is where the datasets lie, ``{runs}`` where the runs of one tree do.
Every run has a fixed plan of execution, so that nothing is timed into its arithmetic.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

PLAN = (
    "training.plan.device=cpu",
    "training.plan.precision=fp32",
    "training.plan.channels_last=false",
    "training.plan.compile=false",
    "training.plan.threads=1",
)
PLANS = (PLAN,)  # spellings of the fixed plan, the newest first


@dataclass(frozen=True)
class Spelling:
    """One way to write a command: words between blanks, and entries of the experiment that are set."""

    words: str
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """One run: its command, older spellings tried where that one is refused, and what happens to it.

    `needs` names jobs whose runs it begins with. It is trained by so many `processes`; `killed` says that it is killed
    after its first checkpoint, and resumed.
    """

    name: str
    words: str
    entries: tuple[str, ...] = ()
    older: tuple[Spelling, ...] = ()
    needs: tuple[str, ...] = ()
    processes: int = 1
    killed: bool = False

    def spellings(self) -> Iterator[tuple[str, ...]]:
        """Yield all that stands after ``leadline`` in every spelling, the newest first."""
        for one, plan in itertools.product((Spelling(self.words, self.entries), *self.older), PLANS):
            pairs = (("--set", entry) for entry in (*one.entries, *plan))
            yield (*one.words.split(), *itertools.chain.from_iterable(pairs), "--quiet", "--out", self.name)


PLAIN = ("baselines=[]",)
SMALL = ("network.size=small", *PLAIN)
AUGMENTED = (
    "data.inputs.image={kind: image, augment: [flip, {shift: 0.1}, {rotate: 10}, contrast, noise, cutout]}",
    "training.mix=mixup",
    "training.average=ema",
    *SMALL,
)
INPUTS = "--inputs width,height,depth,town,member,since"
ROWS = f"train {{data}}/rows.csv {INPUTS} --target"
STRIPES = "train {data}/stripes --network cnn"
SEVERAL = "network={bodies: {'*': {name: mlp, hidden: [16]}, text: {name: rnn, hidden: 8}}, fusion: gated}"

JOBS = (
    # Tables, with baselines in the first, which also stops early.
    Job(
        "table-classes",
        f"{ROWS} kind --epochs 30",
        ("training.early_stopping={on: loss, patience: 1}", "training.batch=32"),
    ),
    Job("table-positive", f"{ROWS} sure --epochs 3 --network transformer", ("data.positive=yes", *SMALL)),
    Job(
        "table-number",
        f"{ROWS} price --epochs 4",
        ("objective.loss=huber", "data.weight=counts", "training.clip=1", *PLAIN),
    ),
    Job(
        "table-quantiles",
        f"{ROWS} price --objective quantiles --epochs 4",
        ("objective.levels=[0.1, 0.5, 0.9]", "training.optimizer=momentum", "training.schedule=cosine", *SMALL),
    ),
    Job(
        "table-ordinal",
        f"{ROWS} kind --objective ordinal --epochs 4",
        ("objective.order=[low, middle, upper, high]", "training.optimizer=muon", "training.average=swa", *SMALL),
    ),
    Job("table-counts", f"{ROWS} visits --objective poisson --epochs 4", ("training.accumulate=2", *SMALL)),
    Job("table-tasks", f"{ROWS} kind,age --epochs 4", SMALL),
    Job("table-labels", f"{ROWS} genres --epochs 4", ("objective.positive_weight=balanced", *SMALL)),
    Job("linear", f"{ROWS} kind --network linear", PLAIN),
    Job("svm", f"{ROWS} sure --network svm", PLAIN),
    Job("boosting", f"{ROWS} price --network gradient-boosting", ("network.iterations=40", *PLAIN)),
    # Pictures, texts, clips, series, and several inputs at once.
    Job("images", f"{STRIPES} --epochs 4", AUGMENTED),
    Job("images-norm", "train digits --network resnet --epochs 1", ("training.mix=cutmix", *SMALL)),
    Job("text", "train {data}/reviews.csv --network textcnn --epochs 3", SMALL),
    Job("tagging", "train {data}/tagged.jsonl --target tags --objective tagging --epochs 3", SMALL),
    Job("language", "train {data}/corpus.txt --objective language --epochs 3", SMALL),
    Job("audio", "train {data}/tones --network audiocnn --epochs 2", ("training.batch=16", *SMALL)),
    Job("series", "train {data}/load.csv --horizon 6 --lookback 24 --network dlinear --epochs 3"),
    Job(
        "series-quantiles",
        "train {data}/load.csv --horizon 3 --lookback 12 --network rnn --epochs 1",
        ("objective.quantiles=[0.1, 0.5, 0.9]", "data.series.calendar=true", *SMALL),
    ),
    Job("several", "train {data}/houses.csv --target price --epochs 3", (SEVERAL, *PLAIN)),
    # Rows of which some or none have a target.
    Job("autoencoder", f"{ROWS} kind --objective autoencoder --epochs 3", SMALL),
    Job("vae", "train digits --objective vae --network mlp --epochs 3", ("judge=false", *SMALL)),
    Job("vae-table", f"{ROWS} none --objective vae --epochs 3", SMALL),
    Job("gan", f"{STRIPES} --objective gan --epochs 2", ("judge=false", "training.batch=32", *SMALL)),
    Job("contrastive", f"{STRIPES} --objective contrastive --epochs 2", SMALL),
    Job(
        "begun",
        "train {data}/stripes --init {runs}/contrastive --freeze bodies --epochs 2",
        SMALL,
        needs=("contrastive",),
    ),
    Job("masked", f"{ROWS} kind --objective masked --epochs 3", SMALL),
    Job("clustering", f"{ROWS} kind --objective clustering --epochs 6", SMALL),
    Job("few-labels", "train digits --objective fixmatch --network cnn --epochs 1", ("data.labelled=0.05", *SMALL)),
    Job(
        "two-domains",
        "train {data}/domains.csv --target kind --split column:split --objective adaptation --epochs 4",
        SMALL,
    ),
    # Killed and resumed, more than one run, more than one process.
    Job(
        "killed", "train digits --network cnn --epochs 6", ("training.checkpoint_seconds=0.05", *AUGMENTED), killed=True
    ),
    Job("repeats", f"{ROWS} kind --epochs 2 --repeats 2", SMALL),
    Job("crossval", f"crossval {{data}}/rows.csv {INPUTS} --target price --folds 2 --epochs 2", SMALL),
    Job("two-processes", f"{STRIPES} --epochs 2", AUGMENTED, processes=2),
)


def chosen(only: str | None) -> tuple[Job, ...]:
    """Return the jobs whose names match one of some patterns between commas, and those that they need; None means all.

    Raises ValueError for a pattern that no job matches.
    """
    if only is None:
        return JOBS
    patterns = [one.strip() for one in only.split(",") if one.strip()]
    for pattern in patterns:
        if not any(fnmatchcase(job.name, pattern) for job in JOBS):
            raise ValueError(f"no job is called {pattern}; there are {', '.join(job.name for job in JOBS)}")
    wanted = {job.name for job in JOBS if any(fnmatchcase(job.name, pattern) for pattern in patterns)}
    wanted |= {need for job in JOBS if job.name in wanted for need in job.needs}
    return tuple(job for job in JOBS if job.name in wanted)
