"""`zksolvency market`: from prices and tiers to a universe and a snapshot, and looking at snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.market_files import (
    TABLES,
    Overrides,
    exchange,
    from_exchange,
    only_underlyings,
    read_inputs,
)
from prover.tables import MarketInput, merged_tiers
from prover.tables.rebuild import BUILDERS, builder_for
from verifier.circuits import layouts
from verifier.errors import FormatError, UsageError
from verifier.market import Level, Snapshot, market_root
from verifier.universe import Universe

from . import market_data
from .market_look import diff, show, verify
from .options import MARKET, MARKET_INPUT, UNIVERSE, Json
from .output import emit, say, table

__all__ = ["register"]

_PERCENT = 100
_LINEAR = "s2-k4-d5"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    market = typer.Typer(no_args_is_help=True)
    market.callback()(_group)
    market.command("build")(build)
    market.command("show")(show)
    market.command("verify")(verify)
    market.command("diff")(diff)
    market_data.register(market)
    app.add_typer(market, name="market")


def _group() -> None:
    """Market snapshots: prices and margin tiers as a table of integers.

    Example: zksolvency market build
    """


def build(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="A builder's input (JSON), with .csv and .parquet tables of it. [market-input.json]"
        ),
    ] = None,
    level: Annotated[str, typer.Option(help="maintenance or initial.")] = "maintenance",
    band: Annotated[
        str | None, typer.Option(help="Half-width of every band, such as 0.05; the input's own by default.")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="Shape of the table; s2-k4-d5 for perpetuals and futures.")
    ] = None,
    epoch: Annotated[
        int | None, typer.Option(help="The publisher's counter, instead of the input's.")
    ] = None,
    time: Annotated[int | None, typer.Option(help="Seconds since 1970, instead of the input's.")] = None,
    valid_for: Annotated[int | None, typer.Option(help="Seconds from time to valid_until.")] = None,
    underlying: Annotated[
        list[str] | None,
        typer.Option(help="Only this underlying's feed and instruments; repeat. A contract checks up to 8."),
    ] = None,
    ccxt: Annotated[
        str | None, typer.Option(help="Ask this ccxt exchange for prices and tiers (extra ccxt).")
    ] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="With --ccxt: a unified symbol; may be repeated.")
    ] = None,
    save_input: Annotated[
        Path | None, typer.Option(help="Also write the whole input, put together, as JSON.")
    ] = None,
    target: Annotated[Path, typer.Option("--out", help="The snapshot, unsigned.")] = MARKET,
    universe: Annotated[
        Path, typer.Option(help="The universe; kept and extended when it exists.")
    ] = UNIVERSE,
    json_: Json = False,
) -> None:
    """Turn prices and margin rules into a universe and an unsigned market snapshot.

    Add-ons and tiers are charged at the worst edge of each band, and every rounding goes against the prover.

    Example: zksolvency market build market-input.json --level maintenance --band 0.05
    """
    wanted = _level(level)
    if layout is not None and layout not in _shapes():
        raise UsageError(f"--layout {layout}: is not known; it is one of {', '.join(_shapes())}")
    sources = files or [MARKET_INPUT]
    if symbol and ccxt is None:
        raise UsageError("--symbol: names what --ccxt asks an exchange for")
    stated = read_inputs(sources)
    if ccxt is not None:
        stated = from_exchange(exchange(ccxt), stated, symbol or [])
    stated = only_underlyings(stated, underlying or [])
    stated = Overrides(epoch, time, valid_for, band).applied(stated)
    builder = builder_for(stated.get("schema"))
    source = str(next((path for path in sources if path.suffix not in TABLES), sources[0]))
    if builder is None:
        known = ", ".join(each.schema for each in BUILDERS)
        raise FormatError("schema", "is no builder's", value=stated.get("schema"), mend=known, source=source)
    if layout is None and builder.schema != MarketInput.SCHEMA:
        raise UsageError(f"--layout: name the shape of the table; it is one of {', '.join(_shapes())}")
    shape = layout or _LINEAR
    given = builder.parse(stated, source)
    earlier = Universe.load(universe) if universe.exists() else None
    listed, snapshot = builder.make(given, wanted, shape, earlier)
    listed.save(universe)
    snapshot.save(target)
    if save_input is not None:
        given.save(save_input)
    merged = merged_tiers(given, wanted, shape) if isinstance(given, MarketInput) else []
    result = {
        "universe": {"file": str(universe), "id": str(listed.hash), "instruments": len(listed.instruments)},
        "market": {
            "file": str(target),
            "root": str(market_root(snapshot)),
            "level": level,
            "layout": shape,
            "time": snapshot.time,
            "valid_until": snapshot.valid_until,
        },
        "merged_tiers": [
            {
                "instrument": m.instrument,
                "tiers": [list(run) for run in m.tiers],
                "overcharge": float(m.overcharge),
            }
            for m in merged
        ],
    }

    def text() -> None:
        _show(snapshot)
        for each in merged:
            share = float(each.overcharge) * _PERCENT
            say(
                f"{each.instrument}: more tiers than the layout has brackets; tiers {each.tiers} are merged "
                f"and charge at most {share:.2f} % more than the venue"
            )
        say(f"wrote {universe} and {target} (unsigned: zksolvency sign {target})")

    emit(result, text, as_json=json_)


def _show(snapshot: Snapshot) -> None:
    names = {position: each for position, each in enumerate(snapshot.universe.instruments)}
    feeds = {feed.underlying: feed for feed in reversed(snapshot.feeds)}
    rows = []
    for entry in snapshot.rows:
        instrument = names[entry.index]
        feed = feeds.get(instrument.underlying)
        band = (feed.price, feed.low, feed.high) if feed else ("", "", "")
        rows.append([instrument.id, instrument.kind, instrument.lot, *band, str(len(set(entry.brackets)))])
    columns = ["instrument", "kind", "lot", "price", "from", "to", "tiers"]
    table(
        f"{snapshot.universe.name}, {snapshot.level} margin, epoch {snapshot.epoch}",
        columns,
        rows,
        right=frozenset({2, 3, 4, 5, 6}),
    )


def _level(text: str) -> Level:
    if text == "maintenance":
        return "maintenance"
    if text == "initial":
        return "initial"
    raise UsageError(f"--level {text}: is not known; it is maintenance or initial")


def _shapes() -> list[str]:
    """Layouts of margin tables: one of Greeks has its own command."""
    return [name for name, each in layouts().items() if each.kind == "margin"]
