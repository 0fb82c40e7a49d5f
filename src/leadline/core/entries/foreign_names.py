"""What Keras, PyTorch, scikit-learn, Lightning and boosting libraries call things, and what each is called here.

Read where a name is wrong. None of these names is taken in place of ours: the answer says the right one. `entries` are
places of the experiment, or options that stand for none; `why` says what is done instead, or in which other unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Foreign(NamedTuple):
    """What a name of another library is called here; `same` says whether its value means the same.

    `item` is named beside an option that the usual item does not have, and `value` is written whatever was given, as
    where the other library's name is a switch; `form` is what the value is written in, ``time:{}``. What is not
    `offered` is what the answer speaks of, and not to be written. ``{resume}`` in `why` is that verb as Python or the
    command line has it.
    """

    entries: tuple[str, ...] = ()
    why: str = ""
    same: bool = True
    item: str = ""
    value: Any = ...
    form: str = ""
    offered: bool = True


def _same(entry: str, *names: str, item: str = "") -> dict[str, Foreign]:
    return dict.fromkeys(names, Foreign((entry,), item=item))


def _switch(entry: str, value: Any, *names: str, why: str = "") -> dict[str, Foreign]:
    return dict.fromkeys(names, Foreign((entry,), why, value=value))


def _other(entry: str | tuple[str, ...], why: str, *names: str, item: str = "") -> dict[str, Foreign]:
    return dict.fromkeys(names, Foreign((entry,) if isinstance(entry, str) else entry, why, same=False, item=item))


def _column(entry: str, form: str, *names: str) -> dict[str, Foreign]:
    return dict.fromkeys(names, Foreign((entry,), form=form))


def _instead(why: str, *names: str) -> dict[str, Foreign]:
    return dict.fromkeys(names, Foreign((), why, same=False))


_OPTIMIZER = {
    **_same("training.batch", "batch_size", "train_batch_size", "per_device_train_batch_size", "mini_batch_size", "bs"),
    **_same("training.optimizer.lr", "learning_rate", "learning_rate_init", "base_lr", "max_lr", "eta", "eta0"),
    **_same("training.optimizer.weight_decay", "weight_decay", "wd", "decay", "alpha", "l2_regularization"),
    **_same("training.l1", "l1_regularization", "l1_lambda"),
    **_same("training.optimizer.momentum", "momentum", item="sgd"),
    **_same("training.optimizer.nesterov", "nesterov", "nesterovs_momentum", "use_nesterov", item="sgd"),
    **_same("training.optimizer.beta1", "beta_1", "adam_beta1"),
    **_same("training.optimizer.beta2", "beta_2", "adam_beta2"),
    **_other(("training.optimizer.beta1", "training.optimizer.beta2"), "These are two entries.", "betas"),
    **_same("training.optimizer.eps", "epsilon", "adam_epsilon"),
    **_same("training.optimizer", "optim", "solver", "optimizer_name", "optimizer_class"),
    **_same("training.clip", "gradient_clip_val", "max_grad_norm", "clipnorm", "clip_norm", "grad_clip", "clip_grad"),
    **_other("training.clip", "It clips the norm of the gradient.", "clipvalue", "clip_value", "global_clipnorm"),
    **_same("training.accumulate", "accumulate_grad_batches", "gradient_accumulation_steps", "accumulation_steps"),
    **_same("training.layer_decay", "layerwise_lr_decay", "layer_wise_lr_decay"),
}
_SCHEDULE = {
    **_same("training.schedule", "lr_scheduler", "scheduler", "lr_schedule", "lr_scheduler_type"),
    **_same("training.schedule.step_size", "step_size", item="step"),
    **_same("training.schedule.factor", "factor", item="plateau"),
    **_same("training.schedule.gamma", "lr_gamma", item="step"),
    **_other("training.schedule.end_factor", "It is a fraction of the learning rate.", "min_lr", "eta_min", "final_lr"),
    **_other(
        "training.schedule.milestones",
        "They are fractions of all steps, such as [0.5, 0.75].",
        *("milestones", "boundaries"),
        item="step",
    ),
    **_same("training.schedule.warmup", "warmup_ratio", "pct_start", "warm_up"),
    **_other(
        "training.schedule.warmup",
        "It is a fraction of all steps, such as 0.1.",
        *("warmup", "warmup_steps", "warmup_epochs", "num_warmup_steps"),
    ),
}
_LENGTH = {
    **_same("training.epochs", "max_epochs", "n_epochs", "num_epochs", "nb_epoch", "num_train_epochs", "max_iter"),
    **_other(
        ("training.epochs", "training.max_time"),
        "Training length is set in epochs or time, not steps.",
        "max_steps",
        "steps_per_epoch",
    ),
    **_same("training.max_time", "time_limit", "time_budget", "max_runtime_secs"),
    **_same(
        "training.early_stopping.patience",
        *("patience", "early_stopping_patience", "n_iter_no_change", "early_stopping_rounds", "stopping_rounds"),
    ),
    **_other(
        "training.early_stopping.patience",
        "Early stopping is on by default; patience is how many epochs it waits.",
        "early_stopping",
    ),
    **_same("training.early_stopping.min_delta", "min_delta", "tol", "early_stopping_min_delta"),
    **_same("training.early_stopping.monitor", "monitor", "metric_for_best_model", "early_stopping_metric"),
    **_instead(
        "The weights of the best validation epoch are restored automatically.",
        *("restore_best_weights", "save_best_only", "load_best_model_at_end", "enable_checkpointing", "save_top_k"),
    ),
    **_switch("training.epochs", 1, "fast_dev_run", why="One epoch is a quick try."),
    **_other(
        "training.checkpoint_seconds",
        "It is in seconds.",
        *("checkpoint_every", "save_freq", "save_steps", "checkpoint_interval"),
    ),
}
_DATA = {
    **_same("data.split.validation", "validation_split", "validation_fraction", "val_size", "valid_size", "val_split"),
    **_same("data.split.test", "test_size", "test_fraction", "test_split", "holdout"),
    **_same("data.validation", "validation_data", "validation_set", "valid_set", "val_data", "eval_set", "dev"),
    **_same("data.test", "test_data", "test_set", "testset"),
    **_same("data.split.folds", "n_splits", "n_folds", "num_folds", "nfold", "k_folds"),
    **_other("data.split.folds", "It is the number of folds.", "cv"),
    **_column("data.split", "group:{}", "groups", "group", "group_column", "group_col"),
    **_column("data.split", "time:{}", "date", "date_col", "sort_by", "timestamp"),
    **_instead("Random splits are stratified by class already.", "stratify", "stratified"),
    **_instead("Training rows are always shuffled in each epoch.", "shuffle"),
    **_same("data.target", "y", "label", "labels", "label_column", "target_column", "target_name", "y_col"),
    **_same("data.columns", "features", "feature_columns", "feature_names", "feature_cols", "x_col"),
    **_same("data.ignore", "drop", "drop_columns", "drop_cols", "exclude", "exclude_columns", "ignored_columns"),
    **_same("data.positive", "pos_label", "positive_class"),
    **_same("data.weight", "sample_weight", "sample_weights", "weights_column", "weight_column"),
    **_same("data.encoding", "file_encoding"),
    **_same("data.types", "dtype", "dtypes", "column_types"),
    **_other(
        "data.inputs.INPUT.augment",
        "It is a list, such as [flip, shift], and INPUT is the input's name, such as image.",
        *("augment", "augmentation", "augmentations", "transform", "transforms"),
        *("data_augmentation", "preprocessing_layers"),
    ),
    **_same("data.inputs.INPUT.size", "image_size", "img_size", "input_shape"),
    **_same("data.inputs.INPUT.max_length", "max_length", "max_len", "max_seq_length", "maxlen"),
    **_same("data.inputs.INPUT.vocabulary_size", "vocab_size", "max_tokens", "num_words"),
    **_same("data.inputs.INPUT.n_mels", "n_mels"),
    **_same("data.inputs.INPUT.sample_rate", "sample_rate", "sampling_rate", "sr"),
    **_switch("training.mix", "mixup", "mixup"),
    **_switch("training.mix", "cutmix", "cutmix"),
    **_same("training.mix.alpha", "mixup_alpha", item="mixup"),
    **_same("training.mix.alpha", "cutmix_alpha", item="cutmix"),
    **_same("data.series.time", "time_column", "time_col", "date_column", "timestamp_column"),
    **_same("data.series.frequency", "freq", "frequency"),
    **_same("data.series.horizon", "forecast_horizon", "prediction_length", "pred_len", "output_chunk_length", "h"),
    **_same(
        "data.series.context_length", "seq_len", "input_chunk_length", "max_encoder_length", "n_lags", "window_size"
    ),
    **_same("data.series.series_id", "item_id", "unique_id", "id_column", "group_ids"),
    **_instead(
        "Rows are encoded once and read from memory-mapped files, so there are no data-loader workers.",
        *("num_workers", "pin_memory", "prefetch_factor", "persistent_workers", "dataloader_num_workers", "workers"),
    ),
}
_NETWORK = {
    **_same("network", "model", "backbone", "estimator", "arch", "architecture", "model_name"),
    **_same("network.hidden", "hidden_layer_sizes", "layer_sizes", "net_arch"),
    **_other(
        "network.hidden",
        "It is a list with the width of each layer, such as [64, 64].",
        *("hidden_units", "hidden_dim", "hidden_size", "hidden_layers", "units", "dense_units"),
    ),
    **_same("network.layers", "num_layers", "n_layers", "num_hidden_layers", item="rnn"),
    **_same("network.heads", "num_heads", "n_heads", "nhead", "num_attention_heads", item="transformer"),
    **_same("network.width", "d_model", "embed_dim", "embedding_dim", item="transformer"),
    **_same("network.kernel", "kernel_size", item="tcn"),
    **_same("network.filters", "num_filters", "n_filters", item="textcnn"),
    **_same("network.activation", "activation", "activation_fn", "act_layer", "nonlinearity"),
    **_same("network.norm", "normalization", "norm_layer"),
    **_switch("network.norm", "batch", "batch_norm", "use_batchnorm"),
    **_same("network.dropout", "dropout", "dropout_rate", "drop_rate", "dropout_p", "hidden_dropout_prob"),
    **_same(
        "network.max_iter", "n_estimators", "num_boost_round", "num_iterations", "num_trees", item="gradient-boosting"
    ),
    **_same("network.max_depth", "max_depth", item="gradient-boosting"),
    **_same("network.max_leaf_nodes", "num_leaves", "max_leaf_nodes", item="gradient-boosting"),
    **_same(
        "network.min_samples_leaf",
        *("min_child_samples", "min_samples_leaf", "min_data_in_leaf"),
        item="gradient-boosting",
    ),
    **_same("network.l2_regularization", "reg_lambda", "lambda_l2", item="gradient-boosting"),
    **_same("init", "weights_path", "init_from", "pretrained_model"),
    **_other("init", "It is the folder of a finished run.", "pretrained", "warm_start"),
    **_switch("training.freeze", ["encoders.*"], "freeze_backbone", "freeze_encoder"),
    **_other("training.freeze", "It says which parameters are not trained.", "trainable"),
    **_switch("training.average", "ema", "ema", "use_ema", "model_ema"),
    **_switch("training.average", "swa", "swa"),
    **_same("training.average.decay", "ema_decay", "ema_momentum", item="ema"),
}
_OBJECTIVE = {
    **_same("objective", "task", "problem_type", "task_type"),
    **_other(("objective", "objective.loss"), "The objective decides the loss.", "loss", "criterion", "loss_fn"),
    **_same("objective.class_weights", "class_weight", "class_weights"),
    **_switch("objective.class_weights", "balanced", "balanced"),
    **_same("objective.pos_weight", "pos_weight", "scale_pos_weight", item="multilabel"),
    **_same("objective.label_smoothing", "label_smoothing", "smoothing"),
    **_same("objective.focal_gamma", "focal_gamma"),
    **_switch("objective.focal_gamma", 2.0, "focal_loss"),
    **_same("objective.operating_point", "decision_threshold", "classification_threshold"),
    **_other(
        "objective.levels",
        "They are a list, such as [0.1, 0.5, 0.9].",
        *("quantile", "quantile_levels"),
        item="quantiles",
    ),
    **_same("objective.delta", "huber_delta", item="regression"),
    **_same("objective.latent_dim", "latent_dim", "z_dim", "code_size", item="autoencoder"),
    **_other(
        "require", "All metrics of the objective are always measured; a requirement sets a bound on one.", "metrics"
    ),
}
_MACHINE = {
    **_same("seed", "random_state", "random_seed", "seed_everything", "manual_seed", "rng"),
    **_switch("training.plan.device", "cuda", "gpu", "gpus", "use_cuda"),
    **_switch("training.plan.device", "cpu", "no_cuda"),
    **_other("training.plan.device", "It is cpu, cuda or mps.", "accelerator", "devices"),
    **_other(
        "training.plan.precision",
        "It is fp32, bf16-matmul or bf16; the fastest in a timing test if not given.",
        *("precision", "dtype_policy"),
        *("amp", "mixed_precision", "fp16", "bf16", "autocast", "use_amp"),
    ),
    **_same("training.plan.threads", "num_threads", "nthread", "n_threads"),
    **_other("training.plan.threads", "The fastest in a timing test if not given.", "n_jobs"),
    **_same("training.plan.compile", "compile", "torch_compile", "jit_compile", "compile_model"),
    **_same("training.deterministic", "deterministic", "use_deterministic_algorithms", "cudnn_deterministic"),
    **_instead(
        "Start it under torchrun to train on several devices.", "strategy", "num_nodes", "ddp", "distributed_backend"
    ),
    **_other(
        "training.log", "It is a list with tensorboard, mlflow or both.", "logger", "loggers", "report_to", "tracker"
    ),
    **_switch("training.log", ["tensorboard"], "tensorboard"),
    **_switch("training.log", ["mlflow"], "mlflow"),
    **_same("out", "default_root_dir", "output_dir", "save_dir", "log_dir", "run_dir", "model_dir"),
    **_same("name", "run_name", "experiment_name"),
    **_switch("quiet", True, "silent", why="It hides progress and notes."),
    **dict.fromkeys(
        ("verbose", "verbosity", "enable_progress_bar", "show_progress", "progress_bar"),
        Foreign(("quiet",), "Progress is shown by default; {quiet} hides it.", same=False, offered=False),
    ),
    **_other("settings", "Every entry has a dotted path.", "config", "params", "hparams", "kwargs", "options"),
    **_instead(
        "There are no callbacks: early stopping, checkpoints, schedules and trackers are entries of training.",
        *("callbacks", "callback", "hooks"),
    ),
    **_instead(
        "{resume} continues an interrupted run.",
        *("resume_from_checkpoint", "ckpt_path", "resume", "resume_training"),
    ),
}
FOREIGN: Mapping[str, Foreign] = {
    **_OPTIMIZER,
    **_SCHEDULE,
    **_LENGTH,
    **_DATA,
    **_NETWORK,
    **_OBJECTIVE,
    **_MACHINE,
}
