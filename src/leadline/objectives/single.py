"""What objectives with one player and one view of the inputs have in common."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn


class SinglePlayer:
    """One network, stepped alone, whose scores are its output and which ships as it is."""

    coupled = False
    views: tuple[str, ...] = ("plain",)

    def players(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return the network as the only player."""
        return {"network": network}

    def score(self, network: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return the network's output (B,C), differentiable in float inputs."""
        scores: Tensor = network(inputs)
        return scores

    def graphs(self, network: nn.Module) -> Mapping[str, nn.Module]:
        """Return the network as the only graph."""
        return {"network": network}

    def ship(self, network: nn.Module) -> nn.Module:
        """Return the network."""
        return network
