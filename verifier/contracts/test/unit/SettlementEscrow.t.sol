// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal, DealState, SettlementEscrow} from "../../src/examples/SettlementEscrow.sol";
import {IPriceAdapter} from "../../src/interfaces/IPriceAdapter.sol";
import {ISolvencyRegistry} from "../../src/interfaces/ISolvencyRegistry.sol";
import {Dollars} from "../utils/Mocks.sol";
import {System} from "../utils/System.sol";

/// @dev Behaviours in SettlementEscrow.tree.
contract SettlementEscrowTest is System {
    uint256 private constant MARGIN = 10_000e6;
    uint256 private constant FROM = NOW + 1 days;
    uint256 private constant BY = FROM + 1 hours;

    Dollars private token;
    SettlementEscrow private escrow;

    function setUp() public override {
        super.setUp();
        token = new Dollars();
        escrow = new SettlementEscrow(registry);
        address[2] memory parties = [SUBJECT, OTHER];
        for (uint256 i = 0; i < 2; ++i) {
            token.mint(parties[i], MARGIN);
            vm.prank(parties[i]);
            token.approve(address(escrow), type(uint256).max);
        }
    }

    function test_SettlesWhileBothAreSolvent() public {
        bytes32 id = _funded();
        uint256 root = _bothSolvent();
        btc.set(61_000e18);
        vm.prank(RELAYER);
        escrow.settle(id, root);
        // Half a bitcoin, a thousand above the strike.
        assertEq(escrow.creditOf(token, SUBJECT), MARGIN + 500e6, "long");
        assertEq(escrow.creditOf(token, OTHER), MARGIN - 500e6, "short");
        _fetchBoth();
        assertEq(token.balanceOf(SUBJECT), MARGIN + 500e6, "fetched");
        assertEq(token.balanceOf(address(escrow)), 0, "all of it");
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.WrongState.selector, DealState.Closed));
        escrow.settle(id, root);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.WrongState.selector, DealState.Closed));
        escrow.refund(id);
    }

    function test_RevertWhen_OnePartyIsNotSolvent() public {
        bytes32 id = _funded();
        vm.warp(FROM);
        makeSolvent(SUBJECT, 1);
        uint256 root = snapshot(1).marketRoot;
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.PartyNotSolvent.selector, OTHER));
        escrow.settle(id, root);
        makeSolvent(OTHER, 1);
        btc.set(64_000e18);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.PartyNotSolvent.selector, SUBJECT));
        escrow.settle(id, root);
        // Not settled in time: both get back what they put in.
        vm.warp(BY);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.OutsideWindow.selector, BY + 1, type(uint256).max));
        escrow.refund(id);
        vm.warp(BY + 1);
        escrow.refund(id);
        _fetchBoth();
        assertEq(token.balanceOf(SUBJECT), MARGIN, "long");
        assertEq(token.balanceOf(OTHER), MARGIN, "short");
    }

    function test_RevertWhen_ProofsAreOverDifferentSnapshots() public {
        bytes32 id = _funded();
        vm.warp(FROM);
        makeSolvent(SUBJECT, 1);
        vm.warp(FROM + 60);
        makeSolvent(OTHER, 2);
        uint256 first = snapshot(1).marketRoot;
        uint256 second = snapshot(2).marketRoot;
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.PartyNotSolvent.selector, OTHER));
        escrow.settle(id, first);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.PartyNotSolvent.selector, SUBJECT));
        escrow.settle(id, second);
    }

    function test_RevertWhen_TheSnapshotIsBeforeTheWindow() public {
        bytes32 id = _funded();
        vm.warp(FROM - 60);
        makeSolvent(SUBJECT, 1);
        makeSolvent(OTHER, 1);
        uint256 root = snapshot(1).marketRoot;
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.OutsideWindow.selector, FROM, BY));
        escrow.settle(id, root);
        vm.warp(FROM);
        assertTrue(isSolvent(SUBJECT) && isSolvent(OTHER), "both solvent");
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.WrongSnapshot.selector, root));
        escrow.settle(id, root);
    }

    function test_RevertWhen_TheWindowIsOver() public {
        bytes32 id = _funded();
        vm.warp(BY);
        makeSolvent(SUBJECT, 1);
        makeSolvent(OTHER, 1);
        uint256 root = snapshot(1).marketRoot;
        vm.warp(BY + 1);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.OutsideWindow.selector, FROM, BY));
        escrow.settle(id, root);
    }

    function test_PartiesCallOffAnOpenDeal() public {
        bytes32 id = _opened();
        vm.prank(SUBJECT);
        escrow.deposit(id);
        vm.prank(RELAYER);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.NotAParty.selector, RELAYER));
        escrow.refund(id);
        vm.prank(OTHER);
        escrow.refund(id);
        assertEq(escrow.creditOf(token, SUBJECT), MARGIN, "back");
        assertEq(escrow.creditOf(token, OTHER), 0, "nothing was put in");
        vm.prank(OTHER);
        vm.expectRevert(SettlementEscrow.NothingToFetch.selector);
        escrow.fetch(token);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.WrongState.selector, DealState.Closed));
        escrow.deposit(id);
    }

    function test_AnyoneClosesAForgottenDeal() public {
        bytes32 id = _opened();
        vm.prank(SUBJECT);
        escrow.deposit(id);
        vm.warp(BY + 1);
        vm.prank(RELAYER);
        escrow.refund(id);
        assertEq(escrow.creditOf(token, SUBJECT), MARGIN, "back");
    }

    function test_RevertWhen_DepositsAreNotInOrder() public {
        bytes32 id = _opened();
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.NotAParty.selector, address(this)));
        escrow.deposit(id);
        vm.startPrank(SUBJECT);
        escrow.deposit(id);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.AlreadyDeposited.selector, SUBJECT));
        escrow.deposit(id);
        vm.stopPrank();
        vm.warp(FROM);
        vm.prank(OTHER);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.OutsideWindow.selector, 0, FROM));
        escrow.deposit(id);
        uint256 root = snapshot(1).marketRoot;
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.WrongState.selector, DealState.Open));
        escrow.settle(id, root);
    }

    function test_RevertWhen_TheTokenKeepsAFee() public {
        bytes32 id = _opened();
        token.setFee(1_000);
        vm.prank(SUBJECT);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.UnexpectedTransfer.selector, MARGIN, MARGIN * 9 / 10));
        escrow.deposit(id);
    }

    function test_RevertWhen_TheDealMakesNoSense() public {
        Deal memory bad = _deal();
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.NotAParty.selector, address(this)));
        escrow.open(bad);
        bad.short = SUBJECT;
        _refuseDeal(bad, "parties");
        bad = _deal();
        bad.short = address(0);
        _refuseDeal(bad, "parties");
        bad = _deal();
        bad.token = Dollars(address(0xdead));
        _refuseDeal(bad, "token");
        bad = _deal();
        bad.price = IPriceAdapter(address(0xdead));
        _refuseDeal(bad, "price");
        bad = _deal();
        bad.strike = 0;
        _refuseDeal(bad, "strike");
        bad = _deal();
        bad.quantity = 0;
        _refuseDeal(bad, "quantity");
        bad = _deal();
        bad.unit = 0;
        _refuseDeal(bad, "unit");
        bad.unit = 1e36 + 1;
        _refuseDeal(bad, "unit");
        bad = _deal();
        bad.margin = 0;
        _refuseDeal(bad, "margin");
        bad = _deal();
        bad.settleFrom = uint40(NOW);
        _refuseDeal(bad, "window");
        bad = _deal();
        bad.settleBy = bad.settleFrom;
        _refuseDeal(bad, "window");
        _opened();
        Deal memory again = _deal();
        vm.prank(SUBJECT);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.WrongState.selector, DealState.Open));
        escrow.open(again);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.BadDeal.selector, "registry"));
        new SettlementEscrow(ISolvencyRegistry(address(0xdead)));
    }

    function testFuzz_PayoutsAreBothMargins(
        uint128 strike,
        uint128 quantity,
        uint128 unit,
        uint128 margin,
        uint128 price
    ) public view {
        Deal memory deal = _deal();
        deal.strike = uint128(bound(strike, 1, type(uint128).max));
        deal.quantity = quantity;
        deal.unit = uint128(bound(unit, 1, 1e36));
        deal.margin = margin;
        (uint256 toLong, uint256 toShort) = escrow.payout(deal, price);
        assertEq(toLong + toShort, 2 * uint256(margin), "conserved");
        assertTrue(price >= deal.strike ? toLong >= toShort : toShort >= toLong, "direction");
    }

    function _deal() private view returns (Deal memory) {
        return Deal({
            long: SUBJECT,
            short: OTHER,
            token: token,
            price: btc,
            strike: 60_000e18,
            quantity: 0.5e18,
            unit: 1e6,
            margin: uint128(MARGIN),
            policyId: policyId,
            settleFrom: uint40(FROM),
            settleBy: uint40(BY)
        });
    }

    function _opened() private returns (bytes32 id) {
        Deal memory deal = _deal();
        vm.prank(SUBJECT);
        id = escrow.open(deal);
    }

    function _funded() private returns (bytes32 id) {
        id = _opened();
        vm.prank(SUBJECT);
        escrow.deposit(id);
        vm.prank(OTHER);
        escrow.deposit(id);
        assertEq(uint256(escrow.stateOf(id)), uint256(DealState.Funded), "funded");
    }

    function _bothSolvent() private returns (uint256 root) {
        vm.warp(FROM);
        makeSolvent(SUBJECT, 1);
        makeSolvent(OTHER, 1);
        root = snapshot(1).marketRoot;
    }

    function _fetchBoth() private {
        vm.prank(SUBJECT);
        escrow.fetch(token);
        vm.prank(OTHER);
        escrow.fetch(token);
    }

    function _refuseDeal(Deal memory bad, string memory member) private {
        vm.prank(SUBJECT);
        vm.expectRevert(abi.encodeWithSelector(SettlementEscrow.BadDeal.selector, member));
        escrow.open(bad);
    }
}
