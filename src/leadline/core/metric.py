"""A metric as it is declared: once, beside what yields it; requirements, help, page and card read the declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """What findings of one name are called and mean.

    `id` is the name that findings and requirements use, `title` what reports call it, and `gloss` what it means in a
    line. `unit` is ``%`` for a share of a whole (findings hold it from 0 to 1), ``1`` for other pure numbers, and empty
    where it depends on the data. `better` says which direction is better, where one is. By those that are `compared`
    a network stands beside simpler models, and beside its inputs alone.
    """

    id: str
    title: str
    gloss: str = ""
    unit: str = "1"
    better: Literal["higher", "lower"] | None = None
    compared: bool = False

    @property
    def is_share(self) -> bool:
        """Say whether it is shown in per cent."""
        return self.unit == "%"
