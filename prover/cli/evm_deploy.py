"""`zksolvency evm deploy`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prover.evm.deploy import DELAY, NOBODY, Plan, deploy
from prover.evm.encoding import address
from prover.toolchain.process import quiet
from prover.toolchain.workspace import workspace
from verifier.circuits import instance as instance_of
from verifier.circuits import instances
from verifier.errors import UsageError
from verifier.keystore import KeyStore, StoredKey

from .evm_options import (
    DEPLOYMENT,
    Development,
    From,
    Keys,
    Keystore,
    KeystorePassphrase,
    Rpc,
    Send,
    sender,
    tell,
)
from .options import Json
from .output import progress

__all__ = ["register"]


def register(evm: typer.Typer) -> None:
    """Add the commands."""
    evm.command("deploy")(deploy_)


def deploy_(
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    keys: Keys = None,
    size: Annotated[
        list[str] | None, typer.Option(help="Circuit whose key to deploy; repeat. All keys by default.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option(help="Who may change things, after the delay; the sender by default.")
    ] = None,
    guardian: Annotated[
        str, typer.Option(help="Who may stop things at once; the owner alone by default.")
    ] = NOBODY,
    delay: Annotated[int, typer.Option(help="Seconds that what weakens a check waits.")] = DELAY,
    allow_development_keys: Development = False,
    send: Send = False,
    target: Annotated[Path, typer.Option("--out", help="The record of the deployment.")] = DEPLOYMENT,
    json_: Json = False,
) -> None:
    """Deploy registry, market oracle and verification keys, and write down what is where.

    A dry run unless --send is there. Development keys are refused; on main networks always.

    Example: zksolvency evm deploy --keystore key.json --passphrase-file phrase.txt --owner 0x… --send
    """
    if send and target.exists():
        raise UsageError(
            f"{target}: is there already; a record is never overwritten. Name another with --out"
        )
    by = sender(rpc, keystore, passphrase_file, from_, send)
    plan = Plan(
        _keys(keys, size),
        owner=by.address if owner is None else address(owner, "--owner"),
        guardian=address(guardian, "--guardian"),
        delay=delay,
        allow_development_keys=allow_development_keys,
    )
    made, transactions = deploy(by, plan, quiet if json_ else progress.print)
    lines = []
    if made is not None:
        made.save(target)
        lines += [f"{each.name:<22} {each.address}" for each in made.contracts]
        lines.append(f"wrote {target}")
        if made.owner != by.address:
            lines.append(f"{made.owner} must accept each contract: acceptOwnership()")
    if not plan.production:
        lines.append("DEVELOPMENT KEYS: whoever made them can forge proofs; for trials only")
    more = {} if made is None else {"file": str(target), "deployment": made.to_json()}
    tell(by, transactions, more, lines, as_json=json_)


def _keys(store: Path | None, sizes: list[str] | None) -> list[StoredKey]:
    """The store's key of each wanted circuit: a ceremony's, where there is one."""
    source = store or workspace().keys
    found = KeyStore(source).entries() if source.is_dir() else []
    chosen = []
    for name in [_instance(size) for size in sizes] if sizes else [*instances()]:
        mine = [key for key in found if key.manifest.circuit == name]
        if not mine and sizes:
            raise UsageError(
                f"{source}: there is no key of {name}. "
                f"Make one: zksolvency setup --size {instance_of(name).size}"
            )
        best = [key for key in mine if key.manifest.production] or mine
        chosen += best[:1]
    return chosen


def _instance(size: str) -> str:
    try:
        return instance_of(size).name
    except KeyError:
        known = ", ".join(each.size for each in instances().values())
        raise UsageError(f"--size {size}: is not known; it is one of {known}") from None
