"""`zksolvency prove`, `verify` and `inspect`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prover.accounts import AccountStatement
from prover.prove import prove as make_proof
from prover.sealing import load_private
from verifier.__main__ import default_challenge
from verifier.chain import read_challenge
from verifier.mandate import Mandate
from verifier.market import Snapshot
from verifier.policy import Policy
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
from .output import Stages, emit, say

__all__ = ["register"]

Size = Annotated[
    str | None, typer.Option(help="The circuit, such as 8-2; the smallest that fits by default.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(prove)
    app.command()(verify)
    app.command()(inspect)


def prove(
    statement: Annotated[Path, typer.Argument(help="The signed account statement.")] = STATEMENT,
    market: Annotated[Path, typer.Option(help="The signed market snapshot.")] = MARKET,
    policy: Annotated[Path, typer.Option(help="The verifier's policy.")] = POLICY,
    challenge: Annotated[Path, typer.Option(help="The verifier's or contract's challenge.")] = CHALLENGE,
    holder: Annotated[Path, typer.Option(help="The holder's key file.")] = SECRETS / "holder.json",
    target: Annotated[Path, typer.Option("--out", help="The bundle.")] = BUNDLE,
    size: Size = None,
    backend: Annotated[
        str | None, typer.Option(help="native or snarkjs; the fastest that is installed by default.")
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="Where proving keys are; the workspace's by default.")
    ] = None,
    mandate: Annotated[
        Path | None, typer.Option(help="Prove that this mandate is kept; where the policy demands it.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Name the constraints that fail.")] = False,
    passphrase_file: PassphraseFile = None,
    json_: Json = False,
) -> None:
    """Prove that the account satisfies the policy, and write the bundle for the verifier.

    The exact engine runs first: an insolvent account ends there (exit code 1), and no file appears. The proof
    is verified before it is written. Nothing weaker than the policy is ever tried.

    Example: zksolvency prove statement.json --market market.json --policy policy.json
    """
    phrase = passphrase(passphrase_file)
    stages = Stages(quiet=json_)
    found = make_proof(
        load_private(AccountStatement, statement, phrase),
        Snapshot.load(market),
        Policy.load(policy),
        read_challenge(challenge),
        unlock(holder, "holder", phrase).number,
        size=size,
        backend=backend,
        keys=keys,
        debug=debug,
        stage_ended=stages.add,
        mandate=None if mandate is None else Mandate.load(mandate),
    )
    with stages.stage("write"):
        found.bundle.save(target)
    result = {
        "file": str(target),
        "circuit": found.instance.name,
        "backend": found.backend,
        "verification_key": found.bundle.verification_key,
        "public": [str(signal) for signal in found.bundle.public],
        "seconds": stages.seconds,
    }
    emit(
        result,
        lambda: say(f"wrote {target}: proven with {found.instance.size} ({found.backend}), and verified"),
        as_json=json_,
    )


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
    """Verify a bundle against your policy: each check, the verdict, and what the proof does not say.

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
    emit(result.to_json(), lambda: say(report_text(result).removesuffix("\n")), as_json=json_)
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
            say(f"{indent}{name}:")
            _lines(value, indent + "  ")
        else:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            say(f"{indent}{name:<18} {shown}")
