// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT} from "../SolvencyStatement.sol";

/// @notice A Groth16 proof over BN254, in the order of EIP-197: of a coordinate in Fq2, the imaginary part first.
/// @param a Point A of G1: x, y.
/// @param b Point B of G2: [x imaginary, x real], [y imaginary, y real]; snarkjs's proof.json has the real parts first.
/// @param c Point C of G1: x, y.
struct Proof {
    uint256[2] a;
    uint256[2][2] b;
    uint256[2] c;
}

/// @notice A verification key, its points as in `Proof`.
/// @param alpha Point of G1.
/// @param beta Point of G2.
/// @param gamma Point of G2.
/// @param delta Point of G2.
/// @param ic One point of G1 more than there are public signals.
struct VerifyingKey {
    uint256[2] alpha;
    uint256[2][2] beta;
    uint256[2][2] gamma;
    uint256[2][2] delta;
    uint256[2][] ic;
}

/// @title Groth16 verifier of one key
/// @notice Says whether a proof holds for public signals. It keeps no state, and knows nothing of prices, time or who
/// may prove what to whom: the caller compares every signal with what it expects.
/// @dev Call data is exactly four bytes and 8 + SIGNAL_COUNT words; anything malformed reverts. A proof can be turned
/// into other proofs of the same signals, so its bytes are no identity.
interface IGroth16Verifier {
    /// @notice The call data is not exactly four bytes and the words of a proof and its signals.
    error CalldataLength(uint256 length);
    /// @notice The signal at this position is not below the order of the group: it would alias a smaller one.
    error SignalOutOfRange(uint256 position);
    /// @notice A coordinate is not below the field's modulus: it would alias a smaller one.
    error CoordinateOutOfRange();
    /// @notice A point is the point at infinity.
    error PointAtInfinity();
    /// @notice A precompiled contract failed: a point is off its curve or out of its group, or too little gas was left.
    error PrecompileFailed(uint256 precompile);

    /// @notice Whether a proof holds for these public signals.
    /// @param a Point A, as in `Proof`.
    /// @param b Point B, as in `Proof`.
    /// @param c Point C, as in `Proof`.
    /// @param signals The public signals, in the order of `Statement`.
    /// @return Whether the pairing equation holds; malformed input reverts instead.
    function verify(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[SIGNAL_COUNT] calldata signals
    ) external view returns (bool);
}
