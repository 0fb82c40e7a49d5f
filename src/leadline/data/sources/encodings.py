"""Files of text as they lie about: compressed or not, in whatever encoding; the encoding is recognised where nothing
states it.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple, cast

from leadline.core.catalogue import say
from leadline.errors import DataError, MissingExtra, UsageError, first_line

UTF_8 = "utf-8-sig"
BLOCK = 1 << 20  # bytes
_TELLING = 1 << 16  # bytes of lines that are not ASCII, enough to know an encoding by
_LATIN = "cp1252"
_ALPHABETS = ("koi8_r", "cp1251", "cp1253", "cp1255", "cp1256", "cp874")  # a byte a letter, none of them ASCII's
# Those that bytes can be told apart by. Of the Latin ones only Western Europe's: the others differ from it in a few
# letters.
_KNOWN = [
    "gb18030",
    "cp932",
    "euc_jp",
    "cp949",
    "big5",
    "koi8_r",
    "cp1251",
    "cp1253",
    "cp1255",
    "cp1256",
    "cp874",
    _LATIN,
]
_CALLED = {
    "cp932": "Shift-JIS (cp932)",
    "cp949": "EUC-KR (cp949)",
    "euc_jp": "EUC-JP",
    "gb18030": "GB18030",
    "big5": "Big5",
    "koi8_r": "KOI8-R",
    "cp1251": "Windows Cyrillic (cp1251)",
    "cp1252": "Western European (cp1252)",
    "cp1253": "Windows Greek (cp1253)",
    "cp1255": "Windows Hebrew (cp1255)",
    "cp1256": "Windows Arabic (cp1256)",
    "cp874": "Thai (cp874)",
}


class Encoding(NamedTuple):
    """A codec of Python's, and whether the user named it, the file states it, or it was guessed.

    Of a file that is UTF-8 but for some lines, `other` is the codec of these, and `line` the first of them that was
    seen.
    """

    codec: str
    guessed: bool = False
    other: str | None = None
    line: int = 0

    @property
    def errors(self) -> str:
        """What is done about bytes that the codec does not have, as `codecs` knows it."""
        return f"leadline.{self.other}" if self.other else "replace" if self.guessed else "strict"

    def note(self, path: Path) -> tuple[str, ...]:
        """Return what the user should know about it; nothing for UTF-8."""
        if self.codec == UTF_8:
            return ()
        if self.other:
            other = _CALLED.get(self.other, self.other)
            return (say("sources.encoding-mixed", file=path.name, line=self.line, encoding=other),)
        name = "sources.encoding-guessed" if self.guessed else "sources.encoding-used"
        return (say(name, file=path.name, encoding=_CALLED.get(self.codec, self.codec)),)


def opened(path: Path) -> IO[bytes]:
    """Return the bytes of a file, decompressed where its name ends in .gz, .bz2, .xz or .zst."""
    return _OPENERS.get(path.suffix.lower(), _plain)(path)


def is_compressed(path: Path) -> bool:
    """Say whether a file's name ends as those of compressed files do."""
    return path.suffix.lower() in _OPENERS


def blocks(path: Path) -> Iterator[bytes]:
    """Yield the decompressed bytes of a file; raises DataError where it is damaged."""
    try:
        with opened(path) as file:
            while block := file.read(BLOCK):
                yield block
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, PermissionError):
            raise
        raise DataError(say("sources.unreadable", path=path, error=first_line(error))) from None


def named(codec: str) -> Encoding:
    """Return the encoding that a user has named; raises UsageError where there is none of that name."""
    try:
        name = codecs.lookup(codec).name
        "".encode(name)
    except (LookupError, TypeError):
        raise UsageError(say("sources.no-encoding", encoding=codec, known=", ".join(_KNOWN))) from None
    return Encoding(UTF_8 if name == "utf-8" else name)


def of_sample(sample: bytes, path: Path) -> Encoding:
    """Return the encoding of a file by its first bytes; raises DataError, with the line, for bytes that no text has."""
    for mark, codec in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return Encoding(codec)
    if b"\0" in sample:
        return _wide(sample, path)
    if _is_utf_8(sample):
        return Encoding(UTF_8)
    return _of_lines((number, line) for number, line in enumerate(sample.split(b"\n"), start=1) if not line.isascii())


def of_file(path: Path) -> Encoding:
    """Return the encoding of a file by all of its lines that are not ASCII: its first bytes were, and did not tell."""
    return _of_lines(_telling(path))


