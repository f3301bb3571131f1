// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Governed} from "../../src/governance/Governed.sol";
import {IGoverned} from "../../src/interfaces/IGoverned.sol";
import {Test} from "../utils/Test.sol";

contract Thing is Governed {
    uint256 public value;

    constructor(address owner_, address guardian_, uint256 delay_) Governed(owner_, guardian_, delay_) {}

    function set(uint256 value_) external afterDelay {
        value = value_;
    }
}

/// @dev Behaviours in Governed.tree.
contract GovernedTest is Test {
    address private constant OWNER = address(0x0A11CE);
    address private constant GUARDIAN = address(0x60A4D);
    uint256 private constant DELAY = 2 days;
    uint256 private constant NOW = 1_800_000_000;

    Thing private thing;
    bytes private call = abi.encodeCall(Thing.set, (7));

    function setUp() public {
        vm.warp(NOW);
        thing = new Thing(OWNER, GUARDIAN, DELAY);
        vm.prank(OWNER);
        thing.goLive();
    }

    function test_NoDelayBeforeLive() public {
        Thing fresh = new Thing(OWNER, GUARDIAN, DELAY);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        fresh.set(1);
        vm.startPrank(OWNER);
        fresh.set(1);
        assertEq(fresh.value(), 1, "set");
        fresh.goLive();
        vm.expectRevert(abi.encodeWithSelector(IGoverned.LiveState.selector, true));
        fresh.goLive();
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, keccak256(call)));
        fresh.set(7);
    }

    function test_ScheduledCallRunsOnceAfterItsDelay() public {
        vm.startPrank(OWNER);
        bytes32 id = thing.schedule(call);
        assertEq(id, keccak256(call), "id");
        assertEq(thing.scheduledFor(id), NOW + DELAY, "when");
        vm.expectRevert(abi.encodeWithSelector(IGoverned.AlreadyScheduled.selector, id));
        thing.schedule(call);
        vm.warp(NOW + DELAY - 1);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.OutsideSchedule.selector, NOW + DELAY, NOW + DELAY + 14 days));
        thing.set(7);
        vm.warp(NOW + DELAY);
        vm.expectRevert();
        thing.set(8);
        thing.set(7);
        assertEq(thing.value(), 7, "set");
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, id));
        thing.set(7);
    }

    function test_ScheduledCallLapses() public {
        vm.startPrank(OWNER);
        bytes32 id = thing.schedule(call);
        vm.warp(NOW + DELAY + 14 days + 1);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.OutsideSchedule.selector, NOW + DELAY, NOW + DELAY + 14 days));
        thing.set(7);
        thing.cancel(id);
        thing.schedule(call);
    }

    function test_GuardianCancels() public {
        vm.prank(OWNER);
        bytes32 id = thing.schedule(call);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotGuardian.selector, address(this)));
        thing.cancel(id);
        vm.prank(GUARDIAN);
        thing.cancel(id);
        vm.warp(NOW + DELAY);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, id));
        thing.set(7);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, id));
        thing.cancel(id);
    }

    function test_GuardianDoesNotKeepItselfInOffice() public {
        vm.prank(OWNER);
        bytes32 id = thing.schedule(abi.encodeCall(IGoverned.setGuardian, (address(0xdef))));
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        thing.cancel(id);
        vm.prank(OWNER);
        thing.cancel(id);
        assertEq(thing.scheduledFor(id), 0, "cancelled");
    }

    function test_RevertWhen_SomethingIsScheduledBeforeItIsLive() public {
        Thing fresh = new Thing(OWNER, GUARDIAN, DELAY);
        vm.prank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.LiveState.selector, false));
        fresh.schedule(call);
    }

    function test_RevertWhen_SomebodyElseSchedules() public {
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, GUARDIAN));
        thing.schedule(call);
    }

    function test_GuardianIsSetWithDelay() public {
        bytes memory change = abi.encodeCall(IGoverned.setGuardian, (address(0xdef)));
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.NotScheduled.selector, keccak256(change)));
        thing.setGuardian(address(0xdef));
        thing.schedule(change);
        vm.warp(NOW + DELAY);
        thing.setGuardian(address(0xdef));
        assertEq(thing.guardian(), address(0xdef), "guardian");
    }

    function test_OwnershipMovesInTwoSteps() public {
        vm.prank(OWNER);
        thing.transferOwnership(address(0xdef));
        assertEq(thing.owner(), OWNER, "not yet");
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, address(this)));
        thing.acceptOwnership();
        vm.prank(address(0xdef));
        thing.acceptOwnership();
        assertEq(thing.owner(), address(0xdef), "accepted");
        vm.prank(address(0xdef));
        vm.expectRevert(IGoverned.CannotRenounce.selector);
        thing.renounceOwnership();
    }

    function test_RevertWhen_TheDelayIsTooShortOrTooLong() public {
        vm.expectRevert(abi.encodeWithSelector(IGoverned.BadDelay.selector, 30 days + 1));
        new Thing(OWNER, GUARDIAN, 30 days + 1);
        new Thing(OWNER, GUARDIAN, 0);
        vm.chainId(1);
        vm.expectRevert(abi.encodeWithSelector(IGoverned.BadDelay.selector, 1 days - 1));
        new Thing(OWNER, GUARDIAN, 1 days - 1);
        new Thing(OWNER, GUARDIAN, 1 days);
    }
}
