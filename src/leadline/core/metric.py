"""A metric as it is declared: once, beside what yields it; requirements, help, page and card read the declaration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# people's names keep their capital within a sentence
_NAMES = ("Brier", "Dice", "Fréchet", "Gini", "Hamming", "Kullback", "Poisson", "Rand")


@dataclass(frozen=True)
class Metric:
    """What findings of one name are called and mean.

    `id` is the name that findings and requirements use, `title` what reports call it, `gloss` what it means in a line,
    and `short` its abbreviation, where one is usual (``MAE``). `unit` is ``%`` for a share of a whole (findings hold it
    from 0 to 1), ``1`` for other pure numbers, and empty where it depends on the data. `better` says which direction is
    better, where one is. By those that are `compared` a network stands beside simpler models, and beside its inputs
    alone. `largest` is the largest value that there can be, of what is no share. `of_right_rows` is True for the share
    of rows that are right, in which a row without an answer is a wrong one.
    """

    id: str
    title: str
    gloss: str = ""
    unit: str = "1"
    better: Literal["higher", "lower"] | None = None
    compared: bool = False
    short: str = ""
    largest: float | None = None
    of_right_rows: bool = False

    @property
    def is_share(self) -> bool:
        """Say whether it is shown in per cent."""
        return self.unit == "%"

    @property
    def largest_value(self) -> float | None:
        """The largest value that there can be; None where there is no bound."""
        return 1.0 if self.is_share else self.largest

    @property
    def name_in_text(self) -> str:
        """What it is called within a sentence: its abbreviation, or its title without the capital it begins with."""
        begin = self.title.split(" ")[0].split("-")[0]
        kept = any(letter.isupper() for letter in begin[1:]) or begin[:2].isupper() or self.title.startswith(_NAMES)
        return self.short or (self.title if kept else self.title[:1].lower() + self.title[1:])
