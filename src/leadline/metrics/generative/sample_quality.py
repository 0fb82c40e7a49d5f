"""How near new rows are to real ones, both as points of a space of features.

Shapes: m new rows, n real rows, F features, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy import stats

from leadline.core.catalogue import say
from leadline.core.metric import Metric
from leadline.metrics.classification.roc_auc import mean_area
from leadline.metrics.generative.neighbours import nearest, squared_distances
from leadline.metrics.statistics.intervals import (
    Error,
    Floats,
    Ints,
    error_of,
    mean,
    pairs,
    proportion,
    quantiles,
    wilson,
)
from leadline.metrics.statistics.measurement import Intervals, Levels, Measurement, absent

FRECHET_DISTANCE = Metric(
    "frechet_distance",
    "Fréchet distance",
    "Fréchet distance between Gaussian fits of generated and real features (not Inception's FID)",
    better="lower",
)
ASKED_CLASS = Metric(
    "conditional_accuracy",
    "Conditional accuracy",
    "share of generated samples classified as the requested class",
    "%",
    "higher",
)
JUDGE_ACCURACY = Metric(
    "reference_classifier_accuracy",
    "Reference classifier accuracy",
    "accuracy of the reference classifier on real examples",
    "%",
    "higher",
)

PRECISION_NEIGHBOURS = 3  # as in the paper
COVERAGE_NEIGHBOURS = 5  # as in the paper
GIVEN = "given the other rows"  # an interval that speaks of other rows of one side only


class _Moments(NamedTuple):
    """Mean (F,), covariance (F,F), its square root and the inverse of that where there is any spread."""

    mean_F: Floats
    covariance_FF: Floats
    root_FF: Floats
    inverse_FF: Floats

    @classmethod
    def of(cls, x_nF: Floats) -> _Moments:
        covariance_FF = np.atleast_2d(np.cov(x_nF, rowvar=False))
        value_F, vector_FF = np.linalg.eigh(covariance_FF)
        value_F = np.maximum(value_F, 0.0)
        spread_F = value_F > value_F.max(initial=0.0) * len(value_F) * np.finfo(np.float64).eps
        size_F = np.sqrt(value_F)
        inverse_F = np.divide(1.0, size_F, out=np.zeros_like(size_F), where=spread_F)
        return cls(
            x_nF.mean(0), covariance_FF, (vector_FF * size_F) @ vector_FF.T, (vector_FF * inverse_F) @ vector_FF.T
        )


def frechet_distance(new_mF: Floats, real_nF: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the squared Fréchet distance of the normal distributions with the rows' means and covariances (Dowson &
    Landau 1982).

    As an estimate it is too large, by about as much as the distance between two sets of as many real rows. Its interval
    is that of a smooth function of means and covariances, by the delta method; near 0, where that is flat, it is too
    narrow.
    """
    if min(len(new_mF), len(real_nF)) < 2:
        return absent(say("metrics.fewer-than-two"), len(new_mF))
    new, real = _Moments.of(new_mF), _Moments.of(real_nF)
    between_F = new.mean_F - real.mean_F
    joint_FF, trace = _root(new.root_FF @ real.covariance_FF @ new.root_FF)
    value = float(between_F @ between_F + np.trace(new.covariance_FF) + np.trace(real.covariance_FF) - 2 * trace)
    back_FF, _ = _root(real.root_FF @ new.covariance_FF @ real.root_FF)
    errors = (
        _frechet_error(new_mF, new, joint_FF, between_F, None),
        _frechet_error(real_nF, real, back_FF, -between_F, group_n),
    )
    method = f"of normal distributions in {new_mF.shape[1]} dimensions; delta method" + (
        "" if group_n is None else ", summed by group"
    )
    return Measurement(max(value, 0.0), _around(max(value, 0.0), errors, levels, low=0.0), len(new_mF), method)


def _root(x_FF: Floats) -> tuple[Floats, float]:
    """Return the square root of a symmetric matrix without negative eigenvalues, and its trace."""
    value_F, vector_FF = np.linalg.eigh((x_FF + x_FF.T) / 2)
    size_F = np.sqrt(np.maximum(value_F, 0.0))
    return (vector_FF * size_F) @ vector_FF.T, float(size_F.sum())


