"""Everything that tags are judged by: the tag of each token, and the entities that tags such as ``B-place`` and
``I-place`` spell.

Entities are found as the CoNLL shared tasks do (Tjong Kim Sang & Buchholz 2000, conlleval): one begins at ``B-``, at
``I-`` after a token outside, and where its kind changes; it is right if it begins and ends where the true one does and
is of its kind.

The tokens of a row depend on each other: rows, or groups of them, are what intervals count. Shapes: n rows, T tokens of
the longest, K tags or kinds of entities, G units: rows, or groups of rows that depend on each other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.classification.confusion import F1, F1_MACRO, PRECISION, RECALL
from leadline.metrics.classification.multilabel import Tally, f1_macro, f1_of, share_of
from leadline.metrics.statistics.intervals import Floats, Ints, group_sums, proportion
from leadline.metrics.statistics.measurement import Levels, Measurement, absent

METRICS = (
    Metric("token_accuracy", "Token accuracy", "share of tokens tagged correctly", "%", "higher", compared=True),
    F1_MACRO,
    Metric(
        "sequence_accuracy",
        "Sequence accuracy",
        "share of sequences with every token tagged correctly",
        "%",
        "higher",
        compared=True,
        of_right_rows=True,
    ),
    Metric(
        "entity_f1",
        "Entity F1",
        "harmonic mean of entity precision and recall (exact spans)",
        "%",
        "higher",
        compared=True,
    ),
    Metric(
        "entity_precision",
        "Entity precision",
        "share of predicted entities with the exact span and type",
        "%",
        "higher",
    ),
    Metric(
        "entity_recall",
        "Entity recall",
        "share of true entities found with the exact span and type",
        "%",
        "higher",
    ),
    PRECISION,
    RECALL,
    F1,
)

Key = str | tuple[str, int]
WHOLE = ("token_accuracy", "f1_macro", "sequence_accuracy")
ENTITIES = ("entity_f1", "entity_precision", "entity_recall")
OF_ONE = ("precision", "recall", "f1")
_ENTITY = re.compile(r"([BI])-(.+)", re.DOTALL)
_OUTSIDE = "O"


class Scheme(NamedTuple):
    """What tags say of entities: the names of their kinds; by tag the number of its kind, -1 outside, and whether one
    begins.
    """

    kinds: tuple[str, ...]
    kind_K: Ints
    begins_K: NDArray[np.bool_]


class Spans(NamedTuple):
    """Entities by the place of their first token, over all rows one after another (S,): their kind, -1 where none
    begins, and the place of their last token.
    """

    kind_S: Ints
    last_S: Ints


def scheme_of(tags: Sequence[str]) -> Scheme | None:
    """Return what tags say of entities; None where they are not all ``B-…``, ``I-…`` or ``O``."""
    found = [_ENTITY.fullmatch(tag) for tag in tags]
    if not any(found) or any(one is None and tag != _OUTSIDE for one, tag in zip(found, tags, strict=True)):
        return None
    kinds = tuple(dict.fromkeys(one[2] for one in found if one))
    numbers = [kinds.index(one[2]) if one else -1 for one in found]
    return Scheme(kinds, np.array(numbers), np.array([one is not None and one[1] == "B" for one in found]))


def measure_all(
    target_nT: Ints, predicted_nT: Ints, tags: Sequence[str], *, levels: Levels = (0.95,), group: Ints | None = None
) -> dict[Key, Measurement]:
    """Return every measure by name, and those of one tag, or kind of entity, by (name, its number).

    Tokens are left out where the target is negative: there is none, or its tag is not known. Rows with equal numbers in
    `group` (n,) depend on each other.
    """
    scheme = scheme_of(tags)
    rows = len(target_nT)
    if rows == 0 or not (target_nT >= 0).any():
        names: list[Key] = [*WHOLE, *((name, at) for name in OF_ONE for at in range(len(tags)))]
        if scheme is not None:
            names += [*ENTITIES, *((name, at) for name in ENTITIES for at in range(len(scheme.kinds)))]
        return dict.fromkeys(names, absent(say("metrics.no-tagged-tokens"), rows))
    predicted_nT = np.where(target_nT < 0, -1, aligned(predicted_nT, target_nT))
    known_n = (target_nT >= 0).sum(1)
    right_n = ((target_nT == predicted_nT) & (target_nT >= 0)).sum(1)
    tally = tally_of(target_nT, predicted_nT, len(tags), group)
    of = "rows" if group is None else "groups"
    whole_n = (right_n == known_n)[known_n > 0]
    name = "Wilson score" + ("" if group is None else ", effective n of the groups")
    own = None if group is None else group[known_n > 0]
    results: dict[Key, Measurement] = {
        "token_accuracy": _share(group_sums(right_n * 1.0, group), group_sums(known_n * 1.0, group), levels, "", of),
        "f1_macro": _over_tags(f1_macro(tally, levels, grouped=True), of),
        "sequence_accuracy": Measurement(float(whole_n.mean()), proportion(whole_n, levels, own), len(whole_n), name),
    }
    results |= {
        (name, at): one for at in range(len(tags)) for name, one in _of_one(tally, at, levels, of, "token").items()
    }
    if scheme is not None:
        results |= _of_entities(entities(target_nT, predicted_nT, scheme, group), levels, of)
    return results


def aligned(predicted_nT: Ints, target_nT: Ints) -> Ints:
    """Return predictions with as many columns as the target; a single column holds for all tokens."""
    steps = target_nT.shape[1]
    if predicted_nT.shape[1] == 1:
        return np.broadcast_to(predicted_nT, target_nT.shape)
    more = max(steps - predicted_nT.shape[1], 0)
    return np.pad(predicted_nT[:, :steps], ((0, 0), (0, more)), constant_values=-1)


def confusion(target_nT: Ints, predicted_nT: Ints, tags: int) -> Ints:
    """Return how many tokens of each true tag (rows) were given each tag (columns), (K,K)."""
    known = target_nT >= 0
    pair_S = target_nT[known] * tags + aligned(predicted_nT, target_nT)[known]
    return np.bincount(pair_S, minlength=tags**2).reshape(tags, tags)


def tally_of(target_nT: Ints, predicted_nT: Ints, tags: int, group_n: Ints | None) -> Tally:
    """Count tags by row, or by group: tokens that have it and were given it, that have it, that were given it."""
    rows = len(target_nT)

    def count(tag_nT: Ints) -> Floats:
        row_n = np.broadcast_to(np.arange(rows)[:, None], tag_nT.shape)
        there = tag_nT >= 0
        counts = (
            np.bincount(row_n[there] * tags + tag_nT[there], minlength=rows * tags)
            .reshape(rows, tags)
            .astype(np.float64)
        )
        return np.stack([group_sums(column, group_n) for column in counts.T], axis=1)

    right_nT = np.where(target_nT == predicted_nT, target_nT, -1)
    return Tally(count(right_nT), count(target_nT), count(predicted_nT), int((target_nT >= 0).sum()))


def entities(target_nT: Ints, predicted_nT: Ints, scheme: Scheme, group_n: Ints | None) -> Tally:
    """Count entities by kind and row, or group: rightly given, true, given."""
    rows, steps = target_nT.shape
    true, given = spans(target_nT, scheme), spans(predicted_nT, scheme)
    same = (true.kind_S >= 0) & (true.kind_S == given.kind_S) & (true.last_S == given.last_S)
    kinds = len(scheme.kinds)

    def count(kind_S: Ints) -> Floats:
        at = np.flatnonzero(kind_S >= 0)
        row = at // (steps + 1)
        counts = np.bincount(row * kinds + kind_S[at], minlength=rows * kinds).reshape(rows, kinds).astype(np.float64)
        return np.stack([group_sums(column, group_n) for column in counts.T], axis=1)

    return Tally(
        count(np.where(same, true.kind_S, -1)), count(true.kind_S), count(given.kind_S), int((true.kind_S >= 0).sum())
    )


def spans(tag_nT: Ints, scheme: Scheme) -> Spans:
    """Return the entities that tags spell; negative tags are outside of any."""
    # A token outside after each row keeps what ends it from going on in the next.
    tag_S = np.pad(tag_nT, ((0, 0), (0, 1)), constant_values=-1).ravel()
    kind_S = np.where(tag_S >= 0, scheme.kind_K[tag_S], -1)
    before_S = np.concatenate([[-1], kind_S[:-1]])
    starts_S = (kind_S >= 0) & ((kind_S != before_S) | (scheme.begins_K[tag_S] & (tag_S >= 0)))
    after_S = np.concatenate([kind_S[1:], [-1]])
    ends_S = (kind_S >= 0) & ((kind_S != after_S) | np.concatenate([starts_S[1:], [False]]))
    last_S = np.full(len(tag_S), -1)
    last_S[starts_S] = np.flatnonzero(ends_S)
    return Spans(np.where(starts_S, kind_S, -1), last_S)


def _of_entities(tally: Tally, levels: Levels, of: str) -> dict[Key, Measurement]:
    right_G1, true_G1, given_G1 = (counts_GK.sum(1, keepdims=True) for counts_GK in tally[:3])
    whole = Tally(right_G1, true_G1, given_G1, tally.rows)
    results: dict[Key, Measurement] = {
        f"entity_{name}": one for name, one in _of_one(whole, 0, levels, of, "entity").items()
    }
    for at in range(tally.true_GL.shape[1]):
        results |= {(f"entity_{name}", at): one for name, one in _of_one(tally, at, levels, of, "entity").items()}
    return results


def _of_one(tally: Tally, at: int, levels: Levels, of: str, noun: str) -> dict[str, Measurement]:
    """Return precision, recall and F1 of a tag or a kind of entity."""
    right_G, true_G, given_G = tally.right_GL[:, at], tally.true_GL[:, at], tally.given_GL[:, at]
    none = say("metrics.no-such", noun=noun)
    jaccard = _share(right_G, true_G + given_G - right_G, levels, say("metrics.none-predicted", reason=none), of)
    return {
        "precision": _share(right_G, given_G, levels, say("metrics.never-predicted", noun=noun), of),
        "recall": _share(right_G, true_G, levels, none, of),
        "f1": f1_of(jaccard)._replace(n=int(true_G.sum())),
    }


def _over_tags(measured: Measurement, of: str) -> Measurement:
    return measured._replace(method=measured.method.replace("labels", "tags").replace("groups", of))


def _share(part_G: Floats, whole_G: Floats, levels: Levels, why: str, of: str) -> Measurement:
    return share_of(part_G, whole_G, levels, why, clustered=True, of=of)
