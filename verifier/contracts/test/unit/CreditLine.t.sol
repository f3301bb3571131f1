// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SolvencyGate} from "../../src/SolvencyGate.sol";
import {Statement} from "../../src/SolvencyStatement.sol";
import {CreditLine} from "../../src/examples/CreditLine.sol";
import {ISolvency, Status} from "../../src/interfaces/ISolvency.sol";
import {Dollars} from "../utils/Mocks.sol";
import {System} from "../utils/System.sol";

/// @dev Behaviours in CreditLine.tree; the gate's are among them.
contract CreditLineTest is System {
    address private constant LENDER = address(0x1E4D);
    uint256 private constant LIMIT = 100e6;
    uint256 private constant SECURITY = 20e6;
    uint256 private constant GRACE = 1 hours;

    Dollars private token;
    CreditLine private line;

    function setUp() public override {
        super.setUp();
        token = new Dollars();
        line = new CreditLine(registry, policyId, token, LENDER, SUBJECT, LIMIT, SECURITY, GRACE);
        token.mint(LENDER, 1_000e6);
        token.mint(SUBJECT, 1_000e6);
        vm.prank(LENDER);
        token.approve(address(line), type(uint256).max);
        vm.startPrank(SUBJECT);
        token.approve(address(line), type(uint256).max);
        line.secure(SECURITY);
        vm.stopPrank();
        vm.prank(LENDER);
        line.fund(500e6);
    }

    function test_TheWholeStory() public {
        // A proof opens the line.
        _refuseDraw(10e6, abi.encodeWithSelector(SolvencyGate.NotSolvent.selector, SUBJECT, Status.NoRecord));
        makeSolvent(SUBJECT, 1);
        assertTrue(line.isOpenFor(SUBJECT), "open");
        _draw(10e6);
        // A price move past the envelope closes it, without a proof.
        btc.set(64_000e18);
        _refuseDraw(10e6, abi.encodeWithSelector(SolvencyGate.NotSolvent.selector, SUBJECT, Status.OutsideEnvelope));
        vm.prank(RELAYER);
        line.freeze();
        // The price's return alone does not reopen it.
        btc.set(BTC_PRICE);
        assertTrue(isSolvent(SUBJECT), "the registry says solvent");
        assertFalse(line.isOpenFor(SUBJECT), "the gate is latched");
        _refuseDraw(10e6, abi.encodeWithSelector(SolvencyGate.NotSolvent.selector, SUBJECT, Status.Solvent));
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotSolvent.selector, SUBJECT, Status.Solvent));
        line.thaw();
        // A new proof does.
        vm.warp(NOW + 60);
        makeSolvent(SUBJECT, 2);
        assertTrue(line.isOpenFor(SUBJECT), "open again");
        _draw(10e6);
        assertEq(line.frozenAt(), 0, "thawed");
        assertEq(line.debt(), 20e6, "debt");
        _conserved();
    }

    function test_RevertWhen_NothingHasLapsed() public {
        makeSolvent(SUBJECT, 1);
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotLapsed.selector, SUBJECT, Status.Solvent));
        line.freeze();
    }

    function test_RevertWhen_ALapseIsNotTheSubjects() public {
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotLapsed.selector, SUBJECT, Status.NoRecord));
        line.freeze();
        makeSolvent(SUBJECT, 1);
        btc.setMode(1);
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotLapsed.selector, SUBJECT, Status.PriceUnavailable));
        line.freeze();
        btc.setMode(0);
        vm.prank(GUARDIAN);
        oracle.haltUniverse(UNIVERSE);
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotLapsed.selector, SUBJECT, Status.Halted));
        line.freeze();
        // Not even once the record is over: nobody could have renewed it.
        vm.warp(NOW + MAX_AGE + 1);
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotLapsed.selector, SUBJECT, Status.Halted));
        line.freeze();
        vm.prank(GUARDIAN);
        registry.pause();
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotLapsed.selector, SUBJECT, Status.Halted));
        line.freeze();
    }

    function test_AProofHeldBackDoesNotThaw() public {
        makeSolvent(SUBJECT, 1);
        // Made while all was well, newer than what is on record, and kept for later.
        vm.warp(NOW + 60);
        post(2);
        Statement memory reserve = statement(SUBJECT, 2);
        vm.warp(NOW + 120);
        btc.set(64_000e18);
        line.freeze();
        assertEq(line.lapsedAt(SUBJECT), NOW + 120, "when");
        btc.set(BTC_PRICE);
        vm.warp(NOW + 180);
        attest(reserve);
        assertTrue(isSolvent(SUBJECT), "the registry takes it");
        assertFalse(line.isOpenFor(SUBJECT), "the gate does not");
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NotSolvent.selector, SUBJECT, Status.Solvent));
        line.thaw();
        makeSolvent(SUBJECT, 3);
        line.thaw();
        assertTrue(line.isOpenFor(SUBJECT), "a proof of later does");
    }

    function test_ALapseReportedAgainDoesNotOutdateANewProof() public {
        makeSolvent(SUBJECT, 1);
        vm.warp(NOW + 10);
        btc.set(64_000e18);
        line.freeze();
        vm.warp(NOW + 60);
        post(2);
        Statement memory renewed = statement(SUBJECT, 2);
        vm.warp(NOW + 90);
        line.freeze();
        assertEq(line.lapsedAt(SUBJECT), NOW + 10, "the first lapse counts");
        btc.set(BTC_PRICE);
        attest(renewed);
        line.thaw();
        assertTrue(line.isOpenFor(SUBJECT), "open");
    }

    function test_AnExpiryReportedLateDoesNotOutdateANewProof() public {
        makeSolvent(SUBJECT, 1);
        vm.warp(NOW + MAX_AGE + 1);
        post(2);
        Statement memory renewed = statement(SUBJECT, 2);
        vm.warp(NOW + MAX_AGE + 300);
        line.freeze();
        assertEq(line.lapsedAt(SUBJECT), NOW + MAX_AGE, "it lapsed when it expired");
        attest(renewed);
        assertTrue(line.isOpenFor(SUBJECT), "a proof of after that opens");
    }

    function test_AThawedLineHasItsGraceAtTheNextLapse() public {
        makeSolvent(SUBJECT, 1);
        _draw(50e6);
        btc.set(64_000e18);
        line.freeze();
        btc.set(BTC_PRICE);
        vm.warp(NOW + 60);
        makeSolvent(SUBJECT, 2);
        // Renewed, and prices cannot be read: nobody could thaw, and nobody recalls.
        btc.setMode(1);
        vm.warp(NOW + GRACE);
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.Expired), "over by then");
        vm.warp(NOW + GRACE - 1 minutes);
        btc.setMode(0);
        makeSolvent(SUBJECT, 3);
        btc.setMode(1);
        vm.warp(NOW + GRACE);
        bytes memory excused = abi.encodeWithSelector(CreditLine.NotRecallable.selector, 0);
        _refuseRecall(excused);
        btc.setMode(0);
        _refuseRecall(excused);
        line.thaw();
        btc.set(64_000e18);
        _refuseRecall(excused);
        line.freeze();
        _refuseRecall(abi.encodeWithSelector(CreditLine.NotRecallable.selector, block.timestamp + GRACE));
    }

    function test_AProofOverAMarketThatIsGoneHoldsUpNoRecall() public {
        makeSolvent(SUBJECT, 1);
        _draw(50e6);
        // The market moves for good; the account is as solvent as ever at prices that are no more.
        btc.set(30_000e18);
        line.freeze();
        vm.warp(NOW + 8 minutes);
        attest(statement(SUBJECT, 1));
        assertEq(uint256(registry.statusOf(SUBJECT, policyId)), uint256(Status.OutsideEnvelope), "status");
        line.freeze();
        assertEq(line.frozenAt(), NOW, "the grace goes on");
        vm.warp(NOW + 9 minutes);
        attest(statement(SUBJECT, 1));
        vm.warp(NOW + GRACE);
        vm.prank(LENDER);
        line.recall();
        assertTrue(line.recalled(), "recalled");
    }

    function test_RevertWhen_RecalledWhileTheRegistryIsHalted() public {
        makeSolvent(SUBJECT, 1);
        _draw(10e6);
        vm.warp(NOW + MAX_AGE + 1);
        line.freeze();
        vm.expectRevert(CreditLine.NotHeld.selector);
        line.hold();
        vm.prank(GUARDIAN);
        registry.pause();
        // Whoever is about to be recalled keeps the grace from running out meanwhile.
        vm.warp(NOW + MAX_AGE + GRACE);
        vm.prank(SUBJECT);
        line.hold();
        vm.warp(NOW + MAX_AGE + 1 + GRACE);
        _refuseRecall(abi.encodeWithSelector(CreditLine.NotRecallable.selector, 0));
        vm.prank(OWNER);
        registry.unpause();
        _refuseRecall(abi.encodeWithSelector(CreditLine.NotRecallable.selector, NOW + MAX_AGE + 2 * GRACE));
        vm.warp(NOW + MAX_AGE + 2 * GRACE);
        vm.prank(LENDER);
        line.recall();
        assertTrue(line.recalled(), "recalled");
    }

    function test_LowGasDoesNotFreeze() public {
        makeSolvent(SUBJECT, 1);
        for (uint256 gasSent = 20_000; gasSent < 900_000; gasSent += 9_973) {
            (bool done,) = address(line).call{gas: gasSent}(abi.encodeCall(line.freeze, ()));
            assertFalse(done, "a solvent borrower is never frozen");
        }
    }

    function test_RecallAfterTheGrace() public {
        makeSolvent(SUBJECT, 1);
        _draw(50e6);
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(CreditLine.NotRecallable.selector, 0));
        line.recall();
        vm.warp(NOW + MAX_AGE + 1);
        line.freeze();
        vm.warp(NOW + MAX_AGE + GRACE);
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(CreditLine.NotRecallable.selector, NOW + MAX_AGE + 1 + GRACE));
        line.recall();
        // Another lapse reported does not start the grace period again.
        line.freeze();
        vm.warp(NOW + MAX_AGE + 1 + GRACE);
        vm.prank(SUBJECT);
        vm.expectRevert(abi.encodeWithSelector(CreditLine.NotAllowed.selector, SUBJECT));
        line.recall();
        vm.prank(LENDER);
        line.recall();
        assertTrue(line.recalled(), "recalled");
        assertEq(line.security(), 0, "seized");
        assertEq(line.debt(), 30e6, "what is left");
        assertEq(line.liquidity(), 470e6, "liquidity");
        _conserved();

        // It stays so, whatever is proven; what is owed can still be repaid.
        btc.set(BTC_PRICE);
        makeSolvent(SUBJECT, 2);
        _refuseDraw(1, abi.encodeWithSelector(CreditLine.LineRecalled.selector));
        vm.startPrank(SUBJECT);
        vm.expectRevert(CreditLine.LineRecalled.selector);
        line.secure(1);
        line.repay(30e6);
        vm.stopPrank();
        vm.startPrank(LENDER);
        vm.expectRevert(CreditLine.LineRecalled.selector);
        line.recall();
        line.withdraw(500e6);
        assertEq(token.balanceOf(LENDER), 1_000e6, "whole again");
        _conserved();
    }

    function test_RevertWhen_ANewProofCameBeforeTheRecall() public {
        makeSolvent(SUBJECT, 1);
        vm.warp(NOW + MAX_AGE + 1);
        line.freeze();
        vm.warp(NOW + 2 hours + GRACE);
        makeSolvent(SUBJECT, 2);
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(CreditLine.NotRecallable.selector, 0));
        line.recall();
        line.thaw();
        assertEq(line.frozenAt(), 0, "thawed");
    }

    function test_PauseClosesTheLine() public {
        makeSolvent(SUBJECT, 1);
        vm.prank(GUARDIAN);
        registry.pause();
        _refuseDraw(1, abi.encodeWithSelector(SolvencyGate.NotSolvent.selector, SUBJECT, Status.Halted));
    }

    function test_DrawsStayWithinBounds() public {
        makeSolvent(SUBJECT, 1);
        _refuseDraw(0, abi.encodeWithSelector(CreditLine.BadAmount.selector, 0, LIMIT));
        _refuseDraw(LIMIT + 1, abi.encodeWithSelector(CreditLine.BadAmount.selector, LIMIT + 1, LIMIT));
        vm.prank(LENDER);
        line.withdraw(450e6);
        _refuseDraw(60e6, abi.encodeWithSelector(CreditLine.BadAmount.selector, 60e6, 50e6));
        _draw(50e6);
        vm.prank(RELAYER);
        vm.expectRevert(abi.encodeWithSelector(CreditLine.NotAllowed.selector, RELAYER));
        line.draw(1);
        _conserved();
    }

    function test_SecurityIsHeldWhileSomethingIsOwed() public {
        makeSolvent(SUBJECT, 1);
        vm.prank(SUBJECT);
        line.release(SECURITY);
        _refuseDraw(1, abi.encodeWithSelector(CreditLine.SecurityMissing.selector, 0, SECURITY));
        vm.prank(SUBJECT);
        line.secure(SECURITY + 5e6);
        _draw(10e6);
        vm.startPrank(SUBJECT);
        vm.expectRevert(abi.encodeWithSelector(CreditLine.BadAmount.selector, 5e6 + 1, 5e6));
        line.release(5e6 + 1);
        line.release(5e6);
        line.repay(10e6);
        line.release(SECURITY);
        vm.stopPrank();
        assertEq(line.security(), 0, "released");
        _conserved();
    }

    function test_AnyoneRepays() public {
        makeSolvent(SUBJECT, 1);
        _draw(10e6);
        token.mint(RELAYER, 10e6);
        vm.startPrank(RELAYER);
        token.approve(address(line), 10e6);
        // Somebody else's payment came first: the rest is taken, and no more.
        assertEq(line.repay(4e6), 4e6, "a part");
        assertEq(line.repay(10e6), 6e6, "the rest");
        vm.expectRevert(abi.encodeWithSelector(CreditLine.BadAmount.selector, 0, 0));
        line.repay(1);
        vm.stopPrank();
        assertEq(token.balanceOf(RELAYER), 0, "no more than was owed");
        assertEq(line.debt(), 0, "repaid");
        _conserved();
    }

    function test_RevertWhen_TheTokenKeepsAFee() public {
        token.setFee(100);
        vm.prank(LENDER);
        vm.expectRevert(abi.encodeWithSelector(CreditLine.UnexpectedTransfer.selector, 100e6, 99e6));
        line.fund(100e6);
    }

    function test_RevertWhen_SomebodyElseActsForAParty() public {
        bytes memory expected = abi.encodeWithSelector(CreditLine.NotAllowed.selector, RELAYER);
        vm.startPrank(RELAYER);
        vm.expectRevert(expected);
        line.fund(1);
        vm.expectRevert(expected);
        line.withdraw(1);
        vm.expectRevert(expected);
        line.secure(1);
        vm.expectRevert(expected);
        line.release(1);
    }

    function test_RevertWhen_APartIsMissing() public {
        vm.expectRevert(abi.encodeWithSelector(SolvencyGate.NoSolvencyContract.selector, address(0xdead)));
        new CreditLine(ISolvency(address(0xdead)), policyId, token, LENDER, SUBJECT, 1, 1, 1);
        vm.expectRevert(CreditLine.BadParties.selector);
        new CreditLine(registry, policyId, token, LENDER, LENDER, 1, 1, 1);
        vm.expectRevert(CreditLine.BadParties.selector);
        new CreditLine(registry, policyId, token, address(0), SUBJECT, 1, 1, 1);
        vm.expectRevert(CreditLine.BadParties.selector);
        new CreditLine(registry, policyId, Dollars(address(0xdead)), LENDER, SUBJECT, 1, 1, 1);
    }

    function _draw(uint256 amount) private {
        uint256 before = token.balanceOf(SUBJECT);
        vm.prank(SUBJECT);
        line.draw(amount);
        assertEq(token.balanceOf(SUBJECT), before + amount, "drawn");
    }

    function _refuseDraw(uint256 amount, bytes memory expected) private {
        vm.prank(SUBJECT);
        vm.expectRevert(expected);
        line.draw(amount);
    }

    function _refuseRecall(bytes memory expected) private {
        vm.prank(LENDER);
        vm.expectRevert(expected);
        line.recall();
    }

    function _conserved() private view {
        assertEq(token.balanceOf(address(line)), line.liquidity() + line.security(), "every token is somebody's");
    }
}
