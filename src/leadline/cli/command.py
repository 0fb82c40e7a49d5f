"""One command of the command line: a flag that takes one value is given once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from typer.core import TyperCommand, TyperOption

from leadline.core.catalogue import say
from leadline.core.entries.train_options import OPTIONS
from leadline.errors import UsageError

Function = TypeVar("Function", bound=Callable[..., Any])
_SEVERAL = "target"  # which is text, and may name several columns


class Command(TyperCommand):
    """A command that refuses a flag given twice, of which typer alone would take the last."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; raises UsageError where a flag of one value is given more than once."""
        if not ctx.resilient_parsing:
            self._check_once(ctx, args)
        return list(super().parse_args(ctx, args))

    def _check_once(self, ctx: Any, args: list[str]) -> None:
        single = [
            one
            for one in self.get_params(ctx)
            if isinstance(one, TyperOption) and not (one.is_flag or one.multiple or one.is_eager)
        ]
        with _collecting(single):
            parser = self.make_parser(ctx)
        given, _, _ = parser.parse_args(args=list(args))
        for one in single:
            values = given.get(one.name or "")
            if isinstance(values, list) and len(values) > 1:
                shown = f"{', '.join(map(repr, values[:-1]))} and {values[-1]!r}"
                hint = _hint(one, values)
                raise UsageError(say("options.given-twice", flag=one.opts[0], values=shown, hint=hint))


@contextmanager
def _collecting(options: list[TyperOption]) -> Iterator[None]:
    """Let a parser that is made in the block keep every value of options that take one."""
    for one in options:
        one.multiple = True
    try:
        yield
    finally:
        for one in options:
            one.multiple = False


def _hint(option: TyperOption, values: list[str]) -> str:
    """Return what to write in place of a flag that was given more than once."""
    known = OPTIONS.get(option.name or "")
    if known is None or not (known.form == "names" or option.name == _SEVERAL):
        return say("options.give-once")
    joined = ",".join(values)
    return say("options.write-several", flag=option.opts[0], values=f'"{joined}"' if " " in joined else joined)


class App(typer.Typer):
    """A typer application whose commands are of this kind."""

    def command(self, name: str | None = None, **more: Any) -> Callable[[Function], Function]:
        """Return what makes a function a command."""
        return super().command(name, cls=Command, **more)
