"""Is what a deployment's file says still so on the chain? Code, owner, settings, keys: all is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from verifier.chain import circuit_id
from verifier.errors import InvalidError, UsageError
from verifier.keystore import DEVELOPMENT_SUFFIX, KeyStore, StoredKey

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
from .rpc import Chain

__all__ = ["Finding", "verify_deployment"]


@dataclass(frozen=True)
class Finding:
    """One thing that was checked about a deployment."""

    name: str
    passed: bool
    detail: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def verify_deployment(
    chain: Chain, deployment: Deployment, store: KeyStore, *, allow_development_keys: bool = False
) -> list[Finding]:
    """Check a deployment against the chain, the contracts' sources and our own keys.

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

    Returns
    -------
    list
        Every check, passed or not.

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
        _try(f"{each.name}: {what}", partial(check, chain, deployment, each))
        for each in deployment.contracts
        for what, check in (("code", _check_code), ("creation", _check_creation))
    ]
    if not all(finding.passed for finding in findings if finding.name.endswith(": code")):
        # What other code says of itself is worth nothing.
        return findings
    made = {each.name: chain.contract(each.name, each.address) for each in deployment.contracts}
    for name, contract in made.items():
        findings += [
            _try(f"{name}: owner", partial(_check_owner, chain, contract, deployment)),
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
        findings.append(_try(f"key {key.name}", check))
    return findings


def _try(name: str, check: Callable[[], object]) -> Finding:
    try:
        return Finding(name, True, str(check()))
    except InvalidError as error:
        return Finding(name, False, str(error))


def _equal(chain: Chain, name: str, call: Any, wanted: object) -> Finding:
    def check() -> str:
        found = chain.read(call)
        found = found.lower() if isinstance(found, str) else found
        if found != wanted:
            raise InvalidError(f"is {found}, and the deployment says {wanted}")
        return str(found)

    return _try(name, check)


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
