"""`python -m prover.schemas docs/schemas`: a JSON Schema of every file format, from the models themselves.

A schema says what a member looks like; what members mean together (ascending bounds, sorted rows, signatures)
is checked in code, so a file that fits its schema may still be refused.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from verifier.bundle import Bundle
from verifier.chain import ChainChallenge
from verifier.errors import UsageError, ZkSolvencyError
from verifier.files import write_json
from verifier.keystore import KeyManifest
from verifier.mandate import Mandate
from verifier.market import Snapshot
from verifier.models import Document
from verifier.policy import Challenge, Policy
from verifier.prices import Prices
from verifier.universe import Universe

from .accounts import Account, AccountStatement
from .evm.deployment import Deployment
from .evm.snapshot import ChainSnapshot
from .pricing.surface import Surface
from .register import HolderRegister
from .risk.history import History
from .risk.parameters import RiskParameters
from .sealing import Sealed
from .secrets import KeyFile
from .sources.document import PriceSources
from .tables.derive_portfolio_document import PortfolioInput
from .tables.derive_standard_inputs import StandardInput
from .tables.grid_inputs import GridInput
from .tables.inputs import MarketInput
from .tables.option_inputs import OptionsInput
from .tables.opyn_inputs import OpynInput

__all__ = ["DOCUMENTS", "json_schema", "main", "write_schemas"]

DOCUMENTS: tuple[type[Document], ...] = (
    Universe,
    MarketInput,
    OptionsInput,
    GridInput,
    StandardInput,
    PortfolioInput,
    OpynInput,
    PriceSources,
    Surface,
    History,
    RiskParameters,
    Snapshot,
    Mandate,
    Account,
    AccountStatement,
    Policy,
    Challenge,
    ChainChallenge,
    Bundle,
    Prices,
    KeyManifest,
    KeyFile,
    Sealed,
    HolderRegister,
    ChainSnapshot,
    Deployment,
)
"""Every file format."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: type[Document]) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a format."""
    made = _tidy(kind.model_json_schema(mode="validation"))
    by_name = {each.__name__: each for each in DOCUMENTS}
    for name, inner in made.get("$defs", {}).items():
        if name in by_name:
            _name_schema(inner, by_name[name])
    _name_schema(made, kind)
    return {"$schema": _DIALECT, "title": kind.SCHEMA, **made}


def _name_schema(made: dict[str, Any], kind: type[Document]) -> None:
    """Add the ``schema`` member, which the models take off while they read."""
    made["properties"] = {"schema": {"const": kind.SCHEMA}, **made["properties"]}
    made["required"] = ["schema", *made.get("required", [])]


def _tidy(value: Any) -> Any:
    """Drop generated titles, and the null that an absent member is in Python: a file leaves it out."""
    if isinstance(value, list):
        return [_tidy(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    kept: dict[str, Any] = {
        key: {name: _tidy(inner) for name, inner in member.items()}
        if key in ("properties", "$defs")
        else _tidy(member)
        for key, member in value.items()
        if not (key == "title" and isinstance(member, str)) and not (key == "default" and member is None)
    }
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**choices[0], **kept}
    if "description" in kept:
        kept["description"] = kept["description"].strip()
    return kept


def file_name(kind: type[Document]) -> str:
    """``zksolvency/market/1`` is in ``market.json``."""
    return kind.SCHEMA.split("/")[1] + ".json"


def write_schemas(folder: str | Path) -> list[Path]:
    """Write every schema into `folder`; returns the files."""
    written = []
    for kind in DOCUMENTS:
        path = Path(folder) / file_name(kind)
        write_json(path, json_schema(kind))
        written.append(path)
    return written


def main(arguments: list[str]) -> int:
    """The command line; returns its exit code."""
    try:
        if len(arguments) != 1:
            raise UsageError("usage: python -m prover.schemas FOLDER")
        for path in write_schemas(arguments[0]):
            print(path)
    except ZkSolvencyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
