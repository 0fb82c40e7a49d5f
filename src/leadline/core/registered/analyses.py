"""The analyses that evaluate a run."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.plugins import Entry

ANALYSES: Mapping[str, Entry] = {
    "data": Entry(
        "leadline.evaluation.analyses.data:ANALYSIS", "number of examples, columns, invalid rows, duplicates"
    ),
    "near-duplicates": Entry("leadline.evaluation.analyses.near_duplicates:ANALYSIS", "near-duplicates across splits"),
    "examples": Entry("leadline.evaluation.analyses.examples:ANALYSIS", "examples as stored, augmented and mixed"),
    "training": Entry("leadline.evaluation.analyses.training:ANALYSIS", "learning curves and calibrated quantities"),
    "quality": Entry("leadline.evaluation.analyses.quality:ANALYSIS", "the objective's metrics on each split"),
    "likelihood-bound": Entry(
        "leadline.evaluation.analyses.generative.likelihood_bound:ANALYSIS",
        "importance-weighted likelihood bound and active units",
    ),
    "imputation": Entry(
        "leadline.evaluation.analyses.generative.imputation:ANALYSIS", "accuracy of imputed missing values"
    ),
    "image-translation": Entry(
        "leadline.evaluation.analyses.generative.image_translation:ANALYSIS",
        "translated images, their error and cycle consistency",
    ),
    "embeddings": Entry(
        "leadline.evaluation.analyses.embeddings:ANALYSIS", "nearest neighbours and a 2-D map of embeddings"
    ),
    "domain-gap": Entry(
        "leadline.evaluation.analyses.domain_gap:ANALYSIS", "accuracy of a domain classifier on the features"
    ),
    "generalisation-gap": Entry(
        "leadline.evaluation.analyses.generalisation_gap:ANALYSIS", "difference between training and test performance"
    ),
    "uncalibrated": Entry("leadline.evaluation.analyses.uncalibrated:ANALYSIS", "metrics before calibration"),
    "sample-quality": Entry(
        "leadline.evaluation.analyses.generative.sample_quality:ANALYSIS",
        "fidelity, diversity and memorisation of generated samples",
    ),
    "reconstructions": Entry(
        "leadline.evaluation.analyses.generative.reconstructions:ANALYSIS",
        "reconstructions and interpolations in latent space",
    ),
    "clusters": Entry("leadline.evaluation.analyses.clusters:ANALYSIS", "cluster contents, and k-means as a reference"),
    "dummy-baseline": Entry(
        "leadline.evaluation.analyses.dummy_baseline:ANALYSIS", "performance of a predictor that ignores the inputs"
    ),
    "forecasts": Entry("leadline.evaluation.analyses.forecasts:ANALYSIS", "forecasts compared with actual values"),
    "diagnostics": Entry(
        "leadline.evaluation.analyses.diagnostics:ANALYSIS",
        "confusion matrix, ROC and precision–recall curves, reliability diagram",
    ),
    "errors": Entry("leadline.evaluation.analyses.errors:ANALYSIS", "most confident errors and largest residuals"),
    "token-importance": Entry(
        "leadline.evaluation.analyses.token_importance:ANALYSIS", "words that a text's prediction relies on"
    ),
    "wrong-tags": Entry(
        "leadline.evaluation.analyses.token_predictions:WRONG_TAGS", "tokens with a wrongly predicted tag"
    ),
    "surprising-tokens": Entry(
        "leadline.evaluation.analyses.token_predictions:SURPRISING_TOKENS",
        "tokens with high surprisal, and sampled texts",
    ),
    "cost": Entry("leadline.evaluation.analyses.cost:ANALYSIS", "parameters, FLOPs, size, latency, memory, energy"),
    "execution-plan": Entry(
        "leadline.evaluation.analyses.execution_plan:ANALYSIS", "execution plans timed before training"
    ),
}
