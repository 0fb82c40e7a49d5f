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
)
