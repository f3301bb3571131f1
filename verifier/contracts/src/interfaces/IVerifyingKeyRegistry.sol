// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IGroth16Verifier, VerifyingKey} from "./IGroth16Verifier.sol";

/// @notice A verification key as the registry knows it.
/// @param verifier The contract that checks proofs under the key; zero when there is no such key.
/// @param addedAt Block time at which it was added.
/// @param development Whether it came from no ceremony, so that whoever made it can forge proofs.
/// @param deprecated Whether it must no longer be used.
/// @param keyHash SHA-256 of the key's canonical JSON, its name outside the chain.
struct KeyRecord {
    IGroth16Verifier verifier;
    uint64 addedAt;
    bool development;
    bool deprecated;
    bytes32 keyHash;
}

/// @title Registry of verification keys
/// @notice Each key is written once, under its circuit id: keccak256 of the key's name, such as
/// `account_solvency_8_2`, or `account_solvency_8_2_dev` for a development key. A key is never replaced.
interface IVerifyingKeyRegistry {
    /// @notice A key was added.
    event KeyAdded(
        bytes32 indexed circuit, string name, bytes32 indexed keyHash, address indexed verifier, bool development
    );
    /// @notice A key was deprecated: no proof under it counts from now on.
    event KeyDeprecated(bytes32 indexed circuit, address indexed by);

    /// @notice There is no key under this circuit id.
    error UnknownKey(bytes32 circuit);
    /// @notice There already is a key under this circuit id.
    error KeyExists(bytes32 circuit);
    /// @notice The key must no longer be used.
    error KeyIsDeprecated(bytes32 circuit);
    /// @notice A production deployment takes no development key.
    error DevelopmentKeyRefused(string name);
    /// @notice A key's name ends in `_dev` exactly when it is a development key; this one is named otherwise.
    error MisnamedKey(string name);

    /// @notice Add a key and deploy its verifier, which checks the key.
    /// @dev Only for the owner, and once the registry is live only after the delay.
    /// @param name The key's name, which makes its circuit id; it ends in `_dev` exactly when `development`.
    /// @param keyHash SHA-256 of the key's canonical JSON.
    /// @param development Whether the key came from no ceremony.
    /// @param key The key.
    /// @return circuit The key's circuit id.
    /// @return verifier The contract that checks proofs under it.
    function addKey(string calldata name, bytes32 keyHash, bool development, VerifyingKey calldata key)
        external
        returns (bytes32 circuit, IGroth16Verifier verifier);

    /// @notice Stop a key at once and for good: records made under it stop counting too.
    /// @dev For the owner and the guardian.
    /// @param circuit The key's circuit id.
    function deprecateKey(bytes32 circuit) external;

    /// @notice Whether the registry refuses development keys for good.
    function production() external view returns (bool);

    /// @notice The verifier of a usable key; reverts when there is none.
    /// @param circuit The key's circuit id.
    function verifierOf(bytes32 circuit) external view returns (IGroth16Verifier);

    /// @notice Whether proofs under a key count: it is there, not deprecated, and the registry is live.
    /// @param circuit The key's circuit id.
    function isUsable(bytes32 circuit) external view returns (bool);

    /// @notice What is known about a key; all zero when there is none.
    /// @param circuit The key's circuit id.
    function keyOf(bytes32 circuit) external view returns (KeyRecord memory);

    /// @notice The circuit id of a key's name.
    /// @param name The key's name.
    function circuitOf(string calldata name) external pure returns (bytes32);
}
