// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT, SolvencyStatement, Statement} from "../../src/SolvencyStatement.sol";
import {Proof} from "../../src/interfaces/IGroth16Verifier.sol";
import {FeedSource, MarketSnapshot, QuorumSignature} from "../../src/interfaces/IMarketOracle.sol";
import {IPriceAdapter} from "../../src/interfaces/IPriceAdapter.sol";
import {Groth16Verifier} from "../../src/verifier/Groth16Verifier.sol";
import {AggregatorStub} from "../utils/Feeds.sol";
import {ChainlinkAdapter} from "../../src/adapters/ChainlinkAdapter.sol";
import {IAggregatorV3} from "../../src/adapters/IAggregatorV3.sol";
import {System} from "../utils/System.sol";
import {TrapdoorKey} from "../utils/TrapdoorKey.sol";

/// @title Gas of whole transactions: base, call data and execution
/// @dev Run in isolation (the profile `gas`), where each call is a transaction of its own and starts cold.
contract GasTest is System {
    uint256 private constant TARGET = 245_000;

    function test_Verify() public {
        Groth16Verifier verifier = new Groth16Verifier(TrapdoorKey.key());
        uint256[SIGNAL_COUNT] memory signals;
        for (uint256 i = 0; i < SIGNAL_COUNT; ++i) {
            // Full of bytes that are not zero, which call data is dearest with.
            signals[i] = uint256(keccak256(abi.encode(i))) >> 3;
        }
        Proof memory proof = TrapdoorKey.prove(signals);
        bytes memory data = abi.encodeCall(verifier.verify, (proof.a, proof.b, proof.c, signals));
        assertTrue(_measure("verify", address(verifier), data) <= TARGET, "the target");
    }

    function test_Attest() public {
        post(1);
        Statement memory claim = statement(SUBJECT, 1);
        Proof memory proof = prove(claim);
        bytes memory data = abi.encodeCall(registry.attest, (policyId, CIRCUIT, claim, proof));
        _measure("attest", address(registry), data);

        vm.warp(NOW + 60);
        post(2);
        claim = statement(SUBJECT, 2);
        proof = prove(claim);
        data = abi.encodeCall(registry.attest, (policyId, CIRCUIT, claim, proof));
        _measure("attestNewer", address(registry), data);
    }

    function test_PostSnapshot() public {
        MarketSnapshot memory made = snapshot(1);
        QuorumSignature[] memory signatures = signed(oracle.digestOf(made), 2);
        _measure("postSnapshot", address(oracle), abi.encodeCall(oracle.postSnapshot, (made, signatures)));
    }

    function test_IsSolventWithAggregators() public {
        // As on a chain: prices come from aggregators through adapters.
        FeedSource[] memory sources = _aggregatedFeeds();
        for (uint256 i = 0; i < sources.length; ++i) {
            sources[i].feed = feeds()[i].feed;
            (bool done,) =
                scheduleAndCall(address(oracle), abi.encodeCall(oracle.setFeedSource, (UNIVERSE, i, sources[i])));
            assertTrue(done, "source");
        }
        vm.warp(NOW);
        makeSolvent(SUBJECT, 1);
        _measure("isSolvent", address(registry), abi.encodeCall(registry.isSolvent, (SUBJECT, policyId)));
        _measure("inEnvelope", address(oracle), abi.encodeCall(oracle.inEnvelope, (UNIVERSE, snapshot(1).marketRoot)));
    }

    /// @dev Sends a transaction and puts its gas on file.
    function _measure(string memory name, address target, bytes memory data) private returns (uint256 used) {
        (bool done,) = target.call(data);
        used = vm.lastCallGas().gasTotalUsed;
        assertTrue(done, name);
        vm.snapshotValue("transactions", name, used);
    }

    function _aggregatedFeeds() private returns (FeedSource[] memory made) {
        made = feeds();
        uint256[2] memory prices = [uint256(60_000e8), 1e8];
        for (uint256 i = 0; i < 2; ++i) {
            AggregatorStub aggregator = new AggregatorStub(8);
            aggregator.set(int256(prices[i]), NOW);
            made[i].adapter =
                IPriceAdapter(address(new ChainlinkAdapter(aggregator, 7 days, IAggregatorV3(address(0)), 0)));
        }
    }
}
