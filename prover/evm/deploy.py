"""Put the contracts on a chain: refuse what must not be there, estimate, send, write down what is where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prover.toolchain.process import Progress, quiet
from prover.toolchain.workspace import workspace
from verifier.chain import circuit_id
from verifier.errors import EnvironmentFault, InvalidError, UsageError
from verifier.keystore import StoredKey

from .contracts import DEPLOYED, Artifact, artifact
from .deployment import (
    DeployedContract,
    DeployedKey,
    Deployment,
    code_hash,
    constructor_arguments,
    creation,
    key_structure,
)
from .rpc import Chain
from .signer import Sender, Transaction

__all__ = ["DELAY", "NOBODY", "Plan", "add_key", "deploy"]

NOBODY = "0x" + "00" * 20
"""No guardian: the owner alone stops things."""

DELAY = 2 * 24 * 3600
"""Seconds that what weakens a check waits, when nothing else is said."""

_ADD_KEY = 160_000
"""Gas of adding a key beyond that of creating its verifier: to estimate where there is no registry yet."""

_SET_UP = 60_000
"""Gas of `goLive` or of a transfer of ownership: for the same reason."""


@dataclass(frozen=True)
class Plan:
    """What to deploy.

    Attributes
    ----------
    keys
        Verification keys; all of a ceremony, or all for development.
    owner, guardian
        Who may change things, and who may only stop them.
    delay
        Seconds that a change waits.
    allow_development_keys
        Whether keys for development will do; on a chain for trials only.
    """

    keys: list[StoredKey]
    owner: str
    guardian: str = NOBODY
    delay: int = DELAY
    allow_development_keys: bool = False

    @property
    def production(self) -> bool:
        """Whether every key came from a ceremony."""
        return all(key.manifest.production for key in self.keys)

    def check(self, chain: Chain) -> None:
        """Refuse what must not be deployed, before anything is sent.

        Raises
        ------
        UsageError
            When there are no keys, or ones for development and ones of ceremonies.
        InvalidError
            When a key is for development and was not allowed, or the chain is not for trials.
        """
        if not self.keys:
            raise UsageError("there are no keys to deploy. Make them: zksolvency setup")
        development = [key.manifest.name for key in self.keys if not key.manifest.production]
        if not development:
            return
        named = ", ".join(development)
        if not chain.development:
            raise InvalidError(
                f"{named}: a development key, and chain {chain.id} is not for trials. "
                "Whoever made it can forge proofs; it is never deployed there"
            )
        if not self.allow_development_keys:
            raise InvalidError(
                f"{named}: a development key: whoever made it can forge proofs. For a trial: "
                "--allow-development-keys"
            )
        if len(development) != len(self.keys):
            raise UsageError(
                "deploy keys of ceremonies or development keys, not both: name sizes with --size"
            )


@dataclass
class _Done:
    sender: Sender
    transactions: list[Transaction] = field(default_factory=list)

    def do(self, call: Any, what: str) -> Transaction:
        made = self.sender.do(call, what)
        self.transactions.append(made)
        return made

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Say in an error what is there already. The registry is live last of all, so it harms nobody."""
        try:
            yield
        except (InvalidError, EnvironmentFault) as error:
            created = [f"{each.what} at {each.contract}" for each in self.transactions if each.contract]
            if not created:
                raise
            raise type(error)(f"{error}. Already there, and not all live: {'; '.join(created)}") from None


def deploy(
    sender: Sender, plan: Plan, progress: Progress = quiet
) -> tuple[Deployment | None, list[Transaction]]:
    """Deploy the contracts, add the keys, go live, and hand over to the owner.

    Parameters
    ----------
    sender
        Deploys; estimates only, unless it sends.
    plan
        What.
    progress
        Called with each step.

    Returns
    -------
    tuple
        What is where (None when nothing was sent), and the transactions, or what they would cost.

    Raises
    ------
    InvalidError, UsageError
        When the plan must not be deployed, or a contract refuses.
    EnvironmentFault
        When the contracts do not compile, or the RPC does not answer.
    """
    plan.check(sender.chain)
    done = _Done(sender)
    if not sender.send:
        _estimate(done, plan)
        return None, done.transactions
    with done.telling():
        return _send(done, plan, progress), done.transactions


