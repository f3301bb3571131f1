"""Bugs planted in the contracts, each with the property (PROPERTIES.md) that random deeds show broken."""

from __future__ import annotations

from tests.mutants.contract_mutants import Mutant

__all__ = ["INVARIANT_MUTANTS"]


def _registry(old: str, new: str, property_: str, file: str = "SolvencyRegistry.sol") -> Mutant:
    return Mutant(file, old, new, "Registry", property_, "invariant")


def _line(old: str, new: str, property_: str) -> Mutant:
    return Mutant("examples/CreditLine.sol", old, new, "CreditLine", property_, "invariant")


def _escrow(old: str, new: str, property_: str) -> Mutant:
    return Mutant("examples/SettlementEscrow.sol", old, new, "SettlementEscrow", property_, "invariant")


INVARIANT_MUTANTS: dict[str, Mutant] = {
    # registry and oracle
    "R1: a proof's verdict is ignored": _registry(
        "if (!keys.verifierOf(circuit).verify(proof.a, proof.b, proof.c, statement.toSignals())) "
        "revert InvalidProof();",
        "keys.verifierOf(circuit).verify(proof.a, proof.b, proof.c, statement.toSignals());",
        "invariant_R1_OnlyTheProvenReadSolvent",
    ),
    "R2: the maximum age is forgotten": _registry(
        "return aged < validUntil ? aged : validUntil;",
        "return aged < validUntil ? validUntil : validUntil;",
        "invariant_R2_NothingStaleReadsSolvent",
    ),
    "R3: prices above the band are inside": _registry(
        "if (low < band.low || high > band.high)",
        "if (low < band.low)",
        "invariant_R3_NothingOutOfTheEnvelopeReadsSolvent",
        "MarketOracle.sol",
    ),
    "R3: the second source is not compared with the band": _registry(
        "return (Reading.Good, _min(low, checkLow), _max(high, checkHigh));",
        "return (Reading.Good, low, high);",
        "invariant_R3_NothingOutOfTheEnvelopeReadsSolvent",
        "oracle/LivePrice.sol",
    ),
    "R4: a revoked attestor's records go on": _registry(
        "if (!isAttestor(policyId, record.attestor)) return Status.AttestorRevoked;",
        "",
        "invariant_R4_NothingWithdrawnReadsSolvent",
    ),
    "R4: a revoked snapshot goes on": _registry(
        "if (record.revoked) return EnvelopeState.Revoked;",
        "",
        "invariant_R4_NothingWithdrawnReadsSolvent",
        "MarketOracle.sol",
    ),
    "R4: a deprecated key goes on": _registry(
        "if (!keys.isUsable(record.circuit)) return Status.KeyDeprecated;",
        "",
        "invariant_R4_NothingWithdrawnReadsSolvent",
    ),
    "R4: a tripped breaker breaks nothing": _registry(
        "!isLive || isTripped[policy.universe]) return Status.Halted;",
        "!isLive) return Status.Halted;",
        "invariant_R4_NothingWithdrawnReadsSolvent",
    ),
    "R5: a reset breaker stays tripped": _registry(
        "isTripped[universe] = false;", "", "invariant_R5_WhatHoldsReadsSolvent"
    ),
    "R6: another policy's proof is taken": _registry(
        "if (statement.context != expected) revert WrongContext(statement.context, expected);",
        "",
        "invariant_R6_NothingForgedIsTaken",
    ),
    "R6: a signer counts twice": _registry(
        "if (signer <= previous)",
        "if (signer < previous)",
        "invariant_R6_NothingForgedIsTaken",
        "oracle/Quorum.sol",
    ),
    "R6: what was scheduled may be done at once": _registry(
        "if (block.timestamp < notBefore || block.timestamp > notBefore + GRACE)",
        "if (block.timestamp > notBefore + GRACE)",
        "invariant_R6_NothingForgedIsTaken",
        "governance/Governed.sol",
    ),
    "R7: a copy ahead of its sender makes it revert": _registry(
        "if (!same) revert NotNewer(version, newest);",
        "revert NotNewer(version, newest);",
        "invariant_R7_NothingHonestIsRefused",
    ),
    "R8: as_of outranks the epoch": _registry(
        "return epoch << _AS_OF_BITS | time;",
        "return time << _AS_OF_BITS | epoch;",
        "invariant_R8_RecordsAreTheNewestProofsAndNeverGoBack",
    ),
    "R9: a nullifier changes hands": _registry(
        "if (bound != address(0) && bound != subject) revert NullifierTaken(statement.nullifier, bound);",
        "",
        "invariant_R9_ANullifierStaysWithItsSubject",
    ),
    "R10: epochs may go back": _registry(
        "if (snapshot.epoch <= previous.epoch) revert EpochNotNewer(snapshot.epoch, previous.epoch);",
        "",
        "invariant_R10_RootsAreThoseOfQuorumsInOrder",
        "MarketOracle.sol",
    ),
    # the line of credit
    "C1: what is withdrawn stays in the books": _line(
        "liquidity -= amount; emit Withdrawn(amount);",
        "emit Withdrawn(amount);",
        "invariant_C1_TheLineHoldsExactlyWhatItSays",
    ),
    "C2: a recall forgives without paying": _line(
        "debt -= seized; liquidity += seized;",
        "debt -= seized;",
        "invariant_C2_WhatTheLenderPutInIsThereOrOwed",
    ),
    "C3: security is seized and stays": _line(
        "security -= seized;", "", "invariant_C3_SecurityIsWhatWasPutInAndNotTakenOrSeized"
    ),
    "C4: the limit is one of each draw": _line(
        "limit > debt ? limit - debt : 0", "limit", "invariant_C4_NeverMoreIsOwedThanTheLimit"
    ),
    "C5: drawing needs no proof": _line(
        "only(borrower) onlySolvent(borrower) nonReentrant",
        "only(borrower) nonReentrant",
        "invariant_C5_NothingIsDrawnThawedOrRecalledWithoutRight",
    ),
    "C6: each lapse starts the grace period again": _line(
        "if (frozenAt != 0) return;",
        "",
        "invariant_C6_NothingRightfulIsRefused",
    ),
    # the escrow
    "E1: a credit may be fetched again": _escrow(
        "creditOf[token][msg.sender] = 0;", "", "invariant_E1_TheEscrowHoldsExactlyWhatItOwes"
    ),
    "E2: a refund goes to the other party": _escrow(
        "if (hasDeposited[dealId][deal.short]) creditOf[deal.token][deal.short] += deal.margin; "
        "emit Refunded(dealId);",
        "if (hasDeposited[dealId][deal.short]) creditOf[deal.token][deal.long] += deal.margin; "
        "emit Refunded(dealId);",
        "invariant_E2_CreditsAreWhatDealsMadeThem",
    ),
    "E3: who loses is paid": _escrow(
        "return up ? (gains, loses) : (loses, gains);",
        "return up ? (loses, gains) : (gains, loses);",
        "invariant_E3_PayoutsAreFairToTheUnit",
    ),
    "E4: a settlement asks one party": _escrow(
        "_requireSolvent(deal.short, deal.policyId, marketRoot);",
        "",
        "invariant_E4_NothingIsSettledOrRefundedWithoutRight",
    ),
    "E4: any snapshot will do": _escrow(
        "if (time < deal.settleFrom) revert WrongSnapshot(marketRoot);",
        "",
        "invariant_E4_NothingIsSettledOrRefundedWithoutRight",
    ),
    "E5: what was not settled in time stays": _escrow(
        "if (!party && block.timestamp <= deal.settleBy) revert NotAParty(msg.sender);",
        "if (!party) revert NotAParty(msg.sender);",
        "invariant_E5_NothingRightfulIsRefused",
    ),
}
