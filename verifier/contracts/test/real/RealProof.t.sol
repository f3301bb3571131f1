// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SolvencyRegistry} from "../../src/SolvencyRegistry.sol";
import {SolvencyStatement, Statement, Terms} from "../../src/SolvencyStatement.sol";
import {VerifyingKeyRegistry} from "../../src/VerifyingKeyRegistry.sol";
import {CreditLine} from "../../src/examples/CreditLine.sol";
import {Proof, VerifyingKey} from "../../src/interfaces/IGroth16Verifier.sol";
import {FeedSource, MarketSnapshot} from "../../src/interfaces/IMarketOracle.sol";
import {ISolvencyRegistry, Policy} from "../../src/interfaces/ISolvencyRegistry.sol";
import {Dollars, SettablePrice} from "../utils/Mocks.sol";
import {System} from "../utils/System.sol";
import {TrapdoorKey} from "../utils/TrapdoorKey.sol";

/// @title Real proofs of the real circuit, made in this run
/// @dev `pytest tests/contracts/test_forge.py` writes the file first; everything in it was encoded by the project's Python. Without it
/// the tests are skipped, and say so.
contract RealProofTest is System {
    string private constant FILE = "/../../build/contracts/real.json";

    bool private present;
    string private json;
    address private subject;
    SolvencyRegistry private real;
    bytes32 private realPolicy;
    SettablePrice private eth;

    modifier whenPresent() {
        vm.skip(!present, "build/contracts/real.json is not there: pytest tests/contracts/test_forge.py makes it");
        _;
    }

    function setUp() public override {
        super.setUp();
        string memory path = string.concat(vm.projectRoot(), FILE);
        present = vm.exists(path);
        if (!present) return;
        json = vm.readFile(path);
        subject = vm.parseJsonAddress(json, ".subject");

        // The trapdoor key has the circuit's name in the other registry, so the real one is in its own.
        VerifyingKeyRegistry realKeys = new VerifyingKeyRegistry(OWNER, GUARDIAN, DELAY, false);
        // The address that the proofs are for: the first contract of this deployer.
        vm.prank(vm.parseJsonAddress(json, ".deployer"));
        real = new SolvencyRegistry(OWNER, GUARDIAN, DELAY, oracle, realKeys);
        assertEq(address(real), vm.parseJsonAddress(json, ".registry"), "where the registry is");

        (MarketSnapshot memory market,,) = _claim(".first");
        eth = new SettablePrice();
        eth.set(3_000e18);
        FeedSource[] memory sources = feeds();
        sources[0].feed = market.bands[0].feed;
        (sources[1].feed, sources[1].adapter) = (market.bands[1].feed, eth);
        VerifyingKey memory key = abi.decode(vm.parseJsonBytes(json, ".key"), (VerifyingKey));

        vm.startPrank(OWNER);
        realKeys.addKey(vm.parseJsonString(json, ".name"), vm.parseJsonBytes32(json, ".keyHash"), true, key);
        realKeys.goLive();
        oracle.registerUniverse(market.universe, sources, publishers(), 2, MAX_WINDOW);
        realPolicy = real.addPolicy(abi.decode(vm.parseJsonBytes(json, ".policy"), (Policy)));
        real.goLive();
        vm.stopPrank();
        _post(market);
    }

    function test_PythonAndSolidityAgreeOnTheContext() public whenPresent {
        assertEq(real.contextOf(realPolicy), vm.parseJsonUint(json, ".context"), "context");
        (, Statement memory claim,) = _claim(".first");
        Terms memory terms = SolvencyStatement.unpack(claim.terms);
        assertEq(terms.subject, subject, "subject");
        assertEq(terms.asOf, NOW - 50, "as of");
        assertEq(terms.floor, 1_000, "floor");
    }

    function test_AProofOpensALineAPriceClosesItANewProofReopensIt() public whenPresent {
        (MarketSnapshot memory market, Statement memory claim, Proof memory proof) = _claim(".first");
        Dollars token = new Dollars();
        CreditLine line = new CreditLine(real, realPolicy, token, address(this), subject, 100, 0, 1 hours);
        token.mint(address(this), 100);
        token.approve(address(line), 100);
        line.fund(100);

        (, Statement memory later,) = _claim(".second");
        // The lapse is before the second account was as it was proven.
        vm.warp(SolvencyStatement.asOf(later.terms) - 1);
        vm.prank(RELAYER);
        assertEq(real.attest(realPolicy, SolvencyStatement.ACCOUNT_SOLVENCY_8_2_DEV, claim, proof), subject, "who");
        vm.prank(subject);
        line.draw(10);

        btc.set(65_000e18);
        assertFalse(real.isSolvent(subject, realPolicy), "a price move closes it");
        line.freeze();
        vm.warp(NOW);
        (market, claim, proof) = _claim(".second");
        _post(market);
        assertFalse(line.isOpenFor(subject), "a snapshot alone does not reopen it");
        real.attest(realPolicy, SolvencyStatement.ACCOUNT_SOLVENCY_8_2_DEV, claim, proof);
        vm.prank(subject);
        line.draw(90);
        assertEq(token.balanceOf(subject), 100, "a new proof does");
    }

    function test_RevertWhen_AnySignalOfARealProofIsChanged() public whenPresent {
        (, Statement memory claim, Proof memory proof) = _claim(".first");
        (, Statement memory second, Proof memory secondProof) = _claim(".second");
        bytes memory invalid = abi.encodeWithSelector(ISolvencyRegistry.InvalidProof.selector);
        // A re-randomised proof is a proof; another's is not.
        real.attest(realPolicy, SolvencyStatement.ACCOUNT_SOLVENCY_8_2_DEV, claim, TrapdoorKey.negated(proof));
        _refuse(claim, secondProof, invalid);

        // An account that is richer by one, a nullifier that is new, an owner who is another.
        Statement memory changed = abi.decode(abi.encode(claim), (Statement));
        Terms memory terms = SolvencyStatement.unpack(claim.terms);
        terms.asOf += 1;
        changed.terms = SolvencyStatement.pack(terms);
        _refuse(changed, proof, invalid);
        terms.subject = RELAYER;
        changed.terms = SolvencyStatement.pack(terms);
        changed.nullifier += 1;
        _refuse(changed, proof, invalid);
        // The newer snapshot's root under the older proof.
        (MarketSnapshot memory market,,) = _claim(".second");
        _post(market);
        changed = abi.decode(abi.encode(claim), (Statement));
        changed.marketRoot = second.marketRoot;
        _refuse(changed, proof, invalid);
    }

    function _claim(string memory name)
        private
        view
        returns (MarketSnapshot memory market, Statement memory claim, Proof memory proof)
    {
        market = abi.decode(vm.parseJsonBytes(json, string.concat(name, ".snapshot")), (MarketSnapshot));
        claim = abi.decode(vm.parseJsonBytes(json, string.concat(name, ".statement")), (Statement));
        proof = abi.decode(vm.parseJsonBytes(json, string.concat(name, ".proof")), (Proof));
    }

    function _post(MarketSnapshot memory market) private {
        oracle.postSnapshot(market, signed(oracle.digestOf(market), 2));
    }

    function _refuse(Statement memory claim, Proof memory proof, bytes memory expected) private {
        vm.expectRevert(expected);
        real.attest(realPolicy, SolvencyStatement.ACCOUNT_SOLVENCY_8_2_DEV, claim, proof);
    }
}
