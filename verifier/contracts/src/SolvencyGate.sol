// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISolvency, Status} from "./interfaces/ISolvency.sol";

/// @title A gate that only a solvent subject passes
/// @notice Inherit it and write `onlySolvent(msg.sender)` beside the function.
/// @dev The registry reads prices live, so a subject outside the envelope is solvent again when the price returns. A gate
/// that must stay shut until there is a new proof calls `_latch`, from a function that anyone may call: a transaction that
/// reverts cannot remember that it did.
abstract contract SolvencyGate {
    /// @notice Where solvency is asked.
    ISolvency public immutable solvency;
    /// @notice Under which policy.
    bytes32 public immutable solvencyPolicy;

    /// @dev The version of the record at which the gate was latched; only a newer one opens it.
    mapping(address subject => uint256 version) private _latchedAt;

    /// @notice The gate is shut for this subject until there is a proof newer than `version`.
    event SolvencyLapsed(address indexed subject, Status status, uint256 version);

    /// @notice The subject is not solvent now; `Solvent` here means that it is, but needs a new proof after a lapse.
    error NotSolvent(address subject, Status status);
    /// @notice The subject is solvent, so there is nothing to latch.
    error StillSolvent(address subject);
    /// @notice What should answer is not a contract.
    error NoSolvencyContract(address solvency);

    /// @param solvency_ The registry.
    /// @param policyId The policy.
    constructor(ISolvency solvency_, bytes32 policyId) {
        // A call to an address without code would look like a success elsewhere; here it would revert each time.
        if (address(solvency_).code.length == 0) revert NoSolvencyContract(address(solvency_));
        solvency = solvency_;
        solvencyPolicy = policyId;
    }

    /// @dev Lets only a solvent subject pass.
    modifier onlySolvent(address subject) {
        _requireSolvent(subject);
        _;
    }

    /// @notice Whether the gate is open for a subject: it is solvent, on a proof newer than its last latched lapse.
    /// @param subject Whom to ask about.
    function isOpenFor(address subject) public view returns (bool) {
        return _renewed(subject) && solvency.isSolvent(subject, solvencyPolicy);
    }

    /// @notice The record's version at the subject's last latched lapse; 0 without one.
    /// @param subject Whom to ask about.
    function latchedAt(address subject) public view returns (uint256) {
        return _latchedAt[subject];
    }

    /// @dev Reverts unless the gate is open for a subject.
    function _requireSolvent(address subject) internal view {
        Status status = solvency.statusOf(subject, solvencyPolicy);
        if (status != Status.Solvent || !_renewed(subject)) revert NotSolvent(subject, status);
    }

    /// @dev Shuts the gate for a subject that is not solvent until it has a newer proof. Reverts when it is solvent.
    function _latch(address subject) internal {
        Status status = solvency.statusOf(subject, solvencyPolicy);
        if (status == Status.Solvent) revert StillSolvent(subject);
        uint256 version = solvency.versionOf(subject, solvencyPolicy);
        _latchedAt[subject] = version;
        emit SolvencyLapsed(subject, status, version);
    }

    /// @dev Whether a subject has a record newer than its last latched lapse.
    function _renewed(address subject) private view returns (bool) {
        uint256 latched = _latchedAt[subject];
        return latched == 0 || solvency.versionOf(subject, solvencyPolicy) > latched;
    }
}
