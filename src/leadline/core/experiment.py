"""All that decides a run: data, network, objective, training, requirements, seed.

An experiment is read from YAML, from the command line or from Python, and written back as YAML. Resolving it (in
`leadline.pipeline.resolving.experiment`) writes every default out; the hash is that of the resolved form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce
from operator import getitem
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_serializer, model_validator

from leadline.core import yaml_io
from leadline.core.base import Fact, digest
from leadline.core.catalogue import say
from leadline.core.component import AUTO, Component
from leadline.core.entries import renamed
from leadline.core.entries.bounds import out_of_bounds
from leadline.core.entries.places import root
from leadline.core.entries.shapes import shaped
from leadline.core.entries.wrong_values import explained, together
from leadline.core.registry import called, unnamed_options
from leadline.core.series_spec import SeriesSpec, Step
from leadline.core.training_spec import TrainingSpec
from leadline.core.warm_start import Shares, WarmStart
from leadline.errors import UsageError

Size = Literal["small", "base", "large"]
MISSING_WORDS = ("?", "NA", "N/A", "n/a", "nan", "NaN", "null", "NULL")  # in text; an empty cell is missing anyway
_SHARES = re.compile(r"[\d.]+(/[\d.]+){1,2}")  # 80/10/10
# What does not decide the result; where first weights lie does not, what they are does.
_BESIDE: Any = {
    **dict.fromkeys(
        (
            "name",
            "card",
            "require",
            "repeats",
            "baselines",
            "single_input_ablation",
            "reference_classifier",
            "label_efficiency",
        ),
        True,
    ),
    "init": {"run"},
}
# Values that say what was so before there was the entry: with them a run is the one that was begun without.
_NEUTRAL: Mapping[tuple[str, ...], Mapping[str, Any]] = {
    ("training",): {"step": {"name": "plain"}, "members": 1},
    ("data",): {"nulls": list(MISSING_WORDS), "validation": None, "header": None, "missing_values": {}},
    ("data", "split"): {"seed": None, "file_groups": "ignore"},
}


class InputSpec(Fact):
    """One input of the network: its type, the columns it is made of, how it is prepared and augmented.

    `augment` are random changes in training; `strong` those of the views that some objectives want beside, None the
    usual ones of the type. `type` and `columns` None are inferred; `options` are the type's own (an image's ``size``,
    ``channels``, ``scale``). `missing` says of rows that lack the input whether they are kept (``keep``, so unless it
    is the only one) or dropped (``drop``).
    """

    type: str | None = Field(default=None, examples=["image"])
    columns: tuple[str, ...] | None = Field(default=None, examples=[["age", "income"]])
    augment: tuple[Component, ...] = Field(default=(), examples=[["flip"]])
    strong: tuple[Component, ...] | None = Field(default=None, examples=[["flip"]])
    missing: Literal["keep", "drop"] | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"type": value}
        if isinstance(value, Mapping) and "options" not in value:
            known = set(cls.model_fields)
            return {
                **{k: v for k, v in value.items() if k in known},
                "options": {k: v for k, v in value.items() if k not in known},
            }
        return value

    @model_serializer
    def _write(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "columns": self.columns and list(self.columns),
            "augment": [a.model_dump() for a in self.augment],
            **({"strong": [a.model_dump() for a in self.strong]} if self.strong is not None else {}),
            **({"missing": self.missing} if self.missing else {}),
            **self.options,
        }


def _split_entries(value: Any) -> Any:
    if isinstance(value, str):
        if value in ("auto", "random"):
            return {"by": value}
        if _SHARES.fullmatch(value):
            raise ValueError(say("core.split-shares", value=value))
        if value in ("stratified", "stratify", "shuffle"):
            raise ValueError(say("core.split-stratified", value=value))
        by, colon, column = value.partition(":")
        if not colon or by not in ("group", "time", "column"):
            return {"by": "column", "column": value}
        name, colon, spans = column.rpartition(":")
        if by == "time" and colon and "/" in spans:
            return {"by": by, "column": name, "spans": spans}
        return {"by": by, "column": column}
    # the short form, with further entries beside it
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        return {**_split_entries(value["name"]), **{k: v for k, v in value.items() if k != "name"}}
    return (
        {"by": "column", **value} if isinstance(value, Mapping) and "by" not in value and value.get("column") else value
    )


class SplitSpec(Fact):
    """How rows are shared among train, validation and test.

    `by` is ``auto`` (what the source gives, else random), ``random`` (stratified for classes), ``column`` (its values
    name the splits), ``group`` (no group in two splits) or ``time`` (the latest rows are the test). Fractions are of
    all rows. In cross-validation the test rows are those of one `fold`, from 1, of `folds`, and `validation` is a
    fraction of all rows as ever. `near_duplicates` says whether random splits keep rows with near-identical pictures,
    sounds or texts, and copies in a table, ``together``, or ``ignore`` them; `file_groups` says the
    same of files whose names tell of one speaker, patient or clip. `spans`, such as ``360d/120d/120d``, are
    how long train, validation and test last, from the first time on, in place of fractions; what is later is not used.
    `seed` is that of random splits alone, so that runs of other seeds are tested on the same rows; where it is null,
    the split follows the seed of the run.
    """

    by: Literal["auto", "random", "column", "group", "time"] = "auto"
    column: str | None = Field(default=None, examples=["subset"])
    validation: float = Field(default=0.1, ge=0, lt=1)
    test: float = Field(default=0.1, ge=0, lt=1)
    near_duplicates: Literal["together", "ignore"] = "together"
    file_groups: Literal["together", "ignore"] = "together"
    spans: tuple[str, str, str] | None = Field(default=None, examples=["360d/120d/120d"])
    folds: int | None = Field(default=None, ge=2, examples=[5])
    fold: int | None = Field(default=None, ge=1, examples=[1])
    seed: int | None = Field(default=0, ge=0, lt=2**63)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return _split_entries(value)

    @model_validator(mode="after")
    def _has_column(self) -> Self:
        if self.by in ("column", "group", "time") and not self.column:
            raise ValueError(say("core.split-without-column", by=self.by))
        if self.spans is not None:
            if self.by != "time":
                raise ValueError(say("core.spans-without-time", by=self.by))
            units = {Step.parse(span).unit for span in self.spans}
            if "b" in units or ("1" in units and len(units) > 1):
                raise ValueError(say("core.spans-mixed"))
            if self.folds is not None:
                raise ValueError(say("core.spans-with-folds"))
        if self.validation + self.test >= 1:
            raise ValueError(say("core.no-rows-left-to-train"))
        if self.fold is not None and (self.folds is None or self.fold > self.folds):
            raise ValueError(f"there is no fold {self.fold} of {self.folds or 'no'} folds")
        return self

    @field_validator("spans", mode="before")
    @classmethod
    def _three(cls, value: Any) -> Any:
        spans = value.split("/") if isinstance(value, str) else value
        if spans is not None and not (isinstance(spans, list | tuple) and len(spans) == 3):
            raise ValueError(say("core.spans-not-three"))
        return spans if spans is None else tuple(str(span).strip() for span in spans)

    @property
    def every_fold(self) -> bool:
        """True for a cross-validation as a whole, rather than one fold of it or none."""
        return self.folds is not None and self.fold is None


def _label(value: Any) -> Any:
    """Return a class's name as text, where YAML took it for a number or a truth value."""
    return str(value).lower() if isinstance(value, bool) else str(value) if isinstance(value, int) else value


