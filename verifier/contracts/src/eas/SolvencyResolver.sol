// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Statement} from "../SolvencyStatement.sol";
import {Proof} from "../interfaces/IGroth16Verifier.sol";
import {ISolvencyRegistry} from "../interfaces/ISolvencyRegistry.sol";
import {Attestation, ISchemaResolver} from "./IEAS.sol";

/// @title Admits an attestation only with a valid proof
/// @notice For one schema of the Ethereum Attestation Service, `SCHEMA`, registered with this resolver and revocable: the
/// data is `abi.encode(bytes32 policyId, bytes32 circuit, Statement statement, Proof proof)` and nothing more. The recipient
/// is the proof's subject, and the attestation ends no later than the record can hold. Whether it still holds, ask the
/// registry: prices move.
contract SolvencyResolver is ISchemaResolver {
    /// @notice Most attestations at once.
    uint256 public constant MOST_AT_ONCE = 16;
    /// @notice The schema: a statement is five numbers, a proof is A, B and C as eight.
    string public constant SCHEMA = "bytes32 policyId,bytes32 circuit,uint256[5] statement,uint256[8] proof";

    /// @dev Two words and the members of a statement and a proof.
    uint256 private constant _DATA_BYTES = 15 * 32;

    /// @notice The attestation service.
    address public immutable eas;
    /// @notice Where proofs go on record.
    ISolvencyRegistry public immutable registry;
    /// @notice Id of the schema, as the service's schema registry makes it.
    bytes32 public immutable schema;

    /// @notice Only the attestation service may ask.
    error NotTheService(address caller);
    /// @notice What should answer is not a contract.
    error NotAContract(address part);
    /// @notice The attestation is of another schema, whose words might promise more.
    error WrongSchema(bytes32 schema, bytes32 expected);
    /// @notice The data is of another length than the schema's.
    error WrongLength(uint256 length);
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
        schema = keccak256(abi.encodePacked(SCHEMA, address(this), true));
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
        if (attestation.schema != schema) revert WrongSchema(attestation.schema, schema);
        if (attestation.data.length != _DATA_BYTES) revert WrongLength(attestation.data.length);
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
