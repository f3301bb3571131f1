"""Bugs planted in the contracts: one textual patch each, and the test in Solidity that it turns red."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["MUTANTS", "Mutant", "patched"]


@dataclass(frozen=True)
class Mutant:
    """A planted bug.

    Attributes
    ----------
    file
        Below verifier/contracts/src.
    old, new
        The patch; `old` stands exactly once in the file.
    suite, test
        The test file below verifier/contracts/test, without its ending, and the test in it.
    folder
        The kind of test that file is of: unit or invariant.
    """

    file: str
    old: str
    new: str
    suite: str
    test: str
    folder: str = "unit"


def patched(text: str, mutant: Mutant) -> str:
    """A source with the patch, however its lines are broken; AssertionError unless it has the text once."""
    pattern = r"\s+".join(re.escape(word) for word in mutant.old.split())
    made, count = re.subn(pattern, lambda _: mutant.new, text)
    assert count == 1, f"{mutant.file} has {mutant.old!r} {count} times"
    return made


def _registry(old: str, new: str, test: str) -> Mutant:
    return Mutant("SolvencyRegistry.sol", old, new, "SolvencyRegistry", test)


def _oracle(old: str, new: str, test: str) -> Mutant:
    return Mutant("MarketOracle.sol", old, new, "MarketOracle", test)


def _verifier(old: str, new: str, test: str) -> Mutant:
    return Mutant("verifier/Groth16Verifier.sol", old, new, "Groth16Verifier", test)


def _key(old: str, new: str, test: str) -> Mutant:
    return Mutant("verifier/VerifyingKeyCheck.sol", old, new, "Groth16Verifier", test)


MUTANTS: dict[str, Mutant] = {
    # the proof itself
    "a proof's verdict is ignored": _registry(
        "if (!keys.verifierOf(circuit).verify(proof.a, proof.b, proof.c, statement.toSignals())) "
        "revert InvalidProof();",
        "keys.verifierOf(circuit).verify(proof.a, proof.b, proof.c, statement.toSignals());",
        "test_RevertWhen_ProofIsOfAnotherStatement",
    ),
    "signals may alias": _verifier(
        "if (signal >= BN254_R) revert SignalOutOfRange(position);",
        "position;",
        "test_RevertWhen_ASignalIsNotBelowTheOrder",
    ),
    "call data may be longer": _verifier(
        "if (msg.data.length != CALLDATA_LENGTH) revert",
        "if (msg.data.length < CALLDATA_LENGTH) revert",
        "test_RevertWhen_CalldataIsTooLongOrTooShort",
    ),
    "the last signal is left out": _verifier(
        "_addTerm(pairs, 4, IC5_X, IC5_Y, signals[4]);", "", "test_AcceptsAProofOfTheseSignals"
    ),
    "a failed pairing is not noticed": _verifier(
        "if (!done) revert PrecompileFailed(EC_PAIRING);", "done;", "test_RevertWhen_APointIsOffItsCurve"
    ),
    # the key
    "gamma may be delta": _key(
        "if (_sameX(key.gamma[0], key.delta[0][0], key.delta[0][1])) revert GammaIsDelta();",
        "",
        "test_RevertWhen_GammaIsDelta",
    ),
    "delta may be the generator": _key(
        "if (_sameX(key.delta[0], G2_X_IMAGINARY, G2_X_REAL)) revert NoContribution();",
        "",
        "test_RevertWhen_NobodyContributed",
    ),
    "infinity counts as a point of G2": _key(
        "return done && answer.length == 32 && abi.decode(answer, (uint256)) == 0;",
        "return done && answer.length == 32;",
        "test_RevertWhen_AKeysG2PointIsBad",
    ),
    "production takes development keys": Mutant(
        "VerifyingKeyRegistry.sol",
        "if (development && production) revert DevelopmentKeyRefused(name);",
        "",
        "VerifyingKeyRegistry",
        "test_RevertWhen_ProductionIsGivenADevelopmentKey",
    ),
    "keys are replaced": Mutant(
        "VerifyingKeyRegistry.sol",
        "if (address(_keys[circuit].verifier) != address(0)) revert KeyExists(circuit);",
        "",
        "VerifyingKeyRegistry",
        "test_RevertWhen_TheCircuitHasAKey",
    ),
    # what is bound to what
    "the chain is not in the context": _registry(
        "abi.encode(block.chainid, address(this), policyId)",
        "abi.encode(address(this), policyId)",
        "test_RevertWhen_ProofIsForAnotherChain",
    ),
    "the registry is not in the context": _registry(
        "abi.encode(block.chainid, address(this), policyId)",
        "abi.encode(block.chainid, policyId)",
        "test_RevertWhen_ProofIsForAnotherRegistry",
    ),
    "the context is not compared": _registry(
        "if (statement.context != expected) revert WrongContext(statement.context, expected);",
        "",
        "test_RevertWhen_ProofIsForAnotherPolicy",
    ),
    "the subject is the sender": _registry(
        "subject = SolvencyStatement.subject(packed);",
        "subject = msg.sender;",
        "test_AttestWhenSomebodyElseSendsIt",
    ),
    "a nullifier changes hands": _registry(
        "if (bound != address(0) && bound != subject) revert NullifierTaken(statement.nullifier, bound);",
        "",
        "test_RevertWhen_NullifierIsAnothers",
    ),
    "an older record replaces a newer one": _registry(
        "if (!same) revert NotNewer(version, newest);",
        "",
        "test_RevertWhen_EpochIsOlderThoughAsOfIsNewer",
    ),
    "as_of outranks the epoch": _registry(
        "return epoch << _AS_OF_BITS | time;",
        "return time << _AS_OF_BITS | epoch;",
        "test_RevertWhen_EpochIsOlderThoughAsOfIsNewer",
    ),
    "the level is not compared": _registry(
        "if (value != policy.level) revert WrongLevel(value, policy.level);",
        "",
        "test_RevertWhen_LevelIsAnother",
    ),
    "the snapshot's level is not compared": _registry(
        "|| snapshot.level != policy.level", "", "test_RevertWhen_RootIsOfAnotherLevel"
    ),
    "a revoked snapshot is taken": _registry("|| snapshot.revoked ||", "||", "test_RevertWhen_RootIsRevoked"),
    "as_of may be in the future": _registry(
        "time > block.timestamp || ", "", "test_RevertWhen_AsOfIsInTheFuture"
    ),
    # how long it counts
    "the later of both expiries counts": _registry(
        "return aged < validUntil ? aged : validUntil;",
        "return aged > validUntil ? aged : validUntil;",
        "test_NotSolventAfterMaxAge",
    ),
    "a revoked attestor's records go on": _registry(
        "if (!isAttestor(policyId, record.attestor)) return Status.AttestorRevoked;",
        "",
        "test_RevertWhen_AttestorIsRevoked",
    ),
    "prices are not read": _registry(
        "EnvelopeState state = oracle.envelopeState(policy.universe, marketRoot);",
        "EnvelopeState state = EnvelopeState.Inside;",
        "test_NotSolventOutsideTheEnvelope",
    ),
    "a pause does not reach isSolvent": _registry(
        "if (paused() || !isLive ||", "if (!isLive ||", "test_RevertWhen_Paused"
    ),
    # the oracle
    "only the first feed is looked at": _oracle(
        "if (low < band.low || high > band.high) return EnvelopeState.Outside;",
        "return low < band.low || high > band.high ? EnvelopeState.Outside : EnvelopeState.Inside;",
        "test_EveryFeedCounts",
    ),
    "a price that cannot be read is inside": _oracle(
        "if (reading == Reading.Unavailable) return EnvelopeState.Unavailable;",
        "if (reading == Reading.Unavailable) continue;",
        "test_NonsenseIsUnavailable",
    ),
    "epochs may repeat": _oracle(
        "if (snapshot.epoch <= previous.epoch)",
        "if (snapshot.epoch < previous.epoch)",
        "test_RevertWhen_EpochIsNotNewer",
    ),
    "bands are not signed": Mutant(
        "oracle/SnapshotHash.sol",
        "keccak256(abi.encodePacked(bands))",
        "keccak256(abi.encodePacked(bands.length))",
        "MarketOracle",
        "test_RevertWhen_ASignatureIsOfSomethingElse",
    ),
    "a signer counts twice": Mutant(
        "oracle/Quorum.sol",
        "if (signer <= previous)",
        "if (signer < previous)",
        "MarketOracle",
        "test_RevertWhen_OneSignsTwice",
    ),
    "anyone is a publisher": Mutant(
        "oracle/Quorum.sol",
        "if (!members[signer]) revert NotAMember(signer);",
        "members[signer];",
        "MarketOracle",
        "test_RevertWhen_ASignerIsNoPublisher",
    ),
    "low gas makes a price unavailable": Mutant(
        "oracle/LivePrice.sol",
        "if (gasleft() < NEEDED_GAS) revert IMarketOracle.TooLittleGas();",
        "",
        "MarketOracle",
        "test_TooLittleGasIsNoAnswer",
    ),
    # governance, gate, adapters
    "nothing waits": Mutant(
        "governance/Governed.sol",
        "if (isLive) _consume(keccak256(msg.data));",
        "",
        "Governed",
        "test_ScheduledCallRunsOnceAfterItsDelay",
    ),
    "a latch does not hold": Mutant(
        "SolvencyGate.sol", "lapsedAt[subject] = lapsed;", "", "CreditLine", "test_TheWholeStory"
    ),
    "a proof held back opens the gate": Mutant(
        "SolvencyGate.sol",
        "solvency.asOf(subject, solvencyPolicy) > lapsed",
        "solvency.versionOf(subject, solvencyPolicy) > lapsed",
        "CreditLine",
        "test_AProofHeldBackDoesNotThaw",
    ),
    "a halted universe is the borrower's lapse": _registry(
        "if (state == EnvelopeState.Halted) return Status.Halted;", "", "test_RevertWhen_UniverseIsHalted"
    ),
    "a policy before its universe": _registry(
        'if (quorum == 0) revert BadPolicy("universe");', "quorum;", "test_RevertWhen_PolicyIsUnsound"
    ),
    "half of the publishers are enough": Mutant(
        "oracle/Universes.sol",
        "2 * quorum <= publishers",
        "2 * quorum < publishers",
        "MarketOracle",
        "test_PublisherIsAddedWithDelayAndRevokedAtOnce",
    ),
    "epochs leap": _oracle(
        "if (snapshot.epoch > snapshot.time) revert EpochTooFar(snapshot.epoch, snapshot.time);",
        "",
        "test_RevertWhen_TheEpochIsTooFarOn",
    ),
    "an expiry counts from its report": Mutant(
        "SolvencyGate.sol",
        "if (expiry < lapsed) lapsed = expiry;",
        "expiry;",
        "CreditLine",
        "test_AnExpiryReportedLateDoesNotOutdateANewProof",
    ),
    "a proof over a market that is gone holds up a recall": Mutant(
        "examples/CreditLine.sol",
        "_renewed(borrower) && (status == Status.Solvent || status == Status.PriceUnavailable)",
        "_renewed(borrower)",
        "CreditLine",
        "test_AProofOverAMarketThatIsGoneHoldsUpNoRecall",
    ),
    "a lapse moves with each report": Mutant(
        "SolvencyGate.sol",
        "if (!_renewed(subject)) return;",
        "",
        "CreditLine",
        "test_ALapseReportedAgainDoesNotOutdateANewProof",
    ),
    "a price that cannot be read is the borrower's lapse": Mutant(
        "SolvencyGate.sol",
        "|| status == Status.PriceUnavailable",
        "",
        "CreditLine",
        "test_RevertWhen_ALapseIsNotTheSubjects",
    ),
    "one contradiction halts again and again": _oracle(
        "if (_reported[digest]) revert AlreadyReported(digest);", "", "test_EquivocationHaltsTheUniverse"
    ),
    "a guardian keeps itself in office": Mutant(
        "governance/Governed.sol",
        "if (_ownersToCancel[id]) _checkOwner();",
        "",
        "Governed",
        "test_GuardianDoesNotKeepItselfInOffice",
    ),
    "calls are scheduled before it is live": Mutant(
        "governance/Governed.sol",
        "if (!isLive) revert LiveState(false);",
        "",
        "Governed",
        "test_RevertWhen_SomethingIsScheduledBeforeItIsLive",
    ),
    "beta may be gamma": Mutant(
        "verifier/VerifyingKeyCheck.sol",
        "_sameX(key.beta[0], key.gamma[0][0], key.gamma[0][1]) ||",
        "",
        "Groth16Verifier",
        "test_RevertWhen_NobodyMadeTheFirstPhase",
    ),
    "a resolver serves any schema": Mutant(
        "eas/SolvencyResolver.sol",
        "if (attestation.schema != schema) revert WrongSchema(attestation.schema, schema);",
        "",
        "SolvencyResolver",
        "test_RevertWhen_ItIsOfAnotherSchema",
    ),
    "the sequencer's grace is not waited for": Mutant(
        "adapters/ChainlinkAdapter.sol",
        "if (block.timestamp - since < sequencerGrace) revert SequencerJustBack(since);",
        "",
        "Adapters",
        "test_ChainlinkRefusesWhileTheSequencerIsNotUpForLong",
    ),
    "a settlement asks one party": Mutant(
        "examples/SettlementEscrow.sol",
        "_requireSolvent(deal.short, deal.policyId, marketRoot);",
        "",
        "SettlementEscrow",
        "test_RevertWhen_OnePartyIsNotSolvent",
    ),
}
