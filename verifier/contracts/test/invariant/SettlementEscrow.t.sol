// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Dollars} from "../utils/Mocks.sol";
import {InvariantTest} from "../utils/InvariantTest.sol";
import {SettlementEscrowHandler} from "./handlers/SettlementEscrowHandler.sol";

/// @dev Properties E1 to E5 of PROPERTIES.md.
/// forge-config: default.invariant.runs = 32
contract SettlementEscrowInvariants is InvariantTest {
    SettlementEscrowHandler private handler;

    function setUp() public {
        handler = new SettlementEscrowHandler();
        target(address(handler), handler.actions());
    }

    function invariant_E1_TheEscrowHoldsExactlyWhatItOwes() public view {
        for (uint256 i = 0; i < 2; ++i) {
            Dollars token = handler.tokenAt(i);
            uint256 held = token.balanceOf(address(handler.escrow()));
            assertEq(held, handler.owed(token) + handler.given(token), "held");
            assertEq(held, handler.deposited(token) + handler.given(token) - handler.fetched(token), "in and out");
        }
    }

    function invariant_E2_CreditsAreWhatDealsMadeThem() public view {
        for (uint256 i = 0; i < 2; ++i) {
            assertTrue(handler.creditsAgree(handler.tokenAt(i)), "credits");
        }
    }

    function invariant_E3_PayoutsAreFairToTheUnit() public view {
        assertTrue(bytes(handler.unfair()).length == 0, handler.unfair());
    }

    function invariant_E4_NothingIsSettledOrRefundedWithoutRight() public view {
        assertTrue(bytes(handler.taken()).length == 0, handler.taken());
    }

    function invariant_E5_NothingRightfulIsRefused() public view {
        assertTrue(bytes(handler.refused()).length == 0, handler.refused());
    }

    function test_TheActionsReachWhatTheyAreFor() public {
        Dollars token = handler.tokenAt(1);
        handler.open(1, 1, 5e18, 1e9, 0);
        handler.depositBoth(0);
        assertEq(handler.deposited(token), 2 * (1e9 + 1), "both have deposited");
        handler.waitAWhile(10 minutes - 1);
        handler.movePrice(120e18 - 1e18, 0);
        handler.setSolvency(0, 0);
        handler.settle(0, 3, 1);
        assertEq(handler.owed(token), 2 * (1e9 + 1), "one party is out");
        handler.setSolvency(7, 0);
        handler.settle(0, 3, 1);
        handler.fetch(1, 1);
        assertTrue(handler.fetched(token) > 1e9, "the winner fetched");
        handler.open(2, 1, 5e18, 1e9, 0);
        handler.deposit(0, 2);
        handler.refund(0, 2);
        handler.fetch(2, 1);
        handler.fetch(0, 1);
        invariant_E1_TheEscrowHoldsExactlyWhatItOwes();
        invariant_E2_CreditsAreWhatDealsMadeThem();
        invariant_E3_PayoutsAreFairToTheUnit();
        invariant_E4_NothingIsSettledOrRefundedWithoutRight();
        invariant_E5_NothingRightfulIsRefused();
    }
}
