"""What each token of a text does to a decision: how the decision changes where the token is replaced by an unknown one.

Leaving out a part and looking again is occlusion (Zeiler & Fergus 2014; for words Li, Monroe & Jurafsky 2016). It is
measured on the network that ships, for a few rows; it says what this network's decision rests on, not what is true.

Shapes in names: T tokens of a text, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.schema import InputSchema, Schema
from leadline.data.columns.contract import input_type
from leadline.data.columns.texts.tokens import PADDING, UNKNOWN, tokens_of
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_labelled_rows
from leadline.evaluation.subject import Subject
from leadline.nn.batch import Batch
from leadline.objectives.contract import BoundObjective

SHOWN = 12  # texts
ROWS = 64  # texts with a token replaced that are decided at a time
LONGEST = 128  # tokens of a text that are looked at, each on its own


def token_importance(
    network: nn.Module, objective: BoundObjective, dataset: Dataset, subset: Subset, decided: Mapping[str, np.ndarray]
) -> Iterator[ExhibitDraft]:
    """Yield, for each input of text, some texts of a part with what their tokens do to the decision.

    They are the surest mistakes and as many others where there are classes, else those with the largest errors. Nothing
    where decisions are neither classes nor one number a row.
    """
    texts = [one for one in dataset.schema.inputs if input_type(one.kind).tokens is not None]
    chosen = _chosen(dataset.schema, subset, decided) if texts else []
    if not chosen:
        return
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            for one in texts:
                rows = [
                    _row(network, objective, dataset.schema, subset, one, at, words)
                    for at, words in chosen
                    if subset.has(at, one.name)
                ]
                title = (
                    say("exhibits.word-importance")
                    if len(texts) == 1
                    else say("exhibits.word-importance-of", name=one.name)
                )
                name = "highlights" if len(texts) == 1 else f"highlights-{one.name}"
                yield ExhibitDraft(
                    name, "texts", title, {"texts": rows}, say("exhibits.word-importance-about"), subset.name
                )
    finally:
        network.train(training)


def _chosen(schema: Schema, subset: Subset, decided: Mapping[str, np.ndarray]) -> list[tuple[int, str]]:
    """Return positions in the part, and what happened to each in words."""
    target, predicted = subset.target, decided.get("prediction")
    if target is None or predicted is None or target.ndim != 1 or predicted.ndim != 1:
        return []
    if not schema.classes:
        order = np.argsort(-np.abs(predicted - target), kind="stable")[:SHOWN]
        return [(int(i), say("exhibits.actual-predicted", actual=target[i], predicted=predicted[i])) for i in order]
    sure = decided["probability"][np.arange(len(target)), predicted]
    order = np.argsort(-sure, kind="stable")
    wrong = [int(i) for i in order if predicted[i] != target[i]][: SHOWN // 2]
    right = [int(i) for i in order if predicted[i] == target[i]]
    right = (
        [right[int(i)] for i in np.unique(np.linspace(0, len(right) - 1, SHOWN - len(wrong)).astype(int))]
        if right
        else []
    )
    names = schema.classes
    return [
        *(
            (
                i,
                say(
                    "exhibits.true-predicted", true=names[target[i]], predicted=names[predicted[i]], confidence=sure[i]
                ),
            )
            for i in wrong
        ),
        *((i, say("exhibits.correct", label=names[target[i]], confidence=sure[i])) for i in right),
    ]


def _row(
    network: nn.Module, objective: BoundObjective, schema: Schema, subset: Subset, one: InputSchema, at: int, words: str
) -> Mapping[str, object]:
    """Return a text's tokens with weights from -1 to 1, scaled so that the strongest of the text is 1."""
    batch = subset.batch(torch.tensor([at]))
    ids_T = batch.inputs[one.name][0]
    ids_T = ids_T[ids_T != PADDING]
    looked = min(len(ids_T), LONGEST)
    changed = _decisions(network, objective, batch, one.name, looked)
    effect = changed[0] - changed[1:]
    weights = np.zeros(len(ids_T))
    weights[:looked] = effect / max(float(np.abs(effect).max(initial=0.0)), 1e-9)
    pieces = _as_written(subset, one, at, len(ids_T)) or tokens_of(one.fields[0].state).pieces(ids_T.tolist())
    return {
        "caption": f"{words} ({subset.place(at)})",
        "pieces": pieces,
        "weights": [round(float(w), 3) for w in weights],
        "unknown": (ids_T == UNKNOWN).nonzero().flatten().tolist(),
    }


def _as_written(subset: Subset, one: InputSchema, at: int, tokens: int) -> Sequence[str] | None:
    """Return a text as the data has it in as many pieces as it has tokens; None where letters are shared by tokens."""
    text, codes = subset.written(at, one.name), input_type(one.kind).tokens
    if text is None or codes is None:
        return None
    spans = codes.spans(one, text)
    begins = [0, *(begin for begin, _, _ in spans[1:])]
    if len(spans) != tokens or any(one >= two for one, two in pairwise(begins)):
        return None
    return [text[begin:end] for begin, end in zip(begins, [*begins[1:], spans[-1][1]], strict=True)]


def _decisions(network: nn.Module, objective: BoundObjective, batch: Batch, name: str, tokens: int) -> np.ndarray:
    """Return the log-probability of the class decided on, or the value predicted: of a row, and with each token unknown
    (1+T,).
    """
    found: list[np.ndarray] = []
    kind: int | None = None
    for start in range(0, tokens + 1, ROWS):
        changed = torch.arange(start, min(start + ROWS, tokens + 1))
        many = batch.map(partial(_repeated, len(changed)))
        ids = many.inputs[name].clone()
        at = (changed > 0).nonzero().squeeze(1)
        ids[at, changed[at] - 1] = UNKNOWN
        columns = objective.decision.predict(network, many.with_inputs({**many.inputs, name: ids}), None).columns
        if "probability" in columns:
            kind = int(columns["prediction"][0]) if kind is None else kind
            found.append(columns["probability"][:, kind].double().clamp_min(1e-30).log().numpy())
        else:
            found.append(columns["prediction"].double().numpy())
    return np.concatenate(found)


def _repeated(rows: int, x: Tensor) -> Tensor:
    return x.expand(rows, *x.shape[1:]).contiguous()


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from token_importance(
        subject.network, subject.objective, subject.dataset, subject.test_rows, subject.predictions("test")
    )


def _applies(subject: Subject) -> str | None:
    if not any(input_type(one.kind).tokens is not None for one in subject.dataset.schema.inputs):
        return say("evaluation.no-text-input")
    return of_labelled_rows(subject)


ANALYSIS = Analysis(
    name="token-importance",
    question="Which words does a prediction rely on?",
    section="errors",
    run=_run,
    applies=_applies,
    reference="Zeiler & Fergus 2014; Li, Monroe & Jurafsky 2016",
)
