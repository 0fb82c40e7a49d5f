"""Sign what a run claims, with a key of one's own."""

from __future__ import annotations

import os
from pathlib import Path

from leadline.run import folder as files
from leadline.run.claims import sign_claims
from leadline.run.run import Run

PASSWORD = "LEADLINE_KEY_PASSWORD"


def sign(run: Run | str | Path, key: str | Path, *, password: str | None = None) -> Path:
    """Sign the files, verdicts and figures of a finished run, and return the file of the signed claims.

    `key` is a private key in PEM: Ed25519, ECDSA or RSA; `password` decrypts it, and is read from the environment
    (``LEADLINE_KEY_PASSWORD``) if not given. The claims are an in-toto test result in a DSSE envelope;
    ``leadline.verify(run, key=...)`` checks them with the public key.

    Raises RunError where a file of the run has changed since it was written, UsageError where the key cannot be read,
    and MissingExtra without ``leadline[sign]``.
    """
    folder = run.folder if isinstance(run, Run) else Path(run).expanduser()
    sign_claims(folder, Path(key).expanduser(), password or os.environ.get(PASSWORD))
    return folder / files.CLAIMS