def _frechet_error(
    x_nF: Floats, own: _Moments, joint_FF: Floats, between_F: Floats, group_n: Ints | None
) -> Error | None:
    """Return the error that the rows of one side bring: the gradient with respect to its covariance is 1 minus the
    optimal map.
    """
    slope_FF = np.eye(len(between_F)) - own.inverse_FF @ joint_FF @ own.inverse_FF
    away_nF = x_nF - own.mean_F
    influence_n = 2 * (away_nF @ between_F) + np.einsum("nf,nf->n", away_nF @ slope_FF, away_nF)
    return error_of(influence_n - influence_n.mean(), group_n)


def _around(
    value: float, errors: tuple[Error | None, ...], levels: Levels, *, low: float, high: float = np.inf
) -> Intervals:
    """Return intervals around a value whose error is the sum of independent ones."""
    known = [error for error in errors if error is not None]
    if not known:
        return ()
    reach = quantiles(levels, min(error.units for error in known)) * float(
        np.sqrt(sum(error.size**2 for error in known))
    )
    return pairs(value - reach, value + reach, low, high)


def fidelity(new_mF: Floats, real_nF: Floats, levels: Levels, group_n: Ints | None = None) -> Mapping[str, Measurement]:
    """Return precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020), by those names.

    Where real rows are is what lies within balls around them that reach to their third, or fifth, nearest other.
    Precision is the share of new rows that lie there and density in how many balls, a fifth of it; recall the share of
    real rows that lie where new ones are, coverage that of balls with a new row in them.
    """
    most = max(PRECISION_NEIGHBOURS, COVERAGE_NEIGHBOURS)
    if min(len(new_mF), len(real_nF)) <= most:
        return dict.fromkeys(
            ("precision", "recall", "density", "coverage"), absent(say("metrics.not-more-than", most=most), len(new_mF))
        )
    real_nk = np.square(nearest(real_nF, real_nF, most, own=True).distance_qk)
    new_mk = np.square(nearest(new_mF, new_mF, most, own=True).distance_qk)
    there_m, balls_m = np.zeros(len(new_mF), dtype=bool), np.zeros(len(new_mF))
    reached_n, covered_n = (np.zeros(len(real_nF), dtype=bool) for _ in range(2))
    for part, square_bn in squared_distances(new_mF, real_nF):
        there_m[part] = (square_bn <= real_nk[:, PRECISION_NEIGHBOURS - 1]).any(1)
        within_bn = square_bn <= real_nk[:, COVERAGE_NEIGHBOURS - 1]
        balls_m[part] = within_bn.sum(1)
        covered_n |= within_bn.any(0)
        reached_n |= (square_bn <= new_mk[part, PRECISION_NEIGHBOURS - 1][:, None]).any(0)
    effective = "" if group_n is None else ", effective n of the groups"
    density_m = balls_m / COVERAGE_NEIGHBOURS
    near, wide = (f"{k} nearest neighbours" for k in (PRECISION_NEIGHBOURS, COVERAGE_NEIGHBOURS))

    def share(is_so: np.ndarray, method: str, group: Ints | None = None) -> Measurement:
        return Measurement(float(is_so.mean()), proportion(is_so, levels, group), len(is_so), method)

    return {
        "precision": share(there_m, f"{near}; Wilson {GIVEN}"),
        "recall": share(reached_n, f"{near}; Wilson{effective} {GIVEN}", group_n),
        "density": Measurement(
            float(density_m.mean()),
            mean(density_m, levels, low=0.0),
            len(density_m),
            f"{wide}; Student t corrected for skewness, {GIVEN}",
        ),
        "coverage": share(covered_n, f"{wide}; Wilson{effective} {GIVEN}", group_n),
    }


