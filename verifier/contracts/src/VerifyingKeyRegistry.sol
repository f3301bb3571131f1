// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DevelopmentChains} from "./governance/DevelopmentChains.sol";
import {Governed} from "./governance/Governed.sol";
import {IGroth16Verifier, VerifyingKey} from "./interfaces/IGroth16Verifier.sol";
import {IVerifyingKeyRegistry, KeyRecord} from "./interfaces/IVerifyingKeyRegistry.sol";
import {Groth16Verifier} from "./verifier/Groth16Verifier.sol";

/// @title Registry of verification keys
/// @notice Deploys the verifier of each key itself, so that a verifier's code is known, and key and verifier cannot be out
/// of step.
contract VerifyingKeyRegistry is IVerifyingKeyRegistry, Governed {
    /// @inheritdoc IVerifyingKeyRegistry
    bool public immutable production;

    mapping(bytes32 circuit => KeyRecord) private _keys;

    /// @param owner_ Who adds keys.
    /// @param guardian_ Who may deprecate them at once.
    /// @param delay_ How long an addition waits.
    /// @param production_ Whether development keys are refused for good; only a chain for trials may have false.
    constructor(address owner_, address guardian_, uint256 delay_, bool production_)
        Governed(owner_, guardian_, delay_)
    {
        if (!production_ && !DevelopmentChains.includes(block.chainid)) {
            revert NotADevelopmentChain(block.chainid);
        }
        production = production_;
    }

    /// @inheritdoc IVerifyingKeyRegistry
    function addKey(string calldata name, bytes32 keyHash, bool development, VerifyingKey calldata key)
        external
        afterDelay
        returns (bytes32 circuit, IGroth16Verifier verifier)
    {
        circuit = circuitOf(name);
        if (address(_keys[circuit].verifier) != address(0)) revert KeyExists(circuit);
        if (development && production) revert DevelopmentKeyRefused(name);
        if (keyHash == 0 || _saysDevelopment(name) != development) revert MisnamedKey(name);
        // The verifier's constructor calls precompiled contracts alone, so nothing can come back in here.
        verifier = new Groth16Verifier(key);
        _keys[circuit] = KeyRecord({
            verifier: verifier,
            addedAt: uint64(block.timestamp),
            development: development,
            deprecated: false,
            keyHash: keyHash
        });
        emit KeyAdded(circuit, name, keyHash, address(verifier), development);
    }

    /// @inheritdoc IVerifyingKeyRegistry
    function deprecateKey(bytes32 circuit) external onlyGuardian {
        KeyRecord storage key = _keys[circuit];
        if (address(key.verifier) == address(0)) revert UnknownKey(circuit);
        if (key.deprecated) revert KeyIsDeprecated(circuit);
        key.deprecated = true;
        emit KeyDeprecated(circuit, msg.sender);
    }

    /// @inheritdoc IVerifyingKeyRegistry
    function verifierOf(bytes32 circuit) external view returns (IGroth16Verifier) {
        KeyRecord storage key = _keys[circuit];
        if (!isLive) revert LiveState(false);
        if (address(key.verifier) == address(0)) revert UnknownKey(circuit);
        if (key.deprecated) revert KeyIsDeprecated(circuit);
        return key.verifier;
    }

    /// @inheritdoc IVerifyingKeyRegistry
    function isUsable(bytes32 circuit) external view returns (bool) {
        KeyRecord storage key = _keys[circuit];
        return isLive && address(key.verifier) != address(0) && !key.deprecated;
    }

    /// @inheritdoc IVerifyingKeyRegistry
    function keyOf(bytes32 circuit) external view returns (KeyRecord memory) {
        return _keys[circuit];
    }

    /// @inheritdoc IVerifyingKeyRegistry
    function circuitOf(string calldata name) public pure returns (bytes32) {
        return keccak256(bytes(name));
    }

    /// @dev Whether a name ends in `_dev`.
    function _saysDevelopment(string calldata name) private pure returns (bool) {
        uint256 length = bytes(name).length;
        return length >= 4 && bytes4(bytes(name)[length - 4:]) == "_dev";
    }
}
