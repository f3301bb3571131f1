"""Is what a deployment's file says still so on the chain? Code, owner, settings, keys: all is looked at.

And is there more on the chain than it says? The contracts' events tell, from their first block on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from prover.toolchain.process import Progress, quiet
from verifier.chain import circuit_id, key_name
from verifier.circuits import every_instance
from verifier.errors import InvalidError, UsageError
from verifier.keystore import DEVELOPMENT_SUFFIX, KeyStore, StoredKey

from .check_history import check_history
from .check_settings import check_settings
from .contracts import artifact
from .deployment import (
    DeployedContract,
    DeployedKey,
    Deployment,
    code_hash,
    constructor_arguments,
    creation,
    key_structure,
)
from .finding import Finding, attempt
from .history import replay
from .rpc import Chain
from .settings import Settings

__all__ = ["Report", "verify_deployment"]


@dataclass(frozen=True)
class Report:
    """What was found about a deployment.

    Attributes
    ----------
    findings
        Every check, passed or not.
    settings
        What the owner has set; none when the contracts are not what they should be, and say nothing.
    """

    findings: list[Finding]
    settings: Settings | None

    @property
    def good(self) -> bool:
        """Whether every check passed."""
        return all(each.passed for each in self.findings)


def verify_deployment(
    chain: Chain,
    deployment: Deployment,
    store: KeyStore,
    *,
    allow_development_keys: bool = False,
    allow_scheduled: bool = False,
    progress: Progress = quiet,
) -> Report:
    """Check a deployment against the chain, the contracts' sources and our own keys; list what its owner set.

    Parameters
    ----------
    chain
        Where to look.
    deployment
        What should be there.
    store
        Our own verification keys; the contracts' are compared with them.
    allow_development_keys
        Whether a registry with development keys passes.
    allow_scheduled
        Whether a call that waits to be made passes.
    progress
        Called now and then, while many blocks are read.

    Raises
    ------
    UsageError
        When the RPC is of another chain.
    EnvironmentFault
        When the contracts do not compile, or the RPC does not answer.
    """
    if chain.name != deployment.chain:
        raise UsageError(f"the deployment is on {deployment.chain}, and the RPC is of {chain.name}")
    findings = [
        attempt(f"{each.name}: {what}", partial(check, chain, deployment, each))
        for each in deployment.contracts
        for what, check in (("code", _check_code), ("creation", _check_creation))
    ]
    if not all(finding.passed for finding in findings if finding.name.endswith(": code")):
        # What other code says of itself is worth nothing.
        return Report(findings, None)
    settings = None
    if all(finding.passed for finding in findings):
        chain, settings = replay(chain, deployment, progress)
    findings += _check_state(chain, deployment, store, allow_development_keys)
    if settings is not None:
        findings += check_history(chain, deployment, settings, allow_scheduled=allow_scheduled)
        findings += check_settings(chain, deployment, settings)
    return Report(findings, settings)


def _check_state(
    chain: Chain, deployment: Deployment, store: KeyStore, allow_development_keys: bool
) -> list[Finding]:
    """What the contracts say of themselves, and their keys."""
    findings = []
    made = {each.name: chain.contract(each.name, each.address) for each in deployment.contracts}
    for name, contract in made.items():
        findings += [
            attempt(f"{name}: owner", partial(_check_owner, chain, contract, deployment)),
            _equal(chain, f"{name}: guardian", contract.functions.guardian(), deployment.guardian),
            _equal(chain, f"{name}: delay", contract.functions.delay(), deployment.delay),
            _equal(chain, f"{name}: live", contract.functions.isLive(), True),
        ]
    registry, keys = made["SolvencyRegistry"], made["VerifyingKeyRegistry"]
    findings += [
        _equal(
            chain, "SolvencyRegistry: oracle", registry.functions.oracle(), deployment.address("MarketOracle")
        ),
        _equal(
            chain,
            "SolvencyRegistry: keys",
            registry.functions.keys(),
            deployment.address("VerifyingKeyRegistry"),
        ),
        _equal(chain, "VerifyingKeyRegistry: production", keys.functions.production(), deployment.production),
    ]
    for key in deployment.keys:
        check = partial(_check_key, chain, keys, key, store, allow_development_keys)
        findings.append(attempt(f"key {key.name}", check))
    return findings


def _equal(chain: Chain, name: str, call: Any, wanted: object) -> Finding:
    def check() -> str:
        found = chain.read(call)
        found = found.lower() if isinstance(found, str) else found
        if found != wanted:
            raise InvalidError(f"is {found}, and the deployment says {wanted}")
        return str(found)

    return attempt(name, check)


def _check_code(chain: Chain, _: Deployment, each: DeployedContract) -> str:
    code, made = chain.code(each.address), artifact(each.name)
    if not code:
        raise InvalidError(f"there is no code at {each.address}")
    if made.masked(code) != made.runtime:
        raise InvalidError(f"the code at {each.address} is not what the sources here compile to")
    # A getter reads one place of an immutable, and the functions that matter may read others.
    if not made.consistent(code):
        raise InvalidError(f"the code at {each.address} has two values of one immutable")
    if code_hash(made, code) != each.code:
        raise InvalidError("the code's hash is not the deployment's")
    return f"{len(code)} bytes at {each.address}"


def _check_creation(chain: Chain, deployment: Deployment, each: DeployedContract) -> str:
    """Code says nothing of what another constructor wrote to immutables and storage before it left it."""
    sent, receipt = chain.transaction(each.transaction)
    if sent.get("to") is not None:
        raise InvalidError(f"transaction {each.transaction} creates nothing: it calls {sent['to']}")
    if receipt["status"] != 1:
        raise InvalidError(f"transaction {each.transaction} failed")
    place = str(receipt["contractAddress"] or "").lower()
    if place != each.address:
        raise InvalidError(f"transaction {each.transaction} created {place}, and not {each.address}")
    if receipt["blockNumber"] != each.block:
        raise InvalidError(f"is of block {receipt['blockNumber']}, and the deployment says {each.block}")
    arguments = constructor_arguments(
        each.name,
        chain.checksum(sent["from"]),
        chain.checksum(deployment.guardian),
        deployment.delay,
        production=deployment.production,
        oracle=chain.checksum(deployment.address("MarketOracle")),
        keys=chain.checksum(deployment.address("VerifyingKeyRegistry")),
    )
    wanted = creation(chain, artifact(each.name), arguments).data_in_transaction
    if bytes(sent["input"]) != bytes.fromhex(wanted.removeprefix("0x")):
        raise InvalidError(
            f"transaction {each.transaction} ran other creation code, or had other arguments, "
            "than the sources here and the deployment say"
        )
    return f"by {str(sent['from']).lower()} in block {each.block}"


def _check_owner(chain: Chain, contract: Any, deployment: Deployment) -> str:
    owner = str(chain.read(contract.functions.owner())).lower()
    if owner == deployment.owner:
        return owner
    waiting = str(chain.read(contract.functions.pendingOwner())).lower()
    if waiting == deployment.owner:
        raise InvalidError(f"{deployment.owner} has not accepted it from {owner} (acceptOwnership)")
    raise InvalidError(f"is {owner}, and the deployment says {deployment.owner}")


def _check_key(chain: Chain, keys: Any, key: DeployedKey, store: KeyStore, allow_development: bool) -> str:
    verifier, _, development, deprecated, digest = chain.read(keys.functions.keyOf(circuit_id(key.name)))
    if int(verifier, 16) == 0:
        raise InvalidError("the registry has no such key")
    if deprecated:
        raise InvalidError("it is deprecated")
    if "sha256:" + digest.hex() != key.verification_key:
        raise InvalidError(
            f"the registry has sha256:{digest.hex()[:16]}…, the deployment {key.verification_key}"
        )
    if str(verifier).lower() != key.verifier:
        raise InvalidError(f"its verifier is {verifier}, and the deployment says {key.verifier}")
    own = store.find(key.verification_key)
    if own.manifest.circuit != key.circuit or own.manifest.production == development:
        raise InvalidError("our own key is for another circuit, or only one of the two is for development")
    if development != key.name.endswith(DEVELOPMENT_SUFFIX):
        raise InvalidError("its name does not say what it is")
    taken = {key_name(each, development=development) for each in every_instance()}
    if key.name in taken and key.name != key_name(key.circuit, development=development):
        # Policies name circuits by these names: a proof would be read as what it does not say.
        raise InvalidError(f"it is a key of {key.circuit}, under the name of another circuit")
    if chain.code(key.verifier) != _expected_verifier(chain, own):
        raise InvalidError("its verifier's code is not that of our own key")
    if development and not chain.development:
        raise InvalidError(f"a development key on chain {chain.id}, which is not for trials")
    if development and not allow_development:
        raise InvalidError("a development key: whoever made it can forge proofs (--allow-development-keys)")
    return f"{key.verification_key[:23]}… at {key.verifier}" + (", DEVELOPMENT KEY" if development else "")


def _expected_verifier(chain: Chain, key: StoredKey) -> bytes:
    """The code that the verifier's constructor leaves for our own key, key included: run, not sent."""
    made = artifact("Groth16Verifier")
    data = creation(chain, made, (key_structure(key.verification_key),)).data_in_transaction
    with chain.talking("Groth16Verifier"):
        return bytes(chain.web3.eth.call({"data": data}))
