from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from leadline.models.classical.tfidf import TFIDF, Options, fit
from leadline.models.contract import Sample
from leadline.nn.batch import SignalSpec, Texts

LENGTH, VOCABULARY = 12, 40
SPEC = SignalSpec("table", (LENGTH + 2,), (0,) * (LENGTH + 1) + (3,), texts=(Texts(0, LENGTH, VOCABULARY, 1, 2),))


def sample(rows: int, seed: int = 0) -> Sample:
    """Texts whose first word says one thing, and a quantity and a class beside them that say another."""
    rng = np.random.default_rng(seed)
    x_nF = np.zeros((rows, LENGTH + 2), dtype=np.float32)
    for row in range(rows):
        length = rng.integers(4, LENGTH)
        x_nF[row, :length] = rng.integers(2, VOCABULARY, length)
    word = rng.integers(0, 2, rows)
    x_nF[:, 0], x_nF[:, 1] = np.where(word, 5, 6), 7
    x_nF[:, LENGTH] = rng.normal(size=rows)
    x_nF[:, LENGTH + 1] = rng.integers(1, 4, rows)
    x_nF[::9, LENGTH] = np.nan
    score = 2 * word + np.nan_to_num(x_nF[:, LENGTH]) + (x_nF[:, LENGTH + 1] == 2) + 0.3 * rng.normal(size=rows)
    return Sample(x_nF, score, rng.uniform(0.5, 2, rows))


def classes(found: Sample, outputs: int) -> Sample:
    edges = np.quantile(found.target_n, np.linspace(0, 1, outputs + 1)[1:-1])
    return found._replace(target_n=np.digitize(found.target_n, edges))


@pytest.mark.parametrize("outputs", [2, 3])
def test_classes_agree_with_scikit_learn(outputs: int) -> None:
    given = classes(sample(300), outputs)
    model = TFIDF(SPEC, outputs, Options(l2=0.5, naive_bayes=False, max_iter=2000))
    fit(model, given, None, 0)
    x_nD = model.rows(given.x_nF)
    theirs = LogisticRegression(C=2.0, max_iter=2000, tol=1e-8)
    theirs.fit(x_nD, given.target_n, given.weight_n)
    mine = model(torch.from_numpy(given.x_nF)).softmax(1).numpy()
    np.testing.assert_allclose(mine, theirs.predict_proba(x_nD), atol=1e-4)


def test_a_number_agrees_with_ridge_regression() -> None:
    given = sample(300)
    model = TFIDF(SPEC, 1, Options(l2=2.0))
    fit(model, given, None, 0)
    x_nD = model.rows(given.x_nF).toarray()
    theirs = Ridge(alpha=2.0).fit(x_nD, given.target_n, given.weight_n)
    mine = model(torch.from_numpy(given.x_nF))[:, 0].numpy()
    np.testing.assert_allclose(mine, theirs.predict(x_nD), atol=5e-3)


def test_words_and_the_columns_beside_them_both_count() -> None:
    train, test = classes(sample(600), 2), classes(sample(400, seed=1), 2)
    model = TFIDF(SPEC, 2, Options())
    fit(model, train, classes(sample(200, seed=2), 2), 0)

    def right(x_nF: np.ndarray) -> float:
        return float((model(torch.from_numpy(x_nF)).argmax(1).numpy() == test.target_n).mean())

    without_words, without_columns = test.x_nF.copy(), test.x_nF.copy()
    without_words[:, :LENGTH] = 0
    without_columns[:, LENGTH:] = np.nan
    assert right(test.x_nF) > 0.85
    assert max(right(without_words), right(without_columns)) < right(test.x_nF) - 0.05


def test_log_count_ratios_find_few_telling_words_among_many() -> None:
    """Of two hundred words two say the class: weighted by their ratios they are found from few texts."""
    rng = np.random.default_rng(0)
    spec = SignalSpec("table", (20,), texts=(Texts(0, 20, 400, 1, 1),))

    def texts(rows: int) -> Sample:
        x_nF = rng.integers(4, 400, (rows, 20)).astype(np.float32)
        target = rng.integers(0, 2, rows)
        x_nF[:, 3] = np.where(rng.random(rows) < 0.9, 2 + target, 3 - target)
        return Sample(x_nF, target, np.ones(rows))

    train, validation, test = texts(120), texts(300), texts(1000)
    losses = {}
    for weighted in (False, True):
        model = TFIDF(spec, 2, Options(naive_bayes=weighted))
        fit(model, train, validation, 0)
        score = model(torch.from_numpy(test.x_nF))
        losses[weighted] = float(torch.nn.functional.cross_entropy(score, torch.from_numpy(test.target_n)))
    assert losses[True] < losses[False]
    chosen = TFIDF(spec, 2, Options())
    notes = fit(chosen, train, validation, 0).notes
    score = chosen(torch.from_numpy(test.x_nF))
    assert float(torch.nn.functional.cross_entropy(score, torch.from_numpy(test.target_n))) < losses[False]
    assert len(notes) == 2


def test_an_end_of_the_search_before_it_converged_is_said() -> None:
    model = TFIDF(SPEC, 3, Options(max_iter=2, l2=0.1))
    assert "before it had converged" in fit(model, classes(sample(200), 3), None, 0).notes[-1]


def test_a_class_that_no_row_has_is_never_predicted() -> None:
    given = classes(sample(200), 2)
    model = TFIDF(SPEC, 3, Options())
    fit(model, given._replace(target_n=given.target_n * 2), None, 0)
    assert model(torch.from_numpy(given.x_nF)).softmax(1)[:, 1].max() < 1e-6


def test_more_tokens_may_stand_together_and_fewer_ngrams_be_kept() -> None:
    given = classes(sample(400), 2)
    counts = {}
    for options in (Options(ngrams=1), Options(), Options(ngrams=3), Options(max_features=10)):
        model = TFIDF(SPEC, 2, options)
        fit(model, given, None, 0)
        counts[options.ngrams, options.max_features] = model.ngrams[0].count
    assert counts[1, 100_000] < counts[None, 100_000] < counts[3, 100_000]
    assert counts[None, 10] <= 10


def test_two_texts_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    x_nF = rng.integers(2, 30, (300, 8)).astype(np.float32)
    spec = SignalSpec("table", (8,), texts=(Texts(0, 4, 30, 1, 1), Texts(4, 4, 30, 1, 1)))
    target = (x_nF[:, 4:] < 8).any(1).astype(np.int64)  # said by the second one alone
    model = TFIDF(spec, 2, Options())
    fit(model, Sample(x_nF[:200], target[:200], np.ones(200)), Sample(x_nF[200:], target[200:], np.ones(100)), 0)
    assert (model(torch.from_numpy(x_nF[200:])).argmax(1).numpy() == target[200:]).mean() > 0.85
