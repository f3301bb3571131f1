// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT} from "../../src/SolvencyStatement.sol";
import {IGroth16Verifier, Proof, VerifyingKey} from "../../src/interfaces/IGroth16Verifier.sol";
import {BN254_Q, BN254_R} from "../../src/verifier/Bn254.sol";
import {Groth16Verifier} from "../../src/verifier/Groth16Verifier.sol";
import {VerifyingKeyCheck} from "../../src/verifier/VerifyingKeyCheck.sol";
import {Test} from "../utils/Test.sol";
import {TrapdoorKey} from "../utils/TrapdoorKey.sol";

/// @dev Behaviours in Groth16Verifier.tree.
contract Groth16VerifierTest is Test {
    Groth16Verifier private verifier;

    function setUp() public {
        verifier = new Groth16Verifier(TrapdoorKey.key());
    }

    // --- verify

    function test_AcceptsAProofOfTheseSignals() public view {
        assertTrue(_verify(_signals(), TrapdoorKey.prove(_signals())), "proof");
    }

    function test_AcceptsTheEndsOfTheRange() public view {
        uint256[SIGNAL_COUNT] memory signals = [uint256(0), BN254_R - 1, 0, BN254_R - 1, 1];
        assertTrue(_verify(signals, TrapdoorKey.prove(signals)), "proof");
    }

    function test_RefusesAProofOfOtherSignals() public view {
        Proof memory proof = TrapdoorKey.prove(_signals());
        for (uint256 i = 0; i < SIGNAL_COUNT; ++i) {
            uint256[SIGNAL_COUNT] memory other = _signals();
            other[i] += 1;
            assertFalse(_verify(other, proof), "another signal");
        }
    }

    function test_RefusesPointsInOthersPlaces() public view {
        Proof memory proof = TrapdoorKey.prove(_signals());
        (proof.a, proof.c) = (proof.c, proof.a);
        assertFalse(_verify(_signals(), proof), "swapped");
        proof = TrapdoorKey.prove(_signals());
        proof.a[1] = BN254_Q - proof.a[1];
        assertFalse(_verify(_signals(), proof), "negated");
    }

    function test_RevertWhen_ASignalIsNotBelowTheOrder() public {
        for (uint256 i = 0; i < SIGNAL_COUNT; ++i) {
            uint256[SIGNAL_COUNT] memory signals = _signals();
            Proof memory proof = TrapdoorKey.prove(signals);
            signals[i] += BN254_R;
            _refuse(signals, proof, abi.encodeWithSelector(IGroth16Verifier.SignalOutOfRange.selector, i));
            signals[i] = type(uint256).max;
            _refuse(signals, proof, abi.encodeWithSelector(IGroth16Verifier.SignalOutOfRange.selector, i));
            signals[i] = BN254_R;
            _refuse(signals, proof, abi.encodeWithSelector(IGroth16Verifier.SignalOutOfRange.selector, i));
        }
    }

    function test_RevertWhen_ACoordinateIsNotBelowTheModulus() public {
        for (uint256 i = 0; i < 8; ++i) {
            uint256[8] memory words = _words(TrapdoorKey.prove(_signals()));
            words[i] += BN254_Q;
            _refuse(_signals(), _proof(words), abi.encodeWithSelector(IGroth16Verifier.CoordinateOutOfRange.selector));
        }
    }

    function test_RevertWhen_APointIsInfinity() public {
        bytes memory expected = abi.encodeWithSelector(IGroth16Verifier.PointAtInfinity.selector);
        Proof memory proof = TrapdoorKey.prove(_signals());
        proof.a = [uint256(0), 0];
        _refuse(_signals(), proof, expected);
        proof = TrapdoorKey.prove(_signals());
        proof.c = [uint256(0), 0];
        _refuse(_signals(), proof, expected);
        proof = TrapdoorKey.prove(_signals());
        proof.b = [[uint256(0), 0], [uint256(0), 0]];
        _refuse(_signals(), proof, expected);
    }

    function test_RevertWhen_APointIsOffItsCurve() public {
        for (uint256 i = 0; i < 8; ++i) {
            uint256[8] memory words = _words(TrapdoorKey.prove(_signals()));
            words[i] = addmod(words[i], 1, BN254_Q);
            _refuse(_signals(), _proof(words), abi.encodeWithSelector(IGroth16Verifier.PrecompileFailed.selector, 8));
        }
    }

    function test_RevertWhen_CalldataIsTooLongOrTooShort() public view {
        bytes memory data = _call(_signals(), TrapdoorKey.prove(_signals()));
        (bool done, bytes memory answer) = address(verifier).staticcall(bytes.concat(data, hex"00"));
        assertFalse(done, "one byte too long");
        assertEq(
            keccak256(answer),
            keccak256(abi.encodeWithSelector(IGroth16Verifier.CalldataLength.selector, data.length + 1)),
            "reason"
        );
        (done,) = address(verifier).staticcall(bytes.concat(data, bytes32(0)));
        assertFalse(done, "one word too long");
        assembly {
            mstore(data, sub(mload(data), 1))
        }
        (done,) = address(verifier).staticcall(data);
        assertFalse(done, "one byte too short");
    }

    function test_LowGasIsNeverTrue() public view {
        bytes memory good = _call(_signals(), TrapdoorKey.prove(_signals()));
        uint256[SIGNAL_COUNT] memory other = _signals();
        other[0] += 1;
        bytes memory bad = _call(other, TrapdoorKey.prove(_signals()));
        for (uint256 gasSent = 1_000; gasSent < 260_000; gasSent += 3_001) {
            (bool done, bytes memory answer) = address(verifier).staticcall{gas: gasSent}(bad);
            assertFalse(done && abi.decode(answer, (bool)), "a bad proof");
            (done, answer) = address(verifier).staticcall{gas: gasSent}(good);
            assertTrue(!done || abi.decode(answer, (bool)), "a good proof is refused, not false");
        }
    }

    // --- the key

    function test_RevertWhen_GammaIsDelta() public {
        VerifyingKey memory key = TrapdoorKey.key();
        key.delta = key.gamma;
        _refuseKey(key, abi.encodeWithSelector(VerifyingKeyCheck.GammaIsDelta.selector));
        key.delta = [key.gamma[0], [BN254_Q - key.gamma[1][0], BN254_Q - key.gamma[1][1]]];
        _refuseKey(key, abi.encodeWithSelector(VerifyingKeyCheck.GammaIsDelta.selector));
    }

    function test_RevertWhen_NobodyContributed() public {
        VerifyingKey memory key = TrapdoorKey.key();
        key.delta = [
            [
                11559732032986387107991004021392285783925812861821192530917403151452391805634,
                10857046999023057135944570762232829481370756359578518086990519993285655852781
            ],
            [
                4082367875863433681332203403145435568316851327593401208105741076214120093531,
                8495653923123431417604973247489272438418190587263600148770280649306958101930
            ]
        ];
        _refuseKey(key, abi.encodeWithSelector(VerifyingKeyCheck.NoContribution.selector));
    }

    function test_RevertWhen_NobodyMadeTheFirstPhase() public {
        bytes memory expected = abi.encodeWithSelector(VerifyingKeyCheck.NoFirstPhase.selector);
        for (uint256 i = 0; i < 4; ++i) {
            VerifyingKey memory key = TrapdoorKey.key();
            uint256[2][2] memory point = i < 2 ? key.gamma : key.delta;
            if (i % 2 == 1) point = [point[0], [BN254_Q - point[1][0], BN254_Q - point[1][1]]];
            key.beta = point;
            _refuseKey(key, expected);
        }
        VerifyingKey memory started = TrapdoorKey.key();
        started.alpha = [uint256(1), 2];
        _refuseKey(started, expected);
        started.alpha = [uint256(1), BN254_Q - 2];
        _refuseKey(started, expected);
    }

    function test_RevertWhen_AKeysG1PointIsBad() public {
        for (uint256 i = 0; i < 7; ++i) {
            bytes memory expected =
                abi.encodeWithSelector(VerifyingKeyCheck.BadKeyPoint.selector, i == 6 ? "alpha" : "ic");
            uint256[2][4] memory bad = _badG1(i == 6 ? TrapdoorKey.key().alpha : TrapdoorKey.key().ic[i]);
            for (uint256 j = 0; j < 4; ++j) {
                VerifyingKey memory key = TrapdoorKey.key();
                if (i == 6) key.alpha = bad[j];
                else key.ic[i] = bad[j];
                _refuseKey(key, expected);
            }
        }
    }

    function test_RevertWhen_AKeysG2PointIsBad() public {
        for (uint256 i = 0; i < 3; ++i) {
            string memory name = ["beta", "gamma", "delta"][i];
            for (uint256 j = 0; j < 4; ++j) {
                VerifyingKey memory key = TrapdoorKey.key();
                uint256[2][2] memory point = i == 0 ? key.beta : i == 1 ? key.gamma : key.delta;
                if (j == 0) point = [[uint256(0), 0], [uint256(0), 0]];
                if (j == 1) point[1][0] += 1;
                if (j == 2) point[0][1] += BN254_Q;
                if (j == 3) point = _outOfSubgroup();
                if (i == 0) key.beta = point;
                if (i == 1) key.gamma = point;
                if (i == 2) key.delta = point;
                _refuseKey(key, abi.encodeWithSelector(VerifyingKeyCheck.BadKeyPoint.selector, name));
            }
        }
    }

    function test_RevertWhen_ThereAreOtherThanSixPoints() public {
        for (uint256 count = 0; count < 9; ++count) {
            if (count == SIGNAL_COUNT + 1) continue;
            VerifyingKey memory key = TrapdoorKey.key();
            uint256[2][] memory points = new uint256[2][](count);
            for (uint256 i = 0; i < count; ++i) {
                points[i] = key.ic[i % (SIGNAL_COUNT + 1)];
            }
            key.ic = points;
            _refuseKey(
                key, abi.encodeWithSelector(VerifyingKeyCheck.WrongSignalCount.selector, count, SIGNAL_COUNT + 1)
            );
        }
    }

    function test_RevertWhen_SignalsShareAPoint() public {
        VerifyingKey memory key = TrapdoorKey.key();
        key.ic[4] = key.ic[2];
        _refuseKey(key, abi.encodeWithSelector(VerifyingKeyCheck.ConfusedSignals.selector, 2, 4));
        key.ic[4] = [key.ic[2][0], BN254_Q - key.ic[2][1]];
        _refuseKey(key, abi.encodeWithSelector(VerifyingKeyCheck.ConfusedSignals.selector, 2, 4));
    }

    /// @dev The forgery that the check is for: with gamma = delta, A = alpha, B = beta and C = -(sum over the signals)
    /// satisfy the equation for any signals.
    function test_TheForgeryHoldsUnderTheKeyThatIsRefused() public {
        VerifyingKey memory key = TrapdoorKey.key();
        uint256[2] memory sum = TrapdoorKey.g1(123_456_789);
        uint256[2][2] memory minusGamma = [key.gamma[0], [BN254_Q - key.gamma[1][0], BN254_Q - key.gamma[1][1]]];
        bytes memory pairs = bytes.concat(
            abi.encode(key.alpha, key.beta),
            abi.encode(key.alpha[0], BN254_Q - key.alpha[1], key.beta),
            abi.encode(sum, minusGamma),
            abi.encode(sum[0], BN254_Q - sum[1], minusGamma)
        );
        (bool done, bytes memory answer) = address(8).staticcall(pairs);
        assertTrue(done && abi.decode(answer, (uint256)) == 1, "forged");
        key.delta = key.gamma;
        _refuseKey(key, abi.encodeWithSelector(VerifyingKeyCheck.GammaIsDelta.selector));
    }

    // --- helpers

    function _signals() private pure returns (uint256[SIGNAL_COUNT] memory signals) {
        for (uint256 i = 0; i < SIGNAL_COUNT; ++i) {
            signals[i] = uint256(keccak256(abi.encode("signal", i))) >> 4;
        }
    }

    function _verify(uint256[SIGNAL_COUNT] memory signals, Proof memory proof) private view returns (bool) {
        return verifier.verify(proof.a, proof.b, proof.c, signals);
    }

    function _call(uint256[SIGNAL_COUNT] memory signals, Proof memory proof) private pure returns (bytes memory) {
        return abi.encodeCall(IGroth16Verifier.verify, (proof.a, proof.b, proof.c, signals));
    }

    function _refuse(uint256[SIGNAL_COUNT] memory signals, Proof memory proof, bytes memory expected) private {
        // A precompiled contract that fails takes all the gas that it was given.
        vm.expectRevert(expected);
        verifier.verify{gas: 400_000}(proof.a, proof.b, proof.c, signals);
    }

    function _refuseKey(VerifyingKey memory key, bytes memory expected) private {
        vm.expectRevert(expected);
        this.create{gas: 3_000_000}(key);
    }

    function create(VerifyingKey memory key) external {
        new Groth16Verifier(key);
    }

    function _words(Proof memory proof) private pure returns (uint256[8] memory) {
        return
            [proof.a[0], proof.a[1], proof.b[0][0], proof.b[0][1], proof.b[1][0], proof.b[1][1], proof.c[0], proof.c[1]];
    }

    function _proof(uint256[8] memory w) private pure returns (Proof memory) {
        return Proof({a: [w[0], w[1]], b: [[w[2], w[3]], [w[4], w[5]]], c: [w[6], w[7]]});
    }

    /// @dev At infinity, off the curve, and two second spellings.
    function _badG1(uint256[2] memory point) private pure returns (uint256[2][4] memory) {
        return [
            [uint256(0), 0],
            [point[0], addmod(point[1], 1, BN254_Q)],
            [point[0] + BN254_Q, point[1]],
            [point[0], point[1] + BN254_Q]
        ];
    }

    /// @dev On the twist, but out of the subgroup: x = 1, found with py_ecc.
    function _outOfSubgroup() private pure returns (uint256[2][2] memory) {
        return [
            [uint256(0), 1],
            [
                5912654199736721486680175016176231956195085055698687135131307249486702594212,
                18278151005453108793778860132295291098363647455926340152056652516292830556603
            ]
        ];
    }
}
