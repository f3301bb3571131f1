"""`zksolvency market show`, `verify` and `diff`: looking at published snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prover.accounts import Account
from prover.engine import MarginReport, margin
from prover.sealing import load_private
from prover.snapshots import Change, differences, draw
from prover.tables.rebuild import builder_for, check_model, compare
from prover.tables.rounding import PROHIBITIVE
from verifier.canonical import load_json
from verifier.errors import FormatError, InvalidError, UsageError
from verifier.market import RowEntry, Snapshot, market_root, signers, snapshot_valid
from verifier.numbers import int_to_text
from verifier.rows import FIELDS

from .options import MARKET, Json, PassphraseFile, about, passphrase
from .output import emit, say, table

__all__ = ["diff", "show", "verify"]

_PERCENT = 100
_PLACES = 6
_COARSE = 100
_MOST_CHANGES = 60


def show(
    source: Annotated[Path, typer.Argument(help="The snapshot.")] = MARKET,
    plot: Annotated[Path | None, typer.Option(help="Also draw a picture, .png or .svg.")] = None,
    account: Annotated[
        Path | None, typer.Option(help="An account (private) whose worst case the picture shows.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> None:
    """Show a market snapshot: its feeds, nodes and rows, and a picture of profit and loss at every node.

    With --account the picture shows that account's positions and where its worst case lies. Nothing leaves
    this machine: the account is read and drawn, and the picture's file is readable by you alone.

    Example: zksolvency market show market.json --plot market.svg
    """
    snapshot = Snapshot.load(source)
    if account is not None and plot is None:
        raise UsageError("--account: names whose worst case --plot shows; add --plot FILE.png")
    report = _report(account, snapshot, passphrase(passphrase_file)) if account is not None else None
    left = draw(snapshot, plot, report) if plot is not None else []
    result = {
        "root": str(market_root(snapshot)),
        "name": snapshot.universe.name,
        "venue": snapshot.universe.venue,
        "quote": snapshot.universe.quote,
        "level": snapshot.level,
        "layout": snapshot.layout,
        "epoch": snapshot.epoch,
        "time": snapshot.time,
        "valid_until": snapshot.valid_until,
        "model": f"{snapshot.model.name} {snapshot.model.version}" if snapshot.model else None,
        "feeds": [feed.to_json() for feed in snapshot.feeds],
        "frozen": list(snapshot.frozen),
        "nodes": [node.to_json() for node in snapshot.nodes],
        "rows": [
            {"instrument": snapshot.universe.instruments[entry.index].id, **entry.to_json()}
            for entry in snapshot.rows
        ],
        "picture": str(plot) if plot is not None else None,
        "not_drawn": left,
    }

    def text() -> None:
        _show_head(snapshot)
        _show_feeds(snapshot)
        _show_nodes(snapshot)
        _show_rows(snapshot)
        if plot is not None:
            say(f"drew {plot}" + (f"; no room for {', '.join(left)}" if left else ""))
            if report is not None:
                say("the picture shows private positions: made on this machine, readable by you alone")

    emit(result, text, as_json=json_)


def _report(path: Path, snapshot: Snapshot, phrase: str | None) -> MarginReport:
    account = load_private(Account, path, phrase)
    with about(path):
        return margin(account, snapshot)


def _show_head(snapshot: Snapshot) -> None:
    model = f"{snapshot.model.name} {snapshot.model.version}" if snapshot.model else "not stated"
    universe = snapshot.universe
    say(f"{universe.name} ({universe.venue}), {snapshot.level} margin in {universe.quote}")
    say(
        f"epoch {snapshot.epoch}, from {snapshot.time} to {snapshot.valid_until}, layout {snapshot.layout}, "
        f"model {model}, {len(snapshot.signatures)} signatures"
    )
    say(f"root {market_root(snapshot)}")
    for word in snapshot.frozen:
        say(f"frozen: {word}")


def _show_feeds(snapshot: Snapshot) -> None:
    rows = [[feed.id, feed.kind, feed.underlying, feed.price, feed.low, feed.high] for feed in snapshot.feeds]
    table("Feeds", ["feed", "kind", "underlying", "price", "from", "to"], rows, right=frozenset({3, 4, 5}))


def _show_nodes(snapshot: Snapshot) -> None:
    rows = [[str(place + 1), node.corner, node.stress] for place, node in enumerate(snapshot.nodes)]
    table("Nodes", ["node", "corner", "stress"], rows, right=frozenset({0}))


def _show_rows(snapshot: Snapshot) -> None:
    columns = ["instrument", "kind", "lot", "lot's mark", "long's worst", "short's worst"]
    columns += ["long charge", "short charge", "tiers"]
    more = _extended(snapshot)
    columns += [name.replace("_", " ") for name in more]
    rows = [_row(snapshot, entry, more) for entry in snapshot.rows]
    table(f"Rows, {snapshot.universe.quote} a lot", columns, rows, right=frozenset(range(2, len(columns))))


def _extended(snapshot: Snapshot) -> list[str]:
    """Single columns of the layout's extensions that this table uses; further nodes are in --json."""
    names = [name for extension in snapshot.shape.extensions for name in FIELDS[extension]]
    return [
        name
        for name in names
        if name not in ("subnodes", "alternatives")
        and any(getattr(entry, name) not in (0, PROHIBITIVE) for entry in snapshot.rows)
    ]


