"""What is in a file, by its schema; private files tell only what they would tell anybody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from prover.sealing import load_discreetly
from prover.tables import MarketInput
from prover.tables.rebuild import Builder, builder_for
from verifier.bundle import Bundle
from verifier.chain import ChainChallenge, chain_policy_id, contract_of
from verifier.errors import FormatError
from verifier.keystore import KeyManifest
from verifier.market import Snapshot, market_root
from verifier.policy import Challenge, Policy
from verifier.prices import Prices
from verifier.statement import ratio_to_text
from verifier.universe import Universe

__all__ = ["describe"]


def describe(path: Path) -> dict[str, Any]:
    """The file's kind and its public content.

    Raises
    ------
    UsageError, FormatError
        When it cannot be read, or is none of this project's files.
    """
    loaded = load_discreetly(path)
    schema = loaded.get("schema") if isinstance(loaded, dict) else None
    reader = _READERS.get(schema) if isinstance(schema, str) else None
    builder = builder_for(schema) if reader is None else None
    if builder is not None:
        return {"schema": schema, **_builder_input(builder, loaded, str(path))}
    if reader is None:
        known = ", ".join(sorted([*_READERS, *_PRIVATE]))
        if schema in _PRIVATE:
            return {
                "schema": schema,
                "private": "its content is not shown; `zksolvency check` reads accounts",
            }
        raise FormatError("schema", "is not known", value=schema, mend=f"Known: {known}", source=str(path))
    return {"schema": schema, **reader(loaded, str(path))}


def _bundle(loaded: Any, source: str) -> dict[str, Any]:
    bundle = Bundle.parse(loaded, source)
    terms = bundle.statement.terms
    return {
        "circuit": bundle.circuit,
        "verification_key": bundle.verification_key,
        "level": terms.level,
        "ratio": ratio_to_text(terms.ratio),
        "floor": f"{terms.floor} {bundle.market.universe.quote}",
        "coverage": terms.coverage,
        "subject": f"0x{terms.subject:040x}",
        "as_of": terms.as_of,
        "attestor": str(bundle.statement.attestor),
        "nullifier": str(bundle.statement.nullifier),
        "context": str(bundle.statement.context),
        "audience": bundle.challenge.audience,
        "market": _market_of(bundle.market),
    }


def _market(loaded: Any, source: str) -> dict[str, Any]:
    return _market_of(Snapshot.parse(loaded, source))


def _market_of(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "root": str(market_root(snapshot)),
        "universe": str(snapshot.universe.hash),
        "venue": snapshot.universe.venue,
        "level": snapshot.level,
        "layout": snapshot.layout,
        "epoch": snapshot.epoch,
        "time": snapshot.time,
        "valid_until": snapshot.valid_until,
        "rows": len(snapshot.rows),
        "bands": {feed.id: f"{feed.low} to {feed.high}" for feed in snapshot.feeds},
        "frozen": list(snapshot.frozen),
        "signed_by": [signature.public_key for signature in snapshot.signatures],
    }


def _universe(loaded: Any, source: str) -> dict[str, Any]:
    universe = Universe.parse(loaded, source)
    return {
        "id": str(universe.hash),
        "venue": universe.venue,
        "quote": universe.quote,
        "period": universe.period,
        "instruments": [instrument.id for instrument in universe.instruments],
    }


def _policy(loaded: Any, source: str) -> dict[str, Any]:
    policy = Policy.parse(loaded, source)
    on_chain = {"id on chain": "0x" + chain_policy_id(policy).hex()} if contract_of(policy) else {}
    return {"id": str(policy.id), **on_chain, **policy.to_json()}


def _challenge(loaded: Any, source: str) -> dict[str, Any]:
    return Challenge.parse(loaded, source).to_json()


def _chain_challenge(loaded: Any, source: str) -> dict[str, Any]:
    challenge = ChainChallenge.parse(loaded, source)
    return {"context": str(challenge.context), **challenge.to_json()}


def _manifest(loaded: Any, source: str) -> dict[str, Any]:
    return KeyManifest.parse(loaded, source).to_json()


def _prices(loaded: Any, source: str) -> dict[str, Any]:
    return Prices.parse(loaded, source).to_json()


def _market_input(loaded: Any, source: str) -> dict[str, Any]:
    given = MarketInput.parse(loaded, source)
    return {
        "name": given.name,
        "venue": given.venue,
        "quote": given.quote,
        "period": given.period,
        "epoch": given.epoch,
        "time": given.time,
        "valid_until": given.valid_until,
        "band": given.band,
        "prices": {feed.id: feed.price for feed in given.feeds},
        "instruments": [instrument.id for instrument in given.instruments],
    }


_HEAD = ("name", "venue", "quote", "period", "epoch", "time", "valid_until")


def _builder_input(builder: Builder, loaded: Any, source: str) -> dict[str, Any]:
    """What every builder's input has, and which models it makes; its rules are in the file."""
    given = builder.parse(loaded, source).to_json()
    return {**{name: given[name] for name in _HEAD if name in given}, "builds": list(builder.models)}


_READERS: dict[str, Callable[[Any, str], dict[str, Any]]] = {
    Bundle.SCHEMA: _bundle,
    Snapshot.SCHEMA: _market,
    Universe.SCHEMA: _universe,
    Policy.SCHEMA: _policy,
    Challenge.SCHEMA: _challenge,
    ChainChallenge.SCHEMA: _chain_challenge,
    KeyManifest.SCHEMA: _manifest,
    MarketInput.SCHEMA: _market_input,
    Prices.SCHEMA: _prices,
}

_PRIVATE = frozenset(
    {
        "zksolvency/account/1",
        "zksolvency/account-statement/1",
        "zksolvency/holder-register/1",
        "zksolvency/key-file/1",
        "zksolvency/sealed/1",
    }
)
