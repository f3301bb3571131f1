// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT} from "../SolvencyStatement.sol";
import {IGroth16Verifier, VerifyingKey} from "../interfaces/IGroth16Verifier.sol";
import {BN254_Q, BN254_R, EC_ADD, EC_MUL, EC_PAIRING} from "./Bn254.sol";
import {VerifyingKeyCheck} from "./VerifyingKeyCheck.sol";

/// @title Groth16 verifier of one key
/// @notice One source for every key: the key is checked when the contract is created, and becomes part of its code.
/// @dev Immutables cost what constants do, so this is as cheap as a contract written for one key, and cheaper than reading
/// the key from another contract's code.
contract Groth16Verifier is IGroth16Verifier {
    // Points of G2 have the imaginary part first, as EIP-197 has them. Alpha, gamma and delta are kept negated, so that the
    // four pairings must multiply to one and nothing is negated in a call:
    //   e(A, B) * e(-alpha, beta) * e(IC_0 + sum of s_i * IC_i, -gamma) * e(C, -delta) = 1
    uint256 private immutable ALPHA_X;
    uint256 private immutable ALPHA_Y;
    uint256 private immutable BETA_X_IMAGINARY;
    uint256 private immutable BETA_X_REAL;
    uint256 private immutable BETA_Y_IMAGINARY;
    uint256 private immutable BETA_Y_REAL;
    uint256 private immutable GAMMA_X_IMAGINARY;
    uint256 private immutable GAMMA_X_REAL;
    uint256 private immutable GAMMA_Y_IMAGINARY;
    uint256 private immutable GAMMA_Y_REAL;
    uint256 private immutable DELTA_X_IMAGINARY;
    uint256 private immutable DELTA_X_REAL;
    uint256 private immutable DELTA_Y_IMAGINARY;
    uint256 private immutable DELTA_Y_REAL;
    uint256 private immutable IC0_X;
    uint256 private immutable IC0_Y;
    uint256 private immutable IC1_X;
    uint256 private immutable IC1_Y;
    uint256 private immutable IC2_X;
    uint256 private immutable IC2_Y;
    uint256 private immutable IC3_X;
    uint256 private immutable IC3_Y;
    uint256 private immutable IC4_X;
    uint256 private immutable IC4_Y;
    uint256 private immutable IC5_X;
    uint256 private immutable IC5_Y;

    /// @dev Four bytes of selector, eight words of proof, and the signals.
    uint256 private constant CALLDATA_LENGTH = 4 + 32 * (8 + SIGNAL_COUNT);

    /// @param key The key; refused unless it is sound.
    constructor(VerifyingKey memory key) {
        VerifyingKeyCheck.requireSound(key);
        ALPHA_X = key.alpha[0];
        ALPHA_Y = BN254_Q - key.alpha[1];
        BETA_X_IMAGINARY = key.beta[0][0];
        BETA_X_REAL = key.beta[0][1];
        BETA_Y_IMAGINARY = key.beta[1][0];
        BETA_Y_REAL = key.beta[1][1];
        GAMMA_X_IMAGINARY = key.gamma[0][0];
        GAMMA_X_REAL = key.gamma[0][1];
        GAMMA_Y_IMAGINARY = _negated(key.gamma[1][0]);
        GAMMA_Y_REAL = _negated(key.gamma[1][1]);
        DELTA_X_IMAGINARY = key.delta[0][0];
        DELTA_X_REAL = key.delta[0][1];
        DELTA_Y_IMAGINARY = _negated(key.delta[1][0]);
        DELTA_Y_REAL = _negated(key.delta[1][1]);
        IC0_X = key.ic[0][0];
        IC0_Y = key.ic[0][1];
        IC1_X = key.ic[1][0];
        IC1_Y = key.ic[1][1];
        IC2_X = key.ic[2][0];
        IC2_Y = key.ic[2][1];
        IC3_X = key.ic[3][0];
        IC3_Y = key.ic[3][1];
        IC4_X = key.ic[4][0];
        IC4_Y = key.ic[4][1];
        IC5_X = key.ic[5][0];
        IC5_Y = key.ic[5][1];
    }

    /// @inheritdoc IGroth16Verifier
    function verify(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[SIGNAL_COUNT] calldata signals
    ) external view returns (bool) {
        // Solidity refuses call data that is too short, not what is too long.
        if (msg.data.length != CALLDATA_LENGTH) revert CalldataLength(msg.data.length);
        _requirePoint(a[0], a[1]);
        _requirePoint(c[0], c[1]);
        if (b[0][0] >= BN254_Q || b[0][1] >= BN254_Q || b[1][0] >= BN254_Q || b[1][1] >= BN254_Q) {
            revert CoordinateOutOfRange();
        }
        if ((b[0][0] | b[0][1] | b[1][0] | b[1][1]) == 0) revert PointAtInfinity();

        // Four pairs of six words: a point of G1, then a point of G2.
        uint256[24] memory pairs;
        pairs[0] = a[0];
        pairs[1] = a[1];
        pairs[2] = b[0][0];
        pairs[3] = b[0][1];
        pairs[4] = b[1][0];
        pairs[5] = b[1][1];

        pairs[6] = ALPHA_X;
        pairs[7] = ALPHA_Y;
        pairs[8] = BETA_X_IMAGINARY;
        pairs[9] = BETA_X_REAL;
        pairs[10] = BETA_Y_IMAGINARY;
        pairs[11] = BETA_Y_REAL;

        // The sum over the signals grows in the third pair's point of G1; the words after it are work space.
        pairs[12] = IC0_X;
        pairs[13] = IC0_Y;
        _addTerm(pairs, 0, IC1_X, IC1_Y, signals[0]);
        _addTerm(pairs, 1, IC2_X, IC2_Y, signals[1]);
        _addTerm(pairs, 2, IC3_X, IC3_Y, signals[2]);
        _addTerm(pairs, 3, IC4_X, IC4_Y, signals[3]);
        _addTerm(pairs, 4, IC5_X, IC5_Y, signals[4]);
        pairs[14] = GAMMA_X_IMAGINARY;
        pairs[15] = GAMMA_X_REAL;
        pairs[16] = GAMMA_Y_IMAGINARY;
        pairs[17] = GAMMA_Y_REAL;

        pairs[18] = c[0];
        pairs[19] = c[1];
        pairs[20] = DELTA_X_IMAGINARY;
        pairs[21] = DELTA_X_REAL;
        pairs[22] = DELTA_Y_IMAGINARY;
        pairs[23] = DELTA_Y_REAL;
        return _pairing(pairs);
    }

    /// @dev The opposite of a part of a coordinate; zero is its own.
    function _negated(uint256 part) private pure returns (uint256) {
        return part == 0 ? 0 : BN254_Q - part;
    }

    /// @dev Refuses coordinates with a second spelling, and infinity, which EIP-196 writes as (0, 0).
    /// Whether the point is on the curve is for the precompiled contracts to check.
    function _requirePoint(uint256 x, uint256 y) private pure {
        if (x >= BN254_Q || y >= BN254_Q) revert CoordinateOutOfRange();
        if ((x | y) == 0) revert PointAtInfinity();
    }

    /// @dev Adds signal * (x, y) to the point in words 12 and 13; words 14, 15 and 16 are overwritten.
    function _addTerm(uint256[24] memory pairs, uint256 position, uint256 x, uint256 y, uint256 signal) private view {
        if (signal >= BN254_R) revert SignalOutOfRange(position);
        pairs[14] = x;
        pairs[15] = y;
        pairs[16] = signal;
        uint256 failed;
        // Reads and writes inside `pairs` alone, so it is memory-safe.
        assembly ("memory-safe") {
            // Words 14, 15 and 16 are a point and a scalar; their product replaces the point.
            let done := staticcall(gas(), EC_MUL, add(pairs, 0x1c0), 0x60, add(pairs, 0x1c0), 0x40)
            // Failure, or an answer of another length (as from a chain without this contract), is remembered.
            if iszero(and(done, eq(returndatasize(), 0x40))) { failed := EC_MUL }
            // Words 12 to 15 are two points; their sum replaces the first.
            done := staticcall(gas(), EC_ADD, add(pairs, 0x180), 0x80, add(pairs, 0x180), 0x40)
            // The same check; the first failure's number may be replaced, never cleared.
            if iszero(and(done, eq(returndatasize(), 0x40))) { failed := EC_ADD }
        }
        if (failed != 0) revert PrecompileFailed(failed);
    }

    /// @dev Whether the four pairings multiply to one.
    function _pairing(uint256[24] memory pairs) private view returns (bool) {
        uint256 answer;
        bool done;
        // Writes to the first word of memory alone, which Solidity keeps for such uses, so it is memory-safe.
        assembly ("memory-safe") {
            // All 24 words go in; one word comes out.
            done := staticcall(gas(), EC_PAIRING, pairs, 0x300, 0x00, 0x20)
            // A call that gave no whole word did not succeed.
            done := and(done, eq(returndatasize(), 0x20))
            // 1 when the product is one, 0 when it is not; without success this word is not looked at.
            answer := mload(0x00)
        }
        if (!done) revert PrecompileFailed(EC_PAIRING);
        return answer == 1;
    }
}
