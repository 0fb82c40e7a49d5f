"""What a network is trained for, and what is calibrated after training."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.plugins import Entry

OBJECTIVES: Mapping[str, Entry] = {
    "classification": Entry(
        "leadline.objectives.supervised.classification:OBJECTIVE",
        "cross-entropy over two or more classes",
        example="train digits --objective classification --set objective.label_smoothing=0.1",
    ),
    "fixmatch": Entry(
        "leadline.objectives.semi_supervised.fixmatch:OBJECTIVE",
        "semi-supervised classification with FixMatch: labels for some of the training examples",
        example="train digits --objective fixmatch --set data.labelled=0.1",
    ),
    "adaptation": Entry(
        "leadline.objectives.semi_supervised.adaptation:OBJECTIVE",
        "unsupervised domain adaptation with a domain-adversarial network (DANN)",
        example="train labelled/ --test unlabelled/ --objective adaptation",
    ),
    "clustering": Entry(
        "leadline.objectives.self_supervised.clustering:OBJECTIVE",
        "deep embedded clustering (DEC): an autoencoder whose latent space separates clusters",
        example="train digits --objective clustering --set objective.n_clusters=10",
    ),
    "ordinal": Entry(
        "leadline.objectives.supervised.ordinal:OBJECTIVE",
        "proportional odds model over ordered classes",
        example="train ratings.csv --objective ordinal --set 'objective.order=[low,medium,high]'",
    ),
    "regression": Entry(
        "leadline.objectives.supervised.regression:OBJECTIVE",
        "a continuous target: squared, absolute or Huber loss",
        example="train diabetes --objective regression --set objective.loss=huber",
    ),
    "gaussian": Entry(
        "leadline.objectives.supervised.gaussian:OBJECTIVE",
        "regression with uncertainty: mean and variance by Gaussian negative log-likelihood",
        example="train diabetes --objective gaussian",
    ),
    "quantiles": Entry(
        "leadline.objectives.supervised.quantiles:OBJECTIVE",
        "quantile regression: pinball loss",
        example="train diabetes --objective quantiles --set 'objective.levels=[0.1,0.5,0.9]'",
    ),
    "poisson": Entry(
        "leadline.objectives.supervised.poisson:OBJECTIVE",
        "count regression: Poisson deviance",
        example="train counts.csv --objective poisson",
    ),
    "probabilities": Entry(
        "leadline.objectives.supervised.probabilities:OBJECTIVE",
        "classification with soft labels: cross-entropy with target probabilities",
        example="train votes.csv --target p_cat,p_dog --objective probabilities",
    ),
    "multilabel": Entry(
        "leadline.objectives.supervised.multilabel:OBJECTIVE",
        "a set of labels: binary cross-entropy per label",
        example="train films.csv --target genres --objective multilabel",
    ),
    "multitask": Entry(
        "leadline.objectives.supervised.multitask:OBJECTIVE",
        "several targets on a shared encoder, each with its own objective",
        example="train houses.csv --target price,type --objective multitask",
    ),
    "forecasting": Entry(
        "leadline.objectives.supervised.forecasting:OBJECTIVE",
        "future values of one or more variables: squared, absolute, Huber or pinball loss",
        example="train series.csv --horizon 24 --objective forecasting",
    ),
    "tagging": Entry(
        "leadline.objectives.supervised.tagging:OBJECTIVE",
        "sequence tagging: cross-entropy per token",
        example="train entities.parquet --target tags --objective tagging",
    ),
    "autoencoder": Entry(
        "leadline.objectives.generative.autoencoder:OBJECTIVE",
        "plain or denoising autoencoder: compression, anomaly detection, imputation",
        example="train digits --objective autoencoder --set objective.latent_dim=16",
    ),
    "vae": Entry(
        "leadline.objectives.generative.vae:OBJECTIVE",
        "variational autoencoder: evidence lower bound (ELBO); can generate samples",
        example="train digits --objective vae --set objective.latent_dim=16",
    ),
    "language": Entry(
        "leadline.objectives.supervised.language:OBJECTIVE",
        "causal language modelling: cross-entropy of the next token",
        example="train book.txt --objective language",
    ),
    "masked": Entry(
        "leadline.objectives.self_supervised.masked:OBJECTIVE",
        "masked modelling: predicts masked patches, cells, tokens or spans (self-supervised)",
        example="train digits --objective masked --network transformer",
    ),
    "contrastive": Entry(
        "leadline.objectives.self_supervised.contrastive:OBJECTIVE",
        "SimCLR: NT-Xent loss between two augmented views (self-supervised)",
        example="train photos/ --objective contrastive",
    ),
    "gan": Entry(
        "leadline.objectives.generative.gan:OBJECTIVE",
        "generative adversarial network for images",
        example="train digits --objective gan",
    ),
    "image-to-image": Entry(
        "leadline.objectives.generative.image_to_image:OBJECTIVE",
        "image-to-image translation: pix2pix for pairs, CycleGAN for unpaired classes",
        example="train pairs.csv --objective image-to-image --set objective.into=photo",
    ),
}

CALIBRATIONS: Mapping[str, Entry] = {
    "temperature": Entry(
        "leadline.objectives.calibrations.temperature:CALIBRATION", "temperature scaling of logits (Guo et al. 2017)"
    ),
    "operating-point": Entry(
        "leadline.objectives.calibrations.operating_point:CALIBRATION", "decision threshold for the positive class"
    ),
    "anomaly-threshold": Entry(
        "leadline.objectives.calibrations.anomaly_threshold:CALIBRATION",
        "anomaly-score threshold at a given false-alarm rate",
    ),
}
