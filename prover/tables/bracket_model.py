"""The `brackets` model: what a snapshot of linear instruments carries so that its rows can be rebuilt.

Feeds with their bands, listings and lots are in the snapshot; the parameters are the venue's rules, in the
order of the universe's instruments.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from verifier.errors import FormatError
from verifier.market import Model, Snapshot
from verifier.models import format_error

from .inputs import MarketInput

__all__ = ["NAME", "VERSION", "bracket_model", "input_of"]

NAME = "brackets"
VERSION = 1

_LISTED = ("id", "kind", "underlying", "feed", "lot", "size_step", "expiry", "retired")
_SHARED = ("tier_tables", "maintenance_tiers", "initial_tiers", "frozen")
_FEED = ("id", "kind", "underlying", "price", "low", "high")


def bracket_model(market: MarketInput) -> Model:
    """The model of an input's rules.

    Raises
    ------
    FormatError
        When the rules are more than a snapshot may carry.
    """
    content = market.to_json()
    rules = [
        {name: value for name, value in instrument.items() if name not in _LISTED}
        for instrument in content["instruments"]
    ]
    shared = {name: content[name] for name in _SHARED if name in content}
    try:
        return Model(name=NAME, version=VERSION, parameters={**shared, "instruments": rules})
    except ValidationError as error:
        raise FormatError(
            "model", f"cannot carry the rules: {format_error(error)}", mend="Share tiers through tier_tables"
        ) from None


def input_of(snapshot: Snapshot) -> MarketInput:
    """The builder's input that a snapshot states: its feeds and listings with its model's rules.

    Raises
    ------
    FormatError
        When the parameters are not this model's.
    """
    model, universe = snapshot.model, snapshot.universe
    if model is None or (model.name, model.version) != (NAME, VERSION):
        raise FormatError("model", "is not of the bracket builder", mend=f"{NAME} {VERSION}")
    given: dict[str, Any] = dict(model.parameters)
    rules = given.pop("instruments", None)
    unknown = sorted(set(given) - set(_SHARED))
    if unknown:
        raise FormatError(f"model.parameters.{unknown[0]}", "is not known", mend="Leave it out")
    if not isinstance(rules, list) or len(rules) != len(universe.instruments):
        raise FormatError(
            "model.parameters.instruments", "are not as many as the universe's", mend="One a listing"
        )
    instruments = []
    for place, (instrument, rule) in enumerate(zip(universe.instruments, rules, strict=True)):
        field = f"model.parameters.instruments[{place}]"
        if not isinstance(rule, dict) or set(rule) & set(_LISTED):
            raise FormatError(field, "says what the universe says", mend="Only rules belong there")
        listed = instrument.model_dump(mode="json", exclude_none=True)
        instruments.append({**rule, **{name: listed[name] for name in _LISTED if name in listed}})
    return MarketInput.parse(
        {
            "schema": MarketInput.SCHEMA,
            **{name: getattr(universe, name) for name in ("name", "venue", "quote", "period")},
            **{name: getattr(snapshot, name) for name in ("epoch", "time", "valid_until")},
            "band": "0",
            "feeds": [{name: getattr(feed, name) for name in _FEED} for feed in snapshot.feeds],
            "instruments": instruments,
            **given,
        },
        source="model",
    )
