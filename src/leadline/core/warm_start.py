"""Where the weights of a network begin, where they are not drawn, and with how many labels that is tried."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from leadline.core.base import Fact

USUAL_SHARES = (0.01, 0.1, 1.0)  # of the labels, that the label-efficiency curve is drawn through


def _shares(value: Any) -> Any:
    """Return shares of the labels; true stands for the usual ones."""
    return (
        (USUAL_SHARES if value else ())
        if isinstance(value, bool)
        else (value,)
        if isinstance(value, int | float)
        else value
    )


Shares = Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], BeforeValidator(_shares)]


class WarmStart(Fact):
    """A finished `run` whose network gives the first weights; `weights` is the sha256 of its file, found when training
    begins.
    """

    run: str = Field(examples=["runs/digits-1"])
    weights: str | None = Field(default=None, examples=["9f86d081…"])

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return {"run": value} if isinstance(value, str) else value
