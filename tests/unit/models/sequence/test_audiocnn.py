"""Convolutions over spectra."""

import pytest
import torch
from torch import nn

from leadline.models.sequence.audiocnn import FAMILY, AudioCNN, Norm, Options
from leadline.nn.batch import Signal, SignalSpec
from leadline.nn.rng import Rng, using_rng

SPEC = SignalSpec("sequence", (37, 10))


def network(**options: object) -> AudioCNN:
    torch.manual_seed(0)
    return AudioCNN(SPEC, Options(channels=(4, 6, 8), **options)).double()


def padded(length: int, steps: int) -> Signal:
    x_BTF = torch.randn(3, steps, 10, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Signal(x_BTF, torch.arange(steps).expand(3, -1) < length)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 13, 16])
@pytest.mark.parametrize("training", [False, True])
def test_what_lies_after_a_rows_end_changes_nothing(length: int, training: bool) -> None:
    for steps in (length, length + 1, 23):
        signal = padded(length, steps)
        alone = Signal(padded(length, 23).values[:, :length], None)
        signal.values[:, :length] = alone.values
        outputs = []
        for given in (signal, alone):
            body = network(dropout=0.0).train(training)
            outputs.append((body(given).values, dict(body.named_buffers())))
        torch.testing.assert_close(outputs[0][0], outputs[1][0])
        for name, buffer in outputs[0][1].items():
            if not name.endswith("num_batches_tracked"):
                torch.testing.assert_close(buffer, outputs[1][1][name], msg=name)


def test_masked_batch_norm_is_batch_norm_over_the_rows_own_frames() -> None:
    x_BCTF = torch.randn(5, 3, 8, 4, dtype=torch.float64)
    mask_BT = torch.arange(8) < torch.tensor([8, 3, 1, 5, 6])[:, None]
    own, plain = Norm(3).double(), nn.BatchNorm2d(3).double()
    for norm in (own, plain):
        nn.init.uniform_(norm.weight, generator=torch.Generator().manual_seed(0))
    frames_NCF = x_BCTF.transpose(1, 2)[mask_BT]
    wanted = plain(frames_NCF[:, :, None])[:, :, 0]
    torch.testing.assert_close(own(x_BCTF, mask_BT).transpose(1, 2)[mask_BT], wanted)
    torch.testing.assert_close(own.running_mean, plain.running_mean)
    torch.testing.assert_close(own.running_var, plain.running_var)
    torch.testing.assert_close(own.eval()(x_BCTF, mask_BT), plain.eval()(x_BCTF))


def test_gradients_pass_through_masked_statistics() -> None:
    mask_BT = torch.arange(6) < torch.tensor([6, 2, 4])[:, None]
    x_BCTF = torch.randn(3, 2, 6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: Norm(2).double()(x, mask_BT), (x_BCTF,))


def test_masked_networks_can_be_exported() -> None:
    body = network().eval()

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(self, x_BTF: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.body(Signal(x_BTF, mask_BT)).values
            return out

    given, dim = padded(9, 23), {0: torch.export.Dim("rows", min=1)}
    exported = torch.export.export(Whole(), tuple(given), dynamic_shapes=(dim, dim)).module()
    torch.testing.assert_close(exported(given.values[:2], given.mask[:2]), body(given).values[:2])


def test_the_base_is_the_published_one_at_half_its_width() -> None:
    with using_rng(Rng(0, 0, torch.arange(2))):
        body = AudioCNN(SignalSpec("sequence", (64, 64)), Options())
    convs = [m for m in body.modules() if isinstance(m, nn.Conv2d)]
    assert [conv.out_channels for conv in convs] == [32, 32, 64, 64, 128, 128, 256, 256]
    assert FAMILY.sizes["large"]["channels"] == (64, 128, 256, 512)  # Cnn10's
