"""`zksolvency market prices`, `risk` and `surface`: what goes into a snapshot, from public data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from prover.pricing.calibrate import calibrate, fit_error
from prover.pricing.smile import QuotedSlice
from prover.pricing.surface import Surface, surface_valid
from prover.risk.forecast import Ewma, Garch, fit_garch
from prover.risk.history import History, history_from_csv
from prover.risk.parameters import Previous, RiskParameters, RiskRule, risk_parameters, risk_valid
from prover.risk.realised import ESTIMATORS, annual, variance
from prover.sources import PriceSources, aggregate, funding_from_sources, priced, prices_from_sources
from prover.tables.rebuild import BUILDERS, builder_for
from verifier.canonical import load_json
from verifier.errors import FormatError, UsageError
from verifier.market import Snapshot
from verifier.models import format_error

from .options import Json, about
from .output import emit, say, table

__all__ = ["prices", "register", "risk", "surface"]

_PLACES = 6
_PERCENT = 100


def register(market: typer.Typer) -> None:
    """Add the commands to the group `market`."""
    market.command("prices")(prices)
    market.command("risk")(risk)
    market.command("surface")(surface)


def prices(
    source: Annotated[Path, typer.Argument(help="What several sources said (price-sources).")],
    into: Annotated[
        Path | None, typer.Option(help="A builder's input whose feeds of the same ids take these prices.")
    ] = None,
    json_: Json = False,
) -> None:
    """One price out of several sources, or a refusal that says which disagree and by how much.

    Stale sources and outliers do not count; the median of the others does, if enough are left and no two of
    them are too far apart. Without that no price is written.

    Example: zksolvency market prices sources.json --into market-input.json
    """
    document = PriceSources.load(source)
    with about(source):
        found, feeds = aggregate(document), prices_from_sources(document)
        funding = funding_from_sources(document)
    if into is not None:
        _merge(into, document)
    texts = {**{feed.id: feed.price for feed in feeds}, **funding}
    result = {
        "time": document.time,
        "prices": [
            {
                "id": each.id,
                "value": texts[each.id],
                "used": list(each.used),
                "rejected": [{"source": r.source, "reason": r.reason} for r in each.rejected],
                "spread": float(each.spread),
            }
            for each in found
        ],
        "written": str(into) if into is not None else None,
    }

    def text() -> None:
        rows = [
            [
                each.id,
                texts[each.id],
                str(len(each.used)),
                f"{float(each.spread):.6f}",
                str(len(each.rejected)),
            ]
            for each in found
        ]
        columns = ["feed", "price", "sources", "spread", "dropped"]
        table("", columns, rows, right=frozenset(range(1, len(columns))))
        for each in found:
            for dropped in each.rejected:
                say(f"{each.id}: {dropped.source} {dropped.reason}")
        if into is not None:
            say(f"wrote {into}")

    emit(result, text, as_json=json_)


def risk(
    history: Annotated[
        Path, typer.Argument(help="Bars: CSV (time,open,high,low,close) or price-history JSON.")
    ],
    rule: Annotated[Path | None, typer.Option(help="The rule, JSON; needed unless --check.")] = None,
    model: Annotated[str, typer.Option(help="ewma:DECAY or garch.")] = "ewma:0.94",
    underlying: Annotated[str, typer.Option(help="What a CSV file's prices are of.")] = "BTC",
    previous: Annotated[
        Path | None, typer.Option(help="Parameters published before, which steps start from.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(help="Recompute published parameters, or a snapshot's; exit 1 if they differ."),
    ] = None,
    target: Annotated[Path | None, typer.Option("--out", help="Where to write the parameters.")] = None,
    json_: Json = False,
) -> None:
    """The range that a stress moves a price by, from its history; or recompute a published one.

    Example: zksolvency market risk history.csv --rule rule.json --out risk.json
    """
    bars = history_from_csv(history, underlying) if history.suffix == ".csv" else History.load(history)
    if check is not None:
        with about(check):
            published = _published(check, bars.underlying)
            risk_valid(published, bars)
    else:
        if rule is None:
            raise UsageError("--rule: is missing; name a rule to make parameters, or --check published ones")
        before = RiskParameters.load(previous) if previous is not None else None
        chosen = _model(model, bars)
        with about(history):
            published = risk_parameters(
                bars,
                chosen,
                _rule(rule),
                bars.bars[-1].time,
                Previous(time=before.time, range=before.range) if before is not None else None,
            )
        if target is not None:
            published.save(target)
    measured = _realised(bars)
    result = {
        **published.to_json(),
        "checked": check is not None,
        "realised": measured,
        "written": str(target) if target is not None and check is None else None,
    }

    def text() -> None:
        for name, value in measured.items():
            say(f"realised, {name:<11} {value * _PERCENT:7.2f} % a year")
        say(f"range to stress by    {float(published.range) * _PERCENT:7.2f} % ({published.binding} decides)")
        if check is not None:
            say(f"{check} follows from {history}, to the last digit")
        elif target is not None:
            say(f"wrote {target}")

    emit(result, text, as_json=json_)


def surface(
    source: Annotated[Path, typer.Argument(help="A volatility surface (vol-surface).")],
    fit: Annotated[bool, typer.Option("--fit", help="Fit SVI smiles to its quotes first.")] = False,
    target: Annotated[Path | None, typer.Option("--out", help="Where to write the surface.")] = None,
    json_: Json = False,
) -> None:
    """Check a volatility surface for arbitrage; with --fit, make it from quotes.

    Example: zksolvency market surface quotes.json --fit --out surface.json
    """
    given = Surface.load(source)
    quoted = [each for each in given.slices if isinstance(each, QuotedSlice)]
    with about(source):
        if fit:
            if len(quoted) != len(given.slices):
                raise UsageError("--fit: a slice is SVI already; give a surface of quotes alone")
            made = calibrate(given.underlying, given.time, quoted)
        else:
            surface_valid(given)
            made = given
        error = fit_error(made, quoted) if quoted else None
    if target is not None:
        made.save(target)
    result = {
        "underlying": made.underlying,
        "expiries": [each.expiry for each in made.slices],
        "arbitrage_free": True,
        "fit_error": float(error) if error is not None else None,
        "written": str(target) if target is not None else None,
    }

    def text() -> None:
        say(f"{made.underlying}: {len(made.slices)} expiries, no butterfly and no calendar spread is free")
        if error is not None:
            say(f"largest distance of a quote: {float(error) * _PERCENT:.4f} volatility points")
        if target is not None:
            say(f"wrote {target}")

    emit(result, text, as_json=json_)


def _merge(into: Path, document: PriceSources) -> None:
    body = load_json(into)
    builder = builder_for(body.get("schema")) if isinstance(body, dict) else None
    if builder is None:
        known = ", ".join(each.schema for each in BUILDERS)
        raise FormatError("schema", "is no builder's", mend=known, source=str(into))
    with about(into):
        builder.parse(priced(body, document), str(into)).save(into)


def _model(name: str, bars: History) -> Ewma | Garch:
    if name == "garch":
        return fit_garch(bars)
    kind, _, decay = name.partition(":")
    if kind != "ewma" or not decay:
        raise UsageError(f"--model {name}: is not known; write ewma:0.94 or garch")
    return Ewma(decay=decay)


def _rule(path: Path) -> RiskRule:
    try:
        return RiskRule.model_validate(load_json(path))
    except ValidationError as error:
        raise format_error(error, str(path), private=False) from None


def _published(path: Path, underlying: str) -> RiskParameters:
    """Parameters of a file of their own, or those that a snapshot's model carries for an underlying."""
    body = load_json(path)
    if not isinstance(body, dict) or body.get("schema") != Snapshot.SCHEMA:
        return RiskParameters.parse(body, str(path))
    model = Snapshot.parse(body, str(path)).model
    given = model.parameters.get("input") if model is not None else None
    listed = given.get("risk", []) if isinstance(given, dict) else []
    for place, each in enumerate(listed if isinstance(listed, list) else []):
        if isinstance(each, dict) and each.get("underlying") == underlying:
            return RiskParameters.parse(each, f"{path}: model.parameters.input.risk[{place}]")
    raise FormatError(
        "model.parameters.input.risk",
        f"has no range of {underlying}",
        mend="Check --underlying",
        source=str(path),
    )


def _realised(bars: History) -> dict[str, float]:
    whole = bars.bars[0].open is not None
    return {
        each: round(float(annual(variance(bars, each), bars.period)), _PLACES)
        for each in ESTIMATORS
        if whole or each == "close"
    }
