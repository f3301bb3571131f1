// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../SolvencyStatement.sol";
import {Proof} from "./IGroth16Verifier.sol";
import {IMarketOracle} from "./IMarketOracle.sol";
import {ISolvency} from "./ISolvency.sol";
import {IVerifyingKeyRegistry} from "./IVerifyingKeyRegistry.sol";

/// @notice What a proof must show: one of each, no menu. It never changes but for its attestors, see below.
/// @param name What the policy is called; part of its id, so that two policies may be alike.
/// @param universe Hash of the universe that snapshots must be of.
/// @param layoutId Id of the layout that snapshots must have.
/// @param level Margin level, exactly: 1 maintenance, 2 initial.
/// @param coverage Exactly: 1 one account, 2 all of the owner's at the venue.
/// @param ratio k, at least: equity is at least (20 + k)/20 of the requirement, plus the floor.
/// @param floor Whole quote units, at least; above zero, because an empty account is solvent at zero.
/// @param maxAge Seconds after as_of for which a record counts.
/// @param circuits Circuit ids of the keys that proofs may be under.
/// @param attestors Hashes of the keys of attestors whose word is taken from the start.
struct Policy {
    string name;
    uint256 universe;
    uint256 layoutId;
    uint8 level;
    uint8 coverage;
    uint8 ratio;
    uint40 floor;
    uint32 maxAge;
    bytes32[] circuits;
    uint256[] attestors;
}

/// @notice What is on record about a subject under a policy.
/// @param marketRoot The snapshot's root; zero without a record.
/// @param attestor Hash of the attestor's key.
/// @param circuit Circuit id of the key that the proof was under.
/// @param epoch Of the snapshot.
/// @param asOf When the account was as it was proven.
/// @param validUntil Of the snapshot.
/// @param floor That was proven.
/// @param ratio That was proven.
struct SolvencyRecord {
    uint256 marketRoot;
    uint256 attestor;
    bytes32 circuit;
    uint32 epoch;
    uint40 asOf;
    uint40 validUntil;
    uint40 floor;
    uint8 ratio;
}

/// @title Registry of solvency proofs
/// @notice Verifies proofs under policies, and keeps the newest record of each subject. Who sends a proof does not matter:
/// the subject is in it, signed by an attestor.
interface ISolvencyRegistry is ISolvency {
    /// @notice A policy was added; `policy` is the whole of it.
    event PolicyAdded(bytes32 indexed policyId, uint256 indexed universe, Policy policy);
    /// @notice An attestor's word is taken under a policy from now on.
    event AttestorAdded(bytes32 indexed policyId, uint256 indexed attestor);
    /// @notice An attestor's word is taken under no policy from now on.
    event AttestorRevoked(uint256 indexed attestor, address indexed by);
    /// @notice A revoked attestor's word is taken again where it was.
    event AttestorRestored(uint256 indexed attestor);
    /// @notice A subject has a new record under a policy; it counts until `expiry` at the latest.
    event Attested(
        bytes32 indexed policyId,
        address indexed subject,
        uint256 indexed marketRoot,
        uint256 nullifier,
        uint256 expiry,
        SolvencyRecord record
    );
    /// @notice Sources of a price disagreed, and nothing of the universe counts until the owner resets the breaker.
    event BreakerTripped(uint256 indexed universe, address indexed by);
    /// @notice The breaker of a universe was reset.
    event BreakerReset(uint256 indexed universe);

    /// @notice There is no such policy.
    error UnknownPolicy(bytes32 policyId);
    /// @notice There already is exactly this policy.
    error PolicyExists(bytes32 policyId);
    /// @notice This member of the policy is out of range, empty, too long, listed twice or not registered.
    error BadPolicy(string member);
    /// @notice The policy takes no proofs under this circuit.
    error CircuitNotAccepted(bytes32 circuit);
    /// @notice The proof is for another context: another chain, registry or policy.
    error WrongContext(uint256 context, uint256 expected);
    /// @notice The terms are of a version that this contract does not know.
    error WrongVersion(uint256 version);
    /// @notice The level is not the policy's.
    error WrongLevel(uint256 level, uint256 expected);
    /// @notice The coverage is not the policy's.
    error WrongCoverage(uint256 coverage, uint256 expected);
    /// @notice The ratio is below the policy's.
    error RatioTooLow(uint256 ratio, uint256 least);
    /// @notice The floor is below the policy's.
    error FloorTooLow(uint256 floor, uint256 least);
    /// @notice The subject is zero.
    error NoSubject();
    /// @notice The policy does not take this attestor's word, or no longer.
    error AttestorNotAccepted(uint256 attestor);
    /// @notice No snapshot of the policy's universe with this root was posted, or it was revoked or the universe is halted.
    error MarketRootNotAccepted(uint256 marketRoot);
    /// @notice The snapshot is of another layout or level than the policy's.
    error WrongMarket(uint256 marketRoot);
    /// @notice as_of is in the future or outside the snapshot's window.
    error AsOfOutOfWindow(uint256 asOf);
    /// @notice The record would have expired already.
    error AlreadyExpired(uint256 expiry);
    /// @notice The nullifier belongs to another subject.
    error NullifierTaken(uint256 nullifier, address subject);
    /// @notice There is a record as new as this one.
    error NotNewer(uint256 version, uint256 current);
    /// @notice The proof does not hold for the statement.
    error InvalidProof();
    /// @notice The breaker of the universe has tripped.
    error BreakerIsTripped(uint256 universe);
    /// @notice No two sources of the universe's prices disagree.
    error NotDiverged(uint256 universe);
    /// @notice The attestor is already accepted, is revoked when it should not be, or the other way round.
    error AttestorUnchanged(uint256 attestor);

