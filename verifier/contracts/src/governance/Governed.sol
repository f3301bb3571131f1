// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IGoverned} from "../interfaces/IGoverned.sol";
import {DevelopmentChains} from "./DevelopmentChains.sol";

/// @title Owner, guardian and delay
/// @notice What `IGoverned` says: loosening waits, tightening does not, and nothing counts before `goLive`.
abstract contract Governed is IGoverned, Ownable2Step {
    /// @notice Shortest delay where money is.
    uint256 public constant MIN_DELAY = 1 days;
    /// @notice Longest delay.
    uint256 public constant MAX_DELAY = 30 days;
    /// @notice How long after its delay a scheduled call may be made; a forgotten one lapses.
    uint256 public constant GRACE = 14 days;

    /// @inheritdoc IGoverned
    uint256 public immutable delay;
    /// @inheritdoc IGoverned
    address public guardian;
    /// @inheritdoc IGoverned
    bool public isLive;
    /// @inheritdoc IGoverned
    mapping(bytes32 id => uint256 notBefore) public scheduledFor;

    /// @dev Scheduled calls that only the owner cancels: a guardian must not keep itself in office.
    mapping(bytes32 id => bool) private _ownersToCancel;

    /// @param owner_ Who changes things: a multi-signature wallet or a governor.
    /// @param guardian_ Who may stop things at once; zero for the owner alone.
    /// @param delay_ How long a delayed call waits, in seconds.
    constructor(address owner_, address guardian_, uint256 delay_) Ownable(owner_) {
        if (delay_ > MAX_DELAY) revert BadDelay(delay_);
        if (delay_ < MIN_DELAY && !DevelopmentChains.includes(block.chainid)) revert BadDelay(delay_);
        delay = delay_;
        guardian = guardian_;
        emit GuardianSet(guardian_);
    }

    /// @dev For what loosens a check: the owner's, and once live only as scheduled.
    modifier afterDelay() {
        _checkOwner();
        if (isLive) _consume(keccak256(msg.data));
        _;
    }

    /// @dev For what tightens a check.
    modifier onlyGuardian() {
        if (msg.sender != owner() && msg.sender != guardian) revert NotGuardian(msg.sender);
        _;
    }

    /// @inheritdoc IGoverned
    function schedule(bytes calldata call) external onlyOwner returns (bytes32 id) {
        // Before, nothing waits, so that a call scheduled then would only hide what comes right after.
        if (!isLive) revert LiveState(false);
        id = keccak256(call);
        if (scheduledFor[id] != 0) revert AlreadyScheduled(id);
        _ownersToCancel[id] = bytes4(call) == IGoverned.setGuardian.selector;
        uint256 notBefore = block.timestamp + delay;
        scheduledFor[id] = notBefore;
        emit Scheduled(id, call, notBefore, notBefore + GRACE);
    }

    /// @inheritdoc IGoverned
    function cancel(bytes32 id) external onlyGuardian {
        if (scheduledFor[id] == 0) revert NotScheduled(id);
        if (_ownersToCancel[id]) _checkOwner();
        delete scheduledFor[id];
        emit Cancelled(id, msg.sender);
    }

    /// @inheritdoc IGoverned
    function goLive() external onlyOwner {
        if (isLive) revert LiveState(true);
        isLive = true;
        emit WentLive();
    }

    /// @inheritdoc IGoverned
    function setGuardian(address newGuardian) external afterDelay {
        guardian = newGuardian;
        emit GuardianSet(newGuardian);
    }

    /// @notice Refused: without an owner nothing could be added, reset or resumed.
    function renounceOwnership() public pure override {
        revert CannotRenounce();
    }

    function _consume(bytes32 id) private {
        uint256 notBefore = scheduledFor[id];
        if (notBefore == 0) revert NotScheduled(id);
        if (block.timestamp < notBefore || block.timestamp > notBefore + GRACE) {
            revert OutsideSchedule(notBefore, notBefore + GRACE);
        }
        delete scheduledFor[id];
    }
}
