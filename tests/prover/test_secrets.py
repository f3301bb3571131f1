"""Key files and sealed files: there and back, tamper-proof, never shown."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any, get_args

import pytest
from samples import account, edited, unsigned_snapshot

from prover import sealing
from prover.accounts import Account
from prover.sealing import Sealed, load_private, save_private
from prover.secrets import Key, KeyFile, Role, create_key, load_key, new_key, save_key, sign_snapshot
from verifier.errors import FormatError, InvalidError, UsageError
from verifier.field import R
from verifier.market import signers

ROLES: list[Role] = list(get_args(Role))
PHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least work that a file may ask for; what is written by default has its own test."""
    monkeypatch.setattr(sealing, "_N", 1 << 14)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("phrase", [None, PHRASE])
def test_there_and_back(tmp_path: Path, role: Role, phrase: str | None) -> None:
    path = tmp_path / "keys" / "key.json"
    key = create_key(role, "mine", path, phrase)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path, role, phrase) == key
    assert KeyFile.load(path).public == key.public()


@pytest.mark.parametrize("role", ROLES)
def test_an_encrypted_key_is_not_in_its_file(tmp_path: Path, role: Role) -> None:
    path = tmp_path / "key.json"
    key = create_key(role, "mine", path, PHRASE)
    text = path.read_text()
    assert key.secret.hex() not in text
    assert PHRASE not in text
    assert str(key.number) not in text
    assert "secret" not in json.loads(text)


@pytest.mark.parametrize("role", ROLES)
def test_a_key_is_never_shown(role: Role) -> None:
    key = new_key(role, "mine")
    for shown in (repr(key), str(key), json.dumps(key.public())):
        assert key.secret.hex() not in shown
        assert repr(key.secret) not in shown
        assert str(key.number) not in shown


def test_keys_are_fresh() -> None:
    assert len({new_key(role, "x").secret for role in ROLES for _ in range(5)}) == 5 * len(ROLES)
    assert new_key("holder", "x").number < 1 << 248 < R


def test_the_address_of_a_publisher_on_a_chain() -> None:
    """That of the key 1 is known everywhere; others are compared with an independent library."""
    one = Key("publisher-evm", "one", bytes(31) + b"\x01")
    assert one.public() == {"address": "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"}
    accounts = pytest.importorskip("eth_account", reason="skipped: the extra evm is not installed")
    for _ in range(5):
        key = new_key("publisher-evm", "x")
        assert key.address == accounts.Account.from_key(key.secret).address.lower()


@pytest.mark.parametrize("secret", ["00" * 32, "ff" * 32])
def test_a_secret_that_is_no_key_of_the_curve(tmp_path: Path, secret: str) -> None:
    file = tmp_path / "key.json"
    create_key("publisher-evm", "mine", file)
    file.write_text(json.dumps(edited(json.loads(file.read_text()), "secret", secret)))
    with pytest.raises(FormatError) as caught:
        load_key(file, "publisher-evm")
    assert caught.value.field == "secret"


def test_the_wrong_passphrase(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    create_key("holder", "mine", path, PHRASE)
    with pytest.raises(UsageError, match="encrypted"):
        load_key(path, "holder")
    for phrase in ("", PHRASE + " ", PHRASE.upper()):
        with pytest.raises(InvalidError, match="does not open"):
            load_key(path, "holder", phrase)


def test_an_empty_passphrase_is_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="empty"):
        create_key("holder", "mine", tmp_path / "key.json", "")
    assert not (tmp_path / "key.json").exists()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", "yours"),
        ("kind", "attestor"),
        ("public", {"holder": "5"}),
        ("encrypted.nonce", "00" * 12),
        ("encrypted.salt", "00" * 32),
        ("encrypted.ciphertext", "00" * 48),
        ("encrypted.n", 1 << 15),
    ],
)
def test_an_altered_key_file(tmp_path: Path, path: str, value: Any) -> None:
    file = tmp_path / "key.json"
    create_key("holder", "mine", file, PHRASE)
    file.write_text(json.dumps(edited(json.loads(file.read_text()), path, value)))
    with pytest.raises(InvalidError, match="altered"):
        KeyFile.load(file).unlock(PHRASE)


