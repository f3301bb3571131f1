// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice An attestation of the Ethereum Attestation Service.
/// @dev The members and their order are the service's, after its public documentation.
/// @param uid Its id.
/// @param schema Id of its schema.
/// @param time When it was made.
/// @param expirationTime When it ends; 0 for never.
/// @param revocationTime When it was revoked; 0 when it was not.
/// @param refUID Id of an attestation that it refers to.
/// @param recipient Whom it is about.
/// @param attester Who made it.
/// @param revocable Whether it can be revoked.
/// @param data By the schema.
struct Attestation {
    bytes32 uid;
    bytes32 schema;
    uint64 time;
    uint64 expirationTime;
    uint64 revocationTime;
    bytes32 refUID;
    address recipient;
    address attester;
    bool revocable;
    bytes data;
}

/// @title What the service asks of a schema's resolver
/// @dev Written here after the service's public documentation.
interface ISchemaResolver {
    /// @notice Whether attestations may come with ether.
    function isPayable() external pure returns (bool);

    /// @notice Whether an attestation is admitted.
    function attest(Attestation calldata attestation) external payable returns (bool);

    /// @notice Whether all of several attestations are admitted.
    function multiAttest(Attestation[] calldata attestations, uint256[] calldata values) external payable returns (bool);

    /// @notice Whether an attestation may be revoked.
    function revoke(Attestation calldata attestation) external payable returns (bool);

    /// @notice Whether all of several attestations may be revoked.
    function multiRevoke(Attestation[] calldata attestations, uint256[] calldata values) external payable returns (bool);
}