def _several(value: Any) -> Any:
    """Return one number as several of one."""
    return (value,) if isinstance(value, int | float) else value


class DataSpec(Fact):
    """Where rows come from, what is predicted from what, and how rows are split.

    `validation` and `test` are further sources, with the rows of these subsets. `target` may be several columns: tasks
    on one body, or the probabilities of the classes. `weight` is a column that says how much each row counts in
    training; `positive` is the class that sensitivity and operating points speak of. `columns` None takes every column
    that is not the target, the weight, the split or ignored; `inputs` says how they are grouped and augmented, where
    that is not left to be inferred. `types` overrides inferred types by column. `series` makes a table in time order of
    it, of which the next steps are forecast. `labelled` is the share of the train rows that keep their label, of each
    class its own; the others are learnt from without it, by objectives that can, or left out. `strict` refuses a
    dataset with unusable rows instead of setting them aside. `encoding` names that of files of text (``cp1250``) where
    it would be guessed wrong; `header` says whether delimited files begin with column names, where their first line is
    not to be judged. `nulls` are the words that stand for a missing value in text; an empty cell is missing whatever
    they are. `missing_values` are the numbers that do so, by column.
    """

    source: str = Field(default="", examples=["sales.csv"])
    validation: str | None = Field(default=None, examples=["validation.csv"])
    test: str | None = Field(default=None, examples=["test.csv"])
    encoding: str | None = Field(default=None, examples=["cp1250"])
    header: bool | None = Field(default=None, examples=[False])
    nulls: tuple[str, ...] = Field(default=MISSING_WORDS, examples=[["NA", "-999"]])
    missing_values: Mapping[str, Annotated[tuple[float, ...], BeforeValidator(_several)]] = Field(
        default_factory=dict, examples=[{"insulin": [0]}]
    )
    target: str | tuple[str, ...] | None = Field(default=None, examples=["price"])
    weight: str | None = Field(default=None, examples=["weight"])
    positive: Annotated[str | None, BeforeValidator(_label)] = Field(default=None, examples=["yes"])
    inputs: Mapping[str, InputSpec] | None = Field(default=None, examples=[{"photo": "image"}])
    columns: tuple[str, ...] | None = Field(default=None, examples=[["age", "income"]])
    types: Mapping[str, str] = Field(default_factory=dict, examples=[{"postcode": "category"}])
    ignore: tuple[str, ...] = Field(default=(), examples=[["id"]])
    split: SplitSpec = Field(default=SplitSpec(), examples=["time:day"])
    series: SeriesSpec | None = Field(default=None, examples=[{"horizon": 24}])
    labelled: float | None = Field(default=None, gt=0, le=1, examples=[0.1])
    strict: bool = False


