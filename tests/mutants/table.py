"""Faults that are planted in Leadline, one at a time, each of which must fail a test: see `tests/mutants/run.py`.

To add one: the file below ``src/leadline``, a piece of its text that occurs there once, what stands there instead, and
the tests that must notice, as few as will do (they are run for it).
"""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One fault: `old` in `file` becomes `new`, and one of `tests` (paths below ``tests``, or pytest's ids) fails."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}: {' '.join(self.old.split())[:60]} -> {' '.join(self.new.split())[:60]}"


CHOICES = "end_to_end/test_test_rows_choose_nothing.py"
VALIDATION = """        dataset.splits.get("validation"),
        dataset.splits.get("test"),
    )
    assert test is not None"""

MUTANTS = (
    # What is chosen on test rows.
    Mutant(
        "evaluation/proportions.py", 'dataset.splits["train"].labelled', 'dataset.splits["test"].labelled', (CHOICES,)
    ),
    Mutant("evaluation/baselines.py", VALIDATION, VALIDATION.replace('"validation"', '"test"'), (CHOICES,)),
    Mutant(
        "evaluation/baselines.py",
        "objective.decision.calibrate(network, predict_subset(network, objective, validation), context)",
        "objective.decision.calibrate(network, predict_subset(network, objective, test),"
        ' EvaluationContext("test", test.target, test.group, dataset.schema))',
        (CHOICES,),
    ),
    Mutant(
        "evaluation/baselines.py",
        "network, family, objective, some, validation, seed",
        "network, family, objective, some, test, seed",
        (CHOICES,),
    ),
    Mutant(
        "evaluation/single_column.py", 'dataset.splits["train"].labelled', 'dataset.splits["test"].labelled', (CHOICES,)
    ),
    Mutant(
        "evaluation/single_column.py",
        "_rule(one, judged, quantity)",
        '_rule(one, dataset.splits["test"], quantity)',
        (CHOICES,),
    ),
    Mutant(
        "evaluation/single_column.py",
        "learned = _some(train, LEARNED)",
        'learned = dataset.splits["test"]',
        (CHOICES,),
    ),
    Mutant(
        "pipeline/calibrate.py",
        'dataset.splits.get("validation"),\n            run_context.shown',
        'dataset.splits.get("test"),\n            run_context.shown',
        (CHOICES,),
    ),
    Mutant(
        "pipeline/trainer_state.py",
        'Validation(dataset.splits.get("validation")',
        'Validation(dataset.splits.get("test")',
        (CHOICES,),
    ),
    # Baselines.
    Mutant(
        "nn/classical/penalty_ladder.py",
        "if best != FIRST:\n            break",
        "break",
        ("unit/nn/classical/test_penalty_ladder.py",),
    ),
    Mutant(
        "nn/classical/penalty_ladder.py",
        "isfinite(mine) and not mine >",
        "not mine >",
        ("unit/nn/classical/test_penalty_ladder.py",),
    ),
    Mutant(
        "nn/classical/ngrams.py",
        "(often_BM * idf_BM.square())",
        "idf_BM.square()",
        ("unit/nn/classical/test_ngrams.py",),
    ),
    Mutant(
        "models/classical/tfidf.py",
        "out_KG = in_KG.sum(0) - in_KG",
        "out_KG = in_KG.sum(0)",
        ("unit/models/classical/test_tfidf.py",),
    ),
    # Calibration.
    Mutant(
        "metrics/classification/temperature.py",
        "return Temperature(1 / cold,",
        "return Temperature(cold,",
        ("unit/metrics/classification/test_temperature.py",),
    ),
    Mutant(
        "metrics/classification/temperature.py",
        "best_scale(target_n[~held], score_nC[~held])",
        "best_scale(target_n[held], score_nC[held])",
        ("unit/metrics/classification/test_temperature.py",),
    ),
    Mutant(
        "objectives/calibrations/temperature.py",
        "if gain and gain[0][1] < 0:",
        "if gain and gain[0][0] < 0:",
        ("unit/objectives/calibrations/test_temperature.py",),
    ),
    # Splits.
    Mutant(
        "data/splits/by_blocks.py",
        "int(count * fraction + 0.5)",
        "int(count * fraction)",
        ("unit/data/splits/test_assign.py", "unit/data/splits/test_by_blocks.py"),
    ),
    Mutant(
        "data/splits/by_blocks.py",
        "[np.arange(len(size_G))[::-1]]",
        "[np.arange(len(size_G))]",
        ("unit/data/splits/test_assign.py", "unit/data/splits/test_by_blocks.py"),
    ),
    Mutant(
        "data/splits/assign.py",
        "part_N[fold_N > (spec.fold or 0)] = UNUSED",
        "pass",
        ("unit/data/splits/test_assign.py",),
    ),
    Mutant(
        "data/splits/assign.py",
        "seed = seed if spec.seed is None else spec.seed",
        "pass",
        ("unit/data/splits/test_assign.py",),
    ),
    # Metrics.
    Mutant(
        "metrics/classification/calibration.py",
        "- 2 * chosen_n + 1",
        "- 2 * chosen_n",
        ("unit/metrics/classification/test_calibration.py",),
    ),
    Mutant(
        "metrics/classification/calibration.py",
        "return _mean_loss(summed_n / 2,",
        "return _mean_loss(summed_n,",
        ("unit/metrics/classification/test_calibration.py",),
    ),
    Mutant(
        "metrics/classification/calibration.py",
        "value = float(np.abs(gap_B).sum())",
        "value = float(gap_B.sum())",
        ("unit/metrics/classification/test_calibration.py",),
    ),
    Mutant(
        "metrics/classification/confusion.py",
        "target_n * classes + predicted_n",
        "predicted_n * classes + target_n",
        ("unit/metrics/classification/test_confusion.py",),
    ),
    Mutant(
        "metrics/classification/roc_auc.py",
        "[(target_n == c, probability_nC",
        "[(target_n != c, probability_nC",
        ("unit/metrics/classification/test_roc_auc.py",),
    ),
    Mutant(
        "metrics/classification/operating_point.py",
        '"sensitivity": sensitivity_T',
        '"sensitivity": specificity_T',
        ("unit/metrics/classification/test_operating_point.py",),
    ),
    Mutant(
        "metrics/classification/operating_point.py",
        'reached[0] if rule == "sensitivity"',
        'reached[-1] if rule == "sensitivity"',
        ("unit/metrics/classification/test_operating_point.py",),
    ),
    Mutant(
        "metrics/regression/regressor.py",
        "return mean_of(np.abs(_error(",
        "return mean_of((_error(",
        ("unit/metrics/regression/test_regressor.py",),
    ),
    Mutant(
        "metrics/regression/regressor.py",
        "spread_n = (target_n - target_n.mean()) ** 2",
        "spread_n = target_n**2",
        ("unit/metrics/regression/test_regressor.py",),
    ),
    Mutant(
        "metrics/statistics/intervals.py",
        "upper = 0.5 + np.asarray(levels, dtype=np.float64) / 2",
        "upper = np.asarray(levels, dtype=np.float64)",
        ("unit/metrics/statistics/test_intervals.py",),
    ),
    Mutant(
        "metrics/statistics/intervals.py",
        "units - 1) if np.isfinite(units)",
        "units) if np.isfinite(units)",
        ("unit/metrics/statistics/test_intervals.py",),
    ),
    Mutant(
        "metrics/statistics/intervals.py",
        "(away_G / (rows - whole_G)) ** 2)) * (groups - 1) / groups",
        "(away_G / (rows - whole_G)) ** 2))",
        ("unit/metrics/statistics/test_intervals.py",),
    ),
    Mutant(
        "metrics/statistics/paired.py",
        "(first - second) ** 2",
        "(first + second) ** 2",
        ("unit/metrics/statistics/test_paired.py",),
    ),
    Mutant(
        "metrics/statistics/paired.py",
        "right_n.astype(np.float64) - other_right_n.astype(np.float64)",
        "other_right_n.astype(np.float64) - right_n.astype(np.float64)",
        ("unit/metrics/statistics/test_paired.py",),
    ),
    Mutant(
        "evaluation/comparison.py",
        "each = 1 - (1 - level) / len(pairs)",
        "each = level",
        ("unit/evaluation/test_comparison.py",),
    ),
    Mutant(
        "evaluation/comparison.py",
        "{one.name} if high < 0 else",
        "{one.name} if high < np.inf else",
        ("unit/evaluation/test_comparison.py",),
    ),
    # Draws.
    Mutant("nn/rng.py", "map(str, (seed, *purpose))", "map(str, purpose)", ("unit/nn/test_rng.py",)),
    Mutant("nn/rng.py", "mix(row_B * _GOLDEN + seed)", "mix(row_B * _GOLDEN)", ("unit/nn/test_rng.py",)),
    Mutant("training/data_loader.py", "FEWEST = 2  #", "FEWEST = 1  #", ("unit/training/test_data_loader.py",)),
    # Loading.
    Mutant(
        "data/storage.py",
        "self.ends.index_select(0, row_B + 1)",
        "self.ends.index_select(0, row_B)",
        ("unit/data/test_storage.py",),
    ),
    Mutant(
        "data/storage.py",
        "step_T = torch.arange(-self.back, self.ahead)",
        "step_T = torch.arange(-self.back, self.ahead) + 1",
        ("unit/data/test_storage.py",),
    ),
    Mutant(
        "data/storage.py",
        "x_BTF[:, self.back :].masked_fill_(self.unknown, torch.nan)",
        "pass",
        ("unit/data/test_storage.py",),
    ),
    Mutant("data/columns/text.py", "place_S < longest", "place_S <= longest", ("unit/data/columns/test_text.py",)),
    Mutant(
        "nn/classical/design_matrix.py",
        "masked_fill(missing_BN, 0)",
        "masked_fill(missing_BN, 1)",
        ("unit/models/classical/test_linear.py",),
    ),
    Mutant(
        "models/classical/boosting.py",
        '1 + int(np.argmin(losses["val_loss"][1:]))',
        'len(losses["val_loss"]) - 1',
        ("unit/models/classical/test_boosting.py",),
    ),
)
