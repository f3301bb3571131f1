// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../SolvencyStatement.sol";
import {Proof} from "../interfaces/IGroth16Verifier.sol";
import {ISolvencyRegistry} from "../interfaces/ISolvencyRegistry.sol";
import {Attestation, ISchemaResolver} from "./IEAS.sol";

/// @title Admits an attestation only with a valid proof
/// @notice For a schema of the Ethereum Attestation Service whose data is
/// `abi.encode(bytes32 policyId, bytes32 circuit, Statement statement, Proof proof)`. The recipient is the proof's subject,
/// and the attestation ends no later than the record can hold. Whether it still holds, ask the registry: prices move.
contract SolvencyResolver is ISchemaResolver {
    /// @notice Most attestations at once.
    uint256 public constant MOST_AT_ONCE = 16;

    /// @notice The attestation service.
    address public immutable eas;
    /// @notice Where proofs go on record.
    ISolvencyRegistry public immutable registry;

    /// @notice Only the attestation service may ask.
    error NotTheService(address caller);
    /// @notice What should answer is not a contract.
    error NotAContract(address part);
    /// @notice The recipient is not whom the proof is about.
    error WrongRecipient(address recipient, address subject);
    /// @notice The attestation would never end, or end after the record.
    error EndsTooLate(uint256 expirationTime, uint256 expiry);
    /// @notice The subject is not solvent now, whatever was proven.
    error NotSolventNow(address subject);
    /// @notice Too many attestations at once.
    error TooMany(uint256 count);
    /// @notice Ether would be stuck here.
    error NoEther();

    /// @param eas_ The attestation service.
    /// @param registry_ Where proofs go on record.
    constructor(address eas_, ISolvencyRegistry registry_) {
        if (eas_.code.length == 0) revert NotAContract(eas_);
        if (address(registry_).code.length == 0) revert NotAContract(address(registry_));
        eas = eas_;
        registry = registry_;
    }

    modifier onlyService() {
        if (msg.sender != eas) revert NotTheService(msg.sender);
        if (msg.value != 0) revert NoEther();
        _;
    }

    /// @inheritdoc ISchemaResolver
    function attest(Attestation calldata attestation) external payable onlyService returns (bool) {
        _admit(attestation);
        return true;
    }

    /// @inheritdoc ISchemaResolver
    function multiAttest(Attestation[] calldata attestations, uint256[] calldata)
        external
        payable
        onlyService
        returns (bool)
    {
        if (attestations.length > MOST_AT_ONCE) revert TooMany(attestations.length);
        for (uint256 i = 0; i < attestations.length; ++i) {
            _admit(attestations[i]);
        }
        return true;
    }

    /// @inheritdoc ISchemaResolver
    function revoke(Attestation calldata) external payable onlyService returns (bool) {
        return true;
    }

    /// @inheritdoc ISchemaResolver
    function multiRevoke(Attestation[] calldata, uint256[] calldata) external payable onlyService returns (bool) {
        return true;
    }

    /// @inheritdoc ISchemaResolver
    function isPayable() external pure returns (bool) {
        return false;
    }

    /// @dev Puts the proof on record, or finds it there, and reverts unless the attestation says no more than it does.
    function _admit(Attestation calldata attestation) private {
        (bytes32 policyId, bytes32 circuit, Statement memory statement, Proof memory proof) =
            abi.decode(attestation.data, (bytes32, bytes32, Statement, Proof));
        address subject = registry.attest(policyId, circuit, statement, proof);
        if (attestation.recipient != subject) revert WrongRecipient(attestation.recipient, subject);
        uint256 expiry = registry.expiryOf(subject, policyId);
        if (attestation.expirationTime == 0 || attestation.expirationTime > expiry) {
            revert EndsTooLate(attestation.expirationTime, expiry);
        }
        if (!registry.isSolvent(subject, policyId)) revert NotSolventNow(subject);
    }
}
