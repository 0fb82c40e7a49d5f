"""Families of networks, and how the features of several inputs are fused."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.plugins import Entry

MODELS: Mapping[str, Entry] = {
    "mlp": Entry(
        "leadline.models.tabular.mlp:FAMILY",
        "multilayer perceptron, with embeddings for categorical features (tables, small images)",
        example="train iris --network mlp --set 'network.hidden=[64,64]'",
    ),
    "wide-deep": Entry(
        "leadline.models.tabular.wide_deep:FAMILY",
        "wide and deep network with piecewise linear or periodic embeddings of numbers (tables; the default)",
        example="train adult.csv --network wide-deep --set network.embedding=periodic",
    ),
    "cnn": Entry(
        "leadline.models.vision.cnn:FAMILY",
        "convolutional network: any stack of convolution, pooling and dense layers (images)",
        example="train digits --network cnn",
    ),
    "lenet": Entry(
        "leadline.models.vision.lenet:FAMILY",
        "LeNet-5 (LeCun et al. 1998; images)",
        example="train digits --network lenet",
    ),
    "rnn": Entry(
        "leadline.models.sequence.rnn:FAMILY",
        "Elman network, LSTM or GRU, stacked, uni- or bidirectional (sequences; images row by row)",
        example="train reviews.csv --network rnn --set network.cell=gru",
    ),
    "textcnn": Entry(
        "leadline.models.sequence.textcnn:FAMILY",
        "1-D convolutions with max-over-time pooling (Kim 2014; sequences)",
        example="train reviews.csv --network textcnn",
    ),
    "tcn": Entry(
        "leadline.models.sequence.tcn:FAMILY",
        "temporal convolutional network of dilated causal convolutions (Bai et al. 2018; sequences)",
        example="train reviews.csv --network tcn",
    ),
    "transformer": Entry(
        "leadline.models.sequence.transformer:FAMILY",
        "Transformer encoder (sequences; patches of images; features of tables)",
        example="train reviews.csv --network transformer --set network.layers=2",
    ),
    "alexnet": Entry(
        "leadline.models.vision.alexnet:FAMILY",
        "AlexNet (Krizhevsky et al. 2012; images)",
        example="train photos/ --network alexnet",
    ),
    "vgg": Entry(
        "leadline.models.vision.vgg:FAMILY",
        "VGG-11 to VGG-19 with batch normalisation (Simonyan & Zisserman 2015; images)",
        example="train photos/ --network vgg --set network.depth=11",
    ),
    "inception": Entry(
        "leadline.models.vision.inception:FAMILY",
        "GoogLeNet with batch normalisation (Szegedy et al. 2015; images)",
        example="train photos/ --network inception",
    ),
    "resnet": Entry(
        "leadline.models.vision.resnet:FAMILY",
        "residual network: ResNet-18, -20, -32, -34 or -56 (He et al. 2016; images)",
        example="train photos/ --network resnet --set network.depth=18",
    ),
    "densenet": Entry(
        "leadline.models.vision.densenet:FAMILY",
        "densely connected network, up to DenseNet-121 (Huang et al. 2017; images)",
        example="train photos/ --network densenet",
    ),
    "dlinear": Entry(
        "leadline.models.forecasting.dlinear:FAMILY",
        "linear maps of the trend and of the remainder (Zeng et al. 2023; forecasting)",
        example="train series.csv --horizon 24 --network dlinear",
    ),
    "nlinear": Entry(
        "leadline.models.forecasting.nlinear:FAMILY",
        "a linear map of the window relative to its last value (Zeng et al. 2023; forecasting)",
        example="train series.csv --horizon 24 --network nlinear",
    ),
    "patchtst": Entry(
        "leadline.models.forecasting.patchtst:FAMILY",
        "a Transformer over patches of the window (Nie et al. 2023; forecasting)",
        example="train series.csv --horizon 24 --network patchtst",
    ),
    "naive": Entry(
        "leadline.models.forecasting.naive:FAMILY",
        "repeats the last observed value (forecasting)",
        example="train series.csv --horizon 24 --network naive",
    ),
    "seasonal-naive": Entry(
        "leadline.models.forecasting.naive:SEASONAL",
        "repeats the last observed season (forecasting)",
        example="train series.csv --horizon 24 --network seasonal-naive --set network.season_length=24",
    ),
    "autoregression": Entry(
        "leadline.models.forecasting.autoregression:FAMILY",
        "linear autoregression with ridge penalty, one equation per step ahead, closed form (forecasting)",
        example="train series.csv --horizon 24 --network autoregression",
    ),
    "audiocnn": Entry(
        "leadline.models.sequence.audiocnn:FAMILY",
        "convolutional network on log-mel spectrograms, after PANNs' Cnn10 (Kong et al. 2020; audio)",
        example="train clips/ --network audiocnn",
    ),
    "linear": Entry(
        "leadline.models.classical.linear:FAMILY",
        "logistic or linear regression with an L2 penalty (tables; pixels and edges of images)",
        example="train breast-cancer --network linear",
    ),
    "tfidf": Entry(
        "leadline.models.classical.tfidf:FAMILY",
        "logistic or ridge regression on TF-IDF n-grams, with naive-Bayes weights (texts, also with tables)",
        example="train reviews.csv --network tfidf",
    ),
    "svm": Entry(
        "leadline.models.classical.svm:FAMILY",
        "support vector machine with an RBF kernel, Nyström approximation (tables, images, texts)",
        example="train breast-cancer --network svm --set network.c=10",
    ),
    "gradient-boosting": Entry(
        "leadline.models.classical.boosting:FAMILY",
        "gradient-boosted decision trees on histograms (tables)",
        example="train breast-cancer --network gradient-boosting",
    ),
}

FUSIONS: Mapping[str, Entry] = {
    "concat": Entry("leadline.models.fusion.concat:FUSION", "concatenation of the features of all inputs"),
    "gated": Entry(
        "leadline.models.fusion.gated:FUSION",
        "gated multimodal units: a learned gate weights each input (Arevalo et al. 2017)",
    ),
    "attention": Entry(
        "leadline.models.fusion.attention:FUSION",
        "attention pooling over inputs with a learned query (Lee et al. 2019)",
    ),
}