def _send(done: _Done, plan: Plan, progress: Progress) -> Deployment:
    sender = done.sender
    chain, owner = sender.chain, sender.chain.checksum(sender.address)
    made: dict[str, Any] = {}
    guardian = chain.checksum(plan.guardian)
    contracts = []
    for name in DEPLOYED:
        progress(f"deploying {name}")
        neighbours: dict[str, str] = {}
        if name == "SolvencyRegistry":
            neighbours = {
                "oracle": made["MarketOracle"].address,
                "keys": made["VerifyingKeyRegistry"].address,
            }
        arguments = constructor_arguments(
            name, owner, guardian, plan.delay, production=plan.production, **neighbours
        )
        created = done.do(creation(chain, artifact(name), arguments), name)
        address = str(created.contract)
        made[name] = chain.contract(name, address)
        contracts.append(
            DeployedContract(
                name=name,  # type: ignore[arg-type]
                address=address,
                transaction=str(created.hash),
                block=int(created.block or 0),
                code=code_hash(artifact(name), chain.code(address)),
            )
        )
    keys = []
    for key in plan.keys:
        progress(f"adding the key {key.manifest.name}")
        adding = made["VerifyingKeyRegistry"].functions.addKey(*add_key(key))
        done.do(adding, f"key {key.manifest.name}")
        record = chain.read(made["VerifyingKeyRegistry"].functions.keyOf(circuit_id(key.manifest.name)))
        keys.append(
            DeployedKey(
                name=key.manifest.name,
                circuit=key.manifest.circuit,
                verification_key=key.manifest.verification_key,
                verifier=str(record[0]).lower(),
            )
        )
    for name in DEPLOYED:
        done.do(made[name].functions.goLive(), f"{name} goes live")
    if plan.owner != sender.address:
        for name in DEPLOYED:
            call = made[name].functions.transferOwnership(chain.checksum(plan.owner))
            done.do(call, f"{name} offered to its owner")
    deployment = Deployment(
        chain=chain.name,
        compiler=workspace().package_version("solc"),
        production=plan.production,
        owner=plan.owner,
        guardian=plan.guardian,
        delay=plan.delay,
        contracts=tuple(contracts),
        keys=tuple(keys),
    )
    return deployment


def add_key(key: StoredKey) -> tuple[str, bytes, bool, dict[str, Any]]:
    """The arguments of the registry's ``addKey`` for a key."""
    manifest = key.manifest
    return (
        manifest.name,
        bytes.fromhex(manifest.verification_key.removeprefix("sha256:")),
        not manifest.production,
        key_structure(key.verification_key),
    )


def _estimate(done: _Done, plan: Plan) -> None:
    """What it would cost: creations as the chain estimates them, calls to what is not there by experience."""
    chain = done.sender.chain
    account = chain.checksum(done.sender.address)
    common = (account, chain.checksum(plan.guardian), plan.delay)
    keys = artifact("VerifyingKeyRegistry")
    done.do(creation(chain, keys, (*common, plan.production)), "VerifyingKeyRegistry")
    done.do(creation(chain, artifact("MarketOracle"), common), "MarketOracle")
    # Its constructor looks for code at its two neighbours, which are not there yet.
    registry = artifact("SolvencyRegistry")
    done.transactions.append(Transaction("SolvencyRegistry", _creation_gas(registry)))
    for key in plan.keys:
        made = creation(chain, artifact("Groth16Verifier"), (key_structure(key.verification_key),))
        found = done.sender.do(made, f"key {key.manifest.name}")
        done.transactions.append(Transaction(found.what, found.gas + _ADD_KEY))
    done.transactions += [Transaction(f"{name} goes live", _SET_UP) for name in DEPLOYED]
    if plan.owner != done.sender.address:
        done.transactions += [Transaction(f"{name} offered to its owner", _SET_UP) for name in DEPLOYED]


def _creation_gas(made: Artifact) -> int:
    """About what a creation costs: base, call data, code deposit, and some for the constructor."""
    data = sum(4 if byte == 0 else 16 for byte in made.creation)
    return 53_000 + data + 200 * len(made.runtime) + 2 * -(-len(made.creation) // 32) + 150_000
