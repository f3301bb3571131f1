"""The rules of verification, one short function each. Nothing here believes the bundle: all is recomputed.

A rule returns a line for people when it holds, raises `ZkSolvencyError` when it does not, and `Skipped` when
the verifier gave nothing to check against.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .bundle import Bundle
from .chain import ChainChallenge, ChainPart, chain_policy_id, contract_of
from .circuits import Instance, every_instance, table
from .errors import InvalidError
from .groth16 import Proof, VerificationKey, parse_proof
from .keystore import KeyStore, StoredKey
from .market import market_root, signers, snapshot_valid
from .policy import STANDING_NONCE, Challenge, Policy
from .prices import Prices, check_prices
from .replay import ReplayStore
from .statement import ratio_to_text

__all__ = ["CHECKS", "CLOCK_SKEW", "Case", "ProofCheck", "Rule", "Skipped", "expiry"]

CLOCK_SKEW = 60
"""Seconds by which another's clock may run ahead of ours."""

ProofCheck = Callable[[VerificationKey, list[int], Proof], bool]
"""Decides a pairing equation. `groth16.verify` is the reference; a faster one must give the same answers."""


class Skipped(Exception):
    """A rule that the verifier asked nothing of."""


@dataclass(frozen=True)
class Case:
    """A bundle, and the verifier's own policy, keys, challenge, clock, replay store and prices."""

    bundle: Bundle
    policy: Policy
    keys: KeyStore
    challenge: Challenge | ChainChallenge | None
    now: int
    replay: ReplayStore | None
    prices: Prices | None
    check_proof: ProofCheck

    @property
    def instance(self) -> Instance:
        """The circuit that the bundle names; InvalidError when there is none."""
        found = every_instance().get(self.bundle.circuit)
        if found is None:
            raise InvalidError(f"{self.bundle.circuit!r} is not a known circuit")
        return found

    @property
    def key(self) -> StoredKey:
        """The key in the verifier's own store; an error when it is not there."""
        return self.keys.find(self.bundle.verification_key)

    @property
    def attestor(self) -> str | None:
        """The attestor's name in the policy."""
        for accepted in self.policy.attestors:
            if accepted.attestor == self.bundle.statement.attestor:
                return accepted.name
        return None


Rule = Callable[[Case], str]


def expiry(bundle: Bundle, policy: Policy) -> int:
    """The second after which a proof says nothing: the earlier of the snapshot's end and the maximum age."""
    return min(bundle.market.valid_until, bundle.statement.terms.as_of + policy.max_age)


def circuit_accepted(case: Case) -> str:
    """The policy lists this circuit with this key."""
    name = case.instance.name
    for accepted in case.policy.circuits:
        if (accepted.circuit, accepted.verification_key) == (name, case.bundle.verification_key):
            return f"{name}, {case.bundle.verification_key[:19]}…"
    if any(accepted.circuit == name for accepted in case.policy.circuits):
        raise InvalidError(f"the policy accepts {name} with another verification key")
    raise InvalidError(f"the policy does not accept {name}")


def key_known(case: Case) -> str:
    """The verifier's own store has the key, for this circuit."""
    key = case.key
    if key.manifest.circuit != case.instance.name:
        raise InvalidError(f"the key {key.manifest.name} is for {key.manifest.circuit}")
    return key.manifest.name


def key_production(case: Case) -> str:
    """The key comes from a ceremony, unless the policy allows development keys."""
    if case.key.manifest.production:
        return "production"
    if not case.policy.allow_development_keys:
        raise InvalidError("it is a development key: whoever made it can forge proofs")
    return "development key, which the policy allows"


def signals_equal(case: Case) -> str:
    """The proof's public signals are those of the statement, in the circuit's order."""
    wanted = case.bundle.statement.signals(case.instance.public)
    for name, stated, proven in zip(case.instance.public, wanted, case.bundle.public, strict=True):
        if stated != proven:
            raise InvalidError(f"{name} in the statement is not the proof's")
    return f"{len(wanted)} signals"


def terms_version(case: Case) -> str:
    """The terms mean what this verifier takes them to mean."""
    version, known = case.bundle.statement.terms.version, table()["terms_version"]
    if version != known:
        raise InvalidError(f"version {version} is not known; this verifier reads {known}")
    return str(version)


def level_demanded(case: Case) -> str:
    """The margin level is the policy's."""
    level, wanted = case.bundle.statement.terms.level, case.policy.level
    if level != wanted:
        raise InvalidError(f"{level} is proven, {wanted} is demanded")
    return f"{level} margin"


def ratio_demanded(case: Case) -> str:
    """The requirement ratio is at least the policy's."""
    ratio, wanted = case.bundle.statement.terms.ratio, case.policy.ratio_k
    if ratio < wanted:
        raise InvalidError(f"{ratio_to_text(ratio)} is proven, {ratio_to_text(wanted)} is demanded")
    if case.policy.mandate is not None:
        return "of no requirement: a mandate claims none"
    return f"{ratio_to_text(ratio)} of the requirement"


