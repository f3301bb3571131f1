// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ChainlinkAdapter} from "../../src/adapters/ChainlinkAdapter.sol";
import {IAggregatorV3} from "../../src/adapters/IAggregatorV3.sol";
import {IPyth} from "../../src/adapters/IPyth.sol";
import {PythAdapter} from "../../src/adapters/PythAdapter.sol";
import {PriceReport, SignedReportAdapter} from "../../src/adapters/SignedReportAdapter.sol";
import {QuorumSignature} from "../../src/interfaces/IMarketOracle.sol";
import {IPriceAdapter} from "../../src/interfaces/IPriceAdapter.sol";
import {Quorum} from "../../src/oracle/Quorum.sol";
import {AggregatorStub, PythStub} from "../utils/Feeds.sol";
import {System} from "../utils/System.sol";

/// @dev Behaviours in Adapters.tree.
contract AdaptersTest is System {
    IAggregatorV3 private constant NO_SEQUENCER = IAggregatorV3(address(0));
    bytes32 private constant ID = keccak256("price id");

    AggregatorStub private aggregator;
    AggregatorStub private sequencer;
    ChainlinkAdapter private chainlink;
    PythStub private pyth;
    PythAdapter private pulled;
    SignedReportAdapter private reported;

    function setUp() public override {
        super.setUp();
        aggregator = new AggregatorStub(8);
        sequencer = new AggregatorStub(0);
        aggregator.set(60_000e8, NOW);
        sequencer.set(0, NOW - 1 days);
        chainlink = new ChainlinkAdapter(aggregator, 1 hours, sequencer, 1 hours);
        pyth = new PythStub();
        pulled = new PythAdapter(pyth, ID, 60, 5, 100);
        reported = new SignedReportAdapter(BTC, publishers(), 2, 60);
    }

    // --- Chainlink

    function test_ChainlinkScalesEveryNumberOfDecimals() public {
        _reads(chainlink, 60_000e18, 60_000e18);
        for (uint8 decimals = 0; decimals <= 18; ++decimals) {
            aggregator.setDecimals(decimals);
            aggregator.set(int256(7 * 10 ** uint256(decimals)), NOW);
            _reads(chainlink, 7e18, 7e18);
        }
        aggregator.setDecimals(19);
        _refuses(chainlink, abi.encodeWithSelector(IPriceAdapter.BadPrice.selector, 7e18));
    }

    function test_ChainlinkRefusesAnswersThatAreNoPrice() public {
        int256[4] memory bad = [int256(0), -1, type(int256).min, type(int256).max];
        for (uint256 i = 0; i < bad.length; ++i) {
            aggregator.set(bad[i], NOW);
            _refuses(chainlink, abi.encodeWithSelector(IPriceAdapter.BadPrice.selector, bad[i]));
        }
        int256 large = int256(uint256(type(uint128).max));
        aggregator.set(large, NOW);
        _refuses(chainlink, abi.encodeWithSelector(IPriceAdapter.BadPrice.selector, large));
    }

    function test_ChainlinkRefusesWhatIsNotFresh() public {
        aggregator.set(60_000e8, NOW - 1 hours);
        _reads(chainlink, 60_000e18, 60_000e18);
        aggregator.set(60_000e8, NOW - 1 hours - 1);
        _refuses(chainlink, abi.encodeWithSelector(IPriceAdapter.StalePrice.selector, NOW - 1 hours - 1, NOW - 1 hours));
        aggregator.set(60_000e8, 0);
        _refuses(chainlink, abi.encodeWithSelector(IPriceAdapter.StalePrice.selector, 0, NOW - 1 hours));
        aggregator.set(60_000e8, NOW + 1);
        _refuses(chainlink, abi.encodeWithSelector(IPriceAdapter.FuturePrice.selector, NOW + 1));
    }

    function test_ChainlinkRefusesWhileTheSequencerIsNotUpForLong() public {
        sequencer.set(1, NOW - 1 days);
        _refuses(chainlink, abi.encodeWithSelector(ChainlinkAdapter.SequencerDown.selector));
        sequencer.set(0, 0);
        _refuses(chainlink, abi.encodeWithSelector(ChainlinkAdapter.SequencerDown.selector));
        sequencer.set(0, NOW + 1);
        _refuses(chainlink, abi.encodeWithSelector(ChainlinkAdapter.SequencerDown.selector));
        sequencer.set(0, NOW - 1 hours + 1);
        _refuses(chainlink, abi.encodeWithSelector(ChainlinkAdapter.SequencerJustBack.selector, NOW - 1 hours + 1));
        sequencer.set(0, NOW - 1 hours);
        _reads(chainlink, 60_000e18, 60_000e18);
        // A chain without one.
        ChainlinkAdapter plain = new ChainlinkAdapter(aggregator, 1 hours, NO_SEQUENCER, 0);
        sequencer.set(1, NOW);
        _reads(plain, 60_000e18, 60_000e18);
    }

    function test_RevertWhen_ChainlinkIsSetUpWrongly() public {
        _expectBad("feed");
        new ChainlinkAdapter(IAggregatorV3(address(0xdead)), 1, NO_SEQUENCER, 0);
        _expectBad("maxAge");
        new ChainlinkAdapter(aggregator, 0, NO_SEQUENCER, 0);
        _expectBad("maxAge");
        new ChainlinkAdapter(aggregator, 7 days + 1, NO_SEQUENCER, 0);
        _expectBad("sequencer");
        new ChainlinkAdapter(aggregator, 1, IAggregatorV3(address(0xdead)), 1);
        _expectBad("sequencerGrace");
        new ChainlinkAdapter(aggregator, 1, sequencer, 0);
        _expectBad("sequencerGrace");
        new ChainlinkAdapter(aggregator, 1, NO_SEQUENCER, 1);
        aggregator.setDecimals(19);
        _expectBad("decimals");
        new ChainlinkAdapter(aggregator, 1, NO_SEQUENCER, 0);
    }

    // --- Pyth

    function test_PythReadsTheConfidenceInterval() public {
        vm.expectRevert(PythStub.NoPrice.selector);
        pulled.read();
        _bring(6_000_000_000_000, 1_000_000_000, -8, NOW);
        _reads(pulled, 59_990e18, 60_010e18);
        _bring(60_000, 0, 0, NOW + 1);
        _reads(pulled, 60_000e18, 60_000e18);
        _bring(5, 0, -18, NOW + 2);
        _reads(pulled, 5, 5);
    }

    function test_PythRefusesWhatIsNoPrice() public {
        _bring(0, 0, -8, NOW - 3);
        _refuses(pulled, abi.encodeWithSelector(IPriceAdapter.BadPrice.selector, 0));
        _bring(-1, 0, -8, NOW - 2);
        _refuses(pulled, abi.encodeWithSelector(IPriceAdapter.BadPrice.selector, -1));
        _bring(5, 0, -19, NOW - 1);
        _refuses(pulled, abi.encodeWithSelector(PythAdapter.BadExponent.selector, -19));
        _bring(5, 0, 1, NOW);
        _refuses(pulled, abi.encodeWithSelector(PythAdapter.BadExponent.selector, 1));
        _bring(5, 0, type(int32).min, NOW + 1);
        _refuses(pulled, abi.encodeWithSelector(PythAdapter.BadExponent.selector, type(int32).min));
    }

    function test_PythRefusesAnUncertainPrice() public {
        _bring(10_000, 100, 0, NOW);
        _reads(pulled, 9_900e18, 10_100e18);
        _bring(10_000, 101, 0, NOW + 1);
        _refuses(pulled, abi.encodeWithSelector(PythAdapter.PriceTooUncertain.selector, 10_000e18, 101e18));
        _bring(1, type(uint64).max, 0, NOW + 2);
        _refuses(
            pulled,
            abi.encodeWithSelector(PythAdapter.PriceTooUncertain.selector, 1e18, uint256(type(uint64).max) * 1e18)
        );
    }

    function test_PythRefusesWhatIsNotFresh() public {
        _bring(5, 0, 0, NOW + 5);
        _reads(pulled, 5e18, 5e18);
        vm.warp(NOW - 1);
        _refuses(pulled, abi.encodeWithSelector(IPriceAdapter.FuturePrice.selector, NOW + 5));
        vm.warp(NOW + 65);
        _reads(pulled, 5e18, 5e18);
        vm.warp(NOW + 66);
        _refuses(pulled, abi.encodeWithSelector(IPriceAdapter.StalePrice.selector, NOW + 5, NOW + 6));
    }

    function test_PythIsBroughtForItsFee() public {
        bytes[] memory data = new bytes[](1);
        data[0] = abi.encode(ID, IPyth.Price(5, 0, 0, NOW));
        vm.deal(SUBJECT, 10);
        vm.startPrank(SUBJECT);
        vm.expectRevert(abi.encodeWithSelector(PythAdapter.FeeTooLow.selector, 0, 1));
        pulled.update(data);
        pulled.update{value: 10}(data);
        assertEq(SUBJECT.balance, 9, "the rest came back");
        pulled.update{value: 1}(data);
        vm.stopPrank();
        _reads(pulled, 5e18, 5e18);
        // Nobody home to take the rest.
        vm.deal(address(this), 10);
        vm.expectRevert(PythAdapter.RefundFailed.selector);
        pulled.update{value: 10}(data);
    }

    function test_RevertWhen_PythIsSetUpWrongly() public {
        _expectBad("pyth");
        new PythAdapter(IPyth(address(0xdead)), ID, 60, 5, 100);
        _expectBad("id");
        new PythAdapter(pyth, 0, 60, 5, 100);
        _expectBad("maxAge");
        new PythAdapter(pyth, ID, 0, 5, 100);
        _expectBad("maxAge");
        new PythAdapter(pyth, ID, 1 days + 1, 5, 100);
        _expectBad("maxAhead");
        new PythAdapter(pyth, ID, 60, 61, 100);
        _expectBad("maxConfidence");
        new PythAdapter(pyth, ID, 60, 5, 0);
        _expectBad("maxConfidence");
        new PythAdapter(pyth, ID, 60, 5, 5_001);
    }

    // --- signed reports

    function test_ReportIsReadWhileFresh() public {
        _refuses(reported, abi.encodeWithSelector(IPriceAdapter.StalePrice.selector, 0, NOW - 60));
        PriceReport memory report = PriceReport(59_000e18, 61_000e18, uint40(NOW));
        reported.submit(report, signed(reported.digestOf(report), 2));
        _reads(reported, 59_000e18, 61_000e18);
        vm.warp(NOW + 60);
        _reads(reported, 59_000e18, 61_000e18);
        vm.warp(NOW + 61);
        _refuses(reported, abi.encodeWithSelector(IPriceAdapter.StalePrice.selector, NOW, NOW + 1));
    }

    function test_RevertWhen_AReportIsNotOne() public {
        PriceReport memory report = PriceReport(59_000e18, 61_000e18, uint40(NOW));
        _refuseReport(report, 1, abi.encodeWithSelector(Quorum.QuorumNotReached.selector, 1, 2));
        reported.submit(report, signed(reported.digestOf(report), 2));
        _refuseReport(report, 2, abi.encodeWithSelector(SignedReportAdapter.NotNewer.selector, NOW, NOW));
        report.time = uint40(NOW + 1);
        _refuseReport(report, 2, abi.encodeWithSelector(IPriceAdapter.FuturePrice.selector, NOW + 1));
        vm.warp(NOW + 100);
        _refuseReport(report, 2, abi.encodeWithSelector(IPriceAdapter.StalePrice.selector, NOW + 1, NOW + 40));
        report = PriceReport(0, 1, uint40(NOW + 100));
        _refuseReport(report, 2, abi.encodeWithSelector(SignedReportAdapter.BadInterval.selector, 0, 1));
        report = PriceReport(2, 1, uint40(NOW + 100));
        _refuseReport(report, 2, abi.encodeWithSelector(SignedReportAdapter.BadInterval.selector, 2, 1));
        // Signed for another feed's adapter.
        SignedReportAdapter other = new SignedReportAdapter(USDC, publishers(), 2, 60);
        report = PriceReport(1, 1, uint40(NOW + 100));
        QuorumSignature[] memory signatures = signed(other.digestOf(report), 2);
        vm.expectRevert(abi.encodeWithSelector(Quorum.BadSignature.selector, signatures[0].signer));
        reported.submit(report, signatures);
    }

    function test_RevertWhen_ReportersAreSetUpWrongly() public {
        address[] memory reporters = publishers();
        _expectBad("feed");
        new SignedReportAdapter(0, reporters, 2, 60);
        _expectBad("quorum");
        new SignedReportAdapter(BTC, reporters, 0, 60);
        _expectBad("quorum");
        new SignedReportAdapter(BTC, reporters, 4, 60);
        _expectBad("maxAge");
        new SignedReportAdapter(BTC, reporters, 2, 0);
        _expectBad("reporters");
        new SignedReportAdapter(BTC, new address[](33), 2, 60);
        reporters[1] = reporters[0];
        _expectBad("reporters");
        new SignedReportAdapter(BTC, reporters, 2, 60);
    }

    // --- helpers

    function _bring(int64 price, uint64 conf, int32 expo, uint256 time) private {
        bytes[] memory data = new bytes[](1);
        data[0] = abi.encode(ID, IPyth.Price(price, conf, expo, time));
        vm.deal(SUBJECT, 1);
        vm.prank(SUBJECT);
        pulled.update{value: 1}(data);
    }

    function _reads(IPriceAdapter adapter, uint256 expectedLow, uint256 expectedHigh) private view {
        (uint256 low, uint256 high) = adapter.read();
        assertEq(low, expectedLow, "low");
        assertEq(high, expectedHigh, "high");
    }

    function _refuses(IPriceAdapter adapter, bytes memory expected) private {
        vm.expectRevert(expected);
        adapter.read();
    }

    function _refuseReport(PriceReport memory report, uint256 signers, bytes memory expected) private {
        QuorumSignature[] memory signatures = signed(reported.digestOf(report), signers);
        vm.expectRevert(expected);
        reported.submit(report, signatures);
    }

    function _expectBad(string memory what) private {
        vm.expectRevert(abi.encodeWithSelector(IPriceAdapter.BadConfiguration.selector, what));
    }
}
