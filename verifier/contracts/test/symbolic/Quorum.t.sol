// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {QuorumSignature} from "../../src/interfaces/IMarketOracle.sol";
import {Quorum} from "../../src/oracle/Quorum.sol";

/// @title The counting of signatures, callable
contract QuorumHarness {
    mapping(address member => bool) public members;

    function add(address member) external {
        members[member] = true;
    }

    function reached(uint256 quorum, bytes32 digest, QuorumSignature[] calldata signatures) external view {
        Quorum.requireReached(members, quorum, digest, signatures);
    }
}

/// @dev Run by halmos, for all signers, digests and signatures at once: `make analyse`. What ecrecover answers is left open,
/// so this holds whatever signatures are good.
contract QuorumSymbolic {
    QuorumHarness private harness;

    function setUp() public {
        harness = new QuorumHarness();
    }

    /// @dev Of three that count, no two are the same, all are members, and three are enough only for a quorum up to three.
    function check_NobodyCountsTwiceAndTheThresholdIsExact(
        address[3] calldata signers,
        address[3] calldata known,
        uint256 quorum,
        bytes32 digest,
        bytes32 r,
        bytes32 s,
        uint8 v
    ) public {
        for (uint256 i = 0; i < 3; ++i) {
            harness.add(known[i]);
        }
        QuorumSignature[] memory signatures = new QuorumSignature[](3);
        for (uint256 i = 0; i < 3; ++i) {
            signatures[i] = QuorumSignature(signers[i], abi.encodePacked(r, s, v));
        }
        (bool done,) = address(harness).call(abi.encodeCall(harness.reached, (quorum, digest, signatures)));
        if (!done) return;
        assert(quorum <= 3);
        assert(signers[0] != signers[1] && signers[1] != signers[2] && signers[0] != signers[2]);
        for (uint256 i = 0; i < 3; ++i) {
            assert(signers[i] == known[0] || signers[i] == known[1] || signers[i] == known[2]);
        }
    }

    function check_NoneIsNeverEnough(uint256 quorum, bytes32 digest) public {
        (bool done,) =
            address(harness).call(abi.encodeCall(harness.reached, (quorum, digest, new QuorumSignature[](0))));
        assert(!done);
    }
}
