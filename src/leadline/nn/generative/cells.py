"""What a decoder has to say of one column of a table, and how what it says becomes the column's values."""

from __future__ import annotations

from typing import Literal, NamedTuple

# A quantity; a moment, encoded as day and second; yes or no; one of several classes; or what follows from other
# columns, which is not modelled, and zero in rows that are generated.
Form = Literal["quantity", "moment", "yes", "class", "derived"]


class Cell(NamedTuple):
    """One column: its form, mean and standard deviation of its encoded values on train rows (of a moment in days, and
    whether it has a time of day), how many classes it has (codes 1 …, 0 where unknown).
    """

    form: Form
    mean: float = 0.0
    std: float = 1.0
    timed: bool = False
    classes: int = 0

    @property
    def codes(self) -> tuple[int, int]:
        """How many values the column has, and the first of them; none where it is no question of classes."""
        return (self.classes, 1) if self.form == "class" else (2, 0) if self.form == "yes" else (0, 0)
