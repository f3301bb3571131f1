// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {InvariantTest} from "../utils/InvariantTest.sol";
import {RegistryHandler} from "./handlers/RegistryHandler.sol";

/// @dev Properties R1 to R10 of PROPERTIES.md, after whatever sequence of honest and dishonest deeds.
contract RegistryInvariants is InvariantTest {
    RegistryHandler private handler;

    function setUp() public {
        handler = new RegistryHandler();
        target(address(handler), handler.actions());
    }

    function invariant_R1_OnlyTheProvenReadSolvent() public view {
        for (uint256 i = 0; i < 2 * handler.SUBJECTS(); ++i) {
            if (handler.readsSolvent(i / 2, i % 2)) assertTrue(handler.proven(i / 2, i % 2), "no true proof");
        }
    }

    function invariant_R2_NothingStaleReadsSolvent() public view {
        for (uint256 i = 0; i < 2 * handler.SUBJECTS(); ++i) {
            if (handler.readsSolvent(i / 2, i % 2)) assertTrue(handler.inTime(i / 2, i % 2), "stale");
        }
    }

    function invariant_R3_NothingOutOfTheEnvelopeReadsSolvent() public view {
        for (uint256 i = 0; i < 2 * handler.SUBJECTS(); ++i) {
            if (handler.readsSolvent(i / 2, i % 2)) {
                assertTrue(handler.insideEnvelope(i / 2, i % 2), "out of envelope");
            }
        }
    }

    function invariant_R4_NothingWithdrawnReadsSolvent() public view {
        for (uint256 i = 0; i < 2 * handler.SUBJECTS(); ++i) {
            if (handler.readsSolvent(i / 2, i % 2)) assertTrue(handler.stands(i / 2, i % 2), "withdrawn");
        }
    }

    function invariant_R5_WhatHoldsReadsSolvent() public view {
        for (uint256 i = 0; i < 2 * handler.SUBJECTS(); ++i) {
            (uint256 place, uint256 under) = (i / 2, i % 2);
            if (handler.inTime(place, under) && handler.insideEnvelope(place, under) && handler.stands(place, under)) {
                assertTrue(handler.readsSolvent(place, under), "shut without a reason");
            }
        }
    }

    function invariant_R6_NothingForgedIsTaken() public view {
        assertTrue(bytes(handler.taken()).length == 0, handler.taken());
    }

    function invariant_R7_NothingHonestIsRefused() public view {
        assertTrue(bytes(handler.refused()).length == 0, handler.refused());
    }

    function invariant_R8_RecordsAreTheNewestProofsAndNeverGoBack() public view {
        for (uint256 i = 0; i < 2 * handler.SUBJECTS(); ++i) {
            assertTrue(handler.recordIsTheNewest(i / 2, i % 2), "another record");
            assertTrue(handler.versionsGrow(i / 2, i % 2), "an older record");
        }
    }

    function invariant_R9_ANullifierStaysWithItsSubject() public view {
        assertTrue(handler.nullifiersStay(), "a nullifier changed hands");
    }

    function invariant_R10_RootsAreThoseOfQuorumsInOrder() public view {
        assertTrue(handler.rootsAreThePosted(), "another root");
    }

    /// @dev Sequences that never get anybody solvent would show nothing; this one gets there and back.
    function test_TheActionsReachWhatTheyAreFor() public {
        handler.postSnapshot(0, 0, 0, 1 hours);
        handler.attest(0, 0, 0, 1, 0, 0);
        assertTrue(handler.readsSolvent(0, 0), "solvent");
        assertFalse(handler.readsSolvent(0, 1), "under one policy alone");
        handler.attestForged(0, 1);
        assertFalse(handler.readsSolvent(3, 0), "another's proof");
        handler.movePrice(3, 63_500e18);
        assertFalse(handler.readsSolvent(0, 0), "out of the envelope");
        handler.calmDown();
        handler.replay(0, 1, 1, true);
        assertTrue(handler.readsSolvent(0, 0), "replayed in its own place");
        handler.revokeOrRestoreAttestor(0);
        assertFalse(handler.readsSolvent(0, 0), "its attestor was revoked");
        handler.revokeOrRestoreAttestor(0);
        assertTrue(handler.readsSolvent(0, 0), "and is back");
        for (uint256 i = 0; i < 5; ++i) {
            handler.waitAWhile(8 minutes - 1);
        }
        assertFalse(handler.readsSolvent(0, 0), "stale");
        for (uint256 i = 0; i < 4; ++i) {
            handler.attestForged(i, i);
            handler.postForged(i, i);
            handler.overreach();
        }
        invariant_R6_NothingForgedIsTaken();
        invariant_R7_NothingHonestIsRefused();
        invariant_R8_RecordsAreTheNewestProofsAndNeverGoBack();
    }
}
