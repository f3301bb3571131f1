// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {MarketOracle} from "../../src/MarketOracle.sol";
import {SolvencyStatement} from "../../src/SolvencyStatement.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {
    Band,
    EnvelopeState,
    FeedSource,
    IMarketOracle,
    MarketSnapshot,
    QuorumSignature
} from "../../src/interfaces/IMarketOracle.sol";
import {IPriceAdapter} from "../../src/interfaces/IPriceAdapter.sol";
import {Quorum} from "../../src/oracle/Quorum.sol";
import {BN254_R} from "../../src/verifier/Bn254.sol";
import {ContractWallet, SettablePrice} from "../utils/Mocks.sol";
import {System} from "../utils/System.sol";

/// @dev Behaviours in MarketOracle.tree.
contract MarketOracleTest is System {
    // --- postSnapshot

    function test_PostWhenAQuorumSigned() public {
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory signatures = signed(oracle.digestOf(made), 2);
        vm.expectEmit(address(oracle));
        emit IMarketOracle.SnapshotPosted(
            made.marketRoot, UNIVERSE, made.snapshotHash, LAYOUT, made.level, 1, made.time, made.validUntil, made.bands
        );
        vm.prank(RELAYER);
        oracle.postSnapshot(made, signatures);
        assertTrue(oracle.inEnvelope(UNIVERSE, made.marketRoot), "inside");
        assertEq(oracle.snapshotOf(UNIVERSE, made.marketRoot).digest, oracle.digestOf(made), "digest");
        assertEq(oracle.bandsOf(UNIVERSE, made.marketRoot).length, 2, "bands");
        (uint256 root, uint32 epoch) = oracle.latest(UNIVERSE, LAYOUT, made.level);
        assertEq(root, made.marketRoot, "latest root");
        assertEq(epoch, 1, "latest epoch");
    }

    function test_PostWhenEverybodySigned() public {
        MarketSnapshot memory made = snapshot(1);
        oracle.postSnapshot(made, signed(oracle.digestOf(made), 3));
        assertTrue(oracle.inEnvelope(UNIVERSE, made.marketRoot), "inside");
    }

    function test_PostWhenAContractSigned() public {
        ContractWallet wallet = new ContractWallet(vm.addr(0xA11));
        vm.prank(GUARDIAN);
        oracle.revokePublisher(UNIVERSE, vm.addr(publisherKeys[2]));
        (bool done,) =
            scheduleAndCall(address(oracle), abi.encodeCall(oracle.addPublisher, (UNIVERSE, address(wallet))));
        assertTrue(done, "added");
        MarketSnapshot memory made = snapshot(1);
        bytes32 digest = oracle.digestOf(made);
        QuorumSignature memory his = signature(0xA11, digest);
        his.signer = address(wallet);
        QuorumSignature memory hers = signature(publisherKeys[0], digest);
        QuorumSignature[] memory both = new QuorumSignature[](2);
        (both[0], both[1]) = his.signer < hers.signer ? (his, hers) : (hers, his);
        wallet.setRefuses(true);
        vm.expectRevert(abi.encodeWithSelector(Quorum.BadSignature.selector, address(wallet)));
        oracle.postSnapshot(made, both);
        wallet.setRefuses(false);
        oracle.postSnapshot(made, both);
        assertTrue(oracle.inEnvelope(UNIVERSE, made.marketRoot), "inside");
    }

    function test_RevertWhen_QuorumIsNotReached() public {
        MarketSnapshot memory made = snapshot(1);
        _refuse(made, signed(oracle.digestOf(made), 1), abi.encodeWithSelector(Quorum.QuorumNotReached.selector, 1, 2));
        _refuse(made, signed(oracle.digestOf(made), 0), abi.encodeWithSelector(Quorum.QuorumNotReached.selector, 0, 2));
    }

    function test_RevertWhen_OneSignsTwice() public {
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory twice = signed(oracle.digestOf(made), 2);
        twice[1] = twice[0];
        _refuse(made, twice, abi.encodeWithSelector(Quorum.SignersNotIncreasing.selector, 1));
    }

    function test_RevertWhen_SignersAreOutOfOrder() public {
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory swapped = signed(oracle.digestOf(made), 2);
        (swapped[0], swapped[1]) = (swapped[1], swapped[0]);
        _refuse(made, swapped, abi.encodeWithSelector(Quorum.SignersNotIncreasing.selector, 1));
    }

    function test_RevertWhen_ASignerIsNoPublisher() public {
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory signatures = signed(oracle.digestOf(made), 2);
        signatures[0] = signature(0xBAD, oracle.digestOf(made));
        _refuse(made, signatures, abi.encodeWithSelector(Quorum.NotAMember.selector, signatures[0].signer));
    }

    function test_RevertWhen_ASignatureIsOfSomethingElse() public {
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory signatures = signed(oracle.digestOf(made), 2);
        bytes memory expected = abi.encodeWithSelector(Quorum.BadSignature.selector, signatures[0].signer);
        // Each field is signed: changing any one alone makes the signatures others'.
        for (uint256 i = 0; i < 8; ++i) {
            made = snapshot(1);
            if (i == 0) made.marketRoot += 1;
            if (i == 1) made.snapshotHash += 1;
            if (i == 2) made.layoutId += 1;
            if (i == 3) made.level = 2;
            if (i == 4) made.epoch += 1;
            if (i == 5) made.time -= 1;
            if (i == 6) made.validUntil += 1;
            if (i == 7) made.bands[1].high += 1;
            _refuse(made, signatures, expected);
        }
        vm.prank(OWNER);
        oracle.registerUniverse(UNIVERSE + 1, feeds(), publishers(), 2, MAX_WINDOW);
        made = snapshot(1);
        made.universe += 1;
        _refuse(made, signatures, expected);
    }

    function test_RevertWhen_SignedForAnotherOracleOrChain() public {
        MarketOracle other = new MarketOracle(OWNER, GUARDIAN, DELAY);
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory signatures = signed(other.digestOf(made), 2);
        bytes memory expected = abi.encodeWithSelector(Quorum.BadSignature.selector, signatures[0].signer);
        _refuse(made, signatures, expected);
        signatures = signed(oracle.digestOf(made), 2);
        vm.chainId(11155111);
        _refuse(made, signatures, expected);
    }

    function test_RevertWhen_PublisherWasRevoked() public {
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory signatures = signed(oracle.digestOf(made), 2);
        vm.prank(GUARDIAN);
        oracle.revokePublisher(UNIVERSE, signatures[1].signer);
        _refuse(made, signatures, abi.encodeWithSelector(Quorum.NotAMember.selector, signatures[1].signer));
    }

    function test_RevertWhen_EpochIsNotNewer() public {
        post(5);
        vm.warp(NOW + 1);
        MarketSnapshot memory made = snapshot(4);
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.EpochNotNewer.selector, 4, 5));
        made = snapshot(5);
        made.marketRoot += 1;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.EpochNotNewer.selector, 5, 5));
        // Another layout and another level count on their own.
        made = snapshot(4);
        made.level = uint8(SolvencyStatement.LEVEL_INITIAL);
        oracle.postSnapshot(made, signed(oracle.digestOf(made), 2));
        made = snapshot(3);
        made.layoutId = SolvencyStatement.LAYOUT_S24_K2_D5;
        oracle.postSnapshot(made, signed(oracle.digestOf(made), 2));
    }

    function test_RevertWhen_TimeGoesBack() public {
        vm.warp(NOW + 100);
        post(1);
        MarketSnapshot memory made = snapshot(2);
        made.time -= 1;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.TimeNotMonotonic.selector, NOW + 99, NOW + 100));
    }

    function test_RevertWhen_RootIsPostedAgain() public {
        post(1);
        vm.warp(NOW + 1);
        MarketSnapshot memory made = snapshot(2);
        made.marketRoot = snapshot(1).marketRoot;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.RootExists.selector, made.marketRoot));
    }

    function test_RevertWhen_TheWindowMakesNoSense() public {
        MarketSnapshot memory made = snapshot(1);
        made.time = uint40(NOW + 1);
        _refuseWindow(made);
        made = snapshot(1);
        (made.time, made.validUntil) = (uint40(NOW - 10), uint40(NOW - 1));
        _refuseWindow(made);
        made = snapshot(1);
        made.validUntil = uint40(NOW + MAX_WINDOW + 1);
        _refuseWindow(made);
        made = snapshot(1);
        made.validUntil = uint40(1 << 34);
        _refuseWindow(made);
        made = snapshot(1);
        made.validUntil = uint40(NOW + MAX_WINDOW);
        oracle.postSnapshot(made, signed(oracle.digestOf(made), 2));
    }

    function test_RevertWhen_AHashIsNone() public {
        MarketSnapshot memory made = snapshot(1);
        made.marketRoot = 0;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadHash.selector, 0));
        made.marketRoot = BN254_R;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadHash.selector, BN254_R));
        made = snapshot(1);
        made.snapshotHash = 0;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadHash.selector, 0));
        made = snapshot(1);
        made.layoutId = 1 << 248;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadHash.selector, 1 << 248));
        made = snapshot(1);
        made.level = 3;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadLevel.selector, 3));
        made.level = 0;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadLevel.selector, 0));
    }

    function test_RevertWhen_BandsAreNotTheUniverses() public {
        MarketSnapshot memory made = snapshot(1);
        made.bands = new Band[](1);
        made.bands[0] = snapshot(1).bands[0];
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.FeedCount.selector, 1));
        made = snapshot(1);
        (made.bands[0], made.bands[1]) = (made.bands[1], made.bands[0]);
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.WrongFeed.selector, 0, USDC));
        made = snapshot(1);
        made.bands[1].low = 0;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadBand.selector, 1));
        made = snapshot(1);
        made.bands[0].low = made.bands[0].high + 1;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadBand.selector, 0));
    }

    function test_RevertWhen_UniverseIsUnknownOrHalted() public {
        MarketSnapshot memory made = snapshot(1);
        made.universe += 1;
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.UnknownUniverse.selector, UNIVERSE + 1));
        vm.prank(GUARDIAN);
        oracle.haltUniverse(UNIVERSE);
        _refuseSigned(snapshot(1), abi.encodeWithSelector(IMarketOracle.UniverseIsHalted.selector, UNIVERSE));
    }

    function test_RevertWhen_TheEpochIsTooFarOn() public {
        MarketSnapshot memory made = snapshot(uint32(NOW + 1));
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.EpochTooFar.selector, NOW + 1, NOW));
        // Whatever was posted, a series goes on in seconds.
        post(uint32(NOW));
        vm.warp(NOW + 1);
        post(uint32(NOW + 1));
    }

    // --- reportEquivocation

    function test_EquivocationHaltsTheUniverse() public {
        MarketSnapshot memory first = post(1);
        MarketSnapshot memory second = snapshot(1);
        second.bands[0].high += 1;
        QuorumSignature[] memory signatures = signed(oracle.digestOf(second), 2);
        vm.prank(RELAYER);
        oracle.reportEquivocation(first.marketRoot, second, signatures);
        assertTrue(oracle.isHalted(UNIVERSE), "halted");
        assertEq(uint256(oracle.envelopeState(UNIVERSE, first.marketRoot)), uint256(EnvelopeState.Halted), "state");
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        vm.prank(GUARDIAN);
        oracle.resumeUniverse(UNIVERSE);
        vm.prank(OWNER);
        oracle.resumeUniverse(UNIVERSE);
        assertTrue(oracle.inEnvelope(UNIVERSE, first.marketRoot), "resumed");
        // What was dealt with halts nothing again, whoever signs it once more; another story does.
        signatures = signed(oracle.digestOf(second), 3);
        vm.expectRevert(abi.encodeWithSelector(IMarketOracle.AlreadyReported.selector, oracle.digestOf(second)));
        oracle.reportEquivocation(first.marketRoot, second, signatures);
        second.bands[0].high += 1;
        oracle.reportEquivocation(first.marketRoot, second, signed(oracle.digestOf(second), 2));
        assertTrue(oracle.isHalted(UNIVERSE), "halted again");
    }

    function test_NoUniverseTakesAnothersRoot() public {
        vm.prank(OWNER);
        oracle.registerUniverse(UNIVERSE + 1, feeds(), publishers(), 2, MAX_WINDOW);
        MarketSnapshot memory squatted = snapshot(1);
        squatted.universe = UNIVERSE + 1;
        oracle.postSnapshot(squatted, signed(oracle.digestOf(squatted), 2));
        assertTrue(oracle.inEnvelope(UNIVERSE + 1, squatted.marketRoot), "its own");
        assertFalse(oracle.inEnvelope(UNIVERSE, squatted.marketRoot), "not the other's");
        MarketSnapshot memory made = post(1);
        assertEq(made.marketRoot, squatted.marketRoot, "the same root");
        assertTrue(oracle.inEnvelope(UNIVERSE, made.marketRoot), "posted all the same");
        vm.prank(GUARDIAN);
        oracle.revokeSnapshot(UNIVERSE + 1, made.marketRoot);
        assertTrue(oracle.inEnvelope(UNIVERSE, made.marketRoot), "revoked where it was meant");
    }

    function test_RevertWhen_ThereIsNoEquivocation() public {
        MarketSnapshot memory first = post(1);
        QuorumSignature[] memory signatures = signed(oracle.digestOf(first), 2);
        vm.expectRevert(IMarketOracle.NoEquivocation.selector);
        oracle.reportEquivocation(first.marketRoot, first, signatures);
        MarketSnapshot memory next = snapshot(2);
        signatures = signed(oracle.digestOf(next), 2);
        vm.expectRevert(IMarketOracle.NoEquivocation.selector);
        oracle.reportEquivocation(first.marketRoot, next, signatures);
        next = snapshot(1);
        next.marketRoot += 1;
        signatures = signed(oracle.digestOf(next), 1);
        vm.expectRevert(abi.encodeWithSelector(Quorum.QuorumNotReached.selector, 1, 2));
        oracle.reportEquivocation(first.marketRoot, next, signatures);
        vm.expectRevert(abi.encodeWithSelector(IMarketOracle.UnknownRoot.selector, next.marketRoot));
        oracle.reportEquivocation(next.marketRoot, next, signatures);
    }

    // --- inEnvelope

    function test_EnvelopeBeginsAndEndsWithItsWindow() public {
        MarketSnapshot memory made = post(1);
        vm.warp(NOW - 1);
        _state(made, EnvelopeState.OutOfWindow);
        vm.warp(made.validUntil);
        _state(made, EnvelopeState.Inside);
        vm.warp(uint256(made.validUntil) + 1);
        _state(made, EnvelopeState.OutOfWindow);
    }

    function test_EveryFeedCounts() public {
        MarketSnapshot memory made = post(1);
        btc.set(63_000e18);
        _state(made, EnvelopeState.Inside);
        btc.set(63_000e18 + 1);
        _state(made, EnvelopeState.Outside);
        btc.set(BTC_PRICE);
        usdc.set(0.99e18 - 1);
        _state(made, EnvelopeState.Outside);
        usdc.set(0.99e18);
        _state(made, EnvelopeState.Inside);
    }

    function test_BothEndsOfAnIntervalMustBeInside() public {
        MarketSnapshot memory made = post(1);
        btc.set(57_000e18, 63_000e18);
        _state(made, EnvelopeState.Inside);
        btc.set(57_000e18 - 1, 63_000e18);
        _state(made, EnvelopeState.Outside);
        btc.set(57_000e18, 63_000e18 + 1);
        _state(made, EnvelopeState.Outside);
    }

    function test_NonsenseIsUnavailable() public {
        MarketSnapshot memory made = post(1);
        btc.set(0);
        _state(made, EnvelopeState.Unavailable);
        btc.set(2, 1);
        _state(made, EnvelopeState.Unavailable);
        btc.set(1, uint256(1) << 128);
        _state(made, EnvelopeState.Unavailable);
        btc.set(BTC_PRICE);
        for (uint256 mode = 1; mode <= 4; ++mode) {
            btc.setMode(mode);
            _state(made, EnvelopeState.Unavailable);
        }
        btc.setMode(0);
        _state(made, EnvelopeState.Inside);
        vm.etch(address(btc), "");
        _state(made, EnvelopeState.Unavailable);
    }

    function test_TooLittleGasIsNoAnswer() public {
        MarketSnapshot memory made = post(1);
        // A source that needs much: when it runs out of gas, the 64th that is kept back is enough to go on with.
        usdc.setMode(5);
        bytes memory data = abi.encodeCall(oracle.inEnvelope, (UNIVERSE, made.marketRoot));
        uint256 answers;
        // Whatever gas somebody sends, a good price never looks bad.
        for (uint256 gasSent = 150_000; gasSent < 560_000; gasSent += 701) {
            (bool done, bytes memory answer) = address(oracle).staticcall{gas: gasSent}(data);
            if (!done) continue;
            ++answers;
            assertTrue(abi.decode(answer, (bool)), "inside");
        }
        assertTrue(answers > 10, "enough gas answers");
    }

    function test_TwoSourcesMustAgree() public {
        SettablePrice second = _addSecondSource();
        MarketSnapshot memory made = post(1);
        _state(made, EnvelopeState.Inside);
        assertFalse(oracle.diverged(UNIVERSE), "agree");
        second.set(BTC_PRICE * 101 / 100);
        _state(made, EnvelopeState.Inside);
        second.set(BTC_PRICE * 101 / 100 + 1);
        _state(made, EnvelopeState.Diverged);
        assertTrue(oracle.diverged(UNIVERSE), "disagree");
        second.set(BTC_PRICE * 98 / 100);
        _state(made, EnvelopeState.Diverged);
        second.setMode(1);
        _state(made, EnvelopeState.Unavailable);
        assertFalse(oracle.diverged(UNIVERSE), "one alone disagrees with nobody");
        // Both must be inside the band.
        second.setMode(0);
        btc.set(62_900e18);
        second.set(63_000e18 + 1);
        _state(made, EnvelopeState.Outside);
    }

    function test_NothingCountsBeforeItIsLive() public {
        MarketOracle fresh = new MarketOracle(OWNER, GUARDIAN, DELAY);
        vm.prank(OWNER);
        fresh.registerUniverse(UNIVERSE, feeds(), publishers(), 2, MAX_WINDOW);
        MarketSnapshot memory made = snapshot(1);
        fresh.postSnapshot(made, signed(fresh.digestOf(made), 2));
        assertEq(uint256(fresh.envelopeState(UNIVERSE, made.marketRoot)), uint256(EnvelopeState.Halted), "not live");
        vm.prank(OWNER);
        fresh.goLive();
        assertTrue(fresh.inEnvelope(UNIVERSE, made.marketRoot), "live");
    }

    function test_RevokedAndUnknownSnapshots() public {
        MarketSnapshot memory made = post(1);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotGuardian.selector, address(this)));
        oracle.revokeSnapshot(UNIVERSE, made.marketRoot);
        vm.prank(GUARDIAN);
        oracle.revokeSnapshot(UNIVERSE, made.marketRoot);
        _state(made, EnvelopeState.Revoked);
        made.marketRoot += 1;
        _state(made, EnvelopeState.Unknown);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IMarketOracle.UnknownRoot.selector, made.marketRoot));
        oracle.revokeSnapshot(UNIVERSE, made.marketRoot);
    }

    // --- universes

    function test_RevertWhen_UniverseIsUnsound() public {
        FeedSource[] memory sources = feeds();
        address[] memory signers = publishers();
        vm.startPrank(OWNER);
        _refuseUniverse(UNIVERSE, sources, signers, 2, IMarketOracle.UniverseExists.selector);
        _refuseUniverse(0, sources, signers, 2, IMarketOracle.BadHash.selector);
        _refuseUniverse(1 << 248, sources, signers, 2, IMarketOracle.BadHash.selector);
        _refuseUniverse(1, sources, signers, 0, IMarketOracle.BadQuorum.selector);
        // Two publishers who sign a story each would halt it in good faith.
        _refuseUniverse(1, sources, signers, 1, IMarketOracle.BadQuorum.selector);
        _refuseUniverse(1, sources, signers, 4, IMarketOracle.BadQuorum.selector);
        _refuseUniverse(1, new FeedSource[](0), signers, 2, IMarketOracle.FeedCount.selector);
        _refuseUniverse(1, new FeedSource[](9), signers, 2, IMarketOracle.FeedCount.selector);
        _refuseUniverse(1, sources, new address[](0), 2, IMarketOracle.PublisherCount.selector);
        _refuseUniverse(1, sources, new address[](33), 2, IMarketOracle.PublisherCount.selector);
        signers[1] = signers[0];
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.BadPublisher.selector);
        signers[1] = address(0);
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.BadPublisher.selector);
        signers = publishers();
        sources[1].feed = sources[0].feed;
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.WrongFeed.selector);
        sources[1].feed = 0;
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.WrongFeed.selector);
        sources = feeds();
        sources[1].adapter = IPriceAdapter(address(0xdead));
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.BadFeedSource.selector);
        sources = feeds();
        sources[1].check = btc;
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.BadFeedSource.selector);
        (sources[1].check, sources[1].maxDivergence) = (sources[1].adapter, 100);
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.BadFeedSource.selector);
        (sources[1].check, sources[1].maxDivergence) = (btc, 5_001);
        _refuseUniverse(1, sources, signers, 2, IMarketOracle.BadFeedSource.selector);
        vm.expectRevert(abi.encodeWithSelector(IMarketOracle.BadWindow.selector, 0, 0));
        oracle.registerUniverse(1, feeds(), signers, 2, 0);
        vm.expectRevert(abi.encodeWithSelector(IMarketOracle.BadWindow.selector, 0, 7 days + 1));
        oracle.registerUniverse(1, feeds(), signers, 2, 7 days + 1);
    }

    function test_RevertWhen_SomebodyElseRegistersAUniverse() public {
        FeedSource[] memory sources = feeds();
        address[] memory signers = publishers();
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        oracle.registerUniverse(1, sources, signers, 2, MAX_WINDOW);
    }

    function test_PublisherIsAddedWithDelayAndRevokedAtOnce() public {
        bytes memory call = abi.encodeCall(oracle.addPublisher, (UNIVERSE, OTHER));
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, keccak256(call)));
        oracle.addPublisher(UNIVERSE, OTHER);
        (bool done,) = scheduleAndCall(address(oracle), call);
        assertFalse(done, "two of four would be no more than half");
        vm.prank(GUARDIAN);
        oracle.revokePublisher(UNIVERSE, vm.addr(publisherKeys[2]));
        vm.prank(OWNER);
        oracle.addPublisher(UNIVERSE, OTHER);
        assertTrue(oracle.isPublisher(UNIVERSE, OTHER), "added");
        vm.prank(GUARDIAN);
        oracle.revokePublisher(UNIVERSE, OTHER);
        assertFalse(oracle.isPublisher(UNIVERSE, OTHER), "revoked");
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IMarketOracle.NotAPublisher.selector, OTHER));
        oracle.revokePublisher(UNIVERSE, OTHER);
        (uint8 quorum, uint8 count) = oracle.quorumOf(UNIVERSE);
        assertEq(quorum, 2, "quorum");
        assertEq(count, 2, "publishers");
    }

    function test_RevocationBelowTheQuorumStopsPosting() public {
        vm.startPrank(GUARDIAN);
        oracle.revokePublisher(UNIVERSE, vm.addr(publisherKeys[1]));
        oracle.revokePublisher(UNIVERSE, vm.addr(publisherKeys[2]));
        vm.stopPrank();
        MarketSnapshot memory made = snapshot(1);
        _refuse(made, signed(oracle.digestOf(made), 1), abi.encodeWithSelector(Quorum.QuorumNotReached.selector, 1, 2));
    }

    function test_QuorumChangesWithDelay() public {
        vm.prank(OWNER);
        vm.expectRevert();
        oracle.setQuorum(UNIVERSE, 1);
        (bool done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setQuorum, (UNIVERSE, 3)));
        assertTrue(done, "raised");
        MarketSnapshot memory made = snapshot(1);
        _refuse(made, signed(oracle.digestOf(made), 2), abi.encodeWithSelector(Quorum.QuorumNotReached.selector, 2, 3));
        (done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setQuorum, (UNIVERSE, 5)));
        assertFalse(done, "more than there are or are about to be");
        (done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setQuorum, (UNIVERSE, 0)));
        assertFalse(done, "none");
        (done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setQuorum, (UNIVERSE, 1)));
        assertFalse(done, "no more than half");
    }

    function test_AUniverseComesBackFromAnyRevocation() public {
        vm.startPrank(GUARDIAN);
        for (uint256 i = 0; i < 3; ++i) {
            oracle.revokePublisher(UNIVERSE, vm.addr(publisherKeys[i]));
        }
        vm.stopPrank();
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory call = abi.encodeCall(oracle.addPublisher, (UNIVERSE, vm.addr(publisherKeys[i])));
            (bool done,) = scheduleAndCall(address(oracle), call);
            assertTrue(done, "added again");
        }
        MarketSnapshot memory made = snapshot(1);
        (made.time, made.validUntil) = (uint40(block.timestamp), uint40(block.timestamp) + 600);
        oracle.postSnapshot(made, signed(oracle.digestOf(made), 2));
    }

    function test_OneOfOneBecomesTwoOfTwo() public {
        address[] memory one = new address[](1);
        one[0] = vm.addr(publisherKeys[0]);
        vm.prank(OWNER);
        oracle.registerUniverse(UNIVERSE + 1, feeds(), one, 1, MAX_WINDOW);
        (bool done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setQuorum, (UNIVERSE + 1, 2)));
        assertTrue(done, "raised ahead");
        (done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.addPublisher, (UNIVERSE + 1, OTHER)));
        assertTrue(done, "added");
        (uint8 quorum, uint8 count) = oracle.quorumOf(UNIVERSE + 1);
        assertTrue(quorum == 2 && count == 2, "two of two");
    }

    function test_FeedSourceChangesWithDelayAndKeepsItsFeed() public {
        FeedSource memory source = feeds()[0];
        vm.prank(OWNER);
        vm.expectRevert();
        oracle.setFeedSource(UNIVERSE, 0, source);
        SettablePrice other = new SettablePrice();
        other.set(BTC_PRICE + 1);
        source.adapter = other;
        (bool done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setFeedSource, (UNIVERSE, 0, source)));
        assertTrue(done, "set");
        assertEq(address(oracle.feedsOf(UNIVERSE)[0].adapter), address(other), "adapter");
        source.feed = USDC;
        (done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setFeedSource, (UNIVERSE, 0, source)));
        assertFalse(done, "another feed");
        (done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setFeedSource, (UNIVERSE, 2, source)));
        assertFalse(done, "beyond");
    }

    // --- helpers

    function _state(MarketSnapshot memory made, EnvelopeState expected) private view {
        assertEq(uint256(oracle.envelopeState(UNIVERSE, made.marketRoot)), uint256(expected), "state");
        assertTrue(oracle.inEnvelope(UNIVERSE, made.marketRoot) == (expected == EnvelopeState.Inside), "inEnvelope");
    }

    function _refuse(MarketSnapshot memory made, QuorumSignature[] memory signatures, bytes memory expected) private {
        vm.expectRevert(expected);
        oracle.postSnapshot(made, signatures);
    }

    /// @dev A quorum signed it, so it is the snapshot that is refused.
    function _refuseSigned(MarketSnapshot memory made, bytes memory expected) private {
        _refuse(made, signed(oracle.digestOf(made), 2), expected);
    }

    function _refuseWindow(MarketSnapshot memory made) private {
        _refuseSigned(made, abi.encodeWithSelector(IMarketOracle.BadWindow.selector, made.time, made.validUntil));
    }

    function _refuseUniverse(
        uint256 universe,
        FeedSource[] memory sources,
        address[] memory signers,
        uint8 quorum,
        bytes4 expected
    ) private {
        (bool done, bytes memory answer) = address(oracle)
            .call(abi.encodeCall(oracle.registerUniverse, (universe, sources, signers, quorum, MAX_WINDOW)));
        assertFalse(done, "refused");
        assertEq(bytes32(bytes4(answer)), bytes32(expected), "reason");
    }

    function _addSecondSource() private returns (SettablePrice second) {
        second = new SettablePrice();
        second.set(BTC_PRICE);
        FeedSource memory source = FeedSource({feed: BTC, adapter: btc, check: second, maxDivergence: 100});
        (bool done,) = scheduleAndCall(address(oracle), abi.encodeCall(oracle.setFeedSource, (UNIVERSE, 0, source)));
        assertTrue(done, "second source");
    }
}
