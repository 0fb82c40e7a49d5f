"""What becomes of rows on their way through a code, and what lies between the codes of two rows."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.core.exhibit import ExhibitDraft
from leadline.core.schema import Schema
from leadline.data.columns.contract import input_type
from leadline.data.dataset import Dataset
from leadline.data.subset import Subset
from leadline.evaluation.analyses.contract import Analysis, NoOptions, Results, of_test_rows
from leadline.evaluation.feature_space import random_rows
from leadline.evaluation.sample_exhibits import lines, picture
from leadline.evaluation.samples import Inputs, encoded
from leadline.evaluation.subject import Subject
from leadline.nn.rng import Rng
from leadline.objectives.capabilities import Encoder, Generator
from leadline.objectives.contract import BoundObjective

SHOWN = 10  # rows beside their reconstructions
PATHS, STEPS = 6, 9  # from the code of one row to that of another


def reconstructions(
    network: nn.Module, objective: BoundObjective, dataset: Dataset, subset: Subset, seed: int
) -> Iterator[ExhibitDraft]:
    """Yield test rows beside what comes out where they go in, and pictures on the way from one code to another.

    The codes are those of test rows, or drawn ones where the network finds none. Nothing for objectives without codes.
    """
    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            encoder, generator = objective.capability("encoder"), objective.capability("generator")
            if encoder is not None and len(subset.complete):
                yield from _beside(
                    network, encoder, dataset, random_rows(subset.complete, SHOWN, seed, "reconstructed")
                )
            pictures = [input_type(one.kind).pixels is not None for one in dataset.schema.inputs] == [True]
            if generator is not None and pictures and len(subset):
                ends = random_rows(subset, 2 * PATHS, seed, "interpolated")
                yield _between(network, generator, encoder, dataset.schema, ends, seed)
    finally:
        network.train(training)


def _beside(network: nn.Module, encoder: Encoder, dataset: Dataset, subset: Subset) -> Iterator[ExhibitDraft]:
    batch = subset.batch(slice(0, len(subset)))
    again = encoded(dataset.schema, encoder.reconstruct(network, batch))
    for number, one in enumerate(dataset.schema.inputs, start=1):
        draft = lines(
            one, [(say("exhibits.test-example"), batch.inputs), (say("exhibits.reconstruction"), again)], len(subset)
        )
        if draft is None:
            continue
        title = say("exhibits.reconstructions")
        if len(dataset.schema.inputs) > 1:
            title = say("exhibits.of-input", title=title, name=one.name)
        caption = say("exhibits.reconstructions-about") if draft.kind == "pictures" else draft.caption
        name = "reconstructed" if number == 1 else f"reconstructed-{number}"
        yield draft._replace(name=name, title=title, caption=caption, split=subset.name)


def _between(
    network: nn.Module, generator: Generator, encoder: Encoder | None, schema: Schema, subset: Subset, seed: int
) -> ExhibitDraft:
    """Return rows of pictures on straight lines between codes, or on arcs where these are drawn from a normal
    distribution.

    In many dimensions the middle of a line between normal codes is far nearer to 0 than any code, and that of an arc is
    not.
    """
    options = generator.samples()
    own = encoder is not None
    paths = len(subset) // 2 if own else PATHS
    rows = torch.arange(2 * paths)
    if encoder is not None:
        code_BL = encoder.encode(network, subset.batch(slice(0, 2 * paths)).inputs)
    else:
        code_BL = generator.latent(network, Rng(seed, 0, rows), options)
    first_PL, last_PL = code_BL[0::2], code_BL[1::2]
    share_S = torch.linspace(0, 1, STEPS, dtype=code_BL.dtype)
    between_PSL = _line(first_PL, last_PL, share_S) if own else _arc(first_PL, last_PL, share_S)
    # Noise, and a label that is not asked for, stay the same along a path.
    rng = Rng(seed, 0, torch.arange(paths).repeat_interleave(STEPS))
    made: Inputs = encoded(schema, generator.generate(network, between_PSL.flatten(0, 1), rng, options))
    one = schema.inputs[0]
    pictures = [picture(one, made[one.name], i) for i in range(paths * STEPS)]
    content = {"pictures": pictures, "captions": [""] * len(pictures), "columns": STEPS}
    what = say("exhibits.between-test-codes") if own else say("exhibits.between-random-codes")
    caption = say("exhibits.interpolation-about", ends=what)
    return ExhibitDraft("between", "pictures", say("exhibits.interpolation"), content, caption, section="generated")


def _line(first_PL: Tensor, last_PL: Tensor, share_S: Tensor) -> Tensor:
    return torch.lerp(first_PL[:, None], last_PL[:, None], share_S[None, :, None])


def _arc(first_PL: Tensor, last_PL: Tensor, share_S: Tensor) -> Tensor:
    """Return codes (P,S,L) at even angles from one to the other (Shoemake 1985), lengths changing evenly."""
    long_P, end_P = (x.norm(dim=1).clamp_min(1e-12) for x in (first_PL, last_PL))
    one_PL, two_PL = first_PL / long_P[:, None], last_PL / end_P[:, None]
    angle_P = torch.acos((one_PL * two_PL).sum(1).clamp(-1 + 1e-6, 1 - 1e-6))[:, None, None]
    share_S1 = share_S[None, :, None]
    way_PSL = torch.sin((1 - share_S1) * angle_P) * one_PL[:, None] + torch.sin(share_S1 * angle_P) * two_PL[:, None]
    length_PS1 = torch.lerp(long_P[:, None, None], end_P[:, None, None], share_S1)
    arc_PSL: Tensor = length_PS1 * way_PSL / torch.sin(angle_P)
    return arc_PSL


def _run(subject: Subject, options: NoOptions, seed: int) -> Results:
    yield from reconstructions(subject.network, subject.objective, subject.dataset, subject.test_rows, seed)


def _applies(subject: Subject) -> str | None:
    if subject.objective.capability("encoder") is None and subject.objective.capability("generator") is None:
        return say("evaluation.no-decoder")
    return of_test_rows(subject)


ANALYSIS = Analysis(
    name="reconstructions",
    question="What do latent codes preserve, and how smooth is the latent space?",
    section="representations",
    run=_run,
    applies=_applies,
)
