"""Embeddings of numbers against NumPy's interpolation and the formula of the paper."""

from __future__ import annotations

import numpy as np
import torch

from leadline.nn.layers.numeric_embeddings import INTERVALS, PeriodicEmbedding, PiecewiseLinearEmbedding

EDGES = ((-1.0, 0.0, 2.0, 5.0), (0.0, 1.0))


def test_an_embedding_interpolates_between_its_edges_and_is_constant_beyond_them() -> None:
    embedding = PiecewiseLinearEmbedding(EDGES, 3).double()
    x_B = np.array([-9.0, -1.0, -0.25, 0.0, 0.5, 2.0, 4.9, 5.0, 100.0])
    found = embedding(torch.tensor(np.stack([x_B, x_B], 1))).detach().view(len(x_B), 2, 3).numpy()
    for q, edges in enumerate(EDGES):
        weight_TD = embedding.weight_QTD[q, : len(edges) - 1].detach().numpy()
        at_edges_ED = np.concatenate([np.zeros((1, 3)), weight_TD.cumsum(0)]) + embedding.bias_QD[q].detach().numpy()
        for d in range(3):
            np.testing.assert_allclose(found[:, q, d], np.interp(x_B, edges, at_edges_ED[:, d]), atol=1e-7)


def test_a_number_that_never_changes_is_constant() -> None:
    embedding = PiecewiseLinearEmbedding([(4.0,), (1.0, 1.0)], 2)
    found = embedding(torch.tensor([[0.0, 0.0], [4.0, 1.0], [9.0, 7.0]]))
    assert torch.isfinite(found).all()
    assert torch.equal(found, found[:1].expand(3, 4))


def test_very_many_numbers_have_fewer_intervals_each() -> None:
    edges = [np.linspace(-2, 2, 49).tolist()] * 2_000
    embedding = PiecewiseLinearEmbedding(edges, 2)
    assert embedding.weight_QTD[..., 0].numel() <= INTERVALS
    assert embedding(torch.randn(3, 2_000)).shape == (3, 4_000)


def test_a_periodic_embedding_is_relu_of_a_matrix_over_sines_and_cosines() -> None:
    embedding = PeriodicEmbedding(2, 5, 3.0, 4).double()
    x_BQ = torch.randn(6, 2, dtype=torch.float64)
    found = embedding(x_BQ).view(6, 2, 4)
    for q in range(2):
        angle_BT = 2 * np.pi * x_BQ[:, q, None] * embedding.frequency_QT[q]
        waves_BT = torch.cat([torch.cos(angle_BT), torch.sin(angle_BT)], 1)
        torch.testing.assert_close(found[:, q], (waves_BT @ embedding.weight_QTD[q] + embedding.bias_QD[q]).relu())
