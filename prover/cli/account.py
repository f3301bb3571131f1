"""`zksolvency import`, `check` and `sign`: from a venue's response to a signed account statement."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from prover.accounts import Account, AccountStatement, sign_statement
from prover.check import margin_dict, margin_tables
from prover.engine import margin
from prover.importers import import_account
from prover.register import HolderRegister
from prover.sealing import Sealed, load_discreetly, load_private, save_private
from prover.secrets import KeyFile, sign_snapshot
from prover.tables import MarketInput
from prover.tables.rebuild import check_signable
from verifier.errors import FormatError, InvalidError, UsageError
from verifier.market import Snapshot, market_root
from verifier.policy import Policy
from verifier.statement import ratio_from_text

from .options import (
    ACCOUNT,
    MARKET,
    MARKET_INPUT,
    SECRETS,
    STATEMENT,
    Json,
    PassphraseFile,
    WithoutModel,
    about,
    passphrase,
    unlock,
)
from .output import emit, say, table

__all__ = ["read_account", "register"]

_RESPONSE = Path("response.json")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_)
    app.command()(check)
    app.command()(sign)


def import_(
    files: Annotated[
        list[Path] | None, typer.Argument(help="The venue's responses (positions, balance).")
    ] = None,
    market: Annotated[
        Path, typer.Option(help="A snapshot of the universe, for names and reconciliation.")
    ] = MARKET,
    rules_file: Annotated[
        Path,
        typer.Option("--rules", help="Margin rules (market-input), for initial margin; used when there."),
    ] = MARKET_INPUT,
    format_: Annotated[
        str | None, typer.Option("--format", help="hyperliquid, binance, dydx or ccxt; found out by default.")
    ] = None,
    as_of: Annotated[
        int | None, typer.Option(help="Seconds since 1970, when the response has no time of its own.")
    ] = None,
    target: Annotated[Path, typer.Option("--out", help="The account (private).")] = ACCOUNT,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> int:
    """Turn a venue's own account response into an account, and show our figures beside the venue's.

    Exit code 1 when the response contradicts itself or our margin model; the account is written all the same.

    Example: zksolvency import clearinghouseState.json --market market.json
    """
    snapshot = Snapshot.load(market)
    rules = MarketInput.load(rules_file) if rules_file.exists() else None
    found = import_account(files or [_RESPONSE], format=format_, market=rules, snapshot=snapshot, as_of=as_of)

    def text() -> None:
        for title, columns, rows in found.tables():
            table(title, columns, rows, right=frozenset(range(1, 4)))
            say()
        for remark in found.remarks():
            say(remark)

    phrase = passphrase(passphrase_file)
    if not json_:
        text()
    save_private(found.need_account(), target, phrase)
    emit({"file": str(target), **found.to_json()}, lambda: say(f"wrote {target} (private)"), as_json=json_)
    return 0 if found.coherent else 1


@dataclass(frozen=True)
class _Claim:
    """The part of a claim that the engine looks at."""

    ratio: int
    floor: int


def check(
    account: Annotated[Path, typer.Argument(help="An account, or a signed account statement.")] = ACCOUNT,
    market: Annotated[Path, typer.Option(help="The market snapshot.")] = MARKET,
    policy: Annotated[Path | None, typer.Option(help="Take ratio and floor from a policy.")] = None,
    ratio: Annotated[str, typer.Option(help="Equity over requirement, a multiple of 0.05.")] = "1",
    floor: Annotated[int, typer.Option(help="Whole quote units that must be left.")] = 0,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> int:
    """Would the account pass, and by how much? The exact engine says: the same arithmetic as the proof.

    Exit code 1 when it does not pass.

    Example: zksolvency check account.json --market market.json --floor 1000
    """
    held = read_account(account, passphrase(passphrase_file))
    snapshot = Snapshot.load(market)
    claim = _claim(snapshot, policy, ratio, floor)
    with about(account):
        report = margin(held, snapshot, claim)

    def text() -> None:
        for title, columns, rows in margin_tables(report):
            table(title, columns, rows, right=frozenset(range(1, len(columns))))
            say()
        say("PASSES", "bold green") if report.passes else say("DOES NOT PASS", "bold red")

    emit(margin_dict(report), text, as_json=json_)
    return 0 if report.passes else 1


def _claim(snapshot: Snapshot, policy: Path | None, ratio: str, floor: int) -> _Claim:
    """What is to be satisfied: the policy's, or what the options say."""
    if policy is None:
        if floor < 0:
            raise UsageError("--floor: is negative; it is a whole number of quote units, 0 or more")
        return _Claim(ratio_from_text(ratio, "--ratio"), floor)
    demanded = Policy.load(policy)
    if snapshot.level != demanded.level:
        raise InvalidError(
            f"the snapshot is for {snapshot.level} margin, the policy demands {demanded.level}. "
            f"Build the market with --level {demanded.level}"
        )
    return _Claim(demanded.ratio_k, demanded.floor)


def read_account(path: Path, phrase: str | None) -> Account | AccountStatement:
    """An account, or a signed statement of one."""
    kind = _schema(path)
    if kind == AccountStatement.SCHEMA:
        return load_private(AccountStatement, path, phrase)
    return load_private(Account, path, phrase)