def test_a_public_part_that_belongs_to_another(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    create_key("holder", "mine", file)
    file.write_text(json.dumps(edited(json.loads(file.read_text()), "public.holder", "5")))
    with pytest.raises(FormatError, match="does not belong"):
        load_key(file, "holder")


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("encrypted.n", 1 << 21, "encrypted.n"),
        ("encrypted.n", (1 << 15) + 1, "encrypted.n"),
        ("encrypted.n", 2, "encrypted.n"),
        ("encrypted.r", 33, "encrypted.r"),
        ("encrypted.p", 17, "encrypted.p"),
        ("encrypted.kdf", "md5", "encrypted.kdf"),
        ("encrypted.ciphertext", "abc", "encrypted.ciphertext"),
        ("encrypted", ..., "secret"),
        ("secret", "00" * 32, "secret"),
        ("kind", "king", "kind"),
    ],
)
def test_key_files_that_are_refused(tmp_path: Path, path: str, value: Any, field: str) -> None:
    """Before any work is done for them: a file may not ask for more than 1 GiB."""
    file = tmp_path / "key.json"
    create_key("holder", "mine", file, PHRASE)
    with pytest.raises(FormatError) as caught:
        KeyFile.parse(edited(json.loads(file.read_text()), path, value))
    assert caught.value.field == field


def test_memory_is_bounded_by_the_product() -> None:
    sealed = sealing.encrypt(b"x", PHRASE, b"")
    with pytest.raises(FormatError, match="1 GiB"):
        Sealed.parse(
            {
                "schema": Sealed.SCHEMA,
                "content": "x",
                "encrypted": {**sealed.to_json(), "n": 1 << 20, "r": 32},
            }
        )


def test_a_malformed_secret_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    key = create_key("publisher", "mine", file)
    for broken in (key.secret.hex()[:-1], key.secret.hex().upper() + "zz", int(key.secret.hex(), 16)):
        with pytest.raises(FormatError) as caught:
            KeyFile.parse(edited(json.loads(file.read_text()), "secret", broken))
        assert key.secret.hex()[:10] not in str(caught.value).lower()
        assert str(broken) not in str(caught.value)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    first = create_key("holder", "mine", path)
    with pytest.raises(UsageError, match="never overwritten"):
        create_key("holder", "mine", path)
    with pytest.raises(UsageError, match="never overwritten"):
        save_key(first, path)
    assert load_key(path, "holder") == first


def test_a_key_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    create_key("holder", "mine", path)
    with pytest.raises(UsageError, match="kind holder"):
        load_key(path, "publisher")
    for use in (lambda key: key.public_key, lambda key: key.point, lambda key: key.attestor):
        with pytest.raises(UsageError):
            use(Key("holder", "mine", bytes(32)))
    with pytest.raises(UsageError):
        sign_snapshot(unsigned_snapshot(), Key("attestor", "mine", bytes(32)))


def test_a_publishers_signature_holds() -> None:
    key = new_key("publisher", "mine")
    assert signers(sign_snapshot(unsigned_snapshot(), key), [key.public_key]) == [key.public_key]


@pytest.mark.parametrize("phrase", [None, PHRASE])
def test_sealed_files_there_and_back(tmp_path: Path, phrase: str | None) -> None:
    path = tmp_path / "account.json"
    save_private(account(), path, phrase)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (account().cash in path.read_text()) is (phrase is None)
    assert load_private(Account, path, phrase) == account()
    assert load_private(Account, path, PHRASE) == account()


def test_sealed_files_that_do_not_open(tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    save_private(account(), path, PHRASE)
    with pytest.raises(UsageError, match="encrypted"):
        load_private(Account, path)
    with pytest.raises(InvalidError):
        load_private(Account, path, "another")
    with pytest.raises(FormatError, match="content"):
        load_private(KeyFile, path, PHRASE)
    sealed = json.loads(path.read_text())
    relabelled = edited(sealed, "content", KeyFile.SCHEMA)
    path.write_text(json.dumps(relabelled))
    with pytest.raises(InvalidError):
        load_private(KeyFile, path, PHRASE)


def test_a_number_in_a_private_file_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "account.json"
    path.write_text('{"schema": "zksolvency/account/1", "cash": 424242.5}')
    with pytest.raises(FormatError) as caught:
        load_private(Account, path)
    assert "424242" not in str(caught.value)


def test_the_work_that_is_asked_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    path = tmp_path / "account.json"
    save_private(account(), path, PHRASE)
    assert Sealed.load(path).encrypted.n == 1 << 17
    assert load_private(Account, path, PHRASE) == account()
