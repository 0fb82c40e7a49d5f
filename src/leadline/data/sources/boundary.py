"""Where files meet parsers that are not ours: whatever these raise of a damaged file becomes one sentence about it.

A fault in Leadline's own code stays what it is, a bug with its traceback.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from leadline.core.catalogue import say
from leadline.core.safe_text import visible
from leadline.core.wording import shortened
from leadline.errors import DataError, LeadlineError, first_line

_CHILD = "import sys,{module};{module}.{reader}(open(sys.argv[1],'rb'))"
ABORTED = (3, 0xC0000005, 0xC0000409)  # how Windows says that a process was ended
LONGEST = 200  # characters of what a parser says
PANIC = pl.exceptions.PanicException  # of Rust code: a BaseException, which `except Exception` lets pass
_OURS = str(Path(__file__).parents[2])  # where Leadline's own code lies


@contextmanager
def parsing(path: Path) -> Iterator[None]:
    """Raise DataError for what a parser raises while a file is read in the block; a full disk, memory that is used up
    and files that may not be read stay what they are.
    """
    try:
        yield
    except (LeadlineError, MemoryError, ImportError):
        raise
    except (Exception, PANIC) as error:
        if _of_the_system(error) or not _of_a_parser(error):
            raise
        raise DataError(say("sources.cannot-parse", path=path, reason=what_it_says(error))) from None


def what_it_says(error: BaseException) -> str:
    """Return the first line of what a parser says, bounded and safe to print."""
    words = first_line(error) if isinstance(error, Exception) else say("sources.parser-panicked")
    return shortened(visible(words), LONGEST)


def _of_the_system(error: BaseException) -> bool:
    """Say whether an error is the disk's or the user's, rather than that of a damaged file, which may ask the system
    for a place before its beginning, or that of a parser which uses the type for what it says.
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL, errno.EOVERFLOW)


def _of_a_parser(error: BaseException) -> bool:
    """Say whether an error comes from code that is not ours: by its type, or by where it was raised."""
    if isinstance(error, RecursionError | UnicodeError) or type(error).__module__ != "builtins":
        return True
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and not last.tb_frame.f_code.co_filename.startswith(_OURS)


@contextmanager
def panics_unsaid() -> Iterator[None]:
    """Keep what Rust code prints of a panic in the block from standard error; whatever else is written there in the
    meantime is written afterwards.
    """
    try:
        sys.stderr.flush()
        kept = os.dup(2)
    except (OSError, ValueError, AttributeError):  # there is no standard error
        yield
        return
    panicked = False
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except PANIC:
            panicked = True
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            aside.seek(0)
            said = aside.read()
            if said and not panicked:
                os.write(2, said)


def check_in_child(path: Path, module: str, reader: str) -> None:
    """Raise DataError where a process that calls a function of a module on a file is ended by the system, as this one
    would be.
    """
    code = _CHILD.format(module=module, reader=reader)
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=False)
    if done.returncode < 0 or done.returncode in ABORTED:
        raise DataError(say("sources.cannot-parse", path=path, reason=say("sources.parser-panicked")))


def check_zip(path: Path) -> None:
    """Read a file that is a ZIP archive once, and compare each member with its checksum; raises DataError naming the
    first that is damaged. Parsers of sheets and arrays do not compare them.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        if _of_the_system(error):
            raise
        raise DataError(say("sources.zip-damaged", path=path, reason=what_it_says(error))) from None
    if damaged is not None:
        raise DataError(say("sources.zip-member-damaged", path=path, member=shortened(visible(damaged), LONGEST)))
