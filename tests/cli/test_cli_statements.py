"""Statements, snapshots, policies and challenges that do not belong together, at `prove`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from running import Run, content, edit, read


def refused(folder: Path, run: Run, *words: str, code: int = 1, arguments: tuple[object, ...] = ()) -> None:
    """`prove` ends with the code, names these words, and changes nothing."""
    before = content(folder)
    ran = run("prove", *arguments)
    assert ran.code == code, ran.all
    for word in words:
        assert word in ran.err
    assert "internal" not in ran.err
    account = read(folder / "account.json")
    for private in (account["cash"], *(f'"{position["size"]}"' for position in account["positions"])):
        assert private not in ran.all
    assert content(folder) == before


ALTERED: list[tuple[str, Any]] = [
    ("cash", "9999999.5"),
    ("positions.0.size", "-1.5"),
    ("positions.0.instrument", "hyperliquid:BTC"),
    ("positions", []),
    ("holder", "1"),
    ("subject", "somebody else"),
    ("epoch", 7),
    ("as_of", 1),
    ("valid_until", (1 << 34) - 1),
    ("sequence", 9),
    ("coverage", "owner"),
    ("salt", "1"),
    ("venue", "binance"),
    ("signature.s", "1"),
    ("attestor.x", "1"),
]


@pytest.mark.parametrize(("member", "value"), ALTERED, ids=[member for member, _ in ALTERED])
def test_an_altered_statement(member: str, value: Any, folder: Path, run: Run) -> None:
    edit("statement.json", member, value)
    refused(folder, run)


def test_an_altered_statement_is_called_so(folder: Path, run: Run) -> None:
    edit("statement.json", "cash", "9999999.5")
    refused(folder, run, "signature")


def test_an_unsigned_statement(folder: Path, run: Run) -> None:
    edit("statement.json", "signature", ...)
    refused(folder, run, "statement.json", "signature", "missing")


def test_an_account_is_no_statement(folder: Path, run: Run) -> None:
    refused(folder, run, "account.json", "schema", arguments=("account.json",))


# -- The snapshot


def test_an_unsigned_snapshot(folder: Path, run: Run) -> None:
    assert run("market", "build").code == 0
    refused(folder, run, "lacks signatures", "zksolvency sign market.json")


def test_a_snapshot_of_another_publisher(folder: Path, run: Run) -> None:
    assert run("keys", "new", "publisher", "--out", "secrets/other.json").code == 0
    assert run("market", "build").code == 0
    assert run("sign", "market.json", "--key", "secrets/other.json").code == 0
    refused(folder, run, "lacks signatures")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("rows.0.mark", "1"),
        ("rows.0.addon_long", "0"),
        ("feeds.0.low", "1"),
        ("valid_until", (1 << 34) - 1),
        ("frozen", []),
        ("signatures.0.signature", "00" * 64),
    ],
)
def test_an_altered_snapshot(member: str, value: Any, folder: Path, run: Run) -> None:
    edit("market.json", member, value)
    refused(folder, run)


def test_a_stale_snapshot(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    late = read("market.json")["valid_until"] + 1
    monkeypatch.setattr(time, "time", lambda: float(late))
    refused(folder, run, "stale", str(late - 1), "Take a new snapshot")


def test_an_account_older_than_the_policy_takes(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("policy", "new", "--max-age", "60").code == 0
    assert run("policy", "challenge").code == 0
    late = read("statement.json")["as_of"] + 61
    monkeypatch.setattr(time, "time", lambda: float(late))
    refused(folder, run, "stale")


def test_a_statement_for_another_epoch(folder: Path, run: Run) -> None:
    edit("market-input.json", "epoch", read("market-input.json")["epoch"] + 1)
    assert run("market", "build").code == 0
    assert run("sign", "market.json").code == 0
    refused(folder, run, "for epoch", "Have the attestor sign")


def test_a_statement_that_ends_before_the_snapshot(folder: Path, run: Run) -> None:
    earlier = read("market.json")["valid_until"] - 1
    assert run("sign", "account.json", "--valid-until", earlier).code == 0
    refused(folder, run, "ends before the snapshot")


def test_another_level(folder: Path, run: Run) -> None:
    assert run("market", "build", "--level", "initial").code == 0
    assert run("sign", "market.json").code == 0
    refused(folder, run, "initial", "demands maintenance", "--level maintenance")
    ran = run("check", "--policy", "policy.json")
    assert ran.code == 1
    assert "demands maintenance" in ran.err


def test_another_layout(folder: Path, run: Run) -> None:
    assert run("policy", "new", "--size", "8-2").code == 0
    assert run("policy", "challenge").code == 0
    assert run("market", "build", "--layout", "s24-k2-d5").code == 0
    assert run("sign", "market.json").code == 0
    refused(folder, run, "layout", "--layout s2-k4-d5")


def test_another_universe(folder: Path, run: Run) -> None:
    edit("market-input.json", "period", "2031")
    assert run("market", "build", "--universe", "u.json").code == 0
    assert run("sign", "market.json").code == 0
    refused(folder, run, "universe")


def test_a_universe_only_grows(folder: Path, run: Run) -> None:
    edit("market-input.json", "period", "2031")
    before = content(folder)
    ran = run("market", "build")
    assert ran.code == 1
    assert "period" in ran.err
    assert content(folder) == before


# -- Policy, attestor, subject, holder, challenge


def test_an_attestor_outside_the_policy(folder: Path, run: Run) -> None:
    assert run("keys", "new", "attestor", "--out", "secrets/other.json").code == 0
    assert run("sign", "account.json", "--key", "secrets/other.json").code == 0
    refused(folder, run, "attestor is not in the policy", "self-declared")


def test_another_subject(folder: Path, run: Run) -> None:
    assert run("policy", "new", "--subject", "eip155:1:0x" + "ab" * 20).code == 0
    assert run("policy", "challenge").code == 0
    refused(folder, run, "another subject")


def test_another_coverage(folder: Path, run: Run) -> None:
    assert run("policy", "new", "--coverage", "owner").code == 0
    assert run("policy", "challenge").code == 0
    refused(folder, run, "covers account", "demands owner")


def test_another_holder(folder: Path, run: Run) -> None:
    assert run("keys", "new", "holder", "--out", "secrets/second.json").code == 0
    refused(folder, run, "not that of the holder", arguments=("--holder", "secrets/second.json"))


def test_a_key_of_another_kind(folder: Path, run: Run) -> None:
    refused(
        folder,
        run,
        "secrets/attestor.json",
        "holder",
        code=2,
        arguments=("--holder", "secrets/attestor.json"),
    )


def test_a_challenge_of_another_policy(folder: Path, run: Run) -> None:
    assert run("policy", "new", "--floor", "2").code == 0
    refused(folder, run, "challenge", "another policy")


def test_a_challenge_for_another_audience(folder: Path, run: Run) -> None:
    edit("challenge.json", "audience", "somebody.example")
    refused(folder, run, "challenge")


def test_more_publishers_than_signed(folder: Path, run: Run) -> None:
    assert run("keys", "new", "publisher", "--out", "secrets/second.json").code == 0
    both = ("--publisher", "secrets/publisher.json", "--publisher", "secrets/second.json", "--quorum", "2")
    assert run("policy", "new", *both).code == 0
    assert run("policy", "challenge").code == 0
    refused(folder, run, "lacks signatures")
    assert run("policy", "new", "--quorum", "2").code == 1


# -- Files that cannot be read


INPUTS = {
    "check": ("account.json", "market.json"),
    "sign account.json": ("account.json", "market.json", "secrets/attestor.json"),
    "sign market.json": ("market.json", "secrets/publisher.json"),
    "import": ("response.json", "market.json"),
    "market build": ("market-input.json",),
    "policy new": ("market.json", "secrets/attestor.json", "secrets/publisher.json"),
    "policy challenge": ("policy.json",),
    "prove": ("statement.json", "market.json", "policy.json", "challenge.json", "secrets/holder.json"),
    "verify": ("bundle.json", "policy.json"),
    "inspect": ("bundle.json",),
    "evm export": ("policy.json",),
    "keys show secrets/holder.json": ("secrets/holder.json",),
}


@pytest.mark.parametrize("how", ["missing", "folder"])
@pytest.mark.parametrize(
    ("line", "file"), [(line, file) for line, files in INPUTS.items() for file in files], ids=str
)
def test_a_file_that_cannot_be_read(line: str, file: str, how: str, folder: Path, run: Run) -> None:
    (folder / file).unlink()
    if how == "folder":
        (folder / file).mkdir()
    before = content(folder)
    ran = run(*line.split())
    assert ran.code == 2, ran.all
    assert file in ran.err
    assert "Traceback" not in ran.err
    assert content(folder) == before


@pytest.mark.parametrize("target", ["account.json", "sub"])
def test_a_folder_as_the_target(target: str, folder: Path, run: Run) -> None:
    (folder / "sub").mkdir()
    ran = run("import", "--out", "sub")
    assert ran.code == 3
    assert "sub: cannot be written" in ran.err
    assert list((folder / "sub").iterdir()) == []


# -- Encrypted keys


def test_an_encrypted_key(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("phrase").write_text("correct horse\n")
    Path("wrong").write_text("battery staple\n")
    made = run("keys", "new", "attestor", "--out", "secrets/sealed.json", "--passphrase-file", "phrase")
    assert made.code == 0
    assert "secret" not in read("secrets/sealed.json")
    sign = ("sign", "account.json", "--key", "secrets/sealed.json", "--subject", "x", "--out", "s.json")
    ran = run(*sign)
    assert (ran.code, "passphrase" in ran.err) == (2, True)
    ran = run(*sign, "--passphrase-file", "wrong")
    assert (ran.code, "does not open" in ran.err) == (1, True)
    assert not Path("s.json").exists()
    for bad in (b"", b"\n", b"\xff\xfe"):
        Path("bad").write_bytes(bad)
        ran = run(*sign, "--passphrase-file", "bad")
        assert (ran.code, "bad: " in ran.err) == (2, True)
    monkeypatch.setenv("ZKSOLVENCY_PASSPHRASE", "correct horse")
    assert run(*sign).code == 0
    # The statement is encrypted with the same passphrase, and opens with no other.
    assert read("s.json")["schema"] == "zksolvency/sealed/1"
    monkeypatch.delenv("ZKSOLVENCY_PASSPHRASE")
    assert run("check", "s.json").code == 2
    assert run("check", "s.json", "--passphrase-file", "wrong").code == 1
    assert run("check", "s.json", "--passphrase-file", "phrase").code == 0


def test_a_key_file_whose_public_part_was_edited(folder: Path, run: Run) -> None:
    edit("secrets/holder.json", "public.holder", "5")
    refused(folder, run, "public")
    secret = read("secrets/holder.json")["secret"]
    assert secret not in run("prove").all