    /// @notice Put a proof on record. Anyone may send it.
    /// @dev A proof of exactly what is on record already succeeds and changes nothing, so that copying a transaction
    /// ahead of its sender does not make the sender's revert.
    /// @param policyId The policy that the proof is made under.
    /// @param circuit Circuit id of the key that it is made under.
    /// @param statement The public signals.
    /// @param proof The proof.
    /// @return subject Whom it is about.
    function attest(bytes32 policyId, bytes32 circuit, Statement calldata statement, Proof calldata proof)
        external
        returns (address subject);

    /// @notice Where market roots and prices come from.
    function oracle() external view returns (IMarketOracle);

    /// @notice Where verifiers come from.
    function keys() external view returns (IVerifyingKeyRegistry);

    /// @notice What proofs under a policy must have as their context: keccak256(abi.encode(chain id, this contract,
    /// policy id)) >> 8.
    /// @param policyId The policy.
    function contextOf(bytes32 policyId) external view returns (uint256);

    /// @notice The id of a policy: keccak256(abi.encode(policy)).
    /// @param policy The policy.
    function policyIdOf(Policy calldata policy) external pure returns (bytes32);

    /// @notice A policy as it was added, with the attestors that it started with; reverts when there is none.
    /// @param policyId The policy.
    function policyOf(bytes32 policyId) external view returns (Policy memory);

    /// @notice Whether an attestor's word is taken under a policy now.
    /// @param policyId The policy.
    /// @param attestor Hash of the attestor's key.
    function isAttestor(bytes32 policyId, uint256 attestor) external view returns (bool);

    /// @notice What is on record about a subject under a policy, whether it still counts or not.
    /// @param subject Whom the proof is about.
    /// @param policyId The policy.
    function recordOf(address subject, bytes32 policyId) external view returns (SolvencyRecord memory);

    /// @notice Whom a nullifier belongs to; zero when it is new.
    /// @param nullifier The nullifier.
    function subjectOf(uint256 nullifier) external view returns (address);

    /// @notice Whether the breaker of a universe has tripped.
    /// @param universe Hash of the universe.
    function isTripped(uint256 universe) external view returns (bool);

    /// @notice Trip the breaker of a universe while two sources of a price disagree. Anyone may.
    /// @param universe Hash of the universe.
    function tripBreaker(uint256 universe) external;

    /// @notice Reset a tripped breaker. Only for the owner, and only once the sources agree.
    /// @param universe Hash of the universe.
    function resetBreaker(uint256 universe) external;

    /// @notice Add a policy over a registered universe. Only for the owner; nothing relies on a new policy, so there is no
    /// delay.
    /// @param policy The policy.
    /// @return policyId Its id.
    function addPolicy(Policy calldata policy) external returns (bytes32 policyId);

    /// @notice Take another attestor's word under a policy. Only for the owner, after the delay.
    /// @param policyId The policy.
    /// @param attestor Hash of the attestor's key.
    function addAttestor(bytes32 policyId, uint256 attestor) external;

    /// @notice Take an attestor's word no longer, under any policy, at once. For the owner and the guardian.
    /// @param attestor Hash of the attestor's key.
    function revokeAttestor(uint256 attestor) external;

    /// @notice Undo a revocation. Only for the owner, after the delay.
    /// @param attestor Hash of the attestor's key.
    function restoreAttestor(uint256 attestor) external;

    /// @notice Stop everything: no proof is taken and nobody is solvent. For the owner and the guardian.
    function pause() external;

    /// @notice Undo a pause. Only for the owner.
    function unpause() external;
}
