"""Texts with an answer for every token: where tags are wrong, or which tokens surprise, and texts that are drawn.

Shapes: n rows of a split, T tokens of a text, S = T + 1 places of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.data.targets.tags import in_words
from leadline.data.targets.tokens import pieces_of
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_targets
from leadline.evaluation.subject import Subject
from leadline.nn.rng import Rng
from leadline.objectives.contract import BoundObjective

SHOWN = 12  # texts
SAMPLED = 8
STRONG = 10.0  # nats at which a token is marked as strongly as any


def wrong_tags(dataset: Dataset, subset: Subset, decided: Mapping[str, np.ndarray]) -> Iterator[ExhibitDraft]:
    """Yield texts with the wrong tags marked; nothing where none is wrong."""
    if subset.target is None or not len(subset):
        return
    steps = subset.target.shape[1]
    said_nT, sure_nT = decided["prediction"][:, :steps], decided["confidence"][:, :steps]
    wrong_nT = (said_nT != subset.target) & (subset.target >= 0)
    surest_n = np.where(wrong_nT, sure_nT, 0.0).max(1, initial=0.0)
    at = [int(i) for i in np.argsort(-surest_n, kind="stable")[:SHOWN] if wrong_nT[i].any()]
    if not at:
        return
    texts = [_tagged(dataset, subset, i, said_nT[i], np.where(wrong_nT[i], sure_nT[i], 0.0)) for i in at]
    caption = say("exhibits.tagging-errors-about")
    yield ExhibitDraft("mistakes", "texts", say("exhibits.tagging-errors"), {"texts": texts}, caption, subset.name)


def _tagged(dataset: Dataset, subset: Subset, row: int, said_T: np.ndarray, sure_T: np.ndarray) -> Mapping[str, Any]:
    """Return a text with its tokens, each wrongly tagged one with its true tag and the one that was given."""
    assert subset.target is not None
    tags, shown = dataset.schema.tags, pieces_of(dataset.schema, subset, row)
    pieces: list[str] = []
    weights: list[float] = []
    for place, piece in enumerate(shown):
        wrong = float(sure_T[place]) if place < len(sure_T) else 0.0
        pieces.append(piece)
        weights.append(-round(wrong, 3))
        if wrong:
            true, said = (
                in_words(subset.target[row, place : place + 1], tags),
                in_words(said_T[place : place + 1], tags),
            )
            pieces.append(say("exhibits.true-predicted-tag", true=true, predicted=said))
            weights.append(0.0)
    count = int((sure_T > 0).sum())
    return {
        "caption": say("exhibits.tags-wrong", count=count, total=len(shown), place=subset.place(row)),
        "pieces": pieces,
        "weights": weights,
    }


def surprising_tokens(
    network: nn.Module, objective: BoundObjective, dataset: Dataset, subset: Subset, decided: Mapping[str, np.ndarray]
) -> Iterator[ExhibitDraft]:
    """Yield the texts of a part that surprise most, and texts that are drawn."""
    if subset.target is None or not len(subset):
        return
    sampler = objective.capability("sampler")
    if sampler is not None:
        rng = Rng(0, 0, torch.arange(SAMPLED))
        columns = sampler.sample(network, dataset.schema, rng, sampler.samples())
        texts = [
            {"caption": "", "pieces": [text or say("exhibits.empty-text")], "weights": [0.0]}
            for text in next(iter(columns.values()))
        ]
        caption = say("exhibits.text-samples-about")
        yield ExhibitDraft("samples", "texts", say("exhibits.text-samples"), {"texts": texts}, caption)
    yield _surprising(network, dataset, subset, decided)


def _surprising(
    network: nn.Module, dataset: Dataset, subset: Subset, decided: Mapping[str, np.ndarray]
) -> ExhibitDraft:
    order = np.argsort(-decided["nll"], kind="stable")
    most, usual = order[: SHOWN // 2], order[len(order) // 2 :][: SHOWN - SHOWN // 2]
    texts = [_surprise(network, dataset, subset, int(i)) for i in dict.fromkeys([*most.tolist(), *usual.tolist()])]
    caption = say("exhibits.surprisal-about", strong=STRONG)
    return ExhibitDraft("surprises", "texts", say("exhibits.surprisal"), {"texts": texts}, caption, subset.name)


def _surprise(network: nn.Module, dataset: Dataset, subset: Subset, row: int) -> Mapping[str, Any]:
    """Return a text with its tokens and the surprise at each, as a share of `STRONG`."""
    batch = subset.batch(torch.tensor([row]))
    assert batch.target_B is not None
    training = network.training
    with torch.inference_mode():
        scores_SV = network.eval()(batch.inputs)[0].float()
    network.train(training)
    target_S = batch.target_B[0]
    nll_S = F.cross_entropy(scores_SV, target_S, reduction="none", ignore_index=-1)
    mean = float(nll_S.sum() / (target_S >= 0).sum())
    pieces = pieces_of(dataset.schema, subset, row)
    weights = [round(min(float(nll) / STRONG, 1.0), 3) for nll in nll_S[: len(pieces)]]
    return {
        "caption": say("exhibits.perplexity", value=np.exp(mean), place=subset.place(row)),
        "pieces": pieces,
        "weights": weights,
    }


def _run_tags(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from wrong_tags(subject.dataset, subject.test_rows, subject.predictions("test"))


def _run_text(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from surprising_tokens(
        subject.network, subject.objective, subject.dataset, subject.test_rows, subject.predictions("test")
    )


WRONG_TAGS = Analysis(
    name="wrong-tags",
    question="Which tokens are tagged wrongly?",
    section="errors",
    run=_run_tags,
    applies=of_targets("tags", otherwise="the targets are not tags"),
)

SURPRISING_TOKENS = Analysis(
    name="surprising-tokens",
    question="Which tokens are least likely, and what does the network generate?",
    section="errors",
    run=_run_text,
    applies=of_targets("text", otherwise="the network is not a language model"),
)
