from __future__ import annotations

import pytest
import torch

from leadline.nn.generative.cluster_centres import Centres, sharpened


def placed(most: int = 5) -> Centres:
    centres = Centres(most, 2)
    centres.place(torch.tensor([[0.0, 0.0], [3.0, 4.0], [-2.0, 0.0]]), 4.0)
    return centres


def test_shares_are_students_t_over_their_sum() -> None:
    code_BL = torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    shares_BK = placed().shares(code_BL).exp()
    kernel_BK = 1 / (1 + torch.tensor([[0.0, 25, 4], [9, 16, 25]]) / 4)
    torch.testing.assert_close(shares_BK[:, :3], kernel_BK / kernel_BK.sum(1, keepdim=True))
    assert not shares_BK[:, 3:].any()
    torch.testing.assert_close(placed().squares(code_BL)[:, :3], torch.tensor([[0.0, 25, 4], [9, 16, 25]]))
    assert placed().squares(code_BL)[:, 3:].isinf().all()


def test_before_centres_are_placed_there_is_one_cluster() -> None:
    centres = Centres(4, 3)
    assert centres.shares(torch.randn(6, 3)).exp()[:, 0].tolist() == [1.0] * 6
    assert not bool(centres.placed)


def test_codes_pass_through_and_places_travel_with_the_weights() -> None:
    code_BL = torch.randn(4, 2)
    assert torch.equal(placed()(code_BL), code_BL)
    other = Centres(5, 2)
    other.load_state_dict(placed().state_dict())
    assert torch.equal(other.shares(code_BL), placed().shares(code_BL))


def test_shares_are_sharpened_as_in_the_paper() -> None:
    q_BK = torch.tensor([[0.7, 0.3], [0.6, 0.4], [0.9, 0.1]])
    p_BK = q_BK.square() / q_BK.sum(0)
    torch.testing.assert_close(sharpened(q_BK.log()), p_BK / p_BK.sum(1, keepdim=True))


def test_gradients_are_finite_where_there_is_no_centre() -> None:
    centres, code_BL = placed(), torch.randn(8, 2, requires_grad=True)
    log_BK = centres.shares(code_BL)
    wanted_BK = sharpened(log_BK.detach())
    (wanted_BK * log_BK.masked_fill(wanted_BK == 0, 0)).sum().backward()
    assert code_BL.grad is not None
    assert code_BL.grad.isfinite().all()
    assert centres.centre_KL.grad is not None
    assert not centres.centre_KL.grad[3:].any()


@pytest.mark.parametrize("rows", [1, 7])
def test_no_share_is_lost(rows: int) -> None:
    torch.testing.assert_close(placed().shares(torch.randn(rows, 2) * 100).exp().sum(1), torch.ones(rows))
