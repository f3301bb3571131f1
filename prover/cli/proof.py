"""`zksolvency setup`, `prove`, `verify` and `inspect`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from prover.accounts import AccountStatement
from prover.prove import prove as make_proof
from prover.sealing import load_private
from prover.toolchain.setup import setup as set_up
from prover.toolchain.workspace import workspace
from verifier.__main__ import default_challenge
from verifier.circuits import Instance, instances
from verifier.circuits import instance as instance_of
from verifier.errors import UsageError
from verifier.market import Snapshot
from verifier.policy import Challenge, Policy
from verifier.report import text as report_text
from verifier.verify import verify as check_bundle

from .inspect import describe
from .options import (
    BUNDLE,
    CHALLENGE,
    MARKET,
    POLICY,
    SECRETS,
    STATEMENT,
    Json,
    PassphraseFile,
    passphrase,
    unlock,
    verifier_keys,
)
from .output import Stages, emit, out, progress

__all__ = ["register"]

Size = Annotated[str | None, typer.Option(help="The circuit, such as 8-2; the smallest that fits by default.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(setup)
    app.command()(prove)
    app.command()(verify)
    app.command()(inspect)


def verify(
    bundle: Annotated[Path, typer.Argument(help="What the prover sent.")] = BUNDLE,
    policy: Annotated[Path, typer.Option(help="Your policy.")] = POLICY,
    keys: Annotated[
        Path | None, typer.Option(help="Your key store; `keys` beside the policy by default.")
    ] = None,
    challenge: Annotated[
        Path | None, typer.Option(help="The challenge you sent; the one beside the policy by default.")
    ] = None,
    replay: Annotated[Path | None, typer.Option(help="File of accepted proofs, made when missing.")] = None,
    prices: Annotated[Path | None, typer.Option(help="Live prices, to compare with the bands.")] = None,
    now: Annotated[int | None, typer.Option(help="Seconds since 1970 to judge at.")] = None,
    json_: Json = False,
) -> int:
    """Verify a bundle against your policy: each check, then VALID or NOT VALID, and what the proof does not say.

    Exit code 0 valid, 1 not valid. The same as python -m verifier.

    Example: zksolvency verify bundle.json --policy policy.json --replay seen.sqlite
    """
    result = check_bundle(
        bundle,
        policy,
        verifier_keys(keys, policy),
        challenge=challenge or default_challenge(policy),
        now=now,
        replay=replay,
        prices=prices,
    )
    emit(result.to_json(), lambda: out.print(report_text(result), markup=False, end=""), as_json=json_)
    return 0 if result.valid else 1


def inspect(
    file: Annotated[Path, typer.Argument(help="Any of this project's files.")] = BUNDLE,
    json_: Json = False,
) -> None:
    """Show what is in a file. Private files tell their kind only; nothing is verified.

    Example: zksolvency inspect bundle.json
    """
    described = describe(file)
    emit(described, lambda: _lines(described), as_json=json_)


def _lines(described: dict[str, Any], indent: str = "") -> None:
    for name, value in described.items():
        if isinstance(value, dict):
            out.print(f"{indent}{name}:")
            _lines(value, indent + "  ")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            out.print(f"{indent}{name:<18} {shown}", markup=False)