def sign(
    file: Annotated[Path, typer.Argument(help="account.json (attestor) or market.json (publisher).")],
    key: Annotated[Path | None, typer.Option(help="Key file of the attestor or publisher.")] = None,
    target: Annotated[
        Path | None, typer.Option("--out", help="Where to; statement.json, or the snapshot itself.")
    ] = None,
    market: Annotated[Path, typer.Option(help="Account: the snapshot whose epoch it is for.")] = MARKET,
    holder: Annotated[
        str | None, typer.Option(help="Account: the holder's public number; secrets/holder.json by default.")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            help="Account: whose it is (eip155:1:0x…, or any identity); the holder's number by default."
        ),
    ] = None,
    coverage: Annotated[
        str, typer.Option(help="Account: account, or owner: all that the owner has at the venue.")
    ] = "account",
    as_of: Annotated[
        int | None, typer.Option(help="Account: seconds since 1970; its own by default.")
    ] = None,
    valid_until: Annotated[int | None, typer.Option(help="Account: the snapshot's by default.")] = None,
    holders: Annotated[Path, typer.Option(help="Account: the attestor's register of holders.")] = SECRETS
    / "holders.json",
    without_model: WithoutModel = False,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> None:
    """Sign an account as its attestor, or a market snapshot as a publisher.

    An attestor registers one holder per account, for good; a publisher's tool first makes the whole snapshot
    again from the rules that it names, and compares.

    Example: zksolvency sign account.json --subject eip155:1:0x00000000000000000000000000000000000000aa
    """
    phrase = passphrase(passphrase_file)
    kind = _schema(file)
    if kind == Snapshot.SCHEMA:
        snapshot = Snapshot.load(file)
        with about(file):
            check_signable(snapshot, without_model=without_model)
        _sign_market(snapshot, key or SECRETS / "publisher.json", target or file, phrase, json_)
        return
    if kind != Account.SCHEMA:
        raise FormatError(
            "schema", "is nothing to sign", value=kind, mend="Sign an account or a market", source=str(file)
        )
    account = load_private(Account, file, phrase)
    snapshot = Snapshot.load(market)
    moment = account.as_of if as_of is None else as_of
    if not snapshot.time <= moment <= snapshot.valid_until:
        raise InvalidError(
            f"the account is as of {moment}, outside the snapshot's time {snapshot.time} to "
            f"{snapshot.valid_until}. Import it again, or take a snapshot of its time"
        )
    number = _holder(holder)
    whose = subject or f"holder:{number}"
    attestor = unlock(key or SECRETS / "attestor.json", "attestor", phrase)
    with HolderRegister.locked(holders), about(file):
        register_, sequence = HolderRegister.open(holders).next(account.venue, whose, number)
        statement = sign_statement(
            account,
            snapshot.universe,
            attestor.secret,
            holder=number,
            subject=whose,
            epoch=snapshot.epoch,
            valid_until=snapshot.valid_until if valid_until is None else valid_until,
            sequence=sequence,
            coverage=_coverage(coverage),
            as_of=moment,
        )
        register_.save(holders)
    written = target or STATEMENT
    save_private(statement, written, phrase)
    result = {
        "file": str(written),
        "attestor": str(attestor.attestor),
        "subject": whose,
        "holder": str(number),
        "sequence": sequence,
        "as_of": moment,
        "valid_until": statement.valid_until,
        "coverage": coverage,
    }
    emit(
        result,
        lambda: say(
            f"wrote {written} (private): statement {sequence} of {whose}, signed by {attestor.name!r}, "
            f"valid until {_time(statement.valid_until)}"
        ),
        as_json=json_,
    )


def _sign_market(snapshot: Snapshot, key: Path, target: Path, phrase: str | None, as_json: bool) -> None:
    publisher = unlock(key, "publisher", phrase)
    signed = sign_snapshot(snapshot, publisher)
    signed.save(target)
    root = market_root(signed)
    result = {
        "file": str(target),
        "root": str(root),
        "public_key": publisher.public_key,
        "signatures": len(signed.signatures),
    }
    emit(
        result,
        lambda: say(
            f"wrote {target}: every row is well-formed; root {str(root)[:16]}… signed by {publisher.name!r}"
        ),
        as_json=as_json,
    )


def _holder(text: str | None) -> int:
    """The holder's public number: given, or of the holder's own key file."""
    if text is None:
        path = SECRETS / "holder.json"
        if not path.exists():
            raise UsageError(f"{path}: there is none; give the holder's public number with --holder")
        text = KeyFile.load(path).public["holder"]
    if not text.isascii() or not text.isdigit():
        raise UsageError("--holder: is not a number; `zksolvency keys show` of the holder's file prints it")
    return int(text)


def _coverage(text: str) -> Literal["account", "owner"]:
    if text == "account":
        return "account"
    if text == "owner":
        return "owner"
    raise UsageError(f"--coverage {text}: is not known; it is account or owner")


def _schema(path: Path) -> Any:
    """What kind of file it is; of an encrypted one, what is inside."""
    loaded = load_discreetly(path)
    if not isinstance(loaded, dict):
        return None
    return loaded.get("content") if loaded.get("schema") == Sealed.SCHEMA else loaded.get("schema")


def _time(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seconds))
