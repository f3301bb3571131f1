"""`zksolvency evm policy`, `attest`, `status` and `calldata`: proofs for the registry on a chain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from prover.evm.encoding import address, calldata
from prover.evm.registry import Registry, attest_calldata, chain_part
from prover.evm.rpc import connect
from verifier.bundle import Bundle
from verifier.chain import ChainPart, chain_policy_id, circuit_id
from verifier.errors import UsageError
from verifier.keystore import KeyStore
from verifier.policy import Policy
from verifier.statement import subject_number

from .evm_options import From, Keystore, KeystorePassphrase, Rpc, Send, sender, tell
from .options import BUNDLE, POLICY, Json, verifier_keys
from .output import emit, say

__all__ = ["register"]

_POLICY_ID = re.compile(r"(0x)?([0-9a-fA-F]{64})", re.ASCII)


def register(evm: typer.Typer) -> None:
    """Add the commands."""
    evm.command("policy")(policy_)
    evm.command("attest")(attest)
    evm.command("status")(status)
    evm.command("calldata")(calldata_)


def policy_(
    policy: Annotated[Path, typer.Argument(help="A policy whose audience is the registry.")] = POLICY,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Add a policy to the registry that is its audience. Only the registry's owner may.

    Keys are compared with the registry's, and the id with the one that verifiers off chain compute.

    Example: zksolvency evm policy policy.json --keystore key.json --send
    """
    own = Policy.load(policy)
    by = sender(rpc, keystore, passphrase_file, from_, send)
    made = by.do(Registry.of_policy(by.chain, own).add_policy(own), f"policy {own.name}")
    identity = "0x" + chain_policy_id(own).hex()
    tell(by, [made], {"policy": identity}, [f"policy id {identity}"], as_json=json_)


def attest(
    bundle: Annotated[Path, typer.Argument(help="A bundle that was made for the registry.")] = BUNDLE,
    rpc: Rpc = None,
    keystore: Keystore = None,
    passphrase_file: KeystorePassphrase = None,
    from_: From = None,
    send: Send = False,
    json_: Json = False,
) -> None:
    """Put a proof on record. Anybody may send it: the subject is in the proof.

    Example: zksolvency evm attest bundle.json --keystore key.json --passphrase-file phrase.txt --send
    """
    made_for = Bundle.load(bundle)
    part = chain_part(made_for)
    by = sender(rpc, keystore, passphrase_file, from_, send)
    registry = Registry.of(by.chain, part.chain, part.contract)
    made = by.do(registry.attest(made_for), "attestation")
    subject = f"0x{made_for.statement.terms.subject:040x}"
    tell(
        by, [made], {"subject": subject, "policy": "0x" + part.policy}, [f"subject {subject}"], as_json=json_
    )


def status(
    subject: Annotated[
        str, typer.Argument(help="Whom: an address, or the subject of a policy or statement.")
    ],
    policy: Annotated[Path, typer.Option(help="The policy; its audience is the registry.")] = POLICY,
    contract: Annotated[str | None, typer.Option(help="Without a policy: the registry.")] = None,
    policy_id: Annotated[str | None, typer.Option(help="Without a policy: its id in the registry.")] = None,
    rpc: Rpc = None,
    json_: Json = False,
) -> int:
    """Say whether a subject counts as solvent now, and why. Exit code 0 solvent, 1 not.

    Example: zksolvency evm status 0x… --policy policy.json
    """
    account = address(subject, "SUBJECT") if subject.startswith("0x") else f"0x{subject_number(subject):040x}"
    chain = connect(rpc)
    if contract is None and policy_id is None:
        own = Policy.load(policy)
        registry, identity = Registry.of_policy(chain, own), chain_policy_id(own)
    elif contract is None or policy_id is None:
        raise UsageError("--contract and --policy-id go together")
    else:
        named = _POLICY_ID.fullmatch(policy_id)
        if named is None:
            raise UsageError("--policy-id: is no id; write 0x and 64 hex digits")
        registry = Registry(chain, address(contract, "--contract"))
        identity = bytes.fromhex(named[2])
    found = registry.status(account, identity)

    def text() -> None:
        say(f"{account}: {found['status']}", "bold green" if found["solvent"] else "bold red")
        if "record" in found:
            record = found["record"]
            say(f"  proven at {record['as_of']} in epoch {record['epoch']}, until {found['expires']} at most")
            say(f"  live prices: {found['envelope']}")

    emit(found, text, as_json=json_)
    return 0 if found["solvent"] else 1


def calldata_(
    bundle: Annotated[Path, typer.Argument(help="A bundle.")] = BUNDLE,
    policy: Annotated[Path, typer.Option(help="The policy, beside which your keys are.")] = POLICY,
    keys: Annotated[
        Path | None, typer.Option(help="Your key store; `keys` beside the policy by default.")
    ] = None,
    verifier: Annotated[
        bool, typer.Option("--verifier", help="For an exported verifier alone, not for a registry.")
    ] = False,
    json_: Json = False,
) -> None:
    """Print the call data of a bundle, to send it in any other way: for its registry, or a verifier.

    No chain is asked.

    Example: zksolvency evm calldata bundle.json
    """
    made_for = Bundle.load(bundle)
    part = made_for.challenge
    to: str | None = None
    if verifier or not isinstance(part, ChainPart):
        data, function = calldata(made_for.proof.to_json(), made_for.public), "verify"
    else:
        key = KeyStore(verifier_keys(keys, policy)).find(made_for.verification_key)
        data, function = attest_calldata(made_for, circuit_id(key.manifest.name)), "attest"
        to = part.contract
    shown = "0x" + data.hex()
    result = {"function": function, "data": shown, **({} if to is None else {"to": to})}
    emit(result, lambda: say(shown), as_json=json_)
