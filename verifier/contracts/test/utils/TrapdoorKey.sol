// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT} from "../../src/SolvencyStatement.sol";
import {Proof, VerifyingKey} from "../../src/interfaces/IGroth16Verifier.sol";
import {BN254_R} from "../../src/verifier/Bn254.sol";

/// @title A sound key whose secret is known here
/// @notice Whoever knows a key's secret can prove anything, which is just what tests want: a real proof under a real key,
/// for any signals, in three multiplications. The scalars are those of the Python tests.
/// @dev Points of G2 were multiplied in Python (py_ecc): 13, 17, 19 and 53 times the generator. A wrong one would make
/// every proof fail.
library TrapdoorKey {
    uint256 internal constant ALPHA = 11;
    uint256 internal constant BETA = 13;
    uint256 internal constant GAMMA = 17;
    uint256 internal constant DELTA = 19;
    uint256 internal constant A = 47;
    uint256 internal constant B = 53;

    /// @dev SHA-256 of nothing in particular: the tests' name for the key outside the chain.
    bytes32 internal constant HASH = keccak256("a key for tests");

    error NoPoint();

    function key() internal view returns (VerifyingKey memory made) {
        made.alpha = g1(ALPHA);
        made.beta = [
            [
                280672898440571232725436467950720547829638241593507531241322547969961007057,
                16137324789686743234629608741537369181251990815455155257427276976918350071287
            ],
            [
                17641806683785498955878869918183868440783188556637975525088932771694068429840,
                12136420650226457477690750437223209427924916790606163705631661913973995426040
            ]
        ];
        made.gamma = [
            [
                15577308679414974642168536368096450326086203870944559758314800234684337462316,
                5571996575954125260736435753480252954196528247617148060558631406349160775832
            ],
            [
                3949072583587836530885517791345259776526014207612010591436388615095276192789,
                11302850696403459405052467769487663388868168369318255751101607320138145101673
            ]
        ];
        made.delta = [
            [
                16849508654450081119304017172227396057124361478955927014163046732185922553166,
                9858527670347636692234166401928174269791741769432234490836150038270445961293
            ],
            [
                13963340053412710066602628493986245254268869857782169725667227673717164818367,
                20108569381576808061469857349769609506804248011311707108758562062556705125393
            ]
        ];
        made.ic = new uint256[2][](SIGNAL_COUNT + 1);
        for (uint256 i = 0; i <= SIGNAL_COUNT; ++i) {
            made.ic[i] = g1(_ic(i));
        }
    }

    /// @dev C = (a * b - alpha * beta - x * gamma) / delta, for x the sum over the signals.
    function prove(uint256[SIGNAL_COUNT] memory signals) internal view returns (Proof memory proof) {
        uint256 x = _ic(0);
        for (uint256 i = 0; i < SIGNAL_COUNT; ++i) {
            x = addmod(x, mulmod(_ic(i + 1), signals[i], BN254_R), BN254_R);
        }
        uint256 known = addmod(ALPHA * BETA, mulmod(x, GAMMA, BN254_R), BN254_R);
        uint256 c = mulmod(addmod(A * B, BN254_R - known, BN254_R), inverse(DELTA), BN254_R);
        proof.a = g1(A);
        proof.b = [
            [
                7234085942017069816637665286002466003764493711376154427052504915072204570673,
                18642607840831714813094989432276742958273158941622220457678664248901455473150
            ],
            [
                18451985186500093884170840226908132611781484047414780162591036025246363764009,
                407084495056097611766373863807956403178144427041003317478211313261233550203
            ]
        ];
        proof.c = g1(c);
    }

    /// @dev The same proof in other bytes: (-A, -B, C) holds for the same signals.
    function negated(Proof memory proof) internal pure returns (Proof memory other) {
        uint256 q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
        other.a = [proof.a[0], q - proof.a[1]];
        other.b = [proof.b[0], [q - proof.b[1][0], q - proof.b[1][1]]];
        other.c = proof.c;
    }

    function g1(uint256 scalar) internal view returns (uint256[2] memory point) {
        (bool done, bytes memory answer) = address(7).staticcall(abi.encode(uint256(1), uint256(2), scalar));
        if (!done || answer.length != 64) revert NoPoint();
        point = abi.decode(answer, (uint256[2]));
    }

    /// @dev By Fermat, with the precompiled contract for powers (EIP-198).
    function inverse(uint256 scalar) internal view returns (uint256) {
        bytes memory input = abi.encode(uint256(32), uint256(32), uint256(32), scalar, BN254_R - 2, BN254_R);
        (bool done, bytes memory answer) = address(5).staticcall(input);
        if (!done || answer.length != 32) revert NoPoint();
        return abi.decode(answer, (uint256));
    }

    /// @dev 23, 29, 31, 37, 41, 43.
    function _ic(uint256 position) private pure returns (uint256) {
        return [uint256(23), 29, 31, 37, 41, 43][position];
    }
}