def floor_demanded(case: Case) -> str:
    """The floor is at least the policy's, which is above 0: an empty account is solvent at 0."""
    floor, wanted = case.bundle.statement.terms.floor, case.policy.floor
    if floor < wanted:
        raise InvalidError(f"{floor} is proven, {wanted} is demanded")
    beyond = "of equity" if case.policy.mandate is not None else "beyond it"
    return f"{floor} {case.bundle.market.universe.quote} {beyond}"


def mandate_demanded(case: Case) -> str:
    """The mandate that is kept is the policy's; where it has none, solvency is proven and not a mandate."""
    found, wanted = case.bundle.statement.mandate, case.policy.mandate
    if (found is not None) != case.instance.claims_mandate:
        raise InvalidError("the statement names a mandate exactly when its circuit claims one")
    if found != wanted:
        if wanted is None:
            raise InvalidError("a mandate is proven, and the policy demands solvency")
        if found is None:
            raise InvalidError("solvency is proven, and the policy demands that a mandate is kept")
        raise InvalidError("another mandate is proven than the policy's")
    if wanted is None:
        raise Skipped("the policy demands none")
    return f"0x{wanted:064x}"


def coverage_demanded(case: Case) -> str:
    """The statement covers what the policy asks: one account, or all of an owner's at the venue."""
    coverage, wanted = case.bundle.statement.terms.coverage, case.policy.coverage
    if coverage != wanted:
        raise InvalidError(f"{coverage} is proven, {wanted} is demanded")
    return coverage


def subject_demanded(case: Case) -> str:
    """It is the policy's subject, so nobody shows the solvency of another."""
    subject, wanted = case.bundle.statement.terms.subject, case.policy.subject_number
    if wanted is None:
        return f"0x{subject:040x}; the policy names nobody"
    if subject != wanted:
        raise InvalidError(f"the proof is about 0x{subject:040x}, not about {case.policy.subject}")
    return f"{case.policy.subject}"


def attestor_accepted(case: Case) -> str:
    """The account was signed by an attestor of the policy, or the policy takes self-declared ones."""
    name = case.attestor
    if name is not None:
        return name
    if not case.policy.allow_self_declared:
        raise InvalidError("the account is self-declared: its attestor is not in the policy")
    return "self-declared, which the policy allows"


def universe_accepted(case: Case) -> str:
    """The snapshot's universe hashes to the policy's."""
    universe = case.bundle.market.universe
    if universe.hash != case.policy.universe:
        raise InvalidError(f"{universe.name} is not the policy's universe")
    return universe.name


def layout_matches(case: Case) -> str:
    """The snapshot's table has the shape that the circuit opens."""
    layout, wanted = case.bundle.market.layout, case.instance.layout.name
    if layout != wanted:
        raise InvalidError(f"{layout} is not the circuit's, which is {wanted}")
    return layout


def snapshot_well_formed(case: Case) -> str:
    """Every row and member of the snapshot is well-formed; see `snapshot_valid`.

    The rules that the rows were made by are named, not judged: no policy demands them (docs/threat-model.md).
    """
    market = case.bundle.market
    snapshot_valid(market)
    model = market.model
    rules = "rules not named" if model is None else f"rules: {model.name} {model.version}"
    return f"{len(market.rows)} rows, {rules}"


def snapshot_level(case: Case) -> str:
    """The snapshot's rows charge the level that is claimed."""
    level, claimed = case.bundle.market.level, case.bundle.statement.terms.level
    if level != claimed:
        raise InvalidError(f"the snapshot is for {level} margin, the claim for {claimed}")
    return level


def publishers_signed(case: Case) -> str:
    """Enough of the policy's publishers signed this very snapshot."""
    names = {publisher.public_key: publisher.name for publisher in case.policy.publishers}
    found = signers(case.bundle.market, names)
    if len(found) < case.policy.publisher_quorum:
        raise InvalidError(
            f"{len(found)} of the policy's publishers signed, {case.policy.publisher_quorum} must"
        )
    return ", ".join(names[key] for key in found)


def market_root_equal(case: Case) -> str:
    """The root that was proven against is that of the snapshot."""
    if market_root(case.bundle.market) != case.bundle.statement.market_root:
        raise InvalidError("the proof is about another snapshot")
    return "recomputed from the snapshot"


def clock_consistent(case: Case) -> str:
    """time ≤ as_of ≤ valid_until."""
    as_of, market = case.bundle.statement.terms.as_of, case.bundle.market
    if not market.time <= as_of <= market.valid_until:
        raise InvalidError(f"as_of {as_of} is outside the snapshot's {market.time} to {market.valid_until}")
    return f"as of {as_of}"


def not_of_the_future(case: Case) -> str:
    """Neither prices nor account are of the future, beyond a small difference of clocks."""
    latest = max(case.bundle.statement.terms.as_of, case.bundle.market.time)
    if latest > case.now + CLOCK_SKEW:
        raise InvalidError(f"time {latest} is {latest - case.now} seconds ahead of now")
    return "account and prices are of the past"


def not_expired(case: Case) -> str:
    """Now is before the snapshot's end and before the maximum age."""
    end = expiry(case.bundle, case.policy)
    if case.now > end:
        raise InvalidError(f"expired {case.now - end} seconds ago")
    return f"for {end - case.now} more seconds"