def _telling(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield lines that are not ASCII, with their numbers, until there are enough."""
    rest, number, seen = b"", 1, 0
    for block in blocks(path):
        *lines, rest = (rest + block).split(b"\n")
        for at, line in enumerate(lines):
            if not line.isascii():
                seen += len(line)
                yield number + at, line
        number += len(lines)
        if seen > _TELLING:
            return
    if not rest.isascii():
        yield number, rest


def _of_lines(numbered: Iterable[tuple[int, bytes]]) -> Encoding:
    """Return the encoding of lines that are not ASCII, not all of which are UTF-8: another one, or a mixture of it with
    another.

    It is a mixture where no fewer of them are UTF-8 than are not, which lines in other encodings hardly ever are by
    chance.
    """
    lines = list(numbered)
    others = [(number, line) for number, line in lines if not _is_utf_8(line)]
    telling = b"".join(line + b"\n" for _, line in lines)
    if others and 2 * len(others) <= len(lines) and not _is_simplified_chinese(telling):
        other = _guessed(b"".join(line + b"\n" for _, line in others)).codec
        codecs.register_error(f"leadline.{other}", partial(_read_as, other))
        return Encoding("utf-8", guessed=True, other=other, line=others[0][0])
    return _guessed(telling)


def _read_as(codec: str, error: UnicodeError) -> tuple[str, int]:
    """Return what bytes that are not UTF-8 are in another encoding, and where to go on."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode(codec, "replace"), error.end


def texts(path: Path, encoding: Encoding) -> Iterator[str]:
    """Yield a file's text, block by block, its line ends as they are; raises DataError as `decoded` does."""
    return decoded(blocks(path), encoding, path)


def decoded(pieces: Iterable[bytes], encoding: Encoding, path: Path, *, final: bool = True) -> Iterator[str]:
    """Yield the text of consecutive bytes of a file, which end (`final`) with it or within.

    What a guessed encoding does not have becomes U+FFFD; raises DataError, with the line, where the encoding is known.
    """
    decoder = codecs.getincrementaldecoder(encoding.codec)(encoding.errors)
    line = 1
    try:
        for piece in pieces:
            yield decoder.decode(piece)
            line += piece.count(b"\n")
        yield decoder.decode(b"", final)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise DataError(say("sources.not-in-encoding", path=path, encoding=encoding.codec, line=line)) from None


def _wide(sample: bytes, path: Path) -> Encoding:
    """Return UTF-16 without its mark where zero bytes are every other byte, as in text of Latin letters."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(even, odd) > 0.3 * len(sample) / 2 and min(even, odd) < 0.05 * max(even, odd):
        return Encoding("utf-16-le" if odd > even else "utf-16-be", guessed=True)
    line = sample[: sample.index(0)].count(b"\n") + 1
    raise DataError(say("sources.nul-bytes", path=path, line=line))


def _is_utf_8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # the last letter may be cut in two
    except UnicodeDecodeError:
        return False
    return True


def _guessed(telling: bytes) -> Encoding:
    from charset_normalizer import from_bytes

    telling = telling[: telling.rfind(b"\n", 0, _TELLING) + 1] or telling[:_TELLING]  # whole lines, where there are any
    # single letters with accents: other writings have words of such bytes
    if not re.search(rb"[\x80-\xff]{2}", telling):
        return Encoding(_LATIN, guessed=True)
    if _is_simplified_chinese(telling):
        return Encoding("gb18030", guessed=True)
    for cut in range(4):  # a sample may end within a letter
        for match in from_bytes(telling[: len(telling) - cut], cp_isolation=_KNOWN):
            if match.encoding in _KNOWN and not _mostly_katakana(str(match)):
                latin = match.encoding in _ALPHABETS and _mostly_mixed(telling)
                return Encoding(_LATIN if latin else match.encoding, guessed=True)
    return Encoding(_LATIN, guessed=True)


def _is_simplified_chinese(telling: bytes) -> bool:
    """Say whether all letters are pairs of bytes where GB 2312 has its punctuation and, for most, its 3,755 common
    characters.

    They are in the order of their sounds from 0xB0 to 0xD7. Korean syllables, in pairs of bytes too, end at 0xC8. A few
    words are enough here, and too few for statistics of letters.
    """
    runs = re.findall(rb"[\x80-\xff]+", telling)
    leads: list[int] = [lead for run in runs for lead in run[::2]]
    trails: list[int] = [trail for run in runs for trail in run[1::2]]
    if (
        len(leads) != len(trails)
        or min(trails) < 0xA1
        or not all(lead in (0xA1, 0xA3) or 0xB0 <= lead <= 0xF7 for lead in leads)
    ):
        return False
    return 10 * sum(lead <= 0xD7 for lead in leads) >= 9 * len(leads) and 10 * sum(lead > 0xC8 for lead in leads) > len(
        leads
    )


def _mostly_katakana(text: str) -> bool:
    """Say whether text is mostly half-width katakana: hardly anyone writes so, but any bytes above 0xA0 are that in
    Shift-JIS.
    """
    beyond = [letter for letter in text if not letter.isascii()]
    return 2 * sum("\uff61" <= letter <= "\uff9f" for letter in beyond) > len(beyond)


def _mostly_mixed(telling: bytes) -> bool:
    """Say whether most words with letters beyond ASCII have ASCII's too, as those of Latin languages have."""
    words = [word for word in re.findall(rb"[A-Za-z\x80-\xff]+", telling) if not word.isascii()]
    return 2 * sum(bool(re.search(rb"[A-Za-z]", word)) for word in words) > len(words)


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _zstandard(path: Path) -> IO[bytes]:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtra(say("sources.zstandard-needs-pyarrow", path=path)) from None
    return cast(IO[bytes], io.BufferedReader(pyarrow.input_stream(str(path), compression="zstd")))


_OPENERS: Mapping[str, Callable[[Path], IO[bytes]]] = {
    ".gz": lambda path: cast(IO[bytes], gzip.open(path)),  # noqa: SIM115  whoever asks for it closes it
    ".bz2": lambda path: cast(IO[bytes], bz2.open(path)),  # noqa: SIM115
    ".xz": lambda path: cast(IO[bytes], lzma.open(path)),  # noqa: SIM115
    ".zst": _zstandard,
}
COMPRESSED: tuple[str, ...] = tuple(_OPENERS)
