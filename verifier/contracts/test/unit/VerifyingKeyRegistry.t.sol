// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {VerifyingKeyRegistry} from "../../src/VerifyingKeyRegistry.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {IGroth16Verifier, VerifyingKey} from "../../src/interfaces/IGroth16Verifier.sol";
import {IVerifyingKeyRegistry, KeyRecord} from "../../src/interfaces/IVerifyingKeyRegistry.sol";
import {VerifyingKeyCheck} from "../../src/verifier/VerifyingKeyCheck.sol";
import {System} from "../utils/System.sol";
import {TrapdoorKey} from "../utils/TrapdoorKey.sol";

/// @dev Behaviours in VerifyingKeyRegistry.tree.
contract VerifyingKeyRegistryTest is System {
    function test_AddedBeforeLiveAndUsableAfter() public {
        VerifyingKeyRegistry fresh = new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, false);
        VerifyingKey memory key = TrapdoorKey.key();
        vm.prank(OWNER);
        (bytes32 circuit, IGroth16Verifier verifier) = fresh.addKey("a_dev", TrapdoorKey.HASH, true, key);
        assertEq(circuit, keccak256("a_dev"), "circuit id");
        assertFalse(fresh.isUsable(circuit), "not before it is live");
        vm.expectRevert(abi.encodeWithSelector(IGoverned.LiveState.selector, false));
        fresh.verifierOf(circuit);
        vm.prank(OWNER);
        fresh.goLive();
        assertTrue(fresh.isUsable(circuit), "after");
        assertEq(address(fresh.verifierOf(circuit)), address(verifier), "verifier");
        KeyRecord memory record = fresh.keyOf(circuit);
        assertTrue(record.development && !record.deprecated, "marked");
        assertEq(record.keyHash, TrapdoorKey.HASH, "hash");
        assertEq(record.addedAt, NOW, "time");
    }

    function test_AddedAfterTheDelayOnceLive() public {
        bytes memory call =
            abi.encodeCall(IVerifyingKeyRegistry.addKey, ("b_dev", TrapdoorKey.HASH, true, TrapdoorKey.key()));
        VerifyingKey memory key = TrapdoorKey.key();
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, keccak256(call)));
        keys.addKey("b_dev", TrapdoorKey.HASH, true, key);
        (bool done,) = scheduleAndCall(address(keys), call);
        assertTrue(done && keys.isUsable(keccak256("b_dev")), "added");
    }

    function test_RevertWhen_TheCircuitHasAKey() public {
        VerifyingKeyRegistry fresh = new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, false);
        VerifyingKey memory key = TrapdoorKey.key();
        vm.startPrank(OWNER);
        fresh.addKey("a_dev", TrapdoorKey.HASH, true, key);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.KeyExists.selector, keccak256("a_dev")));
        fresh.addKey("a_dev", TrapdoorKey.HASH, true, key);
        // Not even once it is deprecated.
        fresh.deprecateKey(keccak256("a_dev"));
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.KeyExists.selector, keccak256("a_dev")));
        fresh.addKey("a_dev", TrapdoorKey.HASH, true, key);
    }

    function test_RevertWhen_ProductionIsGivenADevelopmentKey() public {
        VerifyingKeyRegistry production = new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, true);
        VerifyingKey memory key = TrapdoorKey.key();
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.DevelopmentKeyRefused.selector, "a_dev"));
        production.addKey("a_dev", TrapdoorKey.HASH, true, key);
        // Calling it something else does not help, nor does keeping the name and not saying so.
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.DevelopmentKeyRefused.selector, "a"));
        production.addKey("a", TrapdoorKey.HASH, true, key);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.MisnamedKey.selector, "a_dev"));
        production.addKey("a_dev", TrapdoorKey.HASH, false, key);
        production.addKey("a", TrapdoorKey.HASH, false, key);
    }

    function test_RevertWhen_AKeyIsMisnamed() public {
        VerifyingKeyRegistry fresh = new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, false);
        VerifyingKey memory key = TrapdoorKey.key();
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.MisnamedKey.selector, "a"));
        fresh.addKey("a", TrapdoorKey.HASH, true, key);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.MisnamedKey.selector, "dev"));
        fresh.addKey("dev", TrapdoorKey.HASH, true, key);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.MisnamedKey.selector, "a_dev"));
        fresh.addKey("a_dev", 0, true, key);
    }

    function test_RevertWhen_DevelopmentMeetsAMainNetwork() public {
        uint256[4] memory chains = [uint256(1), 10, 8453, 42161];
        for (uint256 i = 0; i < chains.length; ++i) {
            vm.chainId(chains[i]);
            vm.expectRevert(abi.encodeWithSelector(IGoverned.NotADevelopmentChain.selector, chains[i]));
            new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, false);
            new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, true);
        }
    }

    function test_RevertWhen_TheKeyIsUnsound() public {
        VerifyingKeyRegistry fresh = new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, false);
        VerifyingKey memory key = TrapdoorKey.key();
        key.delta = key.gamma;
        vm.prank(OWNER);
        vm.expectRevert(VerifyingKeyCheck.GammaIsDelta.selector);
        fresh.addKey("a_dev", TrapdoorKey.HASH, true, key);
    }

    function test_DeprecatedAtOnceAndForGood() public {
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotGuardian.selector, address(this)));
        keys.deprecateKey(CIRCUIT);
        vm.startPrank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.UnknownKey.selector, bytes32(0)));
        keys.deprecateKey(0);
        keys.deprecateKey(CIRCUIT);
        assertFalse(keys.isUsable(CIRCUIT), "usable");
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.KeyIsDeprecated.selector, CIRCUIT));
        keys.verifierOf(CIRCUIT);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.KeyIsDeprecated.selector, CIRCUIT));
        keys.deprecateKey(CIRCUIT);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyRegistry.UnknownKey.selector, bytes32(0)));
        keys.verifierOf(0);
    }

    function test_RevertWhen_SomebodyElseAddsAKey() public {
        VerifyingKey memory key = TrapdoorKey.key();
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        keys.addKey("b_dev", TrapdoorKey.HASH, true, key);
    }
}
