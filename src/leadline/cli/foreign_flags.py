"""What other tools call their commands and flags, and what each is called here, for all commands alike.

Flags of a training that stand for entries of the experiment are looked up in `core/entries/did_you_mean.py`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadline.core.catalogue import say
from leadline.errors import did_you_mean

COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("fit", "run", "learn", "start"), "train"),
    **dict.fromkeys(("test", "eval", "score", "validate"), "evaluate"),
    **dict.fromkeys(("infer", "inference", "classify", "apply", "forecast"), "predict"),
    **dict.fromkeys(("cv", "cross-validate", "crossvalidate", "cross_validate"), "crossval"),
    **dict.fromkeys(("list", "ls", "history"), "runs"),
    **dict.fromkeys(("continue", "restart"), "resume"),
    **dict.fromkeys(("networks", "backbones", "architectures"), "models"),
    **dict.fromkeys(("losses", "tasks"), "objectives"),
    **dict.fromkeys(("show", "summary", "open"), "report"),
    **dict.fromkeys(("features", "encode", "embeddings"), "embed"),
    **dict.fromkeys(("generate",), "sample"),
    **dict.fromkeys(("diff",), "compare"),
}
FLAGS: Mapping[str, str] = {
    **dict.fromkeys(("--output", "-o", "--output-file", "--output-dir", "--save", "--to"), "--out"),
    **dict.fromkeys(("--silent", "-s", "--no-progress"), "--quiet"),
    **dict.fromkeys(("--format", "--as-json"), "--json"),
    **dict.fromkeys(("--browser", "--show", "--view"), "--open"),
    **dict.fromkeys(("--delete", "--clean", "--purge"), "--clear"),
    **dict.fromkeys(("--threshold", "--requirement"), "--require"),
    "-t": "--target",
    "-e": "--epochs",
    "-b": "--batch",
}
# What is no flag here but the first or second thing that a command is given.
SOURCES = ("--data", "--dataset", "--source", "--input", "--train-data", "--csv", "--file", "-i", "-d")
RUNS = ("--model", "--run")


def of_command(name: str, known: Iterable[str]) -> str:
    """Return a sentence that says which command is meant by one that there is not."""
    usual = COMMANDS.get(name.casefold())
    return say("cli.command-is", command=usual) if usual else did_you_mean(name, known, "'leadline --help'")


def of_flag(flag: str, where: str, ctx: Any, arguments: Sequence[str]) -> str:
    """Return a sentence that says what is written in place of a flag that other tools have; empty where it is none."""
    positional = [one for one in ctx.command.params if not hasattr(one, "is_flag")]
    flags = _flags(ctx)
    if flag in SOURCES and "source" in [one.name for one in positional]:
        sentence = "cli.source-is-first" if positional[0].name == "source" else "cli.source-is-second"
        return say(sentence, where=where, source=_value(flag, arguments) or "SOURCE")
    if flag in RUNS and positional and positional[0].name == "run":
        return say("cli.run-is-first", where=where, run=_value(flag, arguments) or "RUN")
    name = FLAGS.get(flag)
    if name not in flags:
        return ""
    value = _value(flag, arguments) if name not in _switches(ctx) else ""
    return say("cli.write-flag", flag=f"{name} {value}".rstrip())


def near_flag(flag: str, ctx: Any) -> str:
    """Return a sentence that offers the flags of a command that are like one that it does not have, or lists them."""
    known = _flags(ctx)
    near = difflib.get_close_matches(flag, known, n=1, cutoff=0.6)
    return did_you_mean(flag, near or known, f"'{ctx.command_path} --help'")


def _flags(ctx: Any) -> list[str]:
    """Return the flags of a command, hidden ones left out."""
    own = [one for one in ctx.command.params if hasattr(one, "is_flag") and not one.hidden]
    return [name for one in own for name in one.opts if name.startswith("--")]


def _switches(ctx: Any) -> list[str]:
    """Return the flags of a command that take no value."""
    return [name for one in ctx.command.params if getattr(one, "is_flag", False) for name in one.opts]


def given_with(flag: str, arguments: Sequence[str], flags: str) -> str | None:
    """Return the text that was given with a flag, ``--flag=text`` or ``--flag text``; None where there was none: what
    begins as `flags` do (``-`` or ``--``) is the next of them.
    """
    for number, one in enumerate(arguments):
        name, equals, text = one.partition("=")
        if name == flag:
            follows = arguments[number + 1] if number + 1 < len(arguments) else flags
            return text if equals else None if follows.startswith(flags) else follows
    return None


def _value(flag: str, arguments: Sequence[str]) -> str:
    """Return the text that was given with a flag as it is written again; empty where there was none."""
    text = given_with(flag, arguments, "-") or ""
    return f'"{text}"' if " " in text else text
