"""What members of an ensemble say together: the mean of what is decided from, not of what it is calculated from."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from leadline.objectives.supervised.class_scores import ClassHead
from leadline.objectives.supervised.classifier_options import Options as ClassOptions
from leadline.objectives.supervised.multilabel import LabelHead
from leadline.objectives.supervised.multilabel import Options as LabelOptions
from leadline.objectives.supervised.poisson import RateHead
from leadline.objectives.supervised.probabilities import SoftmaxHead
from leadline.objectives.supervised.regression import Options as ValueOptions
from leadline.objectives.supervised.regression import ValueHead

OUTPUTS = 4 * torch.randn(3, 5, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_an_ensemble_of_classifiers_has_their_mean_probabilities() -> None:
    for head in (ClassHead(ClassOptions()), SoftmaxHead()):
        torch.testing.assert_close(head.averaged(OUTPUTS).softmax(-1), OUTPUTS.softmax(-1).mean(0))


def test_an_ensemble_has_the_mean_probability_of_each_label() -> None:
    found = LabelHead(LabelOptions()).averaged(OUTPUTS)
    torch.testing.assert_close(found.sigmoid(), OUTPUTS.sigmoid().mean(0))
    far = torch.full((2, 1, 1), 200.0)
    assert torch.isfinite(F.logsigmoid(LabelHead(LabelOptions()).averaged(far))).all()


def test_an_ensemble_has_the_mean_rate_and_the_mean_value() -> None:
    torch.testing.assert_close(RateHead().averaged(OUTPUTS).exp(), OUTPUTS.exp().mean(0))
    torch.testing.assert_close(ValueHead(ValueOptions()).averaged(OUTPUTS), OUTPUTS.mean(0))
