"""What the registry takes: a policy, a proof; and what it says of a subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from verifier.bundle import Bundle
from verifier.chain import ChainPart, chain_policy_id, circuit_id, contract_of, key_name, layout_of
from verifier.errors import InvalidError, UsageError
from verifier.market import level_number
from verifier.policy import Policy
from verifier.statement import coverage_number

from .contracts import abi
from .encoding import proof_words
from .rpc import Chain

__all__ = [
    "STATUSES",
    "Registry",
    "attest_calldata",
    "chain_part",
    "policy_structure",
    "proof_structure",
    "statement_structure",
]

STATUSES = (
    "no record",
    "solvent",
    "expired",
    "outside the envelope",
    "price unavailable",
    "snapshot withdrawn",
    "attestor revoked",
    "key deprecated",
    "halted",
)
"""The registry's `Status`, by number."""

ENVELOPE_STATES = (
    "unknown",
    "inside",
    "outside",
    "price unavailable",
    "sources diverged",
    "out of window",
    "revoked",
    "halted",
)
"""The oracle's `EnvelopeState`, by number."""


@dataclass(frozen=True)
class Registry:
    """A SolvencyRegistry on a chain, with its oracle and its keys."""

    chain: Chain
    address: str

    @property
    def contract(self) -> Any:
        """The registry."""
        return self.chain.contract("SolvencyRegistry", self.address)

    @property
    def oracle(self) -> Any:
        """Its market oracle."""
        return self.chain.contract("MarketOracle", self.chain.read(self.contract.functions.oracle()))

    @property
    def keys(self) -> Any:
        """Its registry of verification keys."""
        return self.chain.contract("VerifyingKeyRegistry", self.chain.read(self.contract.functions.keys()))

    @classmethod
    def of(cls, chain: Chain, caip2: str, address: str) -> Registry:
        """The registry of that chain and address; UsageError when the RPC is of another chain."""
        if chain.name != caip2:
            raise UsageError(f"the registry is on {caip2}, and the RPC is of {chain.name}")
        return cls(chain, address)

    @classmethod
    def of_policy(cls, chain: Chain, policy: Policy) -> Registry:
        """The registry that is a policy's audience; UsageError when none is, or it is on another chain."""
        found = contract_of(policy)
        if found is None:
            raise UsageError(
                "the policy is not a contract's: its audience must be eip155:<chain id>:0x<registry>, "
                "and fresh_challenge false (zksolvency policy new --audience … --standing)"
            )
        return cls.of(chain, *found)

    def circuit_of(self, bundle: Bundle) -> bytes:
        """The circuit id of a bundle's key here: the key with the bundle's hash.

        Raises
        ------
        InvalidError
            When the registry has no such key.
        """
        for development in (False, True):
            circuit = circuit_id(key_name(bundle.circuit, development=development))
            record = self.chain.read(self.keys.functions.keyOf(circuit))
            if record[4].hex() == bundle.verification_key.removeprefix("sha256:"):
                return circuit
        raise InvalidError(f"the registry has no key {bundle.verification_key[:23]}… of {bundle.circuit}")

    def attest(self, bundle: Bundle) -> Any:
        """The call that puts a bundle's proof on record."""
        part = chain_part(bundle)
        return self.contract.functions.attest(
            bytes.fromhex(part.policy),
            self.circuit_of(bundle),
            statement_structure(bundle),
            proof_structure(bundle),
        )

    def add_policy(self, policy: Policy) -> Any:
        """The call that adds a policy, after a look that the registry knows it as `chain_policy_id` does.

        Raises
        ------
        InvalidError
            When a circuit's key is not here or has another hash, the universe is not registered with the
            oracle, or the policy is there already.
        """
        structure = policy_structure(policy)
        functions = self.contract.functions
        own = bytes(self.chain.read(functions.policyIdOf(structure)))
        if own != chain_policy_id(policy):
            raise InvalidError("the registry computes another id for the policy; is it of another version?")
        for accepted, circuit in zip(policy.circuits, structure["circuits"], strict=True):
            record = self.chain.read(self.keys.functions.keyOf(circuit))
            if record[4].hex() != accepted.verification_key.removeprefix("sha256:"):
                kind = "development key" if policy.allow_development_keys else "production key"
                raise InvalidError(
                    f"the registry's {kind} of {accepted.circuit} is not the policy's "
                    f"{accepted.verification_key[:23]}…"
                )
        if self.chain.read(self.oracle.functions.quorumOf(policy.universe))[0] == 0:
            raise InvalidError(
                "the policy's universe is not registered with the oracle. Run: zksolvency evm universe"
            )
        return functions.addPolicy(structure)

    def status(self, subject: str, policy_id: bytes) -> dict[str, Any]:
        """What is on record about a subject under a policy, and whether it counts now."""
        functions = self.contract.functions
        account = self.chain.checksum(subject)
        status = STATUSES[self.chain.read(functions.statusOf(account, policy_id))]
        found: dict[str, Any] = {
            "chain": self.chain.name,
            "registry": self.address,
            "subject": subject,
            "policy": "0x" + policy_id.hex(),
            "solvent": status == "solvent",
            "status": status,
        }
        if status == "no record":
            return found
        root, attestor, circuit, epoch, as_of, valid_until, floor, ratio = self.chain.read(
            functions.recordOf(account, policy_id)
        )
        universe = self.chain.read(functions.policyOf(policy_id))[1]
        envelope = ENVELOPE_STATES[self.chain.read(self.oracle.functions.envelopeState(universe, root))]
        return {
            **found,
            "expires": self.chain.read(functions.expiryOf(account, policy_id)),
            "envelope": envelope,
            "record": {
                "market_root": str(root),
                "attestor": str(attestor),
                "circuit": "0x" + circuit.hex(),
                "epoch": epoch,
                "as_of": as_of,
                "valid_until": valid_until,
                "floor": str(floor),
                "ratio": ratio,
            },
        }


