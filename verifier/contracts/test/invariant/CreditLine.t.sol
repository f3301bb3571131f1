// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CreditLine} from "../../src/examples/CreditLine.sol";
import {Status} from "../../src/interfaces/ISolvency.sol";
import {InvariantTest} from "../utils/InvariantTest.sol";
import {CreditLineHandler} from "./handlers/CreditLineHandler.sol";

/// @dev Properties C1 to C6 of PROPERTIES.md.
/// forge-config: default.invariant.runs = 48
contract CreditLineInvariants is InvariantTest {
    CreditLineHandler private handler;
    CreditLine private line;

    function setUp() public {
        handler = new CreditLineHandler();
        line = handler.line();
        target(address(handler), handler.actions());
    }

    function invariant_C1_TheLineHoldsExactlyWhatItSays() public view {
        uint256 held = handler.token().balanceOf(address(line));
        assertEq(held, line.liquidity() + line.security() + handler.given(), "held");
    }

    function invariant_C2_WhatTheLenderPutInIsThereOrOwed() public view {
        assertEq(line.liquidity() + line.debt(), handler.funded() - handler.withdrawn(), "lender's");
        assertEq(line.debt(), handler.drawn() - handler.repaid() - handler.seized(), "debt");
    }

    function invariant_C3_SecurityIsWhatWasPutInAndNotTakenOrSeized() public view {
        assertEq(line.security(), handler.secured() - handler.released() - handler.seized(), "security");
    }

    function invariant_C4_NeverMoreIsOwedThanTheLimit() public view {
        assertTrue(line.debt() <= handler.LIMIT(), "limit");
        assertEq(handler.drawnAfterRecall(), 0, "drawn after the recall");
    }

    function invariant_C5_NothingIsDrawnThawedOrRecalledWithoutRight() public view {
        assertTrue(bytes(handler.taken()).length == 0, handler.taken());
    }

    function invariant_C6_NothingRightfulIsRefused() public view {
        assertTrue(bytes(handler.refused()).length == 0, handler.refused());
    }

    function test_TheActionsReachWhatTheyAreFor() public {
        handler.setSolvency(0, true);
        handler.fund(1, 799);
        handler.secure(1, 299);
        handler.draw(1, 600);
        assertEq(line.debt(), 600, "drawn");
        handler.setSolvency(3, false);
        handler.freeze(2);
        handler.setSolvency(0, false);
        handler.draw(1, 10);
        assertEq(line.debt(), 600, "frozen");
        handler.waitAWhile(20 minutes - 1);
        handler.waitAWhile(20 minutes - 1);
        handler.recall(1);
        assertTrue(line.recalled() && line.debt() == 300, "recalled");
        handler.repay(2, 300);
        handler.withdraw(1, 800);
        invariant_C1_TheLineHoldsExactlyWhatItSays();
        invariant_C2_WhatTheLenderPutInIsThereOrOwed();
        invariant_C5_NothingIsDrawnThawedOrRecalledWithoutRight();
        invariant_C6_NothingRightfulIsRefused();
    }
}
