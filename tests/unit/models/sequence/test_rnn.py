"""Recurrent networks against their equations, and sequences of different lengths against each by itself."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from leadline.errors import UsageError
from leadline.models.sequence.rnn import FAMILY, Options
from leadline.nn.batch import Signal, SignalSpec
from sentences import says

ROWS, STEPS, FEATURES, UNITS = 3, 5, 4, 6


def network(**options: object):
    torch.manual_seed(0)
    return FAMILY.build(SignalSpec("sequence", (STEPS, FEATURES)), Options(hidden=UNITS, **options)).double().eval()


def inputs() -> Tensor:
    return torch.randn(ROWS, STEPS, FEATURES, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def elman(w, u, b, x, h, c):
    return torch.tanh(x @ w.T + h @ u.T + b), c


def lstm(w, u, b, x, h, c):
    i, f, g, o = (x @ w.T + h @ u.T + b).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru(w, u, b, x, h, c):
    (wr, wz, wn), (ur, uz, un), (br, bz, bn) = w.chunk(3), u.chunk(3), b.chunk(3)
    r, z = (x @ wr.T + h @ ur.T + br).sigmoid(), (x @ wz.T + h @ uz.T + bz).sigmoid()
    n = torch.tanh(x @ wn.T + bn + r * (h @ un.T))  # biases of the recurrent products are zero at the start
    return (1 - z) * n + z * h, c


STEP = {"elman": elman, "lstm": lstm, "gru": gru}


@pytest.mark.parametrize("cell", STEP)
def test_a_layer_is_its_equations_step_by_step(cell: str) -> None:
    body, x = network(cell=cell), inputs()
    layer = body.layers[0].ways[0]
    h = c = torch.zeros(ROWS, UNITS, dtype=torch.float64)
    for t in range(STEPS):
        h, c = STEP[cell](layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, x[:, t], h, c)
    torch.testing.assert_close(body(Signal(x)).values, h)


def test_an_lstm_starts_with_open_forget_gates_and_orthogonal_recurrence() -> None:
    layer = network(cell="lstm").layers[0].ways[0]
    assert layer.bias_ih_l0[UNITS : 2 * UNITS].eq(1).all()
    assert layer.bias_ih_l0.sum() == UNITS
    for block in layer.weight_hh_l0.split(UNITS):
        torch.testing.assert_close(block @ block.T, torch.eye(UNITS, dtype=torch.float64), atol=1e-6, rtol=0)


def test_the_way_back_ends_at_the_first_step() -> None:
    body, x = network(cell="elman", bidirectional=True), inputs()
    layer = body.layers[0].ways[1]
    h = torch.zeros(ROWS, UNITS, dtype=torch.float64)
    for t in reversed(range(STEPS)):
        h, _ = elman(layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, x[:, t], h, h)
    torch.testing.assert_close(body(Signal(x)).values[:, UNITS:], h)


@pytest.mark.parametrize("pool", ["last", "mean", "max", "attention"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_what_lies_beyond_the_end_of_a_row_changes_nothing(pool: str, bidirectional: bool) -> None:
    body, x = network(cell="gru", pool=pool, bidirectional=bidirectional, layers=2), inputs()
    length_B = torch.tensor([5, 2, 3])
    mask_BT = torch.arange(STEPS) < length_B[:, None]
    together = body(Signal(torch.where(mask_BT[:, :, None], x, 1e3), mask_BT)).values
    for row, length in enumerate(length_B.tolist()):
        alone = body(Signal(x[row : row + 1, :length])).values
        torch.testing.assert_close(together[row : row + 1], alone)


def test_pooling_is_what_it_says() -> None:
    x = inputs()
    states = network(cell="elman", pool="mean").layers[0](x, None)
    torch.testing.assert_close(network(cell="elman", pool="mean")(Signal(x)).values, states.mean(1))
    torch.testing.assert_close(network(cell="elman", pool="max")(Signal(x)).values, states.amax(1))


def test_a_picture_is_read_row_by_row() -> None:
    torch.manual_seed(0)
    body = FAMILY.build(SignalSpec("image", (2, 5, 3)), Options(cell="elman", hidden=UNITS)).double()
    picture = torch.randn(1, 2, 5, 3, dtype=torch.float64)
    rows = torch.stack([picture[0, :, line].flatten() for line in range(5)])[None]
    torch.testing.assert_close(body(Signal(picture)).values, body(Signal(rows)).values)


@pytest.mark.parametrize("cell", STEP)
def test_rows_of_different_lengths_are_as_packed_sequences_give_them(cell: str) -> None:
    body, x = network(cell=cell, bidirectional=True), inputs()
    length_B = torch.tensor([5, 2, 3])
    states = body.layers[0](x, length_B)
    kind = {"elman": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
    both = kind(FEATURES, UNITS, batch_first=True, bidirectional=True).double()
    ahead, back = (way.state_dict() for way in body.layers[0].ways)
    both.load_state_dict({**ahead, **{f"{key}_reverse": value for key, value in back.items()}})
    packed = both(pack_padded_sequence(x, length_B, batch_first=True, enforce_sorted=False))[0]
    expected = pad_packed_sequence(packed, batch_first=True)[0]
    within_BT1 = (torch.arange(STEPS) < length_B[:, None])[:, :, None]
    torch.testing.assert_close(states * within_BT1, expected)


def test_both_directions_at_once_are_refused_where_nothing_may_be_known_of_later_steps() -> None:
    spec = SignalSpec("sequence", (STEPS, FEATURES))
    assert FAMILY.build(spec, Options(bidirectional=True), "sequence")(Signal(inputs().float())).values.shape == (
        ROWS,
        STEPS,
        256,
    )
    with pytest.raises(UsageError, match=says("models.rnn-bidirectional-causal")):
        FAMILY.build(spec, Options(bidirectional=True), "causal")


def test_the_decoder_writes_sequences_with_as_many_units() -> None:
    assert FAMILY.decoder is not None
    decoder = FAMILY.decoder(SignalSpec("sequence", (STEPS, FEATURES)), 3, Options(hidden=UNITS))
    assert decoder(torch.randn(2, 3)).shape == (2, STEPS, FEATURES)
    assert decoder.recurrent.hidden_size == UNITS
    assert FAMILY.decoder(SignalSpec("image", (1, 4, 4)), 3, Options())(torch.randn(2, 3)).shape == (2, 1, 4, 4)
