"""What measures are called in reports, and what they mean in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Term(NamedTuple):
    """How a measure is called in the report, what it means in a line, and whether it is shown as a percentage."""

    title: str
    gloss: str = ""
    share: bool = False


TERMS: Mapping[str, Term] = {
    "accuracy": Term("Accuracy", "share of rows named right", True),
    "instance_accuracy": Term(
        "Instance accuracy", "share of rows whose other random version is the nearest of all in its batch", True
    ),
    "alignment": Term("Alignment", "mean squared distance of two random versions of a row, on the unit sphere"),
    "uniformity": Term("Uniformity", "how unevenly rows are spread on the unit sphere: the lower, the more evenly"),
    "masked_accuracy": Term(
        "Hidden entries right", "share of hidden tokens, classes and answers that are told right", True
    ),
    "masked_explained": Term(
        "Share explained of hidden entries", "share of the squared error of the train mean that is taken away"
    ),
    "masked_nll": Term("Surprise at a hidden entry", "mean negative log-likelihood of what was hidden"),
    "balanced_accuracy": Term("Balanced accuracy", "recall averaged over classes: each class counts the same", True),
    "precision": Term("Precision", "of the rows given this answer, the share that deserve it", True),
    "recall": Term("Recall", "of the rows of this class, the share that were found", True),
    "f1": Term("F1", "harmonic mean of precision and recall", True),
    "precision_macro": Term("Precision, macro", "precision averaged over classes", True),
    "recall_macro": Term("Recall, macro", "recall averaged over classes", True),
    "f1_macro": Term("F1, macro", "F1 averaged over classes", True),
    "roc_auc": Term("ROC AUC", "chance that a row of a class scores above a row of another; guessing gives 0.5"),
    "average_precision": Term(
        "Average precision", "area under the precision–recall curve; guessing gives the share of positives"
    ),
    "sensitivity": Term("Sensitivity", "of the positive rows, the share called positive", True),
    "specificity": Term("Specificity", "of the negative rows, the share called negative", True),
    "ppv": Term("Positive predictive value", "of the rows called positive, the share that are", True),
    "npv": Term("Negative predictive value", "of the rows called negative, the share that are", True),
    "expected_cost": Term("Expected cost", "what a decision costs on average, in the unit of the costs given"),
    "temperature": Term("Temperature", "what scores are divided by; above 1 makes the network less sure"),
    "threshold": Term("Threshold", "the probability from which on a row is called positive"),
    "nll": Term("Negative log-likelihood", "mean surprise at the true answer; punishes confident mistakes"),
    "brier": Term("Brier score", "squared distance of the probabilities from the truth"),
    "ece": Term("Expected calibration error", "how far claimed confidence is from how often it is right", True),
    "mse": Term("Mean squared error", "mean of the squared errors"),
    "rmse": Term("Root mean squared error", "typical error; large ones weigh more"),
    "mae": Term("Mean absolute error", "how far off a prediction is on average"),
    "median_absolute_error": Term("Median absolute error", "half of the predictions are closer than this"),
    "r2": Term("R²", "share of the variance explained; always giving the mean scores 0"),
    "crps": Term(
        "Continuous ranked probability score", "how far predicted distributions are from what came; one number's error"
    ),
    "coverage": Term("Coverage", "share of true values within the predicted interval, which claims a share", True),
    "interval_width": Term("Interval width", "how wide predicted intervals are on average"),
    "pinball": Term("Pinball loss", "error of predicted quantiles; a low quantile pays more for being too high"),
    "mse_scaled": Term("Scaled squared error", "mean squared error in train variances; the train mean scores about 1"),
    "mae_scaled": Term("Scaled absolute error", "mean absolute error in train standard deviations"),
    "mase": Term(
        "MASE", "mean absolute error over that of repeating, in train, what was a season before; below 1 is better"
    ),
    "pinball_scaled": Term("Scaled pinball loss", "error of forecast quantiles in train standard deviations"),
    "interval_width_scaled": Term(
        "Scaled band width", "how wide forecast bands are on average, in train standard deviations"
    ),
    "deviance": Term("Poisson deviance", "how far counts are from predicted rates, beyond what a perfect fit leaves"),
    "deviance_explained": Term(
        "Deviance explained", "share of the Poisson deviance explained; always giving the mean scores 0"
    ),
    "kl": Term("Kullback–Leibler divergence", "what predicted probabilities lose beside the true ones"),
    "probability_mae": Term("Error of probabilities", "how far predicted probabilities are off on average"),
    "agreement": Term("Agreement", "share of rows whose most probable class is the same", True),
    "subset_accuracy": Term("Exact sets", "share of rows whose whole set of labels is right", True),
    "hamming_loss": Term("Hamming loss", "share of labels that are wrong, there or not", True),
    "f1_micro": Term("F1, micro", "F1 over all labels of all rows together", True),
    "token_accuracy": Term("Token accuracy", "share of tokens whose tag is right", True),
    "row_accuracy": Term("Row accuracy", "share of rows all of whose tags are right", True),
    "entity_precision": Term(
        "Entity precision", "of the entities found, the share that are there, from end to end", True
    ),
    "entity_recall": Term("Entity recall", "of the entities that are there, the share found, from end to end", True),
    "entity_f1": Term("Entity F1", "harmonic mean of entity precision and recall", True),
    "perplexity": Term("Perplexity", "as unsure as a choice among so many equally likely tokens"),
    "bits_per_character": Term(
        "Bits per character", "what it would take to write the text down with this network's help"
    ),
    "frechet_distance": Term(
        "Fréchet distance", "squared, between new and real rows; not the FID of other networks' features"
    ),
    "sample_precision": Term("Precision of new rows", "share of new rows that lie where real ones do", True),
    "sample_recall": Term("Recall of new rows", "share of real rows that lie where new ones do", True),
    "sample_density": Term(
        "Density of new rows", "how many real rows' neighbourhoods a new one lies in; 1 as for real rows"
    ),
    "sample_coverage": Term(
        "Coverage of new rows", "share of real rows with a new one among their nearest neighbours", True
    ),
    "memorisation": Term(
        "Closer to train", "chance that a new row is closer to train rows than a test row is; 0.5 without copies"
    ),
    "classes_covered": Term("Classes covered", "with at least half of an even share of the new rows"),
    "class_share": Term("Share of new rows", "that the judge takes for this class", True),
    "asked_class": Term("As asked", "share of new rows that are of the class they were asked for", True),
    "judge_accuracy": Term("Accuracy of the judge", "share of real rows that it names right", True),
    "synthetic_gap": Term(
        "Loss of learning from new rows", "how much more models lose that learnt from new rows, not real ones"
    ),
    "sample_told_apart": Term(
        "New rows told apart", "how often trees tell a new row from a real one; half if they cannot", True
    ),
    "correlation_difference": Term("Difference of correlations", "mean absolute difference over all pairs of columns"),
    "conversion_error": Term(
        "Error of pictures made of others", "mean absolute difference of pixels, their range being 1"
    ),
    "conversion_psnr": Term(
        "Signal to noise", "of pictures made of others: the more decibels, the nearer to what they should be"
    ),
    "cycle_error": Term(
        "Error there and back", "of pictures made into another class and back; the range of pixels is 1"
    ),
    "same_error": Term("Error of staying the same", "of pictures made into their own class; the range of pixels is 1"),
    "knn_accuracy": Term("Neighbours agree", "share of rows whose nearest train rows are mostly of their class", True),
    "elbo": Term("Evidence lower bound", "of the log-likelihood of a row: higher is likelier"),
    "elbo_iw": Term("Log-likelihood, importance-weighted", "a closer bound, from many codes a row: higher is likelier"),
    "clustering_accuracy": Term(
        "Clustering accuracy", "share of rows in the cluster of their class, one for each class", True
    ),
    "adjusted_rand": Term("Adjusted Rand index", "how well clusters agree with classes; by chance 0, at best 1"),
    "mutual_information": Term("Normalised mutual information", "what clusters tell of classes; at best 1"),
    "silhouette": Term("Silhouette", "how much nearer a row is to its cluster than to the next; at best 1"),
    "clusters": Term("Clusters", "groups that rows are put into"),
    "domain_accuracy": Term("Domains told apart", "share of rows whose domain features give away; at best 50 %", True),
    "reconstruction": Term("Reconstruction", "surprise at a row that is made of its code again"),
    "kl_to_prior": Term(
        "Divergence of codes", "how much a row's code tells: its distribution against that of all codes"
    ),
    "active_units": Term("Active numbers of a code", "those that differ between rows"),
    "anomaly_threshold": Term("Anomaly threshold", "the score above which a row is called an anomaly"),
    "error_slope": Term(
        "Growth of errors", "the power of a row's distance from the mean row that errors usually grow with"
    ),
    "false_alarms": Term("False alarms", "share of normal rows that are called anomalies", True),
    "imputation_error": Term(
        "Error of filled-in numbers", "of cells hidden from the network, in train standard deviations"
    ),
    "imputation_error_saved": Term(
        "Error saved by filling in", "against the column's mean; above zero the network does better"
    ),
    "imputation_accuracy": Term(
        "Filled-in classes", "of cells hidden from the network, the share filled in right", True
    ),
    "imputation_accuracy_gained": Term(
        "Filled-in classes, gain", "against the most frequent one; above zero the network does better", True
    ),
    "generalisation_gap": Term("Generalisation gap", "how much worse on rows never trained on"),
    "cheapest_not_worse": Term("Cheapest model not demonstrably worse", "how much better than the network it is"),
    "fusion_gain": Term(
        "All inputs against the best alone", "how much better the network is than the best of its inputs alone"
    ),
    "rows": Term("Rows"),
    "rows_labelled": Term("Rows with a label", "the others are learnt from without"),
    "rows_without": Term("Rows without an input"),
    "rows_set_aside": Term("Rows set aside", "could not be used; listed with the reason"),
    "duplicates": Term("Duplicates", "rows of one split with a twin in another"),
    "near_duplicates": Term("Near-identical pictures", "rows of one split with nearly the same picture in another"),
    "params": Term("Parameters", "trained numbers in the network"),
    "flops": Term("Operations per example", "one multiplication with addition counts as two"),
    "size_mb": Term("Size on disk"),
    "latency_ms": Term("Latency", "time of one batch"),
    "peak_memory_mb": Term("Peak memory"),
    "train_seconds": Term("Training time"),
    "energy_wh": Term("Energy to train"),
    "co2_g": Term("Carbon dioxide of training"),
    "told_apart": Term(
        "Discriminator's ROC-AUC", "of pairs of a real and a new row, the share it ranks right; 0.5 is chance"
    ),
    "discriminator_loss": Term("Discriminator's loss", "of the part that tells new rows from real ones"),
    "generator_loss": Term("Generator's loss", "of the part that makes new rows"),
    "collapse": Term("Collapse", "1 where training ended with new rows that are all alike, else 0"),
    "one_sided": Term("One-sided game", "1 where training ended with a discriminator that wins, else 0"),
    "rollbacks": Term("Rollbacks", "divergences that training went back from, with half the learning rate"),
}
