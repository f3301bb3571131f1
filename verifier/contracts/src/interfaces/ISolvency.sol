// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Why a subject counts as solvent now, or does not.
enum Status {
    /// There is no record of the subject under the policy.
    NoRecord,
    /// A proof is on record and holds now.
    Solvent,
    /// The record is past the snapshot's valid_until or the policy's maximum age.
    Expired,
    /// A live price is outside its band: a new proof is needed.
    OutsideEnvelope,
    /// A live price cannot be read, or two sources of it disagree.
    PriceUnavailable,
    /// The snapshot was revoked.
    SnapshotWithdrawn,
    /// The attestor's word no longer counts.
    AttestorRevoked,
    /// The verification key was deprecated.
    KeyDeprecated,
    /// The registry is paused or not live, or the universe is halted or its breaker has tripped: no proof can be put on
    /// record, and nothing is said of the subject.
    Halted
}

/// @title Is this subject solvent?
/// @notice What an integrator needs. Anything in doubt is not solvent.
interface ISolvency {
    /// @notice Whether a proof that the subject satisfies the policy is on record and holds now: until the earlier of the
    /// snapshot's valid_until and as_of + the policy's maximum age, and only while live prices are inside the envelope.
    /// @dev Says nothing of the subject's debts to the caller, of accounts elsewhere or of withdrawals after as_of. The
    /// answer can go from false back to true when a price returns; see `SolvencyGate` for a gate that does not reopen.
    /// Reverts only when too little gas is left to read prices.
    /// @param subject Whom the proof is about.
    /// @param policyId The policy.
    function isSolvent(address subject, bytes32 policyId) external view returns (bool);

    /// @notice The same, and the record is over exactly this market snapshot.
    /// @param subject Whom the proof is about.
    /// @param policyId The policy.
    /// @param marketRoot The snapshot's root.
    function isSolventUnder(address subject, bytes32 policyId, uint256 marketRoot) external view returns (bool);

    /// @notice Why the subject counts as solvent now, or does not.
    /// @param subject Whom the proof is about.
    /// @param policyId The policy.
    function statusOf(address subject, bytes32 policyId) external view returns (Status);

    /// @notice The last second at which the record on file can hold, whatever prices do; 0 without a record.
    /// @param subject Whom the proof is about.
    /// @param policyId The policy.
    function expiryOf(address subject, bytes32 policyId) external view returns (uint256);

    /// @notice When the account was as the record on file says, in seconds; 0 without a record. Never of the future. A
    /// record of a newer epoch may have an earlier one.
    /// @param subject Whom the proof is about.
    /// @param policyId The policy.
    function asOf(address subject, bytes32 policyId) external view returns (uint256);

    /// @notice A number that grows with every newer record of the subject under the policy; 0 without a record.
    /// @param subject Whom the proof is about.
    /// @param policyId The policy.
    function versionOf(address subject, bytes32 policyId) external view returns (uint256);
}