def closer(new_m: Floats, real_n: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the chance that a new row's distance to what was trained on is less than that of a held-out row, ties
    counted half.

    0.5 where neither is closer. The method gives the one-sided p-value of Mann and Whitney's test (1947).
    """
    if not len(new_m) or not len(real_n):
        return absent(say("metrics.no-examples"), len(new_m))
    distance = np.concatenate([new_m, real_n])
    is_new = np.arange(len(distance)) < len(new_m)
    group = (
        None
        if group_n is None
        else np.concatenate([-1 - np.arange(len(new_m)), np.unique(group_n, return_inverse=True)[1]])
    )
    found = mean_area([(is_new, -distance)], levels, group)
    p = float(stats.mannwhitneyu(new_m, real_n, alternative="less").pvalue)
    return found._replace(
        n=len(new_m), method=f"nearest training examples, one-sided Mann-Whitney p = {p:.2g}; {found.method}"
    )


def class_shares(class_m: Ints, classes: int, levels: Levels) -> tuple[Measurement, ...]:
    """Return the share of each class among rows."""
    if not len(class_m):
        return (absent(say("metrics.no-examples")),) * classes
    count_C = np.bincount(class_m, minlength=classes)
    return tuple(
        Measurement(float(c / len(class_m)), wilson(float(c), len(class_m), levels), len(class_m), "share; Wilson")
        for c in count_C
    )


def classes_covered(class_m: Ints, classes: int, levels: Levels) -> Measurement:
    """Return how many classes have at least half of an even share of the rows.

    The ends of the interval count those whose whole interval lies above that, and those whose interval reaches it; a
    class's own interval is as wide as makes all of them hold together (Bonferroni).
    """
    if not len(class_m):
        return absent(say("metrics.no-examples"))
    least, count_C = 0.5 / classes, np.bincount(class_m, minlength=classes)
    together = [1 - (1 - level) / classes for level in levels]
    ends = [wilson(float(count), len(class_m), together) for count in count_C]
    intervals = tuple(
        (float(sum(low >= least for low, _ in at)), float(sum(high >= least for _, high in at)))
        for at in zip(*ends, strict=True)
    )
    value = float((count_C / len(class_m) >= least).sum())
    return Measurement(
        value, intervals, len(class_m), "classes with at least half of an even share; Wilson, Bonferroni over classes"
    )


def correlation_difference(new_mF: Floats, real_nF: Floats, levels: Levels, group_n: Ints | None = None) -> Measurement:
    """Return the mean absolute difference of the correlations of all pairs of columns that vary on both sides.

    The interval is by the delta method; where differences are near 0 their absolute values make it too narrow.
    """
    varies = (new_mF.std(0) > 0) & (real_nF.std(0) > 0) if len(new_mF) and len(real_nF) else np.zeros(0, dtype=bool)
    if int(varies.sum()) < 2:
        return absent(say("metrics.fewer-than-two-columns"), len(new_mF))
    new, real = ((x - x.mean(0)) / x.std(0) for x in (new_mF[:, varies], real_nF[:, varies]))
    of_new, of_real = (z.T @ z / len(z) for z in (new, real))
    upper = np.triu_indices(len(of_new), 1)
    sign_FF = np.sign(of_new - of_real)
    np.fill_diagonal(sign_FF, 0.0)
    count = len(upper[0])
    value = float(np.abs(of_new - of_real)[upper].mean())
    errors = (
        _correlation_error(new, of_new, sign_FF, count, None),
        _correlation_error(real, of_real, sign_FF, count, group_n),
    )
    method = f"{count:,} pairs of columns; delta method" + ("" if group_n is None else ", summed by group")
    return Measurement(value, _around(value, errors, levels, low=0.0, high=2.0), len(new_mF), method)


def _correlation_error(z_nF: Floats, r_FF: Floats, sign_FF: Floats, count: int, group_n: Ints | None) -> Error | None:
    """Return the error of one side: a row's influence on a correlation is z_i z_j - r (z_i² + z_j²) / 2, summed over
    pairs.
    """
    joint_n = np.einsum("nf,nf->n", z_nF @ sign_FF, z_nF) / 2
    alone_n = np.square(z_nF) @ (sign_FF * r_FF).sum(1) / 2
    influence_n = (joint_n - alone_n) / count
    return error_of(influence_n - influence_n.mean(), group_n)
