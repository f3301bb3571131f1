"""`zksolvency mandate`: tables of Greeks, and whether an account keeps a mandate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prover.check import money
from prover.mandates import MandateReport, keeps
from prover.tables.greeks import build_greeks
from prover.tables.option_inputs import OptionsInput
from verifier.circuits import GREEKS
from verifier.circuits import instance as instance_of
from verifier.errors import UsageError
from verifier.mandate import Mandate, check_universe, mandate_hash
from verifier.market import Level, Snapshot
from verifier.universe import Universe

from .account import read_account
from .options import ACCOUNT, MARKET_INPUT, UNIVERSE, Json, PassphraseFile, about, passphrase
from .output import emit, say, table

__all__ = ["GREEK_TABLE", "MANDATE", "register"]

MANDATE = Path("mandate.json")
GREEK_TABLE = Path("greeks.json")
_CIRCUIT = "16-mandate"

MandateFile = Annotated[Path, typer.Option("--mandate", help="The mandate.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    mandate = typer.Typer(no_args_is_help=True)
    mandate.callback()(_group)
    mandate.command("table")(build_table)
    mandate.command("hash")(show_hash)
    mandate.command("check")(check)
    app.add_typer(mandate, name="mandate")


def _group() -> None:
    """Limits on Greeks, leverage and concentration that a fund shows it keeps.

    Example: zksolvency mandate check account.json --market greeks.json --mandate mandate.json
    """


def build_table(
    source: Annotated[Path, typer.Argument(help="An options input.")] = MARKET_INPUT,
    level: Annotated[
        str, typer.Option(help="maintenance or initial: what goes into the header.")
    ] = "maintenance",
    target: Annotated[Path, typer.Option("--out", help="The table, unsigned.")] = GREEK_TABLE,
    universe: Annotated[
        Path, typer.Option(help="The universe; kept and extended when it exists.")
    ] = UNIVERSE,
    json_: Json = False,
) -> None:
    """Turn an options input into an unsigned table of Greeks, at the input's own prices.

    Example: zksolvency mandate table options-input.json --out greeks.json
    """
    wanted: Level
    if level == "maintenance":
        wanted = "maintenance"
    elif level == "initial":
        wanted = "initial"
    else:
        raise UsageError(f"--level {level}: is not known; it is maintenance or initial")
    earlier = Universe.load(universe) if universe.exists() else None
    listed, snapshot = build_greeks(OptionsInput.load(source), wanted, universe=earlier)
    listed.save(universe)
    snapshot.save(target)
    emit(
        {
            "file": str(target),
            "universe": str(universe),
            "rows": len(snapshot.rows),
            "layout": snapshot.layout,
        },
        lambda: say(f"wrote {target}: Greeks of {len(snapshot.rows)} instruments, at the marks (not signed)"),
        as_json=json_,
    )


def show_hash(
    mandate: Annotated[Path, typer.Argument(help="The mandate.")] = MANDATE,
    market: Annotated[
        Path | None, typer.Option(help="Also compare its ids with this snapshot's universe.")
    ] = None,
    json_: Json = False,
) -> None:
    """The number by which policies and proofs name a mandate.

    Example: zksolvency mandate hash mandate.json --market greeks.json
    """
    read = Mandate.load(mandate)
    if market is not None:
        with about(mandate):
            check_universe(read, Snapshot.load(market).universe)
    found = mandate_hash(read, instance_of(_CIRCUIT))
    emit(
        {"file": str(mandate), "circuit": _CIRCUIT, "mandate": str(found)},
        lambda: say(str(found)),
        as_json=json_,
    )


def check(
    account: Annotated[Path, typer.Argument(help="An account, or a signed account statement.")] = ACCOUNT,
    market: Annotated[Path, typer.Option(help="The table of Greeks.")] = GREEK_TABLE,
    mandate: MandateFile = MANDATE,
    floor: Annotated[int, typer.Option(help="Least equity, whole quote units.")] = 0,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> int:
    """Does the account keep the mandate, and what is left of each limit? The same arithmetic as the proof.

    Exit code 1 when it does not.

    Example: zksolvency mandate check account.json --market greeks.json --mandate mandate.json
    """
    held = read_account(account, passphrase(passphrase_file))
    snapshot, limits = Snapshot.load(market), Mandate.load(mandate)
    with about(account):
        report = keeps(held, snapshot, limits, floor)
    names = {group: snapshot.universe.underlyings[group - 1] for group in report.groups}

    def text() -> None:
        rows = [
            [names[group], *(money(net) for net in use.net), money(use.gross)]
            for group, use in report.groups.items()
        ]
        table("net, and gross notional", ["underlying", *GREEKS, "gross"], rows, right=frozenset(range(1, 6)))
        say()
        for line in _complaints(report, names):
            say(line)
        say("KEEPS THE MANDATE", "bold green") if report.passes else say("DOES NOT KEEP IT", "bold red")

    emit(_described(report, names), text, as_json=json_)
    return 0 if report.passes else 1


def _complaints(report: MandateReport, names: dict[int, str]) -> list[str]:
    outside = [f"holds {names[group]}, which the mandate does not name" for group in report.outside]
    return [*outside, *(f"exceeds the limit: {_named(name, names)}" for name in report.broken)]


def _named(limit: str, names: dict[int, str]) -> str:
    what, of, group = limit.partition(" of ")
    return f"{what} of {names[int(group)]}" if of else limit


def _described(report: MandateReport, names: dict[int, str]) -> dict[str, Any]:
    return {
        "passes": report.passes,
        "equity": str(report.equity),
        "outside": [names[group] for group in report.outside],
        "broken": [_named(name, names) for name in report.broken],
        "slack": {_named(name, names): str(left) for name, left in report.slack.items()},
        "groups": [
            {
                "underlying": names[group],
                **{name: str(net) for name, net in zip(GREEKS, use.net, strict=True)},
                "gross": str(use.gross),
                "allowance": str(use.allowance),
            }
            for group, use in report.groups.items()
        ],
    }
