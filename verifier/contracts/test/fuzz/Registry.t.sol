// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT, SolvencyStatement, Statement, Terms} from "../../src/SolvencyStatement.sol";
import {MarketSnapshot} from "../../src/interfaces/IMarketOracle.sol";
import {Proof} from "../../src/interfaces/IGroth16Verifier.sol";
import {System} from "../utils/System.sol";
import {TrapdoorKey} from "../utils/TrapdoorKey.sol";

/// @dev Behaviours in Registry.tree.
contract RegistryFuzzTest is System {
    function setUp() public override {
        super.setUp();
        post(1);
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_ATrueProofIsTakenExactlyWhenTheTermsAreThePolicys(
        uint8 version,
        uint8 level,
        uint8 coverage,
        uint256 asOf,
        uint256 floor,
        uint8 ratio
    ) public {
        // Near what the policy asks for, or every run would be refused for the same reason.
        Terms memory made = Terms({
            version: version % 8 == 0 ? version : SolvencyStatement.TERMS_VERSION,
            level: level % 8 < 4 ? level % 4 : 1,
            coverage: coverage % 8 < 4 ? coverage % 4 : 1,
            asOf: bound(asOf, NOW - 3, NOW + 3),
            subject: SUBJECT,
            floor: bound(floor, 990, 1_100),
            ratio: ratio % 8
        });
        bool wanted = made.version == 1 && made.level == 1 && made.coverage == 1 && made.asOf == NOW
            && made.floor >= 1_000 && made.ratio >= 2;
        Statement memory claim = statement(SUBJECT, 1);
        claim.terms = SolvencyStatement.pack(made);
        (bool done,) = address(registry).call(abi.encodeCall(registry.attest, (policyId, CIRCUIT, claim, prove(claim))));
        assertTrue(done == wanted, "taken");
        assertTrue(isSolvent(SUBJECT) == wanted, "solvent");
    }

    /// forge-config: default.fuzz.runs = 128
    function testFuzz_NoOtherSignalsUnderATrueProof(uint256 position, uint256 difference) public {
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        uint256[SIGNAL_COUNT] memory signals = SolvencyStatement.toSignals(claim);
        position = bound(position, 0, SIGNAL_COUNT - 1);
        vm.assume(difference != 0);
        unchecked {
            signals[position] += difference;
        }
        Statement memory changed = abi.decode(abi.encode(signals), (Statement));
        (bool done,) =
            address(registry).call{gas: 600_000}(abi.encodeCall(registry.attest, (policyId, CIRCUIT, changed, proof)));
        assertFalse(done, "refused");
        assertFalse(isSolvent(SUBJECT), "nothing is on record");
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_NoOtherWordsInATrueProof(uint256 word, uint256 value) public {
        Statement memory claim = statement(SUBJECT, 1);
        bytes memory encoded = abi.encode(prove(claim));
        word = bound(word, 1, 8);
        uint256 before;
        assembly ("memory-safe") {
            let place := add(encoded, mul(word, 0x20))
            before := mload(place)
            mstore(place, value)
        }
        vm.assume(before != value);
        (bool done,) = address(registry).call{gas: 600_000}(
            abi.encodeCall(registry.attest, (policyId, CIRCUIT, claim, abi.decode(encoded, (Proof))))
        );
        assertFalse(done, "refused");
    }

    function testFuzz_SolventExactlyInTimeAndInsideTheEnvelope(uint256 elapsed, uint256 bitcoin, uint256 dollar)
        public
    {
        attest(statement(SUBJECT, 1));
        elapsed = bound(elapsed, 0, 2 * uint256(MAX_AGE));
        bitcoin = bound(bitcoin, 55_000e18, 65_000e18);
        dollar = bound(dollar, 0.985e18, 1.015e18);
        vm.warp(NOW + elapsed);
        btc.set(bitcoin);
        usdc.set(dollar);
        bool wanted = elapsed <= MAX_AGE && bitcoin >= 57_000e18 && bitcoin <= 63_000e18 && dollar >= 0.99e18
            && dollar <= 1.01e18;
        assertTrue(isSolvent(SUBJECT) == wanted, "solvent");
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_EpochsOnlyGrowAndDoNotOutrunTime(uint32 first, uint32 second, bool near) public {
        first = uint32(bound(first, 2, NOW));
        if (near) second = uint32(bound(second, first - 2, uint256(first) + 2));
        post(first);
        vm.warp(NOW + 1);
        MarketSnapshot memory made = snapshot(second);
        made.marketRoot += 1;
        (bool done,) =
            address(oracle).call(abi.encodeCall(oracle.postSnapshot, (made, signed(oracle.digestOf(made), 2))));
        assertTrue(done == (second > first && second <= made.time), "posted");
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_ProofsOfAnySignalsVerify(uint256[SIGNAL_COUNT] memory signals) public view {
        for (uint256 i = 0; i < SIGNAL_COUNT; ++i) {
            signals[i] >>= 3;
        }
        Proof memory proof = TrapdoorKey.prove(signals);
        assertTrue(keys.verifierOf(CIRCUIT).verify(proof.a, proof.b, proof.c, signals), "verifies");
    }
}