def chain_part(bundle: Bundle) -> ChainPart:
    """What ties a bundle to a contract; UsageError when it was made for a verifier off chain."""
    if not isinstance(bundle.challenge, ChainPart):
        raise UsageError(
            "the bundle was made for a verifier off chain, and no registry takes it. "
            "Prove for the contract: zksolvency policy challenge under its policy, then zksolvency prove"
        )
    return bundle.challenge


def policy_structure(policy: Policy) -> dict[str, Any]:
    """The contract's structure `Policy`."""
    return {
        "name": policy.name,
        "universe": policy.universe,
        "layoutId": layout_of(policy).id,
        "level": level_number(policy.level),
        "coverage": coverage_number(policy.coverage),
        "ratio": policy.ratio_k,
        "floor": policy.floor,
        "maxAge": policy.max_age,
        "circuits": [
            circuit_id(key_name(each.circuit, development=policy.allow_development_keys))
            for each in policy.circuits
        ],
        "attestors": [each.attestor for each in policy.attestors],
    }


def statement_structure(bundle: Bundle) -> dict[str, int]:
    """The contract's structure `Statement`."""
    statement = bundle.statement
    return {
        "marketRoot": statement.market_root,
        "attestor": statement.attestor,
        "terms": statement.terms.pack(),
        "nullifier": statement.nullifier,
        "context": statement.context,
    }


def proof_structure(bundle: Bundle) -> dict[str, Any]:
    """The contract's structure `Proof`; imaginary parts first."""
    a0, a1, b0, b1, b2, b3, c0, c1 = proof_words(bundle.proof.to_json())
    return {"a": [a0, a1], "b": [[b0, b1], [b2, b3]], "c": [c0, c1]}


def attest_calldata(bundle: Bundle, circuit: bytes) -> bytes:
    """Call data of `attest`, for any other way of sending it: from a multisig, a relayer, a test.

    Parameters
    ----------
    bundle
        Made for a contract.
    circuit
        The circuit id of its key.
    """
    from web3 import Web3

    contract = Web3().eth.contract(abi=abi("SolvencyRegistry"))
    arguments = [
        bytes.fromhex(chain_part(bundle).policy),
        circuit,
        statement_structure(bundle),
        proof_structure(bundle),
    ]
    return bytes.fromhex(contract.encode_abi("attest", args=arguments).removeprefix("0x"))