def _encoders(value: Any) -> Any:
    if isinstance(value, str):
        return {"encoders": {"*": called("models", value)}}
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        value = {**value, "name": called("models", value["name"])}
    if isinstance(value, Mapping) and "encoders" not in value and set(value) - set(NetworkSpec.model_fields):
        value = value if "name" in value else {"name": AUTO, **value}  # options alone are those of what is chosen
        own = {k: v for k, v in value.items() if k in NetworkSpec.model_fields}
        return {**own, "encoders": {"*": {k: v for k, v in value.items() if k not in own}}}
    return value


class NetworkSpec(Fact):
    """A backbone for each input (``"*"`` stands for every input not named), how several are fused, and the size.

    `share` lists groups of inputs that have one backbone in common (``[[kitchen, bedroom]]``): they are of one kind and
    shape.
    """

    encoders: Mapping[str, Component] = Field(default_factory=dict, examples=[{"*": "mlp"}])
    size: Size = "base"
    fusion: Component = Component(name="concat")
    share: tuple[tuple[str, ...], ...] = Field(default=(), examples=[[["kitchen", "bedroom"]]])


@root
class Experiment(Fact):
    """All that decides a run; `name` is what run folders are called after, `repeats` how many seeds are trained, from
    `seed` on.

    `baselines` are simpler models that are measured beside the network; None chooses those that suit the data.
    `single_input_ablation` says whether each of several inputs is trained alone too, to compare: None does so in the
    first run of several and where no budget is set. `init` is a finished run whose encoders' weights, where they fit,
    this one begins with. `label_efficiency` are shares of the labelled train rows that the same network is trained on
    too, each from scratch and as this one begins. `reference_classifier` is the run of a classifier by whose features
    rows that a network makes are compared with real ones, ``auto`` for one that is trained beside, or false for none;
    None is ``auto`` where the data has classes and no budget is set."""

    name: str | None = Field(default=None, examples=["churn"])
    data: DataSpec = DataSpec()
    network: Annotated[NetworkSpec, BeforeValidator(_encoders)] = NetworkSpec()
    objective: Annotated[Component | None, unnamed_options("objectives")] = Field(
        default=None, examples=["classification"]
    )
    training: TrainingSpec = TrainingSpec()
    require: tuple[str, ...] = Field(default=(), examples=[["accuracy >= 0.95"]])
    init: WarmStart | None = Field(default=None, examples=["runs/digits-1"])
    baselines: tuple[str, ...] | None = Field(default=None, examples=[["linear"]])
    single_input_ablation: bool | None = None
    reference_classifier: str | Literal[False] | None = Field(default=None, examples=["auto"])
    label_efficiency: Shares = Field(default=(), examples=[[0.01, 0.1, 1.0]])
    card: Mapping[str, str] = Field(default_factory=dict, examples=[{"owner": "the data team"}])
    seed: int = Field(default=0, ge=0, lt=2**63)
    repeats: int = Field(default=1, ge=1, le=1_000)

    @property
    def hash(self) -> str:
        """The sha256 of everything that decides the result (not name, card, requirements, repeats, what is beside)."""
        values = self.model_dump(mode="json", exclude=_BESIDE)
        for path, entries in _NEUTRAL.items():
            part = reduce(getitem, path, values)
            for entry, value in entries.items():
                if part.get(entry) == value:
                    del part[entry]
        return digest(values)

    @property
    def brief(self) -> str:
        """The network and the objective in a few words: ``mlp, classification``; empty where neither is chosen yet."""
        named = [one.name for one in self.network.encoders.values()]
        names = [*dict.fromkeys(PurePath(name).name for name in named)]
        network = " + ".join(names[:2]) + (f" + {len(names) - 2} more" if len(names) > 2 else "")
        network = f"{self.training.members} × {network}" if network and self.training.members > 1 else network
        objective = self.objective.name if self.objective is not None and self.objective.name != AUTO else ""
        return ", ".join(part for part in (network[:40], objective[:40]) if part)

    def __repr__(self) -> str:
        """Return in a line what it is made of; `to_yaml` says all."""
        target = self.data.target or ()
        targets = (target,) if isinstance(target, str) else target
        parts = [
            f"data {self.data.source[-40:]!r}" if self.data.source else "data in memory",
            f"target {', '.join(targets)[:40]!r}" if targets else "",
            self.brief,
            f"seed {self.seed}",
        ]
        return f"Experiment({', '.join(part for part in parts if part)})"

    __str__ = __repr__

    def to_yaml(self) -> str:
        """Return the experiment as YAML that `read` accepts."""
        return yaml_io.dump(self.model_dump(mode="json"))

    def unresolved(self) -> dict[str, Any]:
        """Return the experiment as plain values whose `training` holds only what was asked for: what suits the network
        and the objective is still to be chosen, and would not be once every default were written out.
        """
        asked = self.training.model_dump(mode="json", exclude_unset=True)
        return {**self.model_dump(mode="json"), "training": asked}

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str | None = None) -> Experiment:
        """Build an experiment from plain values, and say what is called otherwise now; raises UsageError naming the
        entry that is wrong.
        """
        return cls._of(renamed.current(values), where)

    @classmethod
    def recorded(cls, values: Mapping[str, Any], where: str | None = None) -> Experiment:
        """Build an experiment from values that a run recorded: names of version 0.1 are read without a word, and splits
        that had no seed of their own followed that of the run, without a look at the names of files.
        """
        values = renamed.current(values, renamed.quietly)
        data = values.get("data", {})
        split = data.get("split", {}) if isinstance(data, Mapping) else None
        if isinstance(split, Mapping):
            values = {**values, "data": {**data, "split": {"seed": None, "file_groups": "ignore", **split}}}
        return cls._of(values, where)

    @classmethod
    def _of(cls, values: Mapping[str, Any], where: str | None) -> Experiment:
        mistakes = list(out_of_bounds(values))
        if mistakes:
            raise UsageError(together(mistakes) if where is None else f"{where}: {together(mistakes)}")
        try:
            return cls.model_validate(shaped(values, cls))
        except ValidationError as error:
            raise UsageError(_explain(error, values, where)) from None

    @classmethod
    def read(cls, file: Path) -> Experiment:
        """Read the experiment that a run recorded; raises UsageError where it is missing, not YAML or has entries that
        are wrong.
        """
        return cls.recorded(yaml_io.load_mapping(file), str(file))


def _explain(error: ValidationError, values: Mapping[str, Any], where: str | None) -> str:
    said = explained(error, Experiment, values)
    return said if where is None else f"{where}: {said}"
