"""Two networks against each other: one tells new rows from real ones, the other makes them, of codes or of other rows.

B rows, L numbers of a code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from leadline.core.catalogue import say
from leadline.errors import UsageError, did_you_mean
from leadline.nn.batch import Signal
from leadline.nn.features import full
from leadline.nn.generative.discriminators import Critic
from leadline.nn.generative.generators import Classes
from leadline.nn.network import InputEncoder, Network
from leadline.nn.rng import Rng


class AdversarialPair(Network):
    """The discriminator, a network of one input, and the generator beside it, a `Maker` of its rows; of `classes` where
    told.
    """

    def __init__(
        self, name: str, encoder: InputEncoder, head: Critic, generator: nn.Module, classes: Classes | None
    ) -> None:
        super().__init__({name: encoder}, head)
        self.generator = generator
        self.classes = classes

    def made(self, code_BL: Tensor, rng: Rng, class_B: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """Return what the generator says of new rows, and of which classes they are: drawn ones unless given."""
        code_BL = code_BL.to(next(self.head.parameters()).dtype)
        if self.classes is None:
            return self.generator(code_BL), None
        class_B = self.classes.drawn(rng) if class_B is None else class_B
        return self.generator(code_BL, class_B), class_B

    def real(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Return what the front makes of raw rows."""
        encoder: Any = self.encoders[0]
        values: Tensor = encoder.preprocessor(inputs[self.names[0]]).values
        return values

    def new(self, given: Tensor, inputs: Mapping[str, Tensor], rng: Rng) -> Tensor:
        """Return what the front would make of new rows, beside raw real ones."""
        encoder: Any = self.encoders[0]
        maker: Any = self.generator
        values: Tensor = maker.features(encoder.preprocessor, given, inputs[self.names[0]], rng)
        return values

    def scored(self, values: Tensor, class_B: Tensor | None) -> Tensor:
        """Return the scores (B,) of what the front gives."""
        encoder: Any = self.encoders[0]
        return full(self.head(encoder.backbone(Signal(values)).values, class_B)).squeeze(1)

    def asked(self, label: str, code_BL: Tensor) -> Tensor:
        """Return the number of a class for each code (B,); raises UsageError where there is no such class."""
        if self.classes is None:
            raise UsageError(say("objectives.not-conditional"))
        if label not in self.classes.names:
            raise UsageError(
                say("objectives.unknown-class", label=label, suggestion=did_you_mean(label, self.classes.names))
            )
        return torch.full((len(code_BL),), self.classes.names.index(label), device=code_BL.device)

    def parameter_counts(self) -> dict[str, int]:
        """Return how many parameters the parts have, the generator too."""
        return {**super().parameter_counts(), "generator": sum(p.numel() for p in self.generator.parameters())}


class TranslationNetworks(Network):
    """The discriminator, a network of one picture or of a pair, and beside it what makes the picture `into` of the one
    `given`.
    """

    def __init__(
        self,
        encoders: Mapping[str, nn.Module],
        head: Critic,
        generator: nn.Module,
        given: str,
        into: str,
        classes: Sequence[str] = (),
    ) -> None:
        super().__init__(encoders, head)  # which sees both pictures of a pair side by side, none ever left out
        self.generator = generator
        self.given, self.into = given, into
        self.classes = tuple(classes)

    def made(self, inputs: Mapping[str, Tensor], class_B: Tensor | None) -> Tensor:
        """Return the pictures (B,C,H,W), raw from 0 to 255, that raw ones become: of a class, where there are some."""
        encoder: Any = self.encoders[self.names.index(self.given)]
        made: Tensor = self.generator(encoder.preprocessor(inputs[self.given]).values, class_B)
        return made

    def scored(self, inputs: Mapping[str, Tensor], class_B: Tensor | None) -> Tensor:
        """Return the scores (B,) of raw rows."""
        return full(self.head(self.features(inputs), class_B)).squeeze(1)

    def parameter_counts(self) -> dict[str, int]:
        """Return how many parameters the parts have, the generator too."""
        return {**super().parameter_counts(), "generator": sum(p.numel() for p in self.generator.parameters())}
