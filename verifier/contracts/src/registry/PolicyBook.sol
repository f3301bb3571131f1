// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SolvencyStatement} from "../SolvencyStatement.sol";
import {Governed} from "../governance/Governed.sol";
import {ISolvencyRegistry, Policy} from "../interfaces/ISolvencyRegistry.sol";

/// @title Policies and attestors
/// @notice A policy never changes; whose word it takes does: an attestor is added with delay and revoked at once.
abstract contract PolicyBook is ISolvencyRegistry, Governed {
    /// @dev Longest that a record may count, as `verifier` has it.
    uint32 private constant _MOST_AGE = 366 days;
    /// @dev Floors have 38 bits in the terms.
    uint256 private constant _FLOOR_BITS = 38;
    /// @dev Hashes of public objects have 248 bits.
    uint256 private constant _HASH_BITS = 248;
    uint256 private constant _MOST_CIRCUITS = 16;
    uint256 private constant _MOST_ATTESTORS = 64;
    uint256 private constant _LONGEST_NAME = 128;

    /// @dev A policy; it is there when its maxAge is not zero.
    mapping(bytes32 policyId => Policy) private _policies;
    mapping(bytes32 policyId => mapping(bytes32 circuit => bool)) private _accepts;
    mapping(bytes32 policyId => mapping(uint256 attestor => bool)) private _attestors;
    mapping(uint256 attestor => bool) private _revoked;

    /// @inheritdoc ISolvencyRegistry
    function addPolicy(Policy calldata policy) external onlyOwner returns (bytes32 policyId) {
        policyId = policyIdOf(policy);
        if (_policies[policyId].maxAge != 0) revert PolicyExists(policyId);
        _requireSound(policy);
        _requireUniverse(policy.universe);
        _policies[policyId] = policy;
        emit PolicyAdded(policyId, policy.universe, policy);
        for (uint256 i = 0; i < policy.circuits.length; ++i) {
            bytes32 circuit = policy.circuits[i];
            if (circuit == 0 || _accepts[policyId][circuit]) revert BadPolicy("circuits");
            _accepts[policyId][circuit] = true;
        }
        for (uint256 i = 0; i < policy.attestors.length; ++i) {
            uint256 attestor = policy.attestors[i];
            if (attestor == 0 || _attestors[policyId][attestor]) revert BadPolicy("attestors");
            _attestors[policyId][attestor] = true;
            emit AttestorAdded(policyId, attestor);
        }
    }

    /// @inheritdoc ISolvencyRegistry
    function addAttestor(bytes32 policyId, uint256 attestor) external afterDelay {
        _policy(policyId);
        if (attestor == 0 || _attestors[policyId][attestor]) revert AttestorUnchanged(attestor);
        _attestors[policyId][attestor] = true;
        emit AttestorAdded(policyId, attestor);
    }

    /// @inheritdoc ISolvencyRegistry
    function revokeAttestor(uint256 attestor) external onlyGuardian {
        if (_revoked[attestor]) revert AttestorUnchanged(attestor);
        _revoked[attestor] = true;
        emit AttestorRevoked(attestor, msg.sender);
    }

    /// @inheritdoc ISolvencyRegistry
    function restoreAttestor(uint256 attestor) external afterDelay {
        if (!_revoked[attestor]) revert AttestorUnchanged(attestor);
        _revoked[attestor] = false;
        emit AttestorRestored(attestor);
    }

    /// @inheritdoc ISolvencyRegistry
    function policyOf(bytes32 policyId) external view returns (Policy memory) {
        return _policy(policyId);
    }

    /// @inheritdoc ISolvencyRegistry
    function isAttestor(bytes32 policyId, uint256 attestor) public view returns (bool) {
        return _attestors[policyId][attestor] && !_revoked[attestor];
    }

    /// @inheritdoc ISolvencyRegistry
    function policyIdOf(Policy calldata policy) public pure returns (bytes32) {
        return keccak256(abi.encode(policy));
    }

    /// @dev A policy that was added, or a revert.
    function _policy(bytes32 policyId) internal view returns (Policy storage policy) {
        policy = _policies[policyId];
        if (policy.maxAge == 0) revert UnknownPolicy(policyId);
    }

    /// @dev Whether a policy takes proofs under a circuit.
    function _acceptsCircuit(bytes32 policyId, bytes32 circuit) internal view returns (bool) {
        return _accepts[policyId][circuit];
    }

    /// @dev Reverts unless the universe is registered: what is registered under a policy that counts already would be
    /// publishers and price sources added without delay.
    function _requireUniverse(uint256 universe) internal view virtual;

    function _requireSound(Policy calldata policy) private pure {
        uint256 nameLength = bytes(policy.name).length;
        if (nameLength == 0 || nameLength > _LONGEST_NAME) revert BadPolicy("name");
        if (policy.universe == 0 || policy.universe >> _HASH_BITS != 0) revert BadPolicy("universe");
        if (policy.layoutId == 0 || policy.layoutId >> _HASH_BITS != 0) revert BadPolicy("layoutId");
        if (policy.level != SolvencyStatement.LEVEL_MAINTENANCE && policy.level != SolvencyStatement.LEVEL_INITIAL) {
            revert BadPolicy("level");
        }
        if (
            policy.coverage != SolvencyStatement.COVERAGE_ACCOUNT && policy.coverage != SolvencyStatement.COVERAGE_OWNER
        ) revert BadPolicy("coverage");
        // An empty account is solvent at zero.
        if (policy.floor == 0 || policy.floor >> _FLOOR_BITS != 0) revert BadPolicy("floor");
        if (policy.maxAge == 0 || policy.maxAge > _MOST_AGE) revert BadPolicy("maxAge");
        if (policy.circuits.length == 0 || policy.circuits.length > _MOST_CIRCUITS) revert BadPolicy("circuits");
        if (policy.attestors.length == 0 || policy.attestors.length > _MOST_ATTESTORS) revert BadPolicy("attestors");
    }
}