def _row(snapshot: Snapshot, entry: RowEntry, more: list[str]) -> list[str]:
    instrument = snapshot.universe.instruments[entry.index]
    values = (entry.mark, min(entry.nodes), -max(entry.nodes), entry.addon_long, entry.addon_short)
    tiers = str(len(set(entry.brackets)))
    shown = [_value(value) for value in values]
    extended = [
        str(getattr(entry, name)) if name == "subgroup" else _value(getattr(entry, name)) for name in more
    ]
    return [instrument.id, instrument.kind, instrument.lot, *shown, tiers, *extended]


def _value(units: int) -> str:
    """Quote units a lot for people: two decimals from 100 on, else all six."""
    if units == PROHIBITIVE:
        return "prohibitive"
    text = int_to_text(units, _PLACES)
    return f"{units / 10**_PLACES:.2f}" if abs(units) >= _COARSE * 10**_PLACES else text


def verify(
    source: Annotated[Path, typer.Argument(help="The snapshot.")] = MARKET,
    input_: Annotated[
        Path | None,
        typer.Option("--input", help="Rebuild from this builder's input instead of the snapshot's model."),
    ] = None,
    json_: Json = False,
) -> None:
    """Rebuild every number of a snapshot and compare; the first one that differs is named.

    A snapshot states its model: with its own feeds and universe that is all the builder needs, and no number
    on the way depends on the machine. Exit code 1 when anything differs or a signature does not hold.

    Example: zksolvency market verify market.json
    """
    snapshot = Snapshot.load(source)
    with about(source):
        snapshot_valid(snapshot)
        if input_ is not None:
            _check_input(snapshot, input_)
        else:
            check_model(snapshot)
    keys = [each.public_key for each in snapshot.signatures]
    bad = sorted(set(keys) - set(signers(snapshot, keys)))
    if bad:
        raise InvalidError(f"{source}: the signature of {bad[0]} does not hold for this content")
    result = {
        "valid": True,
        "root": str(market_root(snapshot)),
        "rows": len(snapshot.rows),
        "numbers": sum(_numbers(entry) for entry in snapshot.rows),
        "rebuilt_from": str(input_) if input_ is not None else "model",
        "model": f"{snapshot.model.name} {snapshot.model.version}" if snapshot.model else None,
        "signed_by": keys,
    }

    def text() -> None:
        where = str(input_) if input_ is not None else f"its own model ({result['model']})"
        say(f"valid: {result['numbers']} numbers in {result['rows']} rows follow from {where}", "green")
        say(f"root {result['root']}")
        for key in keys:
            say(f"signed by {key}")
        if not keys:
            say("unsigned")

    emit(result, text, as_json=json_)


def _check_input(snapshot: Snapshot, path: Path) -> None:
    loaded = load_json(path)
    schema = loaded.get("schema") if isinstance(loaded, dict) else None
    builder = builder_for(schema)
    if builder is None:
        raise FormatError("schema", "is no builder's input", value=schema, source=str(path))
    given = builder.parse(loaded, str(path))
    compare(snapshot, builder.make(given, snapshot.level, snapshot.shape, snapshot.universe)[1])


def _numbers(entry: RowEntry) -> int:
    """How many integers a row holds."""

    def count(value: Any) -> int:
        if isinstance(value, dict):
            return sum(count(each) for each in value.values())
        return sum(count(each) for each in value) if isinstance(value, list) else 1

    return count(entry.to_json()) - 1


def diff(
    before: Annotated[Path, typer.Argument(help="The earlier snapshot.")],
    after: Annotated[Path, typer.Argument(help="The later one.")],
    json_: Json = False,
) -> None:
    """Tell what changed between two snapshots: prices, bands, listings, parameters, nodes and rows.

    Example: zksolvency market diff yesterday.json market.json
    """
    first, second = Snapshot.load(before), Snapshot.load(after)
    changes = differences(first, second)
    result = {
        "same": not changes,
        "before": {"file": str(before), "root": str(market_root(first))},
        "after": {"file": str(after), "root": str(market_root(second))},
        "changes": [change.to_json() for change in changes],
    }

    def text() -> None:
        if not changes:
            say("the same, signatures aside")
            return
        rows = [_change(change) for change in changes[:_MOST_CHANGES]]
        table("", ["what", "which", "member", "before", "after", "change"], rows, right=frozenset({3, 4, 5}))
        if len(changes) > _MOST_CHANGES:
            say(f"and {len(changes) - _MOST_CHANGES} more; --json has them all")

    emit(result, text, as_json=json_)


def _change(change: Change) -> list[str]:
    relative = change.relative
    share = f"{float(relative) * _PERCENT:+.2f} %" if relative is not None else ""
    if change.member in ("time", "valid_until", "epoch"):
        share = ""
    return [change.part, change.name, change.member, _text(change.before), _text(change.after), share]


def _text(value: object) -> str:
    return "" if value is None else str(value)
