// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT} from "../SolvencyStatement.sol";
import {VerifyingKey} from "../interfaces/IGroth16Verifier.sol";
import {BN254_Q, EC_PAIRING} from "./Bn254.sol";

/// @title Refuses keys under which a proof means nothing
/// @notice What a chain can see of a key: its points are what they must be, somebody contributed to its second phase, and
/// it tells its signals apart, by the known ways of skipping a phase and of confusing signals. Whether its makers forgot the
/// secret, or chose points that hang together in another way, no chain can see.
library VerifyingKeyCheck {
    /// @notice The key has another number of points for signals than the circuits have signals, plus one.
    error WrongSignalCount(uint256 points, uint256 expected);
    /// @notice This point of the key is at infinity, off its curve or out of its group, or has a coordinate that is not
    /// below the modulus.
    error BadKeyPoint(string point);
    /// @notice Gamma is delta or its opposite: nobody made the key's second phase, so anybody can forge proofs.
    error GammaIsDelta();
    /// @notice Delta is the group's generator: the key has no contribution.
    error NoContribution();
    /// @notice Beta is gamma, delta or the opposite of one, or alpha is the group's generator or its opposite: nobody made
    /// the key's first phase.
    error NoFirstPhase();
    /// @notice Two points for signals are equal or opposite, so signals can be traded against one another.
    error ConfusedSignals(uint256 first, uint256 second);

    // The generator of G2 (EIP-197): the imaginary and the real part of its x.
    uint256 private constant G2_X_IMAGINARY =
        11559732032986387107991004021392285783925812861821192530917403151452391805634;
    uint256 private constant G2_X_REAL = 10857046999023057135944570762232829481370756359578518086990519993285655852781;

    /// @notice Reverts when the key is one under which anybody can forge, as far as can be seen.
    /// @param key The key.
    function requireSound(VerifyingKey memory key) internal view {
        if (key.ic.length != SIGNAL_COUNT + 1) revert WrongSignalCount(key.ic.length, SIGNAL_COUNT + 1);
        if (!_isG1(key.alpha)) revert BadKeyPoint("alpha");
        for (uint256 i = 0; i <= SIGNAL_COUNT; ++i) {
            if (!_isG1(key.ic[i])) revert BadKeyPoint("ic");
        }
        if (!_isG2(key.beta)) revert BadKeyPoint("beta");
        if (!_isG2(key.gamma)) revert BadKeyPoint("gamma");
        if (!_isG2(key.delta)) revert BadKeyPoint("delta");
        // Equal x is the same point or its opposite. If gamma = delta, A = alpha, B = beta and C = minus the sum over
        // the signals satisfy the equation for any signals; if gamma = -delta, C = that sum does.
        if (_sameX(key.gamma[0], key.delta[0][0], key.delta[0][1])) revert GammaIsDelta();
        // Delta starts as the generator and leaves it with the first contribution.
        if (_sameX(key.delta[0], G2_X_IMAGINARY, G2_X_REAL)) revert NoContribution();
        // With beta = ±gamma or ±delta what alpha and beta should hold fast moves into A or C, which the prover chooses.
        if (
            _sameX(key.beta[0], key.gamma[0][0], key.gamma[0][1])
                || _sameX(key.beta[0], key.delta[0][0], key.delta[0][1]) || key.alpha[0] == 1
        ) revert NoFirstPhase();
        for (uint256 i = 0; i < SIGNAL_COUNT; ++i) {
            for (uint256 j = i + 1; j <= SIGNAL_COUNT; ++j) {
                if (key.ic[i][0] == key.ic[j][0]) revert ConfusedSignals(i, j);
            }
        }
    }

    function _sameX(uint256[2] memory x, uint256 imaginary, uint256 real) private pure returns (bool) {
        return x[0] == imaginary && x[1] == real;
    }

    /// @dev On y^2 = x^3 + 3, whose every point is in the group; infinity, written (0, 0), is not on it.
    function _isG1(uint256[2] memory p) private pure returns (bool) {
        (uint256 x, uint256 y) = (p[0], p[1]);
        if (x >= BN254_Q || y >= BN254_Q) return false;
        return mulmod(y, y, BN254_Q) == addmod(mulmod(mulmod(x, x, BN254_Q), x, BN254_Q), 3, BN254_Q);
    }

    /// @dev The pairing contract fails for a point off the curve or out of the subgroup. Its answer for one pair of the
    /// generator (1, 2) of G1 and a point of G2 is 1 exactly when the point is infinity.
    function _isG2(uint256[2][2] memory p) private view returns (bool) {
        bytes memory pair = abi.encode(uint256(1), uint256(2), p);
        (bool done, bytes memory answer) = address(uint160(EC_PAIRING)).staticcall(pair);
        return done && answer.length == 32 && abi.decode(answer, (uint256)) == 0;
    }
}
