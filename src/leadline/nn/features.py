"""Features on their way out of a network: in enough bits to be computed on, and one vector a row.

B rows, T steps, F features.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from leadline.nn.layers.pooling import silenced, with_first


def full(x: Tensor) -> Tensor:
    """Return values in float32 at least: what comes out of a network in fewer bits is not computed on in them."""
    return x if x.dtype == torch.float64 else x.float()


def pooled_features(network: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the features that the head decides from (B,F): where there are several steps their mean, of texts over
    tokens.
    """
    features: Tensor = full(network.features(inputs))
    if features.ndim == 2:
        return features
    raw = inputs[network.names[0]]
    there_BT = with_first(raw != 0) if raw.shape == features.shape[:2] else raw.new_ones(features.shape[:2]).bool()
    return silenced(features, there_BT).sum(1) / there_BT.sum(1, keepdim=True)
