"""Run a command and turn whatever happens into an exit code.

0 done and every requirement passes · 1 a requirement fails · 2 bad usage or bad input · 3 none fails, one is undecided
· 5 training failed · 130/143 interrupted or terminated, a resumable checkpoint kept · 70 a bug in Leadline.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer

from leadline.cli import foreign_flags
from leadline.cli.app import app
from leadline.cli.training_flags import wrong_flag
from leadline.core.catalogue import say
from leadline.core.entries.renamed import Renamed
from leadline.core.entries.surface import speaking
from leadline.errors import LeadlineError, TrainingFailed, plain
from leadline.machine.disk import is_full

BUG = 70
COMPLETING = "_LEADLINE_COMPLETE"  # the environment variable in which shells ask typer for what completes a command
TRAINING = ("leadline train", "leadline crossval")  # whose flags are entries of an experiment
# typer is built on click, or on a copy of it inside: its exceptions are reached through what typer itself exports
_USAGE: type[Exception] = typer.BadParameter.__mro__[1]


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; nothing is raised."""
    _speak_utf8()
    if COMPLETING in os.environ:
        # typer breaks what is said of a candidate into lines of the terminal's width, and shells take each for a word
        os.environ["COLUMNS"] = "10000"
    with warnings.catch_warnings():
        warnings.simplefilter("always", Renamed)
        warnings.showwarning = _show(warnings.showwarning)
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        Path.cwd()
    except FileNotFoundError:  # libraries that are loaded later would end the process without a word
        print(say("cli.no-working-directory"), file=sys.stderr)  # noqa: T201
        return LeadlineError.exit_code
    command = typer.main.get_command(app)
    # `leadline completion` says it all: without typer's own way beside it
    command.params = [one for one in command.params if one.name not in ("install_completion", "show_completion")]
    try:
        with speaking("command line"):
            code = command.main(args=list(arguments), prog_name="leadline", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except LeadlineError as error:
        print(say("cli.error", message=error), file=sys.stderr)  # noqa: T201
        return error.exit_code
    except typer.Exit as error:
        return error.exit_code
    except SystemExit as done:  # a shell has asked what completes a command
        return done.code if isinstance(done.code, int) else 0
    except _USAGE as error:
        message = _usage(error, arguments)
        if message:
            print(say("cli.error", message=message), file=sys.stderr)  # noqa: T201
        return 2
    except (KeyboardInterrupt, typer.Abort):
        print(say("cli.interrupted"), file=sys.stderr)  # noqa: T201
        return 130
    except BrokenPipeError:
        # the reader of our output has gone (`leadline runs | head`): not an error, and nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            print(say("cli.too-many-files"), file=sys.stderr)  # noqa: T201
            return TrainingFailed.exit_code
        if not is_full(error) and error.errno != errno.EIO:
            return _bug()
        print(say("cli.disk-full", reason=error.strerror or error), file=sys.stderr)  # noqa: T201
        return TrainingFailed.exit_code
    except Exception as error:  # noqa: BLE001  the last line of defence: say that it is our fault, with all we know
        return _too_large() if _memory_is_full(error) else _bug()


def _show(others: Callable[..., None]) -> Callable[..., None]:
    """Return what shows a warning: names of version 0.1 are said in a plain line, others as ever."""
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if not issubclass(category, Renamed):
            others(message, category, *where, **more)
        elif str(message) not in said:
            said.add(str(message))
            print(say("cli.error", message=message), file=sys.stderr)  # noqa: T201

    return show


def _memory_is_full(error: Exception) -> bool:
    if not isinstance(error, RuntimeError | MemoryError):
        return False
    from leadline.machine.out_of_memory import (
        is_out_of_memory,  # whoever ran out of memory has loaded torch already, or is beyond caring
    )

    return is_out_of_memory(error)


def _too_large() -> int:
    print(say("cli.memory-full"), file=sys.stderr)  # noqa: T201
    return TrainingFailed.exit_code


def _bug() -> int:
    traceback.print_exc()
    print(say("cli.bug"), file=sys.stderr)  # noqa: T201
    return BUG


def _speak_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")  # labels in any script, also on consoles that speak another


def _usage(error: Any, arguments: Sequence[str]) -> str:
    """Return what is wrong with the arguments, and what to write; empty where the help has been printed."""
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        return ""
    where = error.ctx.command_path if error.ctx else "leadline"
    asked = getattr(error, "option_name", None)
    hint = ""
    if kind == "NoSuchOption" and asked:
        with speaking("command line"):
            hint = foreign_flags.of_flag(asked, where, error.ctx, arguments)
            hint = hint or (wrong_flag(asked, arguments, where.split()[-1]) if where in TRAINING else "")
        hint = hint or foreign_flags.near_flag(asked, error.ctx)
        if hint:
            return say("options.unknown-flag", flag=asked, hint=hint)
    if where in TRAINING and kind == "MissingParameter" and getattr(error.param, "name", "") == "source":
        return say("cli.no-data", where=where)
    if where == "leadline" and kind == "UsageError" and arguments:
        name = next((one for one in arguments if not one.startswith("-")), "")
        return say(
            "cli.no-command", name=name, hint=foreign_flags.of_command(name, error.ctx.command.list_commands(error.ctx))
        )
    message = plain(error.format_message())
    end = "" if message.endswith((".", "?", ")")) else "."
    return say("cli.help-says-more", message=message, end=end, where=where)
