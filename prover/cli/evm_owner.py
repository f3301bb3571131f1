"""`zksolvency evm owner`: scheduled calls, calls at once, and taking over ownership."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from prover.evm.contracts import DEPLOYED
from prover.evm.deployment import Deployment
from prover.evm.governance import AT_ONCE, DELAYED, OwnersCall, owners_call
from prover.evm.signer import Sender
from verifier.errors import InvalidError, UsageError

from .evm_options import DEPLOYMENT, From, Keystore, KeystorePassphrase, Rpc, Send, sender, tell
from .options import Json

__all__ = ["register"]

_GRACE = 14 * 24 * 3600

Contract = Annotated[str, typer.Argument(help=f"One of {', '.join(DEPLOYED)}.")]
Delayed = Annotated[
    str,
    typer.Argument(help="; ".join(f"of {name}: {', '.join(calls)}" for name, calls in DELAYED.items())),
]
AtOnce = Annotated[
    str,
    typer.Argument(help="; ".join(f"of {name}: {', '.join(calls)}" for name, calls in AT_ONCE.items())),
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(help="Its arguments; a structure as a JSON list; for addKey the key's folder."),
]
DeploymentFile = Annotated[Path, typer.Option("--deployment", help="The record of the deployment.")]


def register(evm: typer.Typer) -> None:
    """Add the commands."""
    owner = typer.Typer(no_args_is_help=True)
    owner.callback()(_group)
    for command in (schedule, execute, cancel, call, accept, pause, unpause):
        owner.command(command.__name__)(command)
    evm.add_typer(owner, name="owner")


def _group() -> None:
    """What owner and guardian of a deployment do: what loosens a check waits, what tightens one does not.

    Example: zksolvency evm owner pause --keystore guardian.json --passphrase-file phrase.txt --send
    """


def schedule(
    contract: Contract,
    function: Delayed,
    arguments: Arguments = None,
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Announce a call that loosens a check. After the delay, and for 14 days, it can be executed.

    Example: zksolvency evm owner schedule MarketOracle setQuorum UNIVERSE 3 --keystore owner.json --send
    """
    by, known = _where(deployment, rpc, keystore, passphrase_file, from_, send)
    wanted = _call(by, known, contract, function, arguments, delayed=True)
    made = by.do(_governed(by, known, contract).schedule(wanted.data), f"schedule {function}")
    begins = int(time.time()) + known.delay
    lines = [f"id {_shown(wanted)}", f"it can be executed about {known.delay} seconds from now"]
    more = {"id": _shown(wanted), "not_before": begins, "not_after": begins + _GRACE}
    tell(by, [made], more, lines, as_json=json_)


def execute(
    contract: Contract,
    function: Delayed,
    arguments: Arguments = None,
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Make a scheduled call, in exactly the words that it was scheduled in. Only the owner may.

    Example: zksolvency evm owner execute MarketOracle setQuorum UNIVERSE 3 --keystore owner.json --send
    """
    by, known = _where(deployment, rpc, keystore, passphrase_file, from_, send)
    wanted = _call(by, known, contract, function, arguments, delayed=True)
    made = by.do(wanted.bound, function)
    tell(by, [made], {"id": _shown(wanted)}, [], as_json=json_)


def cancel(
    contract: Contract,
    function: Delayed,
    arguments: Arguments = None,
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Take back a scheduled call. The owner and the guardian may.

    Example: zksolvency evm owner cancel MarketOracle setQuorum UNIVERSE 3 --keystore guardian.json --send
    """
    by, known = _where(deployment, rpc, keystore, passphrase_file, from_, send)
    wanted = _call(by, known, contract, function, arguments, delayed=True)
    made = by.do(_governed(by, known, contract).cancel(wanted.identity), f"cancel {function}")
    tell(by, [made], {"id": _shown(wanted)}, [], as_json=json_)


def call(
    contract: Contract,
    function: AtOnce,
    arguments: Arguments = None,
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Stop or withdraw something at once, as the owner or the guardian; or resume it, as the owner.

    Example: zksolvency evm owner call SolvencyRegistry revokeAttestor ATTESTOR --keystore key.json --send
    """
    by, known = _where(deployment, rpc, keystore, passphrase_file, from_, send)
    wanted = _call(by, known, contract, function, arguments, delayed=False)
    tell(by, [by.do(wanted.bound, function)], {}, [], as_json=json_)


def accept(
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Take over the contracts that are offered to the sender: the second step of a change of owners.

    Example: zksolvency evm owner accept --deployment deployment.json --keystore owner.json --send
    """
    by, known = _where(deployment, rpc, keystore, passphrase_file, from_, send)
    offered = []
    for name in DEPLOYED:
        functions = _governed(by, known, name)
        if str(by.chain.read(functions.pendingOwner())).lower() == by.address:
            offered.append((name, functions))
    if not offered:
        raise InvalidError(f"no contract of the deployment is offered to {by.address}")
    made = [by.do(functions.acceptOwnership(), f"accept {name}") for name, functions in offered]
    tell(by, made, {"accepted": [name for name, _ in offered]}, [], as_json=json_)


def pause(
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Stop the registry: no proof is taken and nobody is solvent. The owner and the guardian may.

    Example: zksolvency evm owner pause --keystore guardian.json --passphrase-file phrase.txt --send
    """
    by, known = _where(deployment, rpc, keystore, passphrase_file, from_, send)
    tell(by, [by.do(_governed(by, known, "SolvencyRegistry").pause(), "pause")], {}, [], as_json=json_)


def unpause(
    deployment: DeploymentFile = DEPLOYMENT,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Let the registry go on after a pause. Only the owner may.

    Example: zksolvency evm owner unpause --keystore owner.json --passphrase-file phrase.txt --send
    """
    by, known = _where(deployment, rpc, keystore, passphrase_file, from_, send)
    tell(by, [by.do(_governed(by, known, "SolvencyRegistry").unpause(), "unpause")], {}, [], as_json=json_)


def _where(
    deployment: Path,
    rpc: str | None,
    keystore: Path | None,
    passphrase_file: Path | None,
    from_: str | None,
    send: bool,
) -> tuple[Sender, Deployment]:
    known = Deployment.load(deployment)
    by = sender(rpc, keystore, passphrase_file, from_, send)
    if by.chain.name != known.chain:
        raise UsageError(f"{deployment}: is on {known.chain}, and the RPC is of {by.chain.name}")
    return by, known


def _governed(by: Sender, known: Deployment, contract: str) -> Any:
    return by.chain.contract(contract, known.address(contract)).functions


def _call(
    by: Sender, known: Deployment, contract: str, function: str, words: list[str] | None, *, delayed: bool
) -> OwnersCall:
    if contract not in DEPLOYED:
        raise UsageError(
            f"{contract[:60]}: is no contract of a deployment; it is one of {', '.join(DEPLOYED)}"
        )
    return owners_call(by.chain, contract, known.address(contract), function, words or [], delayed=delayed)


def _shown(wanted: OwnersCall) -> str:
    return "0x" + wanted.identity.hex()
