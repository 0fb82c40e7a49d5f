"""Signed claims of a run: a statement of its figures and verdicts, signed with a key, and checked without a network.

The statement has the form of an in-toto test result (https://in-toto.io/attestation/test-result/v0.1): its subjects are
the manifest and the report by their sha256, its tests the requirements. It lies in a DSSE envelope
(``claims.intoto.json``), which other tools for signatures read, and outside the manifest, which it signs.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leadline.core.base import parsed_json
from leadline.core.catalogue import say
from leadline.core.report import Report
from leadline.errors import MissingExtra, UsageError, first_line
from leadline.run import folder as files
from leadline.run.verification import Check, same

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, SSlibKey

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD = "application/vnd.in-toto+json"
SUBJECTS = (files.MANIFEST, files.REPORT)
OUTCOMES = {"pass": "passedTests", "fail": "failedTests", "undecided": "warnedTests"}


def statement(folder: Path, report: Report) -> dict[str, Any]:
    """Return what is signed of a run: its files, its experiment, its verdicts and its figures.

    The result is ``PASSED`` where every requirement passes, ``FAILED`` where one fails, and ``WARNED`` where one is
    undecided or none was declared.
    """
    tests: dict[str, list[str]] = {name: [] for name in OUTCOMES.values()}
    for verdict in report.requirements:
        tests[OUTCOMES[verdict.verdict]].append(verdict.text)
    passed = bool(report.requirements) and not tests["warnedTests"]
    result = "FAILED" if tests["failedTests"] else "PASSED" if passed else "WARNED"
    shown = {"name", "split", "group", "value", "interval", "n", "unit"}
    return {
        "_type": STATEMENT,
        "subject": [_resource(folder, name) for name in SUBJECTS],
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": result,
            "configuration": [_resource(folder, files.EXPERIMENT)],
            **tests,
            # beyond the form of a test result, whose readers pass over what they do not know
            "findings": [one.model_dump(mode="json", include=shown, exclude_none=True) for one in report.findings],
        },
    }


def _resource(folder: Path, name: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": files.sha256(folder / name)}}


def sign_claims(folder: Path, key: Path, password: str | None = None) -> str:
    """Sign the statement of a finished run with a private key in PEM (Ed25519, ECDSA or RSA); return the key's
    identifier.

    Raises RunError where a file of the run has changed, UsageError where the key cannot be read.
    """
    files.verify(folder)
    made = json.dumps(statement(folder, Report.read(folder / files.REPORT)), ensure_ascii=False).encode()
    signer = _signer(key, password)
    from securesystemslib.dsse import Envelope

    envelope = Envelope(made, PAYLOAD, {})
    signature = envelope.sign(signer)
    files.write(folder / files.CLAIMS, json.dumps(envelope.to_dict(), indent=1))
    return str(signature.keyid)


def claims_checked(folder: Path, report: Report, key: Path | None) -> Iterator[Check]:
    """Yield whether signed claims say what the folder says and, with the public `key` of the signer, whether the
    signature is theirs.

    Raises UsageError where the key cannot be read.
    """
    file = folder / files.CLAIMS
    if not file.exists():
        if key is not None:
            yield _signed(say("verify.nothing-signed", command=f"leadline sign {folder} --key PRIVATE.pem"))
        return
    try:
        envelope = parsed_json(file.read_bytes())
        said = parsed_json(base64.b64decode(envelope["payload"], validate=True))
        made = statement(folder, report)
        subjects = {str(one["name"]): one["digest"]["sha256"] for one in said["subject"]}
        predicate = dict(said["predicate"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield _signed(say("verify.claims-unreadable", error=first_line(error)))
        return
    for one in made["subject"]:
        name = say("verify.file-by-claims", file=one["name"])
        yield same(name, "signature", subjects.get(one["name"]), one["digest"]["sha256"])
    rest = (said.get("predicateType"), predicate) == (TEST_RESULT, made["predicate"])
    yield _signed(None if rest else say("verify.claims-differ"), say("verify.claims-and-report"))
    yield from _signature(envelope, key)


def _signature(envelope: Mapping[str, Any], key: Path | None) -> Iterator[Check]:
    if key is None:
        why = say("verify.key-not-given")
        yield Check(subject="signature", name=files.CLAIMS, outcome="unchecked", why=why)
        return
    public = _public(key)
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import FormatError, VerificationError

    try:
        read = Envelope.from_dict(dict(envelope))
        if read.payload_type != PAYLOAD:
            raise ValueError(read.payload_type)
        read.verify([public], 1)
    except VerificationError:
        other = public.keyid not in read.signatures
        yield _signed(say("verify.other-key" if other else "verify.signature-wrong", key=key))
    except (FormatError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield _signed(say("verify.claims-unreadable", error=first_line(error)))
    else:
        yield _signed(None)


def _signed(why: str | None, name: str = files.CLAIMS) -> Check:
    return Check(subject="signature", name=name, outcome="holds" if why is None else "differs", why=why)


def _signer(file: Path, password: str | None) -> CryptoSigner:
    """Return what signs with the private key of a file."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
        from securesystemslib.signer import CryptoSigner
    except ImportError as error:
        raise MissingExtra(say("run.signing-needs-extra", error=error)) from None
    content = _pem(file)
    try:
        return CryptoSigner(load_pem_private_key(content, password.encode() if password else None))
    except TypeError:  # it is encrypted and there is no password, or the other way round
        raise UsageError(say("run.key-password" if password is None else "run.key-not-encrypted", file=file)) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(say("run.no-private-key", file=file)) from None


def _public(file: Path) -> SSlibKey:
    """Return the public key of a file."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
        from securesystemslib.signer import SSlibKey
    except ImportError as error:
        raise MissingExtra(say("run.signing-needs-extra", error=error)) from None
    try:
        return SSlibKey.from_crypto(load_pem_public_key(_pem(file)))
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(say("run.no-public-key", file=file)) from None


def _pem(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UsageError(say("run.key-unreadable", file=file, error=error.strerror or error)) from None


def key_is_encrypted(file: Path) -> bool:
    """Return whether a private key asks for a password."""
    return b"ENCRYPTED" in _pem(file)
