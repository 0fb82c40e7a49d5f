"""Signed claims: they hold with the key of the signer only, and with what was signed only."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

import leadline
from leadline.core.report import Report
from leadline.errors import RunError, UsageError
from leadline.run import folder as files
from leadline.run.claims import TEST_RESULT, statement
from sentences import says

Rewrite = Callable[[Path, Report], None]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two pairs of keys, `a` and `b`, and the first encrypted with a password."""
    folder = tmp_path_factory.mktemp("keys")
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    made = {"a": ed25519.Ed25519PrivateKey.generate(), "b": ec.generate_private_key(ec.SECP256R1())}
    for name, key in made.items():
        (folder / f"{name}.pem").write_bytes(key.private_bytes(pem, form, plain))
        public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
        (folder / f"{name}.public.pem").write_bytes(public)
    locked = made["a"].private_bytes(pem, form, serialization.BestAvailableEncryption("Öl".encode()))
    (folder / "locked.pem").write_bytes(locked)
    return folder


def _signature_checks(run: Path, key: Path | None = None) -> dict[str, str]:
    found = leadline.verify(run, key=key, quiet=True)
    return {one.name: one.outcome for one in found.checks if one.subject == "signature"}


@pytest.mark.parametrize("name", ["a", "b"])
def test_signed_claims_hold_with_the_key_of_the_signer_only(
    copied: Path, keys: Path, name: str, cli: Callable[..., int], capsys
) -> None:
    assert cli("sign", copied, "--key", keys / f"{name}.pem") == 0
    assert re.search(says("cli.signed", file=copied / files.CLAIMS), capsys.readouterr().out)
    assert cli("verify", copied, "--key", keys / f"{name}.public.pem", "--quiet") == 0
    assert re.search(says("verify.signature-holds"), capsys.readouterr().out)
    other = {"a": "b", "b": "a"}[name]
    assert _signature_checks(copied, keys / f"{other}.public.pem")[files.CLAIMS] == "differs"
    without = _signature_checks(copied)
    assert without.pop(files.CLAIMS) == "unchecked"
    assert set(without.values()) == {"holds"} and len(without) == 3


def test_what_is_signed_is_an_in_toto_test_result(copied: Path, keys: Path) -> None:
    written = leadline.sign(copied, keys / "a.pem")
    envelope = json.loads(written.read_text(encoding="utf-8"))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    said = json.loads(base64.b64decode(envelope["payload"]))
    assert (said["predicateType"], said["predicate"]["result"]) == (TEST_RESULT, "PASSED")
    assert said["predicate"]["passedTests"] == ["accuracy >= 0.5"]
    hashes = {one["name"]: one["digest"]["sha256"] for one in said["subject"]}
    assert hashes == {name: files.sha256(copied / name) for name in (files.MANIFEST, files.REPORT)}
    values = {(one["name"], one.get("split"), one.get("group")): one for one in said["predicate"]["findings"]}
    report = Report.read(copied / files.REPORT)
    assert values["accuracy", "test", None]["value"] == report["accuracy"].value
    assert values["accuracy", "test", None]["interval"] == list(report["accuracy"].interval or ())


def test_a_forger_who_rewrites_all_files_cannot_rewrite_the_signed_claims(
    rewrite_all: Rewrite, copied: Path, keys: Path
) -> None:
    leadline.sign(copied, keys / "a.pem")
    report = Report.read(copied / files.REPORT)
    slower = tuple(
        one.model_copy(update={"value": 0.001}) if one.name == "energy_wh" else one for one in report.findings
    )  # of what is only recorded, no measurement can tell
    rewrite_all(copied, report.model_copy(update={"findings": slower}))
    assert leadline.verify(copied, key=keys / "a.public.pem", quiet=True).of("differs", "signature")
    envelope = json.loads((copied / files.CLAIMS).read_text(encoding="utf-8"))
    forged = json.dumps(statement(copied, Report.read(copied / files.REPORT))).encode()
    envelope["payload"] = base64.b64encode(forged).decode()
    (copied / files.CLAIMS).write_text(json.dumps(envelope), encoding="utf-8")
    different = leadline.verify(copied, key=keys / "a.public.pem", quiet=True).of("differs")
    assert [one.name for one in different] == [files.CLAIMS]
    assert re.fullmatch(says("verify.signature-wrong"), different[0].why or "")


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b'{"payload": 3}', b'{"payload": "e30="}', b"\xff"])
def test_damaged_claims_are_named(copied: Path, keys: Path, damage: bytes) -> None:
    (copied / files.CLAIMS).write_bytes(damage)
    for key in (None, keys / "a.public.pem"):
        assert _signature_checks(copied, key) == {files.CLAIMS: "differs"}


def test_a_key_without_claims_is_a_failure_and_says_how_to_sign(copied: Path, keys: Path) -> None:
    (found,) = (one for one in leadline.verify(copied, key=keys / "a.public.pem", quiet=True).of("differs"))
    assert "leadline sign" in (found.why or "")


def test_keys_that_cannot_be_used_are_refused_in_a_sentence(copied: Path, keys: Path, monkeypatch) -> None:
    with pytest.raises(UsageError, match=says("run.key-password", file=keys / "locked.pem")):
        leadline.sign(copied, keys / "locked.pem")
    with pytest.raises(UsageError, match=says("run.no-private-key")):
        leadline.sign(copied, keys / "locked.pem", password="oil")
    with pytest.raises(UsageError, match=says("run.key-not-encrypted")):
        leadline.sign(copied, keys / "a.pem", password="Öl")
    with pytest.raises(UsageError, match=says("run.no-private-key")):
        leadline.sign(copied, keys / "a.public.pem")
    with pytest.raises(UsageError, match=says("run.key-unreadable")):
        leadline.sign(copied, keys / "none.pem")
    with pytest.raises(UsageError, match=says("run.no-public-key")):
        leadline.sign(copied, keys / "a.pem") and leadline.verify(copied, key=keys / "a.pem", quiet=True)
    monkeypatch.setenv("LEADLINE_KEY_PASSWORD", "Öl")
    assert leadline.sign(copied, keys / "locked.pem").exists()


def test_a_run_whose_files_changed_is_not_signed(copied: Path, keys: Path) -> None:
    (copied / files.CARD).write_text("better", encoding="utf-8")
    with pytest.raises(RunError, match=says("run.file-changed")):
        leadline.sign(copied, keys / "a.pem")
    assert not (copied / files.CLAIMS).exists()
