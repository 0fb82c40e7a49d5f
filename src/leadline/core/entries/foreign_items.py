"""What other tools call networks, losses and devices, and what each is here: read where a name stands for no item.

`core/registry.py` and those who look a name up elsewhere ask it before they offer names that are spelled alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from leadline.core.catalogue import say
from leadline.core.entries.writing import written

# A network by its name elsewhere, and the options that make it what that is.
_NETWORKS: Mapping[str, Any] = {
    **dict.fromkeys(("xgboost", "xgb", "lightgbm", "lgbm", "catboost", "gbm", "gbdt", "boosting"), "gradient-boosting"),
    **dict.fromkeys(("random-forest", "rf", "extra-trees", "decision-tree", "tree", "forest"), "gradient-boosting"),
    "lstm": {"name": "rnn", "cell": "lstm"},
    "gru": {"name": "rnn", "cell": "gru"},
    **dict.fromkeys(("logistic-regression", "logistic", "linear-regression", "ridge", "lasso"), "linear"),
    **dict.fromkeys(("svc", "svr", "linear-svc"), "svm"),
    **dict.fromkeys(("knn", "k-nearest-neighbors", "naive-bayes", "tabnet", "dense", "fcnn", "ann", "nn"), "mlp"),
    **dict.fromkeys(("bert", "gpt", "gpt2", "distilbert", "roberta", "vit", "attention"), "transformer"),
    **dict.fromkeys(("convnet", "efficientnet", "mobilenet", "unet"), "cnn"),
    **dict.fromkeys(("arima", "ar"), "autoregression"),
}
_TABLES: Mapping[str, Mapping[str, Any]] = {
    "models": _NETWORKS,
    "optimizers": {"sgdm": {"name": "sgd", "momentum": 0.9}, "nag": {"name": "sgd", "momentum": 0.9, "nesterov": True}},
    "schedules": {**dict.fromkeys(("cosine-annealing", "cosineannealinglr"), "cosine"), "onecyclelr": "one_cycle"},
    "losses": {
        **dict.fromkeys(("focal", "focal-loss"), ("objective.focal_gamma", 2.0)),
        **dict.fromkeys(("bce", "cross-entropy", "crossentropy", "nll", "ce"), ("objective", "classification")),
        **dict.fromkeys(("mse", "l2", "mae", "l1", "huber"), ("objective", "regression")),
    },
    "devices": {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "apple": "mps"},
}
# The entry that items of a group are given to.
_ENTRIES = {
    "models": "network",
    "optimizers": "training.optimizer",
    "schedules": "training.schedule",
    "devices": "training.plan.device",
}


def item_meant(group: str, name: str) -> str:
    """Return a sentence that says which item of ours is the nearest to one that other tools have; empty where none is
    known.
    """
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    meant = _TABLES.get(group, {}).get(plain)
    if meant is None:
        return ""
    return say("options.write", what=written(*(meant if isinstance(meant, tuple) else (_ENTRIES[group], meant))))
