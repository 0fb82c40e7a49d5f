"""Every name a user may write, in literal tables: where it lives, and what it is, in a line. Nothing here is imported.

`core/registry.py` looks names up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from leadline.core.plugins import Entry

Group = Literal[
    "models",
    "fusions",
    "objectives",
    "steps",
    "optimizers",
    "schedules",
    "columns",
    "inputs",
    "targets",
    "datasets",
    "analyses",
    "augmentations",
    "mixtures",
    "averages",
    "trackers",
    "calibrations",
]

TABLES: Mapping[Group, Mapping[str, Entry]] = {
    "models": {
        "mlp": Entry(
            "leadline.models.tabular.mlp:FAMILY", "dense layers, with embeddings for categories (tables, small images)"
        ),
        "cnn": Entry(
            "leadline.models.vision.cnn:FAMILY",
            "the textbook network: any stack of convolution, pooling and dense layers",
        ),
        "lenet": Entry("leadline.models.vision.lenet:FAMILY", "LeNet-5 (LeCun et al. 1998)"),
        "rnn": Entry(
            "leadline.models.sequence.rnn:FAMILY",
            "Elman, LSTM and GRU, stacked, in one or both directions (sequences; images by rows)",
        ),
        "textcnn": Entry(
            "leadline.models.sequence.textcnn:FAMILY",
            "convolutions of a few steps, the strongest answers (Kim 2014; sequences)",
        ),
        "tcn": Entry(
            "leadline.models.sequence.tcn:FAMILY",
            "dilated convolutions, a temporal convolutional network (Bai et al. 2018)",
        ),
        "transformer": Entry(
            "leadline.models.sequence.transformer:FAMILY",
            "a Transformer's encoder (sequences; patches of images; features of tables)",
        ),
        "alexnet": Entry("leadline.models.vision.alexnet:FAMILY", "AlexNet (Krizhevsky et al. 2012)"),
        "vgg": Entry(
            "leadline.models.vision.vgg:FAMILY", "VGG-11 to VGG-19, with batch norm (Simonyan & Zisserman 2015)"
        ),
        "inception": Entry(
            "leadline.models.vision.inception:FAMILY", "GoogLeNet, with batch norm (Szegedy et al. 2015)"
        ),
        "resnet": Entry(
            "leadline.models.vision.resnet:FAMILY",
            "residual networks, from ResNet-20 to ResNet-18-like (He et al. 2016)",
        ),
        "densenet": Entry(
            "leadline.models.vision.densenet:FAMILY",
            "densely connected networks, up to DenseNet-121 (Huang et al. 2017)",
        ),
        "dlinear": Entry(
            "leadline.models.forecasting.dlinear:FAMILY",
            "trend and rest continued by linear maps (Zeng et al. 2023; forecasts)",
        ),
        "nlinear": Entry(
            "leadline.models.forecasting.nlinear:FAMILY",
            "a linear map from the last value on (Zeng et al. 2023; forecasts)",
        ),
        "patchtst": Entry(
            "leadline.models.forecasting.patchtst:FAMILY",
            "a Transformer over patches of a window (Nie et al. 2023; forecasts)",
        ),
        "naive": Entry("leadline.models.forecasting.naive:FAMILY", "the last value goes on (forecasts)"),
        "seasonal-naive": Entry(
            "leadline.models.forecasting.naive:SEASONAL", "the last season repeats itself (forecasts)"
        ),
        "autoregression": Entry(
            "leadline.models.forecasting.autoregression:FAMILY",
            "each step a linear function of the window, fitted (forecasts)",
        ),
        "audiocnn": Entry(
            "leadline.models.sequence.audiocnn:FAMILY", "convolutions over spectra of audio (Kong et al. 2020)"
        ),
        "linear": Entry(
            "leadline.models.classical.linear:FAMILY",
            "logistic or linear regression, fitted (tables; pixels and edges of images)",
        ),
        "svm": Entry("leadline.models.classical.svm:FAMILY", "a support vector machine with a Gaussian kernel, fitted"),
        "gradient-boosting": Entry(
            "leadline.models.classical.boosting:FAMILY", "trees grown one upon the other, fitted (tables)"
        ),
    },
    "objectives": {
        "classification": Entry(
            "leadline.objectives.supervised.classification:OBJECTIVE", "one of two or more classes; cross-entropy"
        ),
        "fixmatch": Entry(
            "leadline.objectives.semi_supervised.fixmatch:OBJECTIVE",
            "classes of which only some train rows have one; FixMatch",
        ),
        "adaptation": Entry(
            "leadline.objectives.semi_supervised.adaptation:OBJECTIVE",
            "classes for rows of a domain that has no labels, from one that does",
        ),
        "clustering": Entry(
            "leadline.objectives.self_supervised.clustering:OBJECTIVE",
            "clusters of rows, in a code that keeps them apart",
        ),
        "ordinal": Entry(
            "leadline.objectives.supervised.ordinal:OBJECTIVE", "one of several classes in an order; proportional odds"
        ),
        "regression": Entry(
            "leadline.objectives.supervised.regression:OBJECTIVE", "a number; squared, absolute or Huber's loss"
        ),
        "gaussian": Entry(
            "leadline.objectives.supervised.gaussian:OBJECTIVE", "a number and how sure it is; normal likelihood"
        ),
        "quantiles": Entry("leadline.objectives.supervised.quantiles:OBJECTIVE", "quantiles of a number; pinball loss"),
        "poisson": Entry("leadline.objectives.supervised.poisson:OBJECTIVE", "a count; Poisson deviance"),
        "probabilities": Entry(
            "leadline.objectives.supervised.probabilities:OBJECTIVE",
            "the probability of each class, as targets give it",
        ),
        "multilabel": Entry(
            "leadline.objectives.supervised.multilabel:OBJECTIVE", "a set of labels; binary cross-entropy for each"
        ),
        "multitask": Entry(
            "leadline.objectives.supervised.multitask:OBJECTIVE",
            "several targets on one body, each with an objective of its own",
        ),
        "forecasting": Entry(
            "leadline.objectives.supervised.forecasting:OBJECTIVE",
            "the next steps of one or many variables, or quantiles of them",
        ),
        "tagging": Entry(
            "leadline.objectives.supervised.tagging:OBJECTIVE", "a tag for each token of a text; cross-entropy"
        ),
        "autoencoder": Entry(
            "leadline.objectives.generative.autoencoder:OBJECTIVE",
            "codes that rows are made of again: compression, anomalies, missing cells",
        ),
        "vae": Entry(
            "leadline.objectives.generative.vae:OBJECTIVE",
            "codes with a distribution that new rows are drawn from; evidence bound",
        ),
        "language": Entry(
            "leadline.objectives.supervised.language:OBJECTIVE",
            "each token of a text from those before it; cross-entropy",
        ),
        "masked": Entry(
            "leadline.objectives.self_supervised.masked:OBJECTIVE",
            "what is hidden of a row: patches, cells, tokens, spans (no target)",
        ),
        "contrastive": Entry(
            "leadline.objectives.self_supervised.contrastive:OBJECTIVE",
            "which two random versions belong to one row; SimCLR",
        ),
        "gan": Entry(
            "leadline.objectives.generative.gan:OBJECTIVE",
            "new pictures, from a generator that a discriminator teaches",
        ),
        "image-to-image": Entry(
            "leadline.objectives.generative.image_to_image:OBJECTIVE",
            "pictures made of others: of pairs, or of classes without",
        ),
    },
    "steps": {
        "plain": Entry(
            "leadline.training.steps.plain:STEP", "loss, gradient, clipping, optimizer; each network in turn"
        ),
    },
    "analyses": {
        "data": Entry("leadline.evaluation.analyses.data:ANALYSIS", "rows and columns, what was set aside, duplicates"),
        "near-duplicates": Entry(
            "leadline.evaluation.analyses.near_duplicates:ANALYSIS",
            "rows with nearly the same picture in another split",
        ),
        "examples": Entry("leadline.evaluation.analyses.examples:ANALYSIS", "rows as they are, augmented, and mixed"),
        "training": Entry(
            "leadline.evaluation.analyses.training:ANALYSIS", "learning curves, and what was chosen after training"
        ),
        "quality": Entry("leadline.evaluation.analyses.quality:ANALYSIS", "what the objective measures, on each split"),
        "likelihood-bound": Entry(
            "leadline.evaluation.analyses.generative.likelihood_bound:ANALYSIS",
            "how likely held-out rows are by the network",
        ),
        "imputation": Entry(
            "leadline.evaluation.analyses.generative.imputation:ANALYSIS", "how well missing cells are filled in"
        ),
        "image-translation": Entry(
            "leadline.evaluation.analyses.generative.image_translation:ANALYSIS",
            "what becomes of pictures that are made into others",
        ),
        "embeddings": Entry("leadline.evaluation.analyses.embeddings:ANALYSIS", "neighbours and maps of rows"),
        "domain-gap": Entry(
            "leadline.evaluation.analyses.domain_gap:ANALYSIS", "whether features give away the domain of a row"
        ),
        "generalisation-gap": Entry(
            "leadline.evaluation.analyses.generalisation_gap:ANALYSIS", "how much worse on rows never trained on"
        ),
        "uncalibrated": Entry(
            "leadline.evaluation.analyses.uncalibrated:ANALYSIS", "what probabilities would be without calibration"
        ),
        "sample-quality": Entry(
            "leadline.evaluation.analyses.generative.sample_quality:ANALYSIS",
            "generated rows beside real ones, and copies among them",
        ),
        "reconstructions": Entry(
            "leadline.evaluation.analyses.generative.reconstructions:ANALYSIS",
            "rows out of their codes, and what lies between two",
        ),
        "clusters": Entry(
            "leadline.evaluation.analyses.clusters:ANALYSIS", "what clusters hold, and what k-means finds"
        ),
        "dummy-baseline": Entry(
            "leadline.evaluation.analyses.dummy_baseline:ANALYSIS", "what always giving the same answer would reach"
        ),
        "forecasts": Entry("leadline.evaluation.analyses.forecasts:ANALYSIS", "forecasts beside what came"),
        "diagnostics": Entry("leadline.evaluation.analyses.diagnostics:ANALYSIS", "confusions, curves, reliability"),
        "errors": Entry("leadline.evaluation.analyses.errors:ANALYSIS", "the surest mistakes, the largest errors"),
        "token-importance": Entry(
            "leadline.evaluation.analyses.token_importance:ANALYSIS", "words of a text that decisions rest on"
        ),
        "wrong-tags": Entry(
            "leadline.evaluation.analyses.token_predictions:WRONG_TAGS", "tokens that are tagged wrongly"
        ),
        "surprising-tokens": Entry(
            "leadline.evaluation.analyses.token_predictions:SURPRISING_TOKENS", "tokens that surprise, and drawn texts"
        ),
        "cost": Entry(
            "leadline.evaluation.analyses.cost:ANALYSIS", "parameters, operations, size, time, memory, energy"
        ),
        "execution-plan": Entry(
            "leadline.evaluation.analyses.execution_plan:ANALYSIS", "the ways of executing a step that were timed"
        ),
    },
    "calibrations": {
        "temperature": Entry(
            "leadline.objectives.calibrations.temperature:CALIBRATION",
            "what a classifier's scores are divided by (Guo et al. 2017)",
        ),
        "operating-point": Entry(
            "leadline.objectives.calibrations.operating_point:CALIBRATION",
            "the probability from which on a row is called positive",
        ),
        "anomaly-threshold": Entry(
            "leadline.objectives.calibrations.anomaly_threshold:CALIBRATION",
            "the score above which a row is called an anomaly",
        ),
    },
    "optimizers": {
        "sgd": Entry(
            "leadline.training.optim.descent:Sgd",
            "stochastic gradient descent: with momentum, Nesterov's, or on all train rows at once",
        ),
        "adagrad": Entry(
            "leadline.training.optim.adaptive:Adagrad", "rates from the sum of squared gradients (Duchi et al. 2011)"
        ),
        "rmsprop": Entry(
            "leadline.training.optim.adaptive:RmsProp", "rates from their moving mean (Tieleman & Hinton 2012)"
        ),
        "adam": Entry(
            "leadline.training.optim.adaptive:Adam",
            "RMSprop with momentum (Kingma & Ba 2015); with rates that never rise (AMSGrad, Reddi et al. 2018)",
        ),
        "adamw": Entry(
            "leadline.training.optim.adaptive:AdamW", "Adam with weight decay apart (Loshchilov & Hutter 2019)"
        ),
        "muon": Entry(
            "leadline.training.optim.muon:Muon",
            "orthogonal steps for hidden matrices, AdamW for all else (Jordan 2024)",
        ),
    },
    "schedules": {
        "constant": Entry("leadline.training.schedule:Constant", "the same learning rate throughout"),
        "step": Entry("leadline.training.schedule:Step", "drops by a factor at given moments, or every so many epochs"),
        "linear": Entry("leadline.training.schedule:Linear", "a straight line down"),
        "exponential": Entry("leadline.training.schedule:Exponential", "the same share less in every step"),
        "cosine": Entry("leadline.training.schedule:Cosine", "half a cosine down (Loshchilov & Hutter 2017)"),
        "one_cycle": Entry("leadline.training.schedule:OneCycle", "up and down again (Smith & Topin 2018)"),
        "plateau": Entry("leadline.training.schedule:Plateau", "drops when a validation measure gets no better"),
    },
    "columns": {
        "number": Entry("leadline.data.columns.number:COLUMN", "a quantity; missing values allowed"),
        "category": Entry("leadline.data.columns.category:COLUMN", "one of a set of values"),
        "boolean": Entry("leadline.data.columns.boolean:COLUMN", "yes or no"),
        "date": Entry("leadline.data.columns.date:COLUMN", "a date or a time stamp"),
        "calendar": Entry("leadline.data.columns.calendar:COLUMN", "the time of day, week and year of time stamps"),
        "labels": Entry("leadline.data.columns.labels:COLUMN", "a set of labels: lists, or text such as a;b"),
        "image": Entry("leadline.data.columns.image:COLUMN", "a picture: a file, bytes or an array of pixels"),
        "text": Entry("leadline.data.columns.text:COLUMN", "free text in any script"),
        "audio": Entry("leadline.data.columns.audio:COLUMN", "a clip: an audio file or its bytes"),
    },
    "inputs": {
        "table": Entry("leadline.data.input_types.table:INPUT", "all scalar columns side by side"),
        "series": Entry("leadline.data.input_types.series:INPUT", "scalar columns over time, a row a window of them"),
    },
    "targets": {
        "number": Entry("leadline.data.targets.number:TARGET", "a number"),
        "category": Entry("leadline.data.targets.category:TARGET", "one of several classes"),
        "boolean": Entry("leadline.data.targets.boolean:TARGET", "yes or no"),
        "labels": Entry("leadline.data.targets.labels:TARGET", "a set of labels: lists, or text such as a;b"),
        "count": Entry("leadline.data.targets.count:TARGET", "a whole number from 0 on"),
        "probabilities": Entry(
            "leadline.data.targets.probabilities:TARGET", "the probability of each class, or of an event"
        ),
        "tags": Entry("leadline.data.targets.tags:TARGET", "a tag for each token of a text"),
        "text": Entry("leadline.data.targets.text:TARGET", "the text itself, token by token"),
        "several": Entry("leadline.data.targets.several:TARGET", "several columns, each a target for itself"),
        "series": Entry("leadline.data.targets.series:TARGET", "the next steps of the variables of a series"),
    },
    "datasets": {
        "digits": Entry("leadline.data.sources.bundled:DIGITS", "1,797 handwritten digits, 8×8 pixels, ten classes"),
        "iris": Entry("leadline.data.sources.bundled:IRIS", "150 iris flowers, four lengths, three species"),
        "diabetes": Entry(
            "leadline.data.sources.bundled:DIABETES", "442 patients, ten measurements, disease progression (a number)"
        ),
        "wine": Entry("leadline.data.sources.bundled:WINE", "178 wines, thirteen measurements, three growers"),
        "breast-cancer": Entry(
            "leadline.data.sources.bundled:BREAST_CANCER", "569 tumours, thirty measurements, benign or malignant"
        ),
    },
    "fusions": {
        "concat": Entry("leadline.models.fusion.concat:FUSION", "the features of all inputs side by side"),
        "gated": Entry(
            "leadline.models.fusion.gated:FUSION", "of each input as much as a gate lets through (Arevalo et al. 2017)"
        ),
        "attention": Entry(
            "leadline.models.fusion.attention:FUSION",
            "attention over the inputs by a learned query (Lee et al. 2019)",
        ),
    },
    "augmentations": {  # by the kind of input and the name
        "image/rotate": Entry("leadline.data.augmentations.affine:ROTATE", "pictures turned, to either side"),
        "image/zoom": Entry("leadline.data.augmentations.affine:ZOOM", "pictures made larger or smaller"),
        "image/shear": Entry("leadline.data.augmentations.affine:SHEAR", "pictures that lean to either side"),
        "image/shift": Entry("leadline.data.augmentations.affine:SHIFT", "pictures moved in any direction"),
        "image/flip": Entry("leadline.data.augmentations.affine:FLIP", "left and right exchanged"),
        "image/vertical_flip": Entry("leadline.data.augmentations.affine:VERTICAL_FLIP", "top and bottom exchanged"),
        "image/part": Entry("leadline.data.augmentations.affine:PART", "a part of a picture in the size of the whole"),
        "image/crop": Entry("leadline.data.augmentations.affine:CROP", "pictures moved by whole pixels"),
        "image/brightness": Entry("leadline.data.augmentations.colour:BRIGHTNESS", "brighter or darker"),
        "image/contrast": Entry("leadline.data.augmentations.colour:CONTRAST", "more or less contrast"),
        "image/colour": Entry("leadline.data.augmentations.colour:COLOUR", "saturation and hue changed"),
        "image/grey": Entry("leadline.data.augmentations.colour:GREY", "colours lost"),
        "image/noise": Entry("leadline.data.augmentations.image:NOISE", "noise on pixels"),
        "image/cutout": Entry("leadline.data.augmentations.image:CUTOUT", "a box hidden (DeVries & Taylor 2017)"),
        "table/noise": Entry("leadline.data.augmentations.table:NOISE", "noise on numbers"),
        "table/missing": Entry("leadline.data.augmentations.table:MISSING", "values that go missing"),
        "series/noise": Entry("leadline.data.augmentations.series:NOISE", "noise on numbers"),
        "series/scale": Entry("leadline.data.augmentations.series:SCALE", "stretched around the last known value"),
        "series/missing_span": Entry("leadline.data.augmentations.series:MISSING_SPAN", "spans that go missing"),
        "text/word_dropout": Entry("leadline.data.augmentations.text:WORD_DROPOUT", "tokens that go unknown"),
        "text/mask": Entry("leadline.data.augmentations.text:MASK", "a run of tokens that goes unknown"),
        "text/swap": Entry("leadline.data.augmentations.text:SWAP", "neighbours that change places"),
        "audio/shift": Entry("leadline.data.augmentations.audio:SHIFT", "clips moved to and fro"),
        "audio/speed": Entry("leadline.data.augmentations.audio:SPEED", "faster or slower (Ko et al. 2015)"),
        "audio/gain": Entry("leadline.data.augmentations.audio:GAIN", "louder or quieter"),
        "audio/noise": Entry("leadline.data.augmentations.audio:NOISE", "white noise"),
        "audio/time_mask": Entry("leadline.data.augmentations.audio:TIME_MASK", "a stretch silenced"),
        "audio/frequency_mask": Entry("leadline.data.augmentations.audio:FREQUENCY_MASK", "a band silenced"),
    },
    "mixtures": {
        "mixup": Entry("leadline.data.augmentations.mixing:MIXUP", "both rows shine through (Zhang et al. 2018)"),
        "cutmix": Entry("leadline.data.augmentations.mixing:CUTMIX", "a box shows the other row (Yun et al. 2019)"),
    },
    "averages": {
        "ema": Entry("leadline.training.weight_average:Ema", "an exponential moving average over steps"),
        "swa": Entry("leadline.training.weight_average:Swa", "the mean of late epochs (Izmailov et al. 2018)"),
    },
    "trackers": {
        "tensorboard": Entry("leadline.training.trackers:TensorBoard", "event files that TensorBoard shows"),
        "mlflow": Entry("leadline.training.trackers:MLflow", "a run on an MLflow server"),
    },
}


class Alias(NamedTuple):
    """What a name of version 0.1 is written as now: another name, and options of it."""

    name: str
    options: Mapping[str, Any]


ALIASES: Mapping[Group, Mapping[str, Alias]] = {
    "optimizers": {
        "gd": Alias("sgd", {"full_batch": True}),
        "momentum": Alias("sgd", {"momentum": 0.9}),
        "nesterov": Alias("sgd", {"momentum": 0.9, "nesterov": True}),
        "amsgrad": Alias("adam", {"amsgrad": True}),
    },
}
