"""`zksolvency evm`: verify proofs on chain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.evm.export import contract_name, export_verifier
from verifier.canonical import load_json
from verifier.circuits import Instance, instances
from verifier.circuits import instance as instance_of
from verifier.errors import InvalidError, UsageError
from verifier.files import write_atomic
from verifier.keystore import VERIFICATION_KEY, KeyStore, StoredKey
from verifier.policy import Policy

from . import evm_deploy, evm_market, evm_owner, evm_registry, evm_verify
from .options import POLICY, Json, verifier_keys
from .output import emit, say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    evm = typer.Typer(no_args_is_help=True)
    evm.callback()(_group)
    evm.command("export")(export)
    for commands in (evm_deploy, evm_verify, evm_market, evm_registry, evm_owner):
        commands.register(evm)
    app.add_typer(evm, name="evm")


def _group() -> None:
    """Verify proofs on chain: deploy the contracts, post market roots, attest, ask.

    Example: zksolvency evm export
    """


def export(
    key: Annotated[Path | None, typer.Option(help="Folder of a key; the policy's first by default.")] = None,
    policy: Annotated[Path, typer.Option(help="The policy whose key to export.")] = POLICY,
    keys: Annotated[
        Path | None, typer.Option(help="Your key store; `keys` beside the policy by default.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="The contract's name; Dev is added for a development key.")
    ] = "SolvencyVerifier",
    target: Annotated[Path | None, typer.Option("--out", help="The file; NAME.sol by default.")] = None,
    json_: Json = False,
) -> None:
    """Write a Solidity verifier for a key: strict on signal range, call data length and coordinates.

    Example: zksolvency evm export --key build/keys/account_solvency_8_2_dev --name SolvencyVerifier
    """
    found = _stored(key, policy, keys)
    production = found.manifest.production
    contract = contract_name(name, production=production)
    source = export_verifier(
        load_json(found.directory / VERIFICATION_KEY),
        _circuit(found),
        name,
        production=production,
    )
    written = target or Path(f"{name}.sol")
    write_atomic(written, source)
    result = {
        "file": str(written),
        "contract": contract,
        "circuit": found.manifest.circuit,
        "verification_key": found.manifest.verification_key,
        "production": production,
    }
    remark = "" if production else " (a DEVELOPMENT key: anybody can forge proofs; not for a live chain)"
    emit(result, lambda: say(f"wrote {written}: contract {contract}{remark}"), as_json=json_)


def _circuit(found: StoredKey) -> Instance:
    try:
        return instance_of(found.manifest.circuit)
    except KeyError:
        raise InvalidError(
            f"{found.directory}: is of {found.manifest.circuit[:80]}, and no such circuit is known here. "
            f"Known: {', '.join(instances())}"
        ) from None


def _stored(key: Path | None, policy: Path, keys: Path | None) -> StoredKey:
    if key is not None:
        for entry in KeyStore(key.parent).entries():
            if entry.directory.resolve() == key.resolve():
                return entry
        raise UsageError(f"{key}: is no key's folder; it needs verification_key.json and manifest.json")
    accepted = Policy.load(policy).circuits[0]
    return KeyStore(verifier_keys(keys, policy)).find(accepted.verification_key)
