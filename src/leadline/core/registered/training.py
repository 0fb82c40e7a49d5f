"""How weights are updated, and what follows a training."""

from __future__ import annotations

from collections.abc import Mapping

from leadline.core.plugins import Entry

STEPS: Mapping[str, Entry] = {
    "plain": Entry(
        "leadline.training.steps.plain:STEP",
        "forward, backward, gradient clipping, optimizer step; each network in turn",
    ),
}

OPTIMIZERS: Mapping[str, Entry] = {
    "sgd": Entry(
        "leadline.training.optim.descent:Sgd",
        "stochastic gradient descent, with momentum, Nesterov momentum or the full batch",
        example="train digits --optimizer sgd --set training.optimizer.momentum=0.9",
    ),
    "adagrad": Entry(
        "leadline.training.optim.adaptive:Adagrad",
        "step sizes from the sum of squared gradients (Duchi et al. 2011)",
        example="train digits --optimizer adagrad --lr 0.01",
    ),
    "rmsprop": Entry(
        "leadline.training.optim.adaptive:RmsProp",
        "step sizes from a moving average of squared gradients (Tieleman & Hinton 2012)",
        example="train digits --optimizer rmsprop --lr 0.001",
    ),
    "adam": Entry(
        "leadline.training.optim.adaptive:Adam",
        "Adam (Kingma & Ba 2015), with the AMSGrad variant (Reddi et al. 2018)",
        example="train digits --optimizer adam --lr 0.001",
    ),
    "adamw": Entry(
        "leadline.training.optim.adaptive:AdamW",
        "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
        example="train digits --optimizer adamw --set training.optimizer.weight_decay=0.05",
    ),
    "muon": Entry(
        "leadline.training.optim.muon:Muon",
        "Muon for hidden weight matrices: orthogonalised momentum; AdamW for the rest (Jordan 2024)",
        example="train digits --optimizer muon --lr 0.001",
    ),
}

SCHEDULES: Mapping[str, Entry] = {
    "constant": Entry(
        "leadline.training.schedule:Constant",
        "constant learning rate, with optional warm-up",
        example="train digits --schedule constant",
    ),
    "step": Entry(
        "leadline.training.schedule:Step",
        "step decay at milestones, or every so many epochs",
        example="train digits --schedule step --set training.schedule.step_size=30",
    ),
    "linear": Entry(
        "leadline.training.schedule:Linear",
        "linear decay",
        example="train digits --schedule linear --set training.schedule.warmup=0.1",
    ),
    "exponential": Entry(
        "leadline.training.schedule:Exponential",
        "exponential decay",
        example="train digits --schedule exponential --set training.schedule.end_factor=0.01",
    ),
    "cosine": Entry(
        "leadline.training.schedule:Cosine",
        "cosine annealing without restarts (Loshchilov & Hutter 2017)",
        example="train digits --schedule cosine --set training.schedule.warmup=0.05",
    ),
    "one_cycle": Entry(
        "leadline.training.schedule:OneCycle",
        "a one-cycle learning-rate policy (Smith & Topin 2018)",
        example="train digits --schedule one_cycle",
    ),
    "plateau": Entry(
        "leadline.training.schedule:Plateau",
        "reduction when a validation metric stops improving",
        example="train digits --schedule plateau --set training.schedule.patience=5",
    ),
}

AVERAGES: Mapping[str, Entry] = {
    "ema": Entry("leadline.training.weight_average:Ema", "exponential moving average (EMA) of the weights"),
    "swa": Entry("leadline.training.weight_average:Swa", "stochastic weight averaging (Izmailov et al. 2018)"),
}

TRACKERS: Mapping[str, Entry] = {
    "tensorboard": Entry("leadline.training.trackers:TensorBoard", "TensorBoard event files"),
    "mlflow": Entry("leadline.training.trackers:MLflow", "a run on an MLflow tracking server"),
}
