"""What modules share whose numbers are found by fitting, not by steps: how many there are is known only afterwards.

n rows fitted on, K classes that occur among them, O outputs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

ABSENT = -30.0  # the score of a class that no row fitted on has: about 1e-13 of the probability


class ClassicalModule(nn.Module):
    """A module that is empty until it is fitted; loading weights gives its tensors the sizes that they have in the
    file.

    Everything else that loading checks, it checks here too: names, the number of dimensions, the type.
    """

    def declare(self, name: str, dims: int, *, dtype: torch.dtype = torch.float32, learned: bool = False) -> None:
        """Make an empty tensor with so many dimensions; `learned` ones are the model's numbers, which `params`
        counts.
        """
        empty = torch.zeros((0,) * dims, dtype=dtype)
        if learned:
            self.register_parameter(name, nn.Parameter(empty, requires_grad=False))
        else:
            self.register_buffer(name, empty)

    def put(self, **values: np.ndarray | Tensor) -> None:
        """Set declared tensors, in their own type; sizes may change."""
        for name, value in values.items():
            tensor = self._declared(name)
            found = torch.as_tensor(np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value)
            assert found.ndim == tensor.ndim, f"{name} has {tensor.ndim} dimensions, not {found.ndim}"
            tensor.data = found.to(tensor.device, tensor.dtype)

    def _declared(self, name: str) -> Tensor:
        tensor: Tensor | None = self._parameters.get(name, self._buffers.get(name))
        assert tensor is not None, f"{name} was not declared"
        return tensor

    def _load_from_state_dict(self, state_dict: dict[str, Tensor], prefix: str, *rest: Any) -> None:
        for name in (*self._parameters, *self._buffers):
            tensor, found = self._declared(name), state_dict.get(prefix + name)
            if (
                found is not None
                and found.ndim == tensor.ndim
                and found.dtype.is_floating_point == tensor.is_floating_point()
            ):
                tensor.data = tensor.new_zeros(found.shape)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def by_output(values_K: np.ndarray, classes_K: np.ndarray, outputs: int, missing: float) -> np.ndarray:
    """Return values (K, ...) of the classes that occur as values (O, ...) of all outputs, `missing` for the others."""
    values_O = np.full((outputs, *values_K.shape[1:]), missing, dtype=np.float64)
    values_O[classes_K] = values_K
    return values_O


def two_sided(values_1: np.ndarray) -> np.ndarray:
    """Return the value (1, ...) of the second of two classes as values (2, ...) of both: their softmax is its
    sigmoid.
    """
    return np.concatenate([np.zeros_like(values_1), values_1])
