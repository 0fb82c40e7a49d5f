import pytest
import torch
from torch import nn

from leadline.core.catalogue import say
from leadline.machine import flops


class Wrapped(nn.Module):
    """Takes the mapping of inputs that shipped networks take."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inputs):
        return self.inner(inputs["x"])


def counted(module: nn.Module, *shape: int) -> flops.Flops:
    return flops.count(Wrapped(module), {"x": torch.zeros(shape)})


def test_dense_layer_costs_two_flops_a_weight():
    assert counted(nn.Linear(10, 7), 1, 10).value == 2 * 10 * 7


def test_convolution_costs_kernel_times_output_and_pooling_nothing():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    assert counted(network, 1, 3, 16, 16).value == 2 * (3 * 3 * 3) * 8 * 16 * 16


@pytest.mark.parametrize(("layer", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_fused_recurrent_layers_are_counted_whole(layer, gates):
    steps, features, units = 5, 8, 16
    assert counted(layer(features, units, batch_first=True), 1, steps, features).value == 2 * steps * gates * units * (
        features + units
    )


def test_transformer_layer_counts_attention_and_dense_layers():
    length, width, hidden = 5, 8, 16
    layer = nn.TransformerEncoderLayer(width, 2, hidden, batch_first=True)
    projections = 4 * 2 * length * width * width
    attention = 2 * 2 * length * length * width
    dense = 2 * 2 * length * width * hidden
    assert counted(layer, 1, length, width).value == projections + attention + dense


def test_no_count_where_nothing_counted_runs():
    result = counted(nn.ReLU(), 1, 4)
    assert result.value is None
    assert result.why == say("machine.nothing-counted")


def test_no_count_where_a_foreign_operator_runs():
    @torch.library.custom_op("leadline_test::double", mutates_args=())
    def double(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    class Foreign(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return double(self.dense(x))

    result = counted(Foreign(), 1, 4)
    assert result.value is None
    assert "leadline_test::double" in (result.why or "")


def test_counting_changes_neither_modes_nor_statistics_nor_switches():
    network = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout())
    network[2].eval()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    switches = (torch.backends.mkldnn.enabled, torch.backends.cudnn.enabled, torch.backends.mha.get_fastpath_enabled())
    counted(network, 1, 4)
    assert [m.training for m in network] == [True, True, False]
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert switches == (
        torch.backends.mkldnn.enabled,
        torch.backends.cudnn.enabled,
        torch.backends.mha.get_fastpath_enabled(),
    )
