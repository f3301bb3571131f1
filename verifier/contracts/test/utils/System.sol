// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketOracle} from "../../src/MarketOracle.sol";
import {SolvencyRegistry} from "../../src/SolvencyRegistry.sol";
import {SolvencyStatement, Statement, Terms} from "../../src/SolvencyStatement.sol";
import {VerifyingKeyRegistry} from "../../src/VerifyingKeyRegistry.sol";
import {Proof} from "../../src/interfaces/IGroth16Verifier.sol";
import {Band, FeedSource, MarketSnapshot, QuorumSignature} from "../../src/interfaces/IMarketOracle.sol";
import {IPriceAdapter} from "../../src/interfaces/IPriceAdapter.sol";
import {Policy} from "../../src/interfaces/ISolvencyRegistry.sol";
import {SettablePrice} from "./Mocks.sol";
import {Test} from "./Test.sol";
import {TrapdoorKey} from "./TrapdoorKey.sol";

/// @title The whole system, live, with a key whose secret the tests know
/// @notice Two feeds, three publishers of whom two must sign, one policy, and functions that make what goes in.
abstract contract System is Test {
    uint256 internal constant NOW = 1_800_000_000;
    uint256 internal constant DELAY = 2 days;
    uint32 internal constant MAX_WINDOW = 6 hours;
    uint32 internal constant MAX_AGE = 30 minutes;

    address internal constant OWNER = address(0x0A11CE);
    address internal constant GUARDIAN = address(0x60A4D);
    address internal constant SUBJECT = address(0xB0B);
    address internal constant OTHER = address(0xCA401);
    address internal constant RELAYER = address(0x4E1A);

    uint256 internal constant UNIVERSE = uint256(keccak256("universe")) >> 8;
    uint256 internal constant LAYOUT = SolvencyStatement.LAYOUT_S2_K4_D5;
    uint256 internal constant ATTESTOR = uint256(keccak256("attestor")) >> 8;
    uint256 internal constant NULLIFIER = uint256(keccak256("nullifier")) >> 8;
    bytes32 internal constant BTC = keccak256("BTC-mark");
    bytes32 internal constant USDC = keccak256("USDC-usd");
    string internal constant KEY_NAME = "account_solvency_8_2_dev";
    bytes32 internal constant CIRCUIT = SolvencyStatement.ACCOUNT_SOLVENCY_8_2_DEV;

    uint256 internal constant BTC_PRICE = 60_000e18;
    uint256 internal constant USDC_PRICE = 1e18;

    VerifyingKeyRegistry internal keys;
    MarketOracle internal oracle;
    SolvencyRegistry internal registry;
    SettablePrice internal btc;
    SettablePrice internal usdc;
    bytes32 internal policyId;

    /// @dev Private keys of the publishers, in the order of their addresses.
    uint256[] internal publisherKeys;

    function setUp() public virtual {
        vm.warp(NOW);
        keys = new VerifyingKeyRegistry(OWNER, GUARDIAN, delay(), false);
        oracle = new MarketOracle(OWNER, GUARDIAN, delay());
        registry = new SolvencyRegistry(OWNER, GUARDIAN, delay(), oracle, keys);
        btc = new SettablePrice();
        usdc = new SettablePrice();
        btc.set(BTC_PRICE);
        usdc.set(USDC_PRICE);
        publisherKeys = sortedKeys(3);

        vm.startPrank(OWNER);
        keys.addKey(KEY_NAME, TrapdoorKey.HASH, true, TrapdoorKey.key());
        oracle.registerUniverse(UNIVERSE, feeds(), publishers(), 2, MAX_WINDOW);
        policyId = registry.addPolicy(policy());
        keys.goLive();
        oracle.goLive();
        registry.goLive();
        vm.stopPrank();
    }

    /// @dev How long additions wait.
    function delay() internal pure virtual returns (uint256) {
        return DELAY;
    }

    function policy() internal pure returns (Policy memory made) {
        made.name = "lender";
        made.universe = UNIVERSE;
        made.layoutId = LAYOUT;
        made.level = uint8(SolvencyStatement.LEVEL_MAINTENANCE);
        made.coverage = uint8(SolvencyStatement.COVERAGE_ACCOUNT);
        made.ratio = 2;
        made.floor = 1_000;
        made.maxAge = MAX_AGE;
        made.circuits = new bytes32[](1);
        made.circuits[0] = CIRCUIT;
        made.attestors = new uint256[](1);
        made.attestors[0] = ATTESTOR;
    }

    function feeds() internal view virtual returns (FeedSource[] memory made) {
        made = new FeedSource[](2);
        made[0] = FeedSource({feed: BTC, adapter: btc, check: IPriceAdapter(address(0)), maxDivergence: 0});
        made[1] = FeedSource({feed: USDC, adapter: usdc, check: IPriceAdapter(address(0)), maxDivergence: 0});
    }

    /// @dev A snapshot of this second, five percent about the BTC price and one about the stablecoin's.
    function snapshot(uint32 epoch) internal view returns (MarketSnapshot memory made) {
        made.marketRoot = uint256(keccak256(abi.encode("root", epoch))) >> 8;
        made.snapshotHash = uint256(keccak256(abi.encode("snapshot", epoch))) >> 8;
        made.universe = UNIVERSE;
        made.layoutId = LAYOUT;
        made.level = uint8(SolvencyStatement.LEVEL_MAINTENANCE);
        made.epoch = epoch;
        made.time = uint40(block.timestamp);
        made.validUntil = uint40(block.timestamp + 1 hours);
        made.bands = new Band[](2);
        made.bands[0] = Band({feed: BTC, low: 57_000e18, high: 63_000e18});
        made.bands[1] = Band({feed: USDC, low: 0.99e18, high: 1.01e18});
    }

    /// @dev Signatures of the first `count` publishers.
    function signed(bytes32 digest, uint256 count) internal view returns (QuorumSignature[] memory made) {
        made = new QuorumSignature[](count);
        for (uint256 i = 0; i < count; ++i) {
            made[i] = signature(publisherKeys[i], digest);
        }
    }

    function signature(uint256 privateKey, bytes32 digest) internal pure returns (QuorumSignature memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return QuorumSignature({signer: vm.addr(privateKey), signature: abi.encodePacked(r, s, v)});
    }

    /// @dev Posts a snapshot of this second with a quorum.
    function post(uint32 epoch) internal returns (MarketSnapshot memory made) {
        made = snapshot(epoch);
        oracle.postSnapshot(made, signed(oracle.digestOf(made), 2));
    }

    /// @dev Terms that the policy asks for, as of this second.
    function terms(address subject) internal view returns (Terms memory) {
        return Terms({
            version: SolvencyStatement.TERMS_VERSION,
            level: SolvencyStatement.LEVEL_MAINTENANCE,
            coverage: SolvencyStatement.COVERAGE_ACCOUNT,
            asOf: block.timestamp,
            subject: subject,
            floor: 1_000,
            ratio: 2
        });
    }

    /// @dev A statement that the policy accepts, over the snapshot of an epoch.
    function statement(address subject, uint32 epoch) internal view returns (Statement memory) {
        return Statement({
            marketRoot: snapshot(epoch).marketRoot,
            attestor: ATTESTOR,
            terms: SolvencyStatement.pack(terms(subject)),
            nullifier: nullifierOf(subject),
            context: registry.contextOf(policyId)
        });
    }

    function nullifierOf(address subject) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("nullifier", subject))) >> 8;
    }

    function prove(Statement memory claim) internal view returns (Proof memory) {
        return TrapdoorKey.prove(SolvencyStatement.toSignals(claim));
    }

    /// @dev Sends a statement with a proof of it.
    function attest(Statement memory claim) internal returns (address) {
        return registry.attest(policyId, CIRCUIT, claim, prove(claim));
    }

    /// @dev The subject is on record over the snapshot of an epoch, which is posted first when it is new.
    function makeSolvent(address subject, uint32 epoch) internal {
        (, uint32 newest) = oracle.latest(UNIVERSE, LAYOUT, uint8(SolvencyStatement.LEVEL_MAINTENANCE));
        if (epoch > newest) post(epoch);
        attest(statement(subject, epoch));
    }

    function isSolvent(address subject) internal view returns (bool) {
        return registry.isSolvent(subject, policyId);
    }

    function publishers() internal view returns (address[] memory made) {
        made = new address[](publisherKeys.length);
        for (uint256 i = 0; i < made.length; ++i) {
            made[i] = vm.addr(publisherKeys[i]);
        }
    }

    /// @dev Private keys whose addresses increase.
    function sortedKeys(uint256 count) internal pure returns (uint256[] memory made) {
        made = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 fresh = uint256(keccak256(abi.encode("publisher", i))) >> 8;
            uint256 place = i;
            while (place > 0 && vm.addr(made[place - 1]) > vm.addr(fresh)) {
                made[place] = made[place - 1];
                --place;
            }
            made[place] = fresh;
        }
    }

    /// @dev Runs a delayed call as the owner: scheduled, waited for, made.
    function scheduleAndCall(address target, bytes memory call) internal returns (bool done, bytes memory answer) {
        vm.prank(OWNER);
        (done, answer) = target.call(abi.encodeWithSignature("schedule(bytes)", call));
        require(done, "schedule");
        vm.warp(block.timestamp + delay());
        vm.prank(OWNER);
        (done, answer) = target.call(call);
    }
}
