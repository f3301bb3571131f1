"""The main path: statement and snapshot → margin → witness → proof → self-check → bundle.

Nothing is returned before the verifier itself has accepted it, and nothing weaker than what the policy names
is ever tried: which claim somebody falls back to would tell how near to liquidation they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from verifier import groth16
from verifier.bundle import Bundle, Proof
from verifier.chain import ChainChallenge, chain_challenge, contract_of
from verifier.circuits import Instance
from verifier.circuits import instance as instance_of
from verifier.errors import FormatError, InsolventError, InvalidError, UsageError
from verifier.keystore import KeyStore, StoredKey
from verifier.mandate import Mandate, mandate_hash
from verifier.market import Snapshot, signers, snapshot_valid
from verifier.policy import Challenge, Policy
from verifier.statement import Terms, subject_number
from verifier.verify import verify

from .acceleration import native_check
from .accounts import AccountStatement, check_signature
from .backends import Backend, choose_backend
from .check import owed
from .engine import MarginReport, margin
from .mandate_witness import mandate_inputs
from .mandates import keeps
from .r1cs import parse_witness, read_r1cs, read_symbols
from .toolchain.circom import Compiled, compiled, source_map
from .toolchain.setup import PROVING_KEY
from .toolchain.wasm import witness_file
from .toolchain.workspace import workspace
from .witness import circuit_inputs, claimed_terms, fits, public_statement, room

__all__ = ["Proved", "choose_instance", "prove"]

StageEnded = Callable[[str, float], None]


@dataclass(frozen=True)
class Proved:
    """A proof that its own verifier has accepted.

    Attributes
    ----------
    bundle
        What goes to the verifier.
    instance, backend
        Which circuit proved it, and what computed the proof.
    seconds
        How long each stage took.
    """

    bundle: Bundle
    instance: Instance
    backend: str
    seconds: dict[str, float] = field(default_factory=dict)


class _Clock:
    def __init__(self, ended: StageEnded | None) -> None:
        self.seconds: dict[str, float] = {}
        self._ended = ended

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        if self._ended is not None:
            self._ended(name, self.seconds[name])


def prove(
    statement: AccountStatement,
    snapshot: Snapshot,
    policy: Policy,
    challenge: Challenge | ChainChallenge,
    secret: int,
    *,
    size: str | None = None,
    backend: str | None = None,
    keys: Path | None = None,
    debug: bool = False,
    stage_ended: StageEnded | None = None,
    mandate: Mandate | None = None,
) -> Proved:
    """Prove that an account satisfies a policy, for a challenge.

    Parameters
    ----------
    statement, snapshot
        Signed by an attestor and by publishers; of one universe and epoch.
    policy, challenge
        The verifier's; or a contract's, which is the policy's audience.
    secret
        The holder's.
    size
        The circuit, such as ``8-2``; the smallest accepted one that fits when left out.
    backend
        ``native`` or ``snarkjs``; the fastest that is installed when left out.
    keys
        Directory of proving keys; the workspace's when left out.
    debug
        Check the witness against every constraint first, and name those that fail.
    stage_ended
        Called with a stage's name and seconds.
    mandate
        The mandate whose hash the policy demands; None for a policy that demands solvency.

    Raises
    ------
    InsolventError
        When the account does not satisfy the claim; says how much is missing.
    InvalidError
        When files do not belong together, or a signature or the finished proof does not hold.
    UsageError, EnvironmentFault
        When a key, a compiled circuit or a program is missing.
    """
    clock = _Clock(stage_ended)
    prover: Backend = choose_backend(backend)
    with clock.stage("statement and snapshot"):
        terms = claimed_terms(statement, snapshot, ratio=policy.ratio_k, floor=policy.floor)
        _belong_together(statement, snapshot, policy, challenge)
    with clock.stage("margin"):
        chosen = _claimed(statement, snapshot, policy, terms, mandate, size)
    hashed = None if mandate is None else mandate_hash(mandate, chosen)
    store = _key_store(keys, chosen)
    circuit = compiled(chosen)
    key = _proving_key(store, policy, chosen, circuit)
    with clock.stage("witness"):
        of = (terms, secret, challenge.context, chosen)
        if mandate is None:
            inputs = circuit_inputs(statement, snapshot, *of)
        else:
            inputs = mandate_inputs(statement, snapshot, mandate, *of)
        witness = witness_file(circuit, inputs)
    if debug:
        with clock.stage("every constraint"):
            _satisfied(circuit, witness)
    with clock.stage(f"proof ({prover.name})"):
        proof, public = prover.prove(key.directory / PROVING_KEY, witness)
    del witness, inputs
    with clock.stage("self-check"):
        bundle = Bundle(
            circuit=chosen.name,
            verification_key=key.manifest.verification_key,
            statement=public_statement(statement, snapshot, terms, secret, challenge.context, hashed),
            public=tuple(int(signal) for signal in public),
            proof=Proof.model_validate(proof),
            market=snapshot,
            challenge=challenge.part(),
        )
        _accepted(bundle, policy, store, challenge, key)
    return Proved(bundle, chosen, prover.name, clock.seconds)


def _claimed(
    statement: AccountStatement,
    snapshot: Snapshot,
    policy: Policy,
    terms: Terms,
    mandate: Mandate | None,
    size: str | None,
) -> Instance:
    """The circuit for the claim that the policy demands, once the exact engine has found it true."""
    if (mandate is None) != (policy.mandate is None):
        raise UsageError(
            "the policy demands that a mandate is kept: name its file with --mandate"
            if mandate is None
            else "--mandate: the policy demands solvency, and no mandate"
        )
    if mandate is None:
        report = margin(statement, snapshot, terms)
        _solvent(report)
        return choose_instance(report, snapshot, policy, size)
    accepted = [instance_of(each.circuit) for each in policy.circuits]
    named = [each for each in accepted if size in (None, each.size, each.name)]
    if not named:
        known = ", ".join(each.size for each in accepted)
        raise UsageError(f"--size {size}: the policy does not accept it; it accepts {known}")
    fitting = [each for each in named if len(mandate.underlyings) <= each.groups]
    chosen = min(fitting or named, key=lambda each: each.max_constraints)
    if mandate_hash(mandate, chosen) != policy.mandate:
        raise InvalidError(
            "the mandate is not the one that the policy demands. Ask the verifier for its file"
        )
    kept = keeps(statement, snapshot, mandate, terms.floor)
    if not kept.passes:
        raise InsolventError(
            "the account does not keep the mandate. Nothing was written; "
            "`zksolvency mandate check --mandate mandate.json` shows why"
        )
    return chosen


def choose_instance(report: MarginReport, snapshot: Snapshot, policy: Policy, size: str | None) -> Instance:
    """The circuit of that size, or the smallest that the policy accepts and the account fits.

    Raises
    ------
    UsageError
        When there is no such circuit, or the policy does not accept it.
    FormatError
        When the account fits none.
    """
    accepted = [instance_of(each.circuit) for each in policy.circuits]
    if size is not None:
        named = [each for each in accepted if size in (each.size, each.name)]
        if not named:
            known = ", ".join(each.size for each in accepted)
            raise UsageError(f"--size {size}: the policy does not accept it; it accepts {known}")
        accepted = named
    shaped = [each for each in accepted if each.layout.name == snapshot.layout]
    if not shaped:
        raise FormatError(
            "layout",
            "is that of no circuit that the policy accepts",
            value=snapshot.layout,
            mend=f"Build the snapshot with --layout {accepted[0].layout.name}",
        )
    fitting = [each for each in shaped if fits(report, each)]
    if not fitting:
        largest = max(shaped, key=lambda each: each.slots)
        raise FormatError(
            "positions",
            "are more than the accepted circuits have room for",
            mend=f"The largest, {largest.size}, has room for {room(largest)}; ask the verifier to accept "
            "a larger one",
        )
    return min(fitting, key=lambda each: each.max_constraints)


def _belong_together(
    statement: AccountStatement, snapshot: Snapshot, policy: Policy, challenge: Challenge | ChainChallenge
) -> None:
    """What the circuit would refuse without a word, said with one."""
    check_signature(statement, snapshot.universe)
    snapshot_valid(snapshot)
    if statement.epoch != snapshot.epoch:
        raise InvalidError(
            f"the statement is for epoch {statement.epoch}, the snapshot of epoch {snapshot.epoch}. "
            "Have the attestor sign the account for this snapshot"
        )
    if not snapshot.time <= statement.as_of <= snapshot.valid_until:
        raise InvalidError(
            f"the account is as of {statement.as_of}, outside the snapshot's time {snapshot.time} to "
            f"{snapshot.valid_until}. Have the attestor sign it again, or take a snapshot of its time"
        )
    if statement.valid_until < snapshot.valid_until:
        raise InvalidError("the statement ends before the snapshot does. Have the attestor sign it again")
    end = min(snapshot.valid_until, statement.as_of + policy.max_age)
    if time.time() > end:
        raise InvalidError(
            f"the snapshot or the statement is stale: a proof from them would have expired at {end} (seconds "
            "since 1970). Take a new snapshot, and have the attestor sign the account again"
        )
    if snapshot.universe.hash != policy.universe:
        raise InvalidError("the snapshot is of another universe than the policy's")
    if snapshot.level != policy.level:
        raise InvalidError(
            f"the snapshot is for {snapshot.level} margin, the policy demands {policy.level}. "
            f"Build the market with --level {policy.level}"
        )
    if policy.subject_number not in (None, subject_number(statement.subject)):
        raise InvalidError("the statement is about another subject than the one that the policy names")
    if statement.coverage != policy.coverage:
        raise InvalidError(f"the statement covers {statement.coverage}, the policy demands {policy.coverage}")
    wanted = [publisher.public_key for publisher in policy.publishers]
    if len(signers(snapshot, wanted)) < policy.publisher_quorum:
        raise InvalidError(
            "the snapshot lacks signatures of the policy's publishers, or was altered after they signed. "
            "Have it signed: zksolvency sign market.json"
        )
    if not policy.allow_self_declared and statement.attestor.hash not in {
        each.attestor for each in policy.attestors
    }:
        raise InvalidError(
            "the statement's attestor is not in the policy, so it would count as self-declared"
        )
    if not _under(policy, challenge):
        raise InvalidError("the challenge was made under another policy. Ask the verifier for both again")


def _under(policy: Policy, challenge: Challenge | ChainChallenge) -> bool:
    """Whether the challenge was made under this policy."""
    if contract_of(policy) is not None:
        return challenge == chain_challenge(policy)
    return isinstance(challenge, Challenge) and (challenge.audience, challenge.policy) == (
        policy.audience,
        policy.id,
    )


def _solvent(report: MarginReport) -> None:
    if not report.passes:
        raise InsolventError(
            f"the account does not pass: {owed(report.missing)} {report.quote} more is needed for the "
            f"{report.level} margin, ratio and floor that the policy demands. Nothing was written; "
            "`zksolvency check --policy policy.json` shows why"
        )


def _key_store(keys: Path | None, instance: Instance) -> KeyStore:
    directory = keys or workspace().keys
    if not directory.is_dir():
        raise UsageError(
            f"{directory}: there are no keys. For a development key: zksolvency setup --size {instance.size}"
        )
    return KeyStore(directory)


def _proving_key(store: KeyStore, policy: Policy, instance: Instance, circuit: Compiled) -> StoredKey:
    """The key that the policy names, after a look that it is for the circuit as it is compiled here."""
    mend = f"For a development key that the policy accepts: zksolvency setup --size {instance.size}"
    wanted = next(each.verification_key for each in policy.circuits if each.circuit == instance.name)
    try:
        key = store.find(wanted)
    except InvalidError as error:
        raise UsageError(f"{error}. {mend}") from None
    if key.manifest.circuit != instance.name:
        raise InvalidError(
            f"the key {key.manifest.name} is for {key.manifest.circuit}, not for {instance.name}"
        )
    if key.manifest.r1cs_sha256 != circuit.r1cs_sha256:
        raise InvalidError(
            f"the key {key.manifest.name} is for another version of the circuit {instance.size} than the one "
            f"compiled here. Make both again: zksolvency setup --size {instance.size}; then a new policy"
        )
    if not (key.directory / PROVING_KEY).is_file():
        raise UsageError(f"{key.directory / PROVING_KEY}: is missing. {mend}")
    return key


def _satisfied(circuit: Compiled, witness: bytes) -> None:
    """Every constraint in exact integers; those that fail are named by template and line, with no value."""
    failures = read_r1cs(circuit.r1cs).check(
        parse_witness(witness), read_symbols(circuit.sym), sources=source_map(circuit)
    )
    if failures:
        raise InvalidError("the witness breaks the circuit: " + "; ".join(map(str, failures)))


def _accepted(
    bundle: Bundle, policy: Policy, store: KeyStore, challenge: Challenge | ChainChallenge, key: StoredKey
) -> None:
    """Nothing that our own verifier refuses is written; the pairing is done natively where possible."""
    check = native_check(key) or groth16.verify
    result = verify(bundle, policy, store, challenge=challenge, check_proof=check)
    if not result.valid:
        failed = "; ".join(f"{check.name}: {check.detail}" for check in result.failed)
        proof_alone = [check.name for check in result.failed] == ["proof"]
        mend = (
            ". Is the proving key damaged? zksolvency setup looks, and makes it again" if proof_alone else ""
        )
        raise InvalidError(f"our own verifier refuses the proof, so nothing was written ({failed}){mend}")
