// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeedSource, MarketSnapshot, QuorumSignature} from "../../../src/interfaces/IMarketOracle.sol";
import {Policy} from "../../../src/interfaces/ISolvencyRegistry.sol";
import {SettablePrice} from "../../utils/Mocks.sol";
import {System} from "../../utils/System.sol";

/// @title What happens around proofs: time, prices, snapshots, publishers, owner and guardian
/// @notice Keeps a model of its own of what was done, and writes down every deed that should have been refused or taken
/// and was not. Prices are the stubs' own, read past the oracle.
abstract contract MarketHandler is System {
    /// @dev A snapshot that was posted as it should be.
    struct Posted {
        uint256 root;
        uint32 epoch;
        uint256 time;
        uint256 validUntil;
        uint256 btcLow;
        uint256 btcHigh;
        uint256 usdcLow;
        uint256 usdcHigh;
        bool revoked;
    }

    uint256 internal constant SECOND_ATTESTOR = uint256(keccak256("second attestor")) >> 8;
    /// @dev Hundredths of a percent that the two sources of the bitcoin price may be apart.
    uint16 internal constant APART = 200;
    address internal constant STRANGER = address(0x57A46E);

    /// @notice What was taken that should have been refused; empty while all is well.
    string public taken;
    /// @notice What was refused that should have been taken; empty while all is well.
    string public refused;

    Posted[] internal posted;
    mapping(address publisher => bool) internal isMember;
    mapping(uint256 attestor => bool) internal isRevoked;
    bytes32[2] internal policies;
    SettablePrice internal check;
    bool internal paused;
    bool internal halted;
    bool internal tripped;
    bool internal deprecated;

    constructor() {
        check = new SettablePrice();
        check.set(BTC_PRICE);
        setUp();
        address[] memory members = publishers();
        for (uint256 i = 0; i < members.length; ++i) {
            isMember[members[i]] = true;
        }
        Policy memory second = policy();
        second.name = "another lender";
        second.attestors = new uint256[](2);
        (second.attestors[0], second.attestors[1]) = (ATTESTOR, SECOND_ATTESTOR);
        vm.prank(OWNER);
        policies = [policyId, registry.addPolicy(second)];
    }

    function delay() internal pure override returns (uint256) {
        return 5 minutes;
    }

    function feeds() internal view override returns (FeedSource[] memory made) {
        made = super.feeds();
        (made[0].check, made[0].maxDivergence) = (check, APART);
    }

    // ------------------------------------------------------------------------------------------------- time and prices

    function waitAWhile(uint256 elapsed) external {
        vm.warp(block.timestamp + bound(elapsed, 1, 8 minutes));
    }

    /// @dev A price within ten percent of the usual one, on one or both sources.
    function movePrice(uint256 which, uint256 to) external {
        if (which % 4 == 0) return usdc.set(bound(to, 0.985e18, 1.015e18));
        uint256 price = bound(to, 56_000e18, 64_000e18);
        if (which % 4 != 1) btc.set(price);
        if (which % 4 != 2) check.set(price);
    }

    function breakSource(uint256 which, uint256 mode) external {
        SettablePrice source = [btc, check, usdc][which % 3];
        // Answers, answers, reverts, or answers nonsense.
        source.setMode([uint256(0), 0, 0, 1, 3, 4][mode % 6]);
    }

    /// @dev What goes on when nothing goes wrong: all sources answer the usual prices.
    function calmDown() external {
        _calm();
    }

    function tripBreaker(uint256 who) external {
        bool expected = !tripped && _diverged();
        _done(_as(_anybody(who), address(registry), abi.encodeCall(registry.tripBreaker, (UNIVERSE))), expected, "trip");
        if (expected) tripped = true;
    }

    // ------------------------------------------------------------------------------------------------------- snapshots

    function postSnapshot(uint256 first, uint256 second, uint256 step, uint256 window) external {
        _calmSometimes(step);
        (MarketSnapshot memory made, Posted memory fresh) = _next(step, window);
        first = first % 3;
        second = (first + 1 + second % 2) % 3;
        if (first > second) (first, second) = (second, first);
        bool expected = !halted && isMember[vm.addr(publisherKeys[first])] && isMember[vm.addr(publisherKeys[second])];
        bytes32 digest = oracle.digestOf(made);
        QuorumSignature[] memory signatures = new QuorumSignature[](2);
        signatures[0] = signature(publisherKeys[first], digest);
        signatures[1] = signature(publisherKeys[second], digest);
        bool done = _as(_anybody(step), address(oracle), abi.encodeCall(oracle.postSnapshot, (made, signatures)));
        _done(done, expected, "post");
        if (done) posted.push(fresh);
    }

    /// @dev Quorums that are none, and snapshots that are not newer.
    function postForged(uint256 step, uint256 window) external {
        _calmSometimes(step);
        for (uint256 kind = 0; kind < 8; ++kind) {
            _postForged(kind, step, window);
        }
    }

    function _postForged(uint256 kind, uint256 step, uint256 window) private {
        (MarketSnapshot memory made,) = _next(step, window);
        uint256 outsider = uint256(keccak256(abi.encode("outsider", step))) >> 8;
        // Of an epoch that was, of a universe that is not, a root that is there, a window of the future.
        if (kind == 0) made.epoch = posted.length == 0 ? 0 : posted[step % posted.length].epoch;
        if (kind == 0 && posted.length == 0) return;
        if (kind == 1) made.universe = UNIVERSE - 1;
        if (kind == 2) {
            if (posted.length == 0) return;
            made.marketRoot = posted[step % posted.length].root;
        }
        if (kind == 3) made.time = uint40(block.timestamp + 1);
        bytes32 digest = oracle.digestOf(made);
        QuorumSignature[] memory signatures = signed(digest, 2);
        // One who signs twice, one who signs alone, one who is nobody, one who signed something else.
        if (kind == 4) signatures[1] = signatures[0];
        if (kind == 5) signatures = signed(digest, 1);
        if (kind == 6) {
            QuorumSignature memory foreign = signature(outsider, digest);
            signatures[foreign.signer < signatures[0].signer ? 0 : 1] = foreign;
        }
        if (kind == 7) signatures[1] = signature(publisherKeys[1], keccak256(abi.encode(digest)));
        bool done = _as(_anybody(window), address(oracle), abi.encodeCall(oracle.postSnapshot, (made, signatures)));
        _done(done, false, "a forged snapshot");
    }

    function equivocate(uint256 which, uint256 rarely) external {
        if (posted.length == 0 || rarely % 8 != 0) return;
        Posted storage first = posted[which % posted.length];
        (MarketSnapshot memory made,) = _next(which, rarely);
        made.epoch = first.epoch;
        bool expected = isMember[vm.addr(publisherKeys[0])] && isMember[vm.addr(publisherKeys[1])];
        QuorumSignature[] memory signatures = signed(oracle.digestOf(made), 2);
        bytes memory call = abi.encodeCall(oracle.reportEquivocation, (first.root, made, signatures));
        bool done = _as(_anybody(which), address(oracle), call);
        _done(done, expected, "equivocation");
        if (done) halted = true;
    }

    // ------------------------------------------------------------------------------------------------ owner and guardian

    function revokeSnapshot(uint256 which, uint256 rarely) external {
        if (posted.length == 0 || rarely % 4 != 0) return;
        Posted storage found = posted[which % posted.length];
        _guard(address(oracle), abi.encodeCall(oracle.revokeSnapshot, (UNIVERSE, found.root)), true);
        found.revoked = true;
    }

    function haltOrResume() external {
        if (!halted) _guard(address(oracle), abi.encodeCall(oracle.haltUniverse, (UNIVERSE)), true);
        else _own(address(oracle), abi.encodeCall(oracle.resumeUniverse, (UNIVERSE)), true);
        halted = !halted;
    }

    function pauseOrUnpause() external {
        if (!paused) _guard(address(registry), abi.encodeCall(registry.pause, ()), true);
        else _own(address(registry), abi.encodeCall(registry.unpause, ()), true);
        paused = !paused;
    }

    function resetBreaker() external {
        bool expected = tripped && !_diverged();
        _own(address(registry), abi.encodeCall(registry.resetBreaker, (UNIVERSE)), expected);
        if (expected) tripped = false;
    }

    /// @dev Revoked at once, taken back after the delay and not before.
    function revokeOrRestoreAttestor(uint256 which) external {
        uint256 attestor = which % 2 == 0 ? ATTESTOR : SECOND_ATTESTOR;
        if (!isRevoked[attestor]) _guard(address(registry), abi.encodeCall(registry.revokeAttestor, (attestor)), true);
        else _loosen(address(registry), abi.encodeCall(registry.restoreAttestor, (attestor)));
        isRevoked[attestor] = !isRevoked[attestor];
    }

    function revokeOrAddPublisher(uint256 which) external {
        address member = vm.addr(publisherKeys[which % 3]);
        if (isMember[member]) {
            _guard(address(oracle), abi.encodeCall(oracle.revokePublisher, (UNIVERSE, member)), true);
        } else {
            _loosen(address(oracle), abi.encodeCall(oracle.addPublisher, (UNIVERSE, member)));
        }
        isMember[member] = !isMember[member];
    }

    /// @dev For good, so seldom.
    function deprecateKey(uint256 rarely) external {
        if (rarely % 16 != 0 || deprecated) return;
        _guard(address(keys), abi.encodeCall(keys.deprecateKey, (CIRCUIT)), true);
        deprecated = true;
    }

    /// @dev Everything that only somebody may do, tried by nobody in particular; and by the owner without the delay.
    function overreach() external {
        bytes[12] memory calls = [
            abi.encodeCall(registry.pause, ()),
            abi.encodeCall(registry.unpause, ()),
            abi.encodeCall(registry.resetBreaker, (UNIVERSE)),
            abi.encodeCall(registry.addAttestor, (policyId, SECOND_ATTESTOR)),
            abi.encodeCall(registry.restoreAttestor, (ATTESTOR)),
            abi.encodeCall(registry.revokeAttestor, (ATTESTOR)),
            abi.encodeWithSignature("transferOwnership(address)", STRANGER),
            abi.encodeWithSignature("acceptOwnership()"),
            abi.encodeWithSignature("schedule(bytes)", bytes("anything")),
            abi.encodeCall(oracle.resumeUniverse, (UNIVERSE)),
            abi.encodeCall(oracle.setQuorum, (UNIVERSE, 1)),
            abi.encodeCall(oracle.addPublisher, (UNIVERSE, STRANGER))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            address target = i < 9 ? address(registry) : address(oracle);
            _done(_as(STRANGER, target, calls[i]), false, "a stranger's deed");
            if (i == 3 || i == 4 || i >= 10) _own(target, calls[i], false);
            // The guardian stops things, and starts nothing.
            if (i == 1 || i == 2 || i == 9) _done(_as(GUARDIAN, target, calls[i]), false, "the guardian's");
        }
    }

    // ----------------------------------------------------------------------------------------------------------- inside

    /// @dev The snapshot after the latest, five percent about the usual price, and the model's entry of it.
    function _next(uint256 step, uint256 window)
        internal
        view
        returns (MarketSnapshot memory made, Posted memory fresh)
    {
        uint32 latest = posted.length == 0 ? 0 : posted[posted.length - 1].epoch;
        made = snapshot(latest + 1 + uint32(step % 3));
        made.marketRoot = uint256(keccak256(abi.encode(made.marketRoot, block.timestamp, step))) >> 8;
        made.validUntil = uint40(block.timestamp + bound(window, 5 minutes, MAX_WINDOW));
        uint128 shift = uint128(step % 5) * 400e18;
        (made.bands[0].low, made.bands[0].high) = (56_000e18 + shift, 62_000e18 + shift);
        fresh = Posted({
            root: made.marketRoot,
            epoch: made.epoch,
            time: made.time,
            validUntil: made.validUntil,
            btcLow: made.bands[0].low,
            btcHigh: made.bands[0].high,
            usdcLow: made.bands[1].low,
            usdcHigh: made.bands[1].high,
            revoked: false
        });
    }

    function _calm() internal {
        btc.set(BTC_PRICE);
        check.set(BTC_PRICE);
        usdc.set(USDC_PRICE);
        btc.setMode(0);
        check.setMode(0);
        usdc.setMode(0);
    }

    /// @dev Runs in which nobody is solvent for long show little, so that honest deeds bring back order now and then.
    function _calmSometimes(uint256 seed) internal {
        if (seed % 2 == 0) return;
        _calm();
        if (paused) _own(address(registry), abi.encodeCall(registry.unpause, ()), true);
        if (halted) _own(address(oracle), abi.encodeCall(oracle.resumeUniverse, (UNIVERSE)), true);
        if (tripped) _own(address(registry), abi.encodeCall(registry.resetBreaker, (UNIVERSE)), true);
        (paused, halted, tripped) = (false, false, false);
    }

    /// @dev Whether every live price is known and inside the bands of a snapshot: read from the stubs.
    function _inside(Posted storage market) internal view returns (bool) {
        if (btc.mode() + check.mode() + usdc.mode() != 0 || _diverged()) return false;
        (uint256 a, uint256 b, uint256 dollar) = (btc.low(), check.low(), usdc.low());
        return a >= market.btcLow && b >= market.btcLow && a <= market.btcHigh && b <= market.btcHigh
            && dollar >= market.usdcLow && dollar <= market.usdcHigh;
    }

    /// @dev Whether the two sources of the bitcoin price answer, and disagree.
    function _diverged() internal view returns (bool) {
        if (btc.mode() + check.mode() != 0) return false;
        (uint256 a, uint256 b) = (btc.low(), check.low());
        (uint256 less, uint256 more) = a < b ? (a, b) : (b, a);
        return (more - less) * 10_000 > less * APART;
    }

    function _anybody(uint256 seed) internal pure returns (address) {
        return [RELAYER, STRANGER, SUBJECT, OTHER][seed % 4];
    }

    function _as(address who, address target, bytes memory call) internal returns (bool done) {
        vm.prank(who);
        (done,) = target.call(call);
    }

    function _own(address target, bytes memory call, bool expected) internal {
        _done(_as(OWNER, target, call), expected, "the owner's");
    }

    function _guard(address target, bytes memory call, bool expected) internal {
        _done(_as(GUARDIAN, target, call), expected, "the guardian's");
    }

    /// @dev The owner's way to loosen: not at once, not early, and then.
    function _loosen(address target, bytes memory call) internal {
        _own(target, call, false);
        _own(target, abi.encodeWithSignature("schedule(bytes)", call), true);
        vm.warp(block.timestamp + delay() - 1);
        _own(target, call, false);
        vm.warp(block.timestamp + 1);
        _own(target, call, true);
    }

    function _done(bool done, bool expected, string memory what) internal {
        if (done && !expected) taken = what;
        if (!done && expected) refused = what;
    }
}
