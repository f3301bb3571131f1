// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {SolvencyRegistry} from "../../src/SolvencyRegistry.sol";
import {SolvencyStatement, Statement, Terms} from "../../src/SolvencyStatement.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IGroth16Verifier, Proof} from "../../src/interfaces/IGroth16Verifier.sol";
import {FeedSource, IMarketOracle, MarketSnapshot} from "../../src/interfaces/IMarketOracle.sol";
import {Status} from "../../src/interfaces/ISolvency.sol";
import {ISolvencyRegistry, Policy, SolvencyRecord} from "../../src/interfaces/ISolvencyRegistry.sol";
import {IVerifyingKeyRegistry} from "../../src/interfaces/IVerifyingKeyRegistry.sol";
import {BN254_Q, BN254_R} from "../../src/verifier/Bn254.sol";
import {SettablePrice} from "../utils/Mocks.sol";
import {System} from "../utils/System.sol";
import {TrapdoorKey} from "../utils/TrapdoorKey.sol";

/// @dev Behaviours in SolvencyRegistry.tree.
contract SolvencyRegistryTest is System {
    event Attested(
        bytes32 indexed policyId,
        address indexed subject,
        uint256 indexed marketRoot,
        uint256 nullifier,
        uint256 expiry,
        SolvencyRecord record
    );

    function setUp() public override {
        super.setUp();
        post(1);
    }

    // --- attest: what is accepted

    function test_AttestWhenEverythingFits() public {
        Statement memory claim = statement(SUBJECT, 1);
        assertFalse(isSolvent(SUBJECT), "before");
        vm.expectEmit(address(registry));
        emit Attested(
            policyId,
            SUBJECT,
            claim.marketRoot,
            claim.nullifier,
            NOW + MAX_AGE,
            SolvencyRecord({
                marketRoot: claim.marketRoot,
                attestor: ATTESTOR,
                circuit: CIRCUIT,
                epoch: 1,
                asOf: uint40(NOW),
                validUntil: uint40(NOW + 1 hours),
                floor: 1_000,
                ratio: 2
            })
        );
        assertEq(attest(claim), SUBJECT, "subject");
        assertTrue(isSolvent(SUBJECT), "after");
        assertEq(registry.subjectOf(claim.nullifier), SUBJECT, "nullifier");
        assertEq(registry.expiryOf(SUBJECT, policyId), NOW + MAX_AGE, "expiry");
        assertTrue(registry.versionOf(SUBJECT, policyId) != 0, "version");
        SolvencyRecord memory record = registry.recordOf(SUBJECT, policyId);
        assertEq(record.marketRoot, claim.marketRoot, "root");
        assertEq(record.epoch, 1, "epoch");
        assertEq(record.asOf, NOW, "as of");
        assertEq(record.floor, 1_000, "floor");
        assertEq(record.ratio, 2, "ratio");
    }

    function test_AttestWhenMoreIsProvenThanAsked() public {
        Terms memory more = terms(SUBJECT);
        (more.floor, more.ratio) = (5_000, 20);
        _attestTerms(more);
        assertTrue(isSolvent(SUBJECT), "solvent");
    }

    function test_AttestWhenSomebodyElseSendsIt() public {
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        vm.prank(RELAYER);
        registry.attest(policyId, CIRCUIT, claim, proof);
        assertTrue(isSolvent(SUBJECT), "the subject, not the sender");
        assertFalse(isSolvent(RELAYER), "the sender");
    }

    function test_AttestWhenTheProofHasOtherBytes() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        SolvencyRecord memory before = registry.recordOf(SUBJECT, policyId);
        // A re-randomised proof of the same statement is no other record.
        registry.attest(policyId, CIRCUIT, claim, TrapdoorKey.negated(prove(claim)));
        assertEq(keccak256(abi.encode(registry.recordOf(SUBJECT, policyId))), keccak256(abi.encode(before)), "record");
    }

    function test_AttestOnceMoreChangesNothing() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        uint256 version = registry.versionOf(SUBJECT, policyId);
        vm.prank(RELAYER);
        registry.attest(policyId, CIRCUIT, claim, prove(claim));
        assertEq(registry.versionOf(SUBJECT, policyId), version, "version");
    }

    function test_AttestOnceMoreStillNeedsAProof() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        Statement memory wrong = statement(OTHER, 1);
        Proof memory proof = prove(wrong);
        vm.expectRevert(ISolvencyRegistry.InvalidProof.selector);
        registry.attest(policyId, CIRCUIT, claim, proof);
    }

    // --- attest: what is refused

    function test_RevertWhen_ProofIsOfAnotherStatement() public {
        Statement memory claim = statement(OTHER, 1);
        _expectRefusal(
            claim, prove(statement(SUBJECT, 1)), abi.encodeWithSelector(ISolvencyRegistry.InvalidProof.selector)
        );
        assertEq(registry.subjectOf(nullifierOf(OTHER)), address(0), "nothing is kept of it");
    }

    function test_RevertWhen_SubjectIsFlipped() public {
        // Rented solvency: the proof says SUBJECT, the statement that is sent says OTHER.
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        claim.terms = SolvencyStatement.pack(terms(OTHER));
        vm.expectRevert(ISolvencyRegistry.InvalidProof.selector);
        registry.attest(policyId, CIRCUIT, claim, proof);
    }

    function test_RevertWhen_ProofIsForAnotherRegistry() public {
        SolvencyRegistry other = new SolvencyRegistry(OWNER, GUARDIAN, DELAY, oracle, keys);
        vm.startPrank(OWNER);
        other.addPolicy(policy());
        other.goLive();
        vm.stopPrank();
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        vm.expectRevert(
            abi.encodeWithSelector(ISolvencyRegistry.WrongContext.selector, claim.context, other.contextOf(policyId))
        );
        other.attest(policyId, CIRCUIT, claim, proof);
    }

    function test_RevertWhen_ProofIsForAnotherChain() public {
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        vm.chainId(1);
        assertTrue(registry.contextOf(policyId) != claim.context, "context");
        _expectRefusal(
            claim,
            proof,
            abi.encodeWithSelector(ISolvencyRegistry.WrongContext.selector, claim.context, registry.contextOf(policyId))
        );
    }

    function test_RevertWhen_ProofIsForAnotherPolicy() public {
        Policy memory second = policy();
        second.name = "another lender";
        vm.prank(OWNER);
        bytes32 secondId = registry.addPolicy(second);
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        vm.expectRevert(
            abi.encodeWithSelector(ISolvencyRegistry.WrongContext.selector, claim.context, registry.contextOf(secondId))
        );
        registry.attest(secondId, CIRCUIT, claim, proof);
    }

    function test_RevertWhen_PolicyIsUnknown() public {
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        vm.expectRevert(abi.encodeWithSelector(ISolvencyRegistry.UnknownPolicy.selector, bytes32(uint256(1))));
        registry.attest(bytes32(uint256(1)), CIRCUIT, claim, proof);
    }

    function test_RevertWhen_CircuitIsNotThePolicys() public {
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        bytes32 other = SolvencyStatement.ACCOUNT_SOLVENCY_32_2_DEV;
        vm.expectRevert(abi.encodeWithSelector(ISolvencyRegistry.CircuitNotAccepted.selector, other));
        registry.attest(policyId, other, claim, proof);
    }

    function test_RevertWhen_KeyIsDeprecated() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        vm.prank(GUARDIAN);
        keys.deprecateKey(CIRCUIT);
        _refuse(claim, abi.encodeWithSelector(IVerifyingKeyRegistry.KeyIsDeprecated.selector, CIRCUIT));
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.KeyDeprecated), "status");
    }

    function test_RevertWhen_AttestorIsUnknown() public {
        Statement memory claim = statement(SUBJECT, 1);
        claim.attestor = ATTESTOR + 1;
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.AttestorNotAccepted.selector, ATTESTOR + 1));
    }

    function test_RevertWhen_AttestorIsRevoked() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        vm.prank(GUARDIAN);
        registry.revokeAttestor(ATTESTOR);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.AttestorRevoked), "records stop too");
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.AttestorNotAccepted.selector, ATTESTOR));
    }

    function test_RevertWhen_VersionIsUnknown() public {
        Terms memory wrong = terms(SUBJECT);
        wrong.version = 2;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.WrongVersion.selector, 2));
    }

    function test_RevertWhen_LevelIsAnother() public {
        Terms memory wrong = terms(SUBJECT);
        wrong.level = SolvencyStatement.LEVEL_INITIAL;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.WrongLevel.selector, 2, 1));
    }

    function test_RevertWhen_CoverageIsAnother() public {
        Terms memory wrong = terms(SUBJECT);
        wrong.coverage = SolvencyStatement.COVERAGE_OWNER;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.WrongCoverage.selector, 2, 1));
    }

    function test_RevertWhen_RatioIsTooLow() public {
        Terms memory wrong = terms(SUBJECT);
        wrong.ratio = 1;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.RatioTooLow.selector, 1, 2));
    }

    function test_RevertWhen_FloorIsTooLow() public {
        Terms memory wrong = terms(SUBJECT);
        wrong.floor = 999;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.FloorTooLow.selector, 999, 1_000));
        wrong.floor = 0;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.FloorTooLow.selector, 0, 1_000));
    }

    function test_RevertWhen_SubjectIsZero() public {
        _refuseTerms(terms(address(0)), abi.encodeWithSelector(ISolvencyRegistry.NoSubject.selector));
    }

    function test_RevertWhen_TermsHaveBitsTooMany() public {
        Statement memory claim = statement(SUBJECT, 1);
        claim.terms |= 1 << 252;
        _refuse(claim, abi.encodeWithSelector(SolvencyStatement.TermsTooLarge.selector, claim.terms));
    }

    function test_RevertWhen_SignalIsNotBelowTheOrder() public {
        // The same field element, written another way: the nullifier is new, and the proof would hold.
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        claim.nullifier += BN254_R;
        _expectRefusal(claim, proof, abi.encodeWithSelector(IGroth16Verifier.SignalOutOfRange.selector, 3));
    }

    function test_RevertWhen_CoordinateIsNotBelowTheModulus() public {
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        proof.a[0] += BN254_Q;
        _expectRefusal(claim, proof, abi.encodeWithSelector(IGroth16Verifier.CoordinateOutOfRange.selector));
    }

    function test_RevertWhen_RootIsUnknown() public {
        Statement memory claim = statement(SUBJECT, 2);
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.MarketRootNotAccepted.selector, claim.marketRoot));
    }

    function test_RevertWhen_RootIsRevoked() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        vm.prank(GUARDIAN);
        oracle.revokeSnapshot(UNIVERSE, claim.marketRoot);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.SnapshotWithdrawn), "status");
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.MarketRootNotAccepted.selector, claim.marketRoot));
    }

    function test_RevertWhen_UniverseIsHalted() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        vm.prank(GUARDIAN);
        oracle.haltUniverse(UNIVERSE);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.Halted), "status");
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.MarketRootNotAccepted.selector, claim.marketRoot));
    }

    function test_RevertWhen_RootIsOfAnotherLayout() public {
        MarketSnapshot memory other = snapshot(2);
        other.layoutId = SolvencyStatement.LAYOUT_S24_K2_D5;
        oracle.postSnapshot(other, signed(oracle.digestOf(other), 2));
        Statement memory claim = statement(SUBJECT, 2);
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.WrongMarket.selector, claim.marketRoot));
    }

    function test_RevertWhen_RootIsOfAnotherLevel() public {
        MarketSnapshot memory other = snapshot(2);
        other.level = uint8(SolvencyStatement.LEVEL_INITIAL);
        oracle.postSnapshot(other, signed(oracle.digestOf(other), 2));
        Statement memory claim = statement(SUBJECT, 2);
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.WrongMarket.selector, claim.marketRoot));
    }

    function test_RevertWhen_RootIsOfAnotherUniverse() public {
        MarketSnapshot memory other = snapshot(2);
        other.universe = UNIVERSE + 1;
        vm.prank(OWNER);
        oracle.registerUniverse(UNIVERSE + 1, feeds(), publishers(), 2, MAX_WINDOW);
        oracle.postSnapshot(other, signed(oracle.digestOf(other), 2));
        Statement memory claim = statement(SUBJECT, 2);
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.MarketRootNotAccepted.selector, claim.marketRoot));
    }

    function test_RevertWhen_AsOfIsInTheFuture() public {
        Terms memory wrong = terms(SUBJECT);
        wrong.asOf = NOW + 1;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.AsOfOutOfWindow.selector, NOW + 1));
    }

    function test_RevertWhen_AsOfIsBeforeTheSnapshot() public {
        Terms memory wrong = terms(SUBJECT);
        wrong.asOf = NOW - 1;
        _refuseTerms(wrong, abi.encodeWithSelector(ISolvencyRegistry.AsOfOutOfWindow.selector, NOW - 1));
    }

    function test_RevertWhen_ItWouldHaveExpired() public {
        Statement memory claim = statement(SUBJECT, 1);
        vm.warp(NOW + MAX_AGE + 1);
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.AlreadyExpired.selector, NOW + MAX_AGE));
    }

    function test_RevertWhen_NullifierIsAnothers() public {
        attest(statement(SUBJECT, 1));
        Statement memory claim = statement(OTHER, 1);
        claim.nullifier = nullifierOf(SUBJECT);
        _refuse(claim, abi.encodeWithSelector(ISolvencyRegistry.NullifierTaken.selector, nullifierOf(SUBJECT), SUBJECT));
    }

    function test_RevertWhen_RecordIsNotNewer() public {
        vm.warp(NOW + 10);
        attest(statement(SUBJECT, 1));
        Terms memory older = terms(SUBJECT);
        older.asOf = NOW + 5;
        _refuseTerms(
            older,
            abi.encodeWithSelector(ISolvencyRegistry.NotNewer.selector, (1 << 40) | (NOW + 5), (1 << 40) | (NOW + 10))
        );
        // The same second with other content is no newer either.
        Terms memory same = terms(SUBJECT);
        same.floor = 2_000;
        _refuseTerms(
            same,
            abi.encodeWithSelector(ISolvencyRegistry.NotNewer.selector, (1 << 40) | (NOW + 10), (1 << 40) | (NOW + 10))
        );
    }

    function test_RevertWhen_EpochIsOlderThoughAsOfIsNewer() public {
        Statement memory old = statement(SUBJECT, 1);
        vm.warp(NOW + 60);
        makeSolvent(SUBJECT, 2);
        vm.warp(NOW + 120);
        old.terms = SolvencyStatement.pack(terms(SUBJECT));
        _refuse(
            old,
            abi.encodeWithSelector(ISolvencyRegistry.NotNewer.selector, (1 << 40) | (NOW + 120), (2 << 40) | (NOW + 60))
        );
    }

    function test_RevertWhen_Paused() public {
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        vm.prank(GUARDIAN);
        registry.pause();
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.Halted), "status");
        _refuse(claim, abi.encodeWithSelector(Pausable.EnforcedPause.selector));
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        registry.unpause();
        vm.prank(OWNER);
        registry.unpause();
        assertTrue(isSolvent(SUBJECT), "after");
    }

    function test_RevertWhen_RegistryIsNotLive() public {
        SolvencyRegistry fresh = new SolvencyRegistry(OWNER, GUARDIAN, DELAY, oracle, keys);
        vm.prank(OWNER);
        fresh.addPolicy(policy());
        Statement memory claim = statement(SUBJECT, 1);
        claim.context = fresh.contextOf(policyId);
        Proof memory proof = prove(claim);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.LiveState.selector, false));
        fresh.attest(policyId, CIRCUIT, claim, proof);
    }

    // --- isSolvent

    function test_NotSolventAfterMaxAge() public {
        attest(statement(SUBJECT, 1));
        vm.warp(NOW + MAX_AGE);
        assertTrue(isSolvent(SUBJECT), "the last second counts");
        vm.warp(NOW + MAX_AGE + 1);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.Expired), "status");
    }

    function test_NotSolventAfterTheSnapshotsEnd() public {
        vm.warp(NOW + 50 minutes);
        Statement memory claim = statement(SUBJECT, 1);
        attest(claim);
        assertEq(registry.expiryOf(SUBJECT, policyId), NOW + 1 hours, "the earlier of both");
        vm.warp(NOW + 1 hours);
        assertTrue(isSolvent(SUBJECT), "the last second counts");
        vm.warp(NOW + 1 hours + 1);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.Expired), "status");
    }

    function test_NotSolventOutsideTheEnvelope() public {
        attest(statement(SUBJECT, 1));
        btc.set(57_000e18);
        assertTrue(isSolvent(SUBJECT), "the band's end counts");
        btc.set(57_000e18 - 1);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.OutsideEnvelope), "below");
        btc.set(63_000e18 + 1);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.OutsideEnvelope), "above");
        btc.set(BTC_PRICE);
        assertTrue(isSolvent(SUBJECT), "the registry keeps no state about prices");
    }

    function test_NotSolventWhenTheStablecoinBreaks() public {
        attest(statement(SUBJECT, 1));
        usdc.set(0.98e18);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.OutsideEnvelope), "status");
    }

    function test_NotSolventWithoutAPrice() public {
        attest(statement(SUBJECT, 1));
        btc.setMode(1);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.PriceUnavailable), "status");
    }

    function test_NoRecordIsNotSolvent() public view {
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.NoRecord), "status");
        assertFalse(registry.isSolvent(SUBJECT, bytes32(0)), "unknown policy");
        assertEq(registry.expiryOf(SUBJECT, policyId), 0, "expiry");
        assertEq(registry.versionOf(SUBJECT, policyId), 0, "version");
        assertFalse(registry.isSolventUnder(SUBJECT, policyId, 0), "root zero");
    }

    function test_SolventUnderExactlyItsSnapshot() public {
        attest(statement(SUBJECT, 1));
        assertTrue(registry.isSolventUnder(SUBJECT, policyId, snapshot(1).marketRoot), "its own");
        assertFalse(registry.isSolventUnder(SUBJECT, policyId, snapshot(2).marketRoot), "another");
        btc.set(1);
        assertFalse(registry.isSolventUnder(SUBJECT, policyId, snapshot(1).marketRoot), "outside");
    }

    function test_OlderSnapshotCountsUntilItsEnd() public {
        attest(statement(SUBJECT, 1));
        vm.warp(NOW + 60);
        post(2);
        assertTrue(isSolvent(SUBJECT), "a newer snapshot does not end an older record");
    }

    // --- policies and attestors

    function test_PolicyIdCommitsToEverything() public {
        Policy memory other = policy();
        other.floor += 1;
        assertTrue(registry.policyIdOf(other) != policyId, "id");
        assertEq(registry.policyIdOf(policy()), policyId, "same policy");
        assertEq(registry.policyOf(policyId).attestors[0], ATTESTOR, "kept as it was added");
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ISolvencyRegistry.PolicyExists.selector, policyId));
        registry.addPolicy(policy());
    }

    function test_RevertWhen_PolicyIsUnsound() public {
        Policy memory bad = policy();
        bad.floor = 0;
        _refusePolicy(bad, "floor");
        // Not registered: its publishers and prices would come later, and without delay.
        bad = policy();
        bad.universe = UNIVERSE + 1;
        _refusePolicy(bad, "universe");
        bad = policy();
        bad.floor = 1 << 38;
        _refusePolicy(bad, "floor");
        bad = policy();
        bad.maxAge = 0;
        _refusePolicy(bad, "maxAge");
        bad.maxAge = 367 days;
        _refusePolicy(bad, "maxAge");
        bad = policy();
        bad.level = 3;
        _refusePolicy(bad, "level");
        bad.level = 0;
        _refusePolicy(bad, "level");
        bad = policy();
        bad.coverage = 0;
        _refusePolicy(bad, "coverage");
        bad = policy();
        bad.universe = 0;
        _refusePolicy(bad, "universe");
        bad = policy();
        bad.layoutId = 1 << 248;
        _refusePolicy(bad, "layoutId");
        bad = policy();
        bad.name = "";
        _refusePolicy(bad, "name");
        bad = policy();
        bad.circuits = new bytes32[](0);
        _refusePolicy(bad, "circuits");
        bad.circuits = new bytes32[](2);
        (bad.circuits[0], bad.circuits[1]) = (CIRCUIT, CIRCUIT);
        _refusePolicy(bad, "circuits");
        bad = policy();
        bad.attestors = new uint256[](0);
        _refusePolicy(bad, "attestors");
        bad.attestors = new uint256[](1);
        _refusePolicy(bad, "attestors");
        bad.attestors = new uint256[](65);
        _refusePolicy(bad, "attestors");
    }

    function test_RevertWhen_SomebodyElseAddsAPolicy() public {
        Policy memory other = policy();
        other.name = "mine";
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        registry.addPolicy(other);
    }

    function test_AttestorIsAddedWithDelayAndRevokedAtOnce() public {
        uint256 second = ATTESTOR + 1;
        bytes memory call = abi.encodeCall(ISolvencyRegistry.addAttestor, (policyId, second));
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, keccak256(call)));
        registry.addAttestor(policyId, second);
        (bool done,) = scheduleAndCall(address(registry), call);
        assertTrue(done && registry.isAttestor(policyId, second), "added");

        vm.prank(GUARDIAN);
        registry.revokeAttestor(second);
        assertFalse(registry.isAttestor(policyId, second), "revoked");
        call = abi.encodeCall(ISolvencyRegistry.restoreAttestor, (second));
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, keccak256(call)));
        registry.restoreAttestor(second);
        (done,) = scheduleAndCall(address(registry), call);
        assertTrue(done && registry.isAttestor(policyId, second), "restored");
    }

    function test_RevertWhen_SomebodyElseRevokesAnAttestor() public {
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotGuardian.selector, address(this)));
        registry.revokeAttestor(ATTESTOR);
        vm.startPrank(OWNER);
        registry.revokeAttestor(ATTESTOR);
        vm.expectRevert(abi.encodeWithSelector(ISolvencyRegistry.AttestorUnchanged.selector, ATTESTOR));
        registry.revokeAttestor(ATTESTOR);
    }

    // --- breaker

    function test_BreakerTripsWhileSourcesDisagree() public {
        attest(statement(SUBJECT, 1));
        vm.expectRevert(abi.encodeWithSelector(ISolvencyRegistry.NotDiverged.selector, UNIVERSE));
        registry.tripBreaker(UNIVERSE);

        SettablePrice second = _addSecondSource();
        vm.warp(NOW);
        second.set(BTC_PRICE * 102 / 100);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.PriceUnavailable), "diverged");
        vm.prank(RELAYER);
        registry.tripBreaker(UNIVERSE);
        assertTrue(registry.isTripped(UNIVERSE), "tripped");
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.Halted), "tripped");

        // The sources agree again; only the owner's reset opens the registry.
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ISolvencyRegistry.BreakerIsTripped.selector, UNIVERSE));
        registry.resetBreaker(UNIVERSE);
        second.set(BTC_PRICE);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.Halted), "still");
        _refuse(statement(OTHER, 1), abi.encodeWithSelector(ISolvencyRegistry.BreakerIsTripped.selector, UNIVERSE));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        registry.resetBreaker(UNIVERSE);
        vm.prank(OWNER);
        registry.resetBreaker(UNIVERSE);
        assertTrue(isSolvent(SUBJECT), "reset");
    }

    // --- construction

    function test_RevertWhen_APartIsNoContract() public {
        vm.expectRevert(abi.encodeWithSelector(SolvencyRegistry.NotAContract.selector, address(0xdead)));
        new SolvencyRegistry(OWNER, GUARDIAN, DELAY, IMarketOracle(address(0xdead)), keys);
        vm.expectRevert(abi.encodeWithSelector(SolvencyRegistry.NotAContract.selector, address(0xdead)));
        new SolvencyRegistry(OWNER, GUARDIAN, DELAY, oracle, IVerifyingKeyRegistry(address(0xdead)));
    }

    // --- helpers

    function _attestTerms(Terms memory made) private {
        Statement memory claim = statement(SUBJECT, 1);
        claim.terms = SolvencyStatement.pack(made);
        attest(claim);
    }

    function _refuseTerms(Terms memory made, bytes memory expected) private {
        Statement memory claim = statement(SUBJECT, 1);
        claim.terms = SolvencyStatement.pack(made);
        _refuse(claim, expected);
    }

    /// @dev The proof holds, so it is the statement that is refused.
    function _refuse(Statement memory claim, bytes memory expected) private {
        _expectRefusal(claim, prove(claim), expected);
    }

    function _expectRefusal(Statement memory claim, Proof memory proof, bytes memory expected) private {
        vm.expectRevert(expected);
        registry.attest(policyId, CIRCUIT, claim, proof);
    }

    function _refusePolicy(Policy memory bad, string memory member) private {
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(ISolvencyRegistry.BadPolicy.selector, member));
        registry.addPolicy(bad);
    }

    function _addSecondSource() private returns (SettablePrice second) {
        second = new SettablePrice();
        second.set(BTC_PRICE);
        FeedSource memory source = FeedSource({feed: BTC, adapter: btc, check: second, maxDivergence: 100});
        (bool done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setFeedSource, (UNIVERSE, 0, source)));
        assertTrue(done, "second source");
    }
}
