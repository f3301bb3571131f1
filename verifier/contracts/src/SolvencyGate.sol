// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISolvency, Status} from "./interfaces/ISolvency.sol";

/// @title A gate that only a solvent subject passes
/// @notice Inherit it and write `onlySolvent(msg.sender)` beside the function.
/// @dev The registry reads prices live, so a subject outside the envelope is solvent again when the price returns. A gate
/// that must stay shut until there is a new proof calls `_latch`, from a function that anyone may call: a transaction that
/// reverts cannot remember that it did. After that only an account as it was later than the lapse opens it: a proof made
/// before and held back does not.
abstract contract SolvencyGate {
    /// @notice Where solvency is asked.
    ISolvency public immutable solvency;
    /// @notice Under which policy.
    bytes32 public immutable solvencyPolicy;

    /// @notice When a subject's lapse was latched, in seconds; only a record whose as_of is later opens the gate again.
    /// 0 without a lapse.
    mapping(address subject => uint256 time) public lapsedAt;

    /// @notice The gate is shut for this subject until there is a proof whose as_of is after `lapsedAt`.
    event SolvencyLapsed(address indexed subject, Status status, uint256 lapsedAt);

    /// @notice The subject is not solvent now; `Solvent` here means that it is, but needs a new proof after a lapse.
    error NotSolvent(address subject, Status status);
    /// @notice The subject's proof did not lapse: it holds, there never was one, or prices or the registry cannot tell.
    error NotLapsed(address subject, Status status);
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

    /// @notice Whether the gate is open for a subject: it is solvent, on a proof of later than its last latched lapse.
    /// @param subject Whom to ask about.
    function isOpenFor(address subject) public view returns (bool) {
        return _renewed(subject) && solvency.isSolvent(subject, solvencyPolicy);
    }

    /// @dev Reverts unless the gate is open for a subject.
    function _requireSolvent(address subject) internal view {
        Status status = solvency.statusOf(subject, solvencyPolicy);
        if (status != Status.Solvent || !_renewed(subject)) revert NotSolvent(subject, status);
    }

    /// @dev Shuts the gate for a subject whose proof lapsed, until it has a proof of later than now. Reverts when nothing
    /// lapsed: while a price cannot be read or the registry is halted the gate is shut as well, but says nothing of the
    /// subject. A lapse that was latched already stays as it is: were it moved, anybody could outdate each new proof just
    /// before it arrives.
    /// A proof that expired lapsed when it did, whenever that is reported.
    function _latch(address subject) internal {
        Status status = solvency.statusOf(subject, solvencyPolicy);
        bool silent = status == Status.NoRecord || status == Status.PriceUnavailable || status == Status.Halted;
        if (silent || status == Status.Solvent) revert NotLapsed(subject, status);
        if (!_renewed(subject)) return;
        uint256 lapsed = block.timestamp;
        if (status == Status.Expired) {
            uint256 expiry = solvency.expiryOf(subject, solvencyPolicy);
            if (expiry < lapsed) lapsed = expiry;
        }
        lapsedAt[subject] = lapsed;
        emit SolvencyLapsed(subject, status, lapsed);
    }

    /// @dev Whether a subject's record is of later than its last latched lapse.
    function _renewed(address subject) internal view returns (bool) {
        uint256 lapsed = lapsedAt[subject];
        return lapsed == 0 || solvency.asOf(subject, solvencyPolicy) > lapsed;
    }
}