def context_equal(case: Case) -> str:
    """The proof was made for this audience and this policy."""
    part, policy = case.bundle.challenge, case.policy
    contract = contract_of(policy)
    if isinstance(part, ChainPart):
        return _made_for_contract(case, part)
    if contract is not None:
        raise InvalidError(f"the policy is the contract {':'.join(contract)}'s, and the proof is not for it")
    if part.audience != policy.audience:
        raise InvalidError(f"made for the audience {part.audience!r}, not {policy.audience!r}")
    if part.policy != policy.id:
        raise InvalidError("made under another policy")
    if part.context != case.bundle.statement.context:
        raise InvalidError("the proof's context is not that of its challenge")
    return policy.audience


def _made_for_contract(case: Case, part: ChainPart) -> str:
    """The contract is the policy's audience, and knows this very policy by its id."""
    policy, contract = case.policy, contract_of(case.policy)
    if contract is None:
        raise InvalidError(f"made for the contract {part.audience}, and the policy is not a contract's")
    if (part.chain, part.contract) != contract:
        raise InvalidError(f"made for the contract {part.audience}, not {':'.join(contract)}")
    if part.policy != chain_policy_id(policy).hex():
        raise InvalidError("made under another policy of the contract")
    if part.context != case.bundle.statement.context:
        raise InvalidError("the proof's context is not that of the contract and policy")
    return part.audience


def challenge_answered(case: Case) -> str:
    """The proof answers this verifier's own challenge, or the standing one where the policy demands none.

    A contract makes no challenges; that no proof counts twice there is its own business.
    """
    own, part = case.challenge, case.bundle.challenge
    if isinstance(part, ChainPart):
        if own is not None and own != ChainChallenge(**part.to_json()):
            raise InvalidError("the proof answers another challenge")
        if case.policy.fresh_challenge:
            raise InvalidError("the policy demands a fresh challenge, and a contract makes none")
        return "standing, of a contract"
    if isinstance(own, ChainChallenge):
        raise InvalidError("our own challenge is a contract's, and the proof answers another")
    if own is None:
        if case.policy.fresh_challenge:
            raise InvalidError("the policy demands a fresh challenge, and no challenge of ours is given")
        # A prover that chose its own would have a new nullifier with each, and count as many.
        if part.nonce != STANDING_NONCE:
            raise InvalidError("the policy demands no fresh challenge, so the nonce must be zeros")
        return "standing"
    if (own.audience, own.policy) != (case.policy.audience, case.policy.id):
        raise InvalidError("our own challenge was made for another policy; make a new one")
    if own.nonce != part.nonce:
        raise InvalidError("the proof answers another challenge")
    return "our own"


def not_seen_before(case: Case) -> str:
    """No proof of this holder was accepted in this context before."""
    if case.replay is None:
        raise Skipped("no replay store is given")
    statement = case.bundle.statement
    if case.replay.seen(
        statement.context,
        statement.nullifier,
        case.bundle.market.epoch,
        statement.terms.as_of,
        renewable=not case.policy.fresh_challenge,
    ):
        raise InvalidError("replayed: it was accepted before")
    return "first time"


def prices_inside(case: Case) -> str:
    """Live prices are fresh and inside the envelope."""
    if case.prices is None:
        raise Skipped("no live prices are given")
    check_prices(case.prices, case.bundle.market, case.now, CLOCK_SKEW)
    return f"{len(case.bundle.market.feeds)} feeds"


def proof_holds(case: Case) -> str:
    """The Groth16 proof holds for the statement's signals under the store's key."""
    proof = parse_proof(case.bundle.proof.to_json())
    signals = case.bundle.statement.signals(case.instance.public)
    if not case.check_proof(case.key.verification_key, signals, proof):
        raise InvalidError("the proof does not hold")
    return "Groth16 over BN254"


CHECKS: tuple[tuple[str, Rule], ...] = (
    ("circuit accepted by the policy", circuit_accepted),
    ("verification key in our store", key_known),
    ("key from a ceremony", key_production),
    ("public signals are the statement's", signals_equal),
    ("terms version", terms_version),
    ("level", level_demanded),
    ("ratio", ratio_demanded),
    ("floor", floor_demanded),
    ("mandate", mandate_demanded),
    ("coverage", coverage_demanded),
    ("subject", subject_demanded),
    ("attestor", attestor_accepted),
    ("universe", universe_accepted),
    ("layout is the circuit's", layout_matches),
    ("snapshot well-formed", snapshot_well_formed),
    ("snapshot's level is the claim's", snapshot_level),
    ("publishers' signatures", publishers_signed),
    ("market root", market_root_equal),
    ("account inside the snapshot's window", clock_consistent),
    ("nothing of the future", not_of_the_future),
    ("not expired", not_expired),
    ("audience and policy", context_equal),
    ("challenge", challenge_answered),
    ("not replayed", not_seen_before),
    ("live prices inside the envelope", prices_inside),
    ("proof", proof_holds),
)
"""Every rule by name, cheap ones first, the pairing last."""
