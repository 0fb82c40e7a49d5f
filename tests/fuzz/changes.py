"""How the fuzzer changes a file: bytes, pieces, lines, numbers; several changes at once at times."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import numpy as np

Rng = np.random.Generator
ODD = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\r\r\n", b"\n\n\n", b'"', b"'", b",", b";", b"\t",
    b"\x1b[31m",
    b"\xe2\x80\xae", b"\xed\xa0\x80", b"NaN", b"Infinity", b"-0", b"1e999", b"9" * 400, b"0x1F", b"1_000", b"007",
    b"[" * 3000, b"{" * 3000, b"&a [*a]", b"!!python/object:os.system x", b"%s%n", b"null", b"true", b"\\u0000",
    b"\\ud800",
    b"PAR1", b"ARROW1", b"PK\x03\x04", b"\x1a", b" " * 5000, b"=1+1",
)  # fmt: skip
NUMBERS = (
    b"-1",
    b"0",
    b"999999999999999999999999",
    b"1e308",
    b"-1e-320",
    b"2147483648",
    b"",
    b"1.2.3",
    b"1,5",
    b"0123",
)


def flip(data: bytearray, rng: Rng) -> None:
    for at in rng.integers(0, len(data), int(rng.integers(1, 9))):
        data[at] ^= 1 << int(rng.integers(8))


def overwrite(data: bytearray, rng: Rng) -> None:
    for at in rng.integers(0, len(data), int(rng.integers(1, 5))):
        data[at] = int(rng.integers(256))


def truncate(data: bytearray, rng: Rng) -> None:
    del data[int(rng.integers(len(data))) :]


def cut(data: bytearray, rng: Rng) -> None:
    start = int(rng.integers(len(data)))
    del data[start : start + int(rng.integers(1, 64))]


def repeat(data: bytearray, rng: Rng) -> None:
    start = int(rng.integers(len(data)))
    piece = data[start : start + int(rng.integers(1, 200))]
    data[start:start] = piece * int(rng.integers(1, 5))


def insert(data: bytearray, rng: Rng) -> None:
    at = int(rng.integers(len(data) + 1))
    data[at:at] = ODD[int(rng.integers(len(ODD)))]


def number(data: bytearray, rng: Rng) -> None:
    found = list(re.finditer(rb"-?\d+(\.\d+)?", bytes(data)))
    if found:
        one = found[int(rng.integers(len(found)))]
        data[one.start() : one.end()] = NUMBERS[int(rng.integers(len(NUMBERS)))]


def lines(data: bytearray, rng: Rng) -> None:
    """Drop, double or swap lines, or end them otherwise."""
    parts = bytes(data).split(b"\n")
    at, other = rng.integers(0, len(parts), 2)
    match int(rng.integers(4)):
        case 0:
            del parts[at]
        case 1:
            parts.insert(other, parts[at])
        case 2:
            parts[at], parts[other] = parts[other], parts[at]
        case _:
            data[:] = bytes(data).replace(b"\n", (b"\r", b"\r\n", b"\n\r", b"\n\n")[int(rng.integers(4))])
            return
    data[:] = b"\n".join(parts)


def encoding(data: bytearray, rng: Rng) -> None:
    """Write text in another encoding, where it can be."""
    try:
        text = bytes(data).decode()
        data[:] = text.encode(("utf-16", "utf-16-le", "utf-32", "cp1250", "utf-8-sig")[int(rng.integers(5))])
    except UnicodeError:
        flip(data, rng)


CHANGES: tuple[Callable[[bytearray, Rng], None], ...] = (
    flip, overwrite, truncate, cut, repeat, insert, insert, number, lines, encoding,
)  # fmt: skip


def inside(archive: bytes, rng: Rng) -> bytes:
    """Return a ZIP archive with one member changed, whose checksums are right again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        which = names[int(rng.integers(len(names)))]
        for name in names:
            content = old.read(name)
            new.writestr(name, changed(content, rng) if name == which else content)
    return out.getvalue()


def changed(data: bytes, rng: Rng) -> bytes:
    """Return a file that differs from another in one to three ways; of archives mostly what is inside."""
    if data.startswith(b"PK") and rng.random() < 0.8:
        return inside(data, rng)
    found = bytearray(data)
    for _ in range((1, 1, 2, 3)[int(rng.integers(4))]):
        if found:
            CHANGES[int(rng.integers(len(CHANGES)))](found, rng)
    return bytes(found)
