// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {CreditLine} from "../../../src/examples/CreditLine.sol";
import {Status} from "../../../src/interfaces/ISolvency.sol";
import {Dollars, SettableSolvency} from "../../utils/Mocks.sol";
import {Test} from "../../utils/Test.sol";

/// @title What lender, borrower and strangers may do to a credit line, in any order
/// @notice Keeps books of its own, from what the calls that succeeded were asked to move.
contract CreditLineHandler is Test {
    address public constant LENDER = address(0x1E4D);
    address public constant BORROWER = address(0xB0B);
    address private constant STRANGER = address(0x57A46E);
    uint256 public constant LIMIT = 1_000;
    uint256 private constant SECURITY = 200;
    uint256 private constant GRACE = 30 minutes;

    SettableSolvency public immutable solvency;
    CreditLine public immutable line;
    Dollars public immutable token;

    // What went in and out, by what the line was told.
    uint256 public funded;
    uint256 public withdrawn;
    uint256 public secured;
    uint256 public released;
    uint256 public drawn;
    uint256 public repaid;
    uint256 public given;
    uint256 public seized;
    uint256 public drawnAfterRecall;

    /// @notice What was taken that should have been refused; empty while all is well.
    string public taken;
    /// @notice What was refused that should have been taken; empty while all is well.
    string public refused;

    /// @dev When a proof's lapse was first reported, and since when the line has been frozen.
    uint256 private _lapse;
    uint256 private _since;
    bool private _recalled;

    constructor() {
        solvency = new SettableSolvency();
        token = new Dollars();
        line = new CreditLine(solvency, "policy", token, LENDER, BORROWER, LIMIT, SECURITY, GRACE);
        address[3] memory all = [LENDER, BORROWER, STRANGER];
        for (uint256 i = 0; i < 3; ++i) {
            token.mint(all[i], 1e9);
            vm.prank(all[i]);
            token.approve(address(line), type(uint256).max);
        }
    }

    function waitAWhile(uint256 elapsed) external {
        vm.warp(block.timestamp + bound(elapsed, 1, 20 minutes));
    }

    /// @dev Solvent half of the time; a new proof now and then.
    function setSolvency(uint256 status, bool renewed) external {
        uint256 provenAt = renewed ? block.timestamp : solvency.provenAt();
        solvency.set(status % 2 == 0 ? Status.Solvent : Status(status % 9), provenAt);
    }

    function fund(uint256 who, uint256 amount) external {
        amount = bound(amount, 1, 800);
        if (_by(who, LENDER, abi.encodeCall(line.fund, (amount)), true)) funded += amount;
    }

    function withdraw(uint256 who, uint256 amount) external {
        amount = bound(amount, 0, 800);
        bool expected = amount != 0 && amount <= line.liquidity();
        if (_by(who, LENDER, abi.encodeCall(line.withdraw, (amount)), expected)) withdrawn += amount;
    }

    function secure(uint256 who, uint256 amount) external {
        amount = bound(amount, 1, 300);
        if (_by(who, BORROWER, abi.encodeCall(line.secure, (amount)), !_recalled)) secured += amount;
    }

    function release(uint256 who, uint256 amount) external {
        amount = bound(amount, 0, 300);
        uint256 kept = drawn == repaid + seized ? 0 : SECURITY;
        bool expected = amount != 0 && amount + kept <= secured - released - seized;
        if (_by(who, BORROWER, abi.encodeCall(line.release, (amount)), expected)) released += amount;
    }

    function draw(uint256 who, uint256 amount) external {
        amount = bound(amount, 0, 600);
        uint256 debt = drawn - repaid - seized;
        bool expected = _open() && !_recalled && amount != 0 && debt + amount <= LIMIT
            && amount <= funded + repaid + seized - withdrawn - drawn && secured - released - seized >= SECURITY;
        if (!_by(who, BORROWER, abi.encodeCall(line.draw, (amount)), expected)) return;
        drawn += amount;
        _since = 0;
        if (_recalled) drawnAfterRecall += amount;
    }

    function repay(uint256 who, uint256 amount) external {
        address payer = [LENDER, BORROWER, STRANGER][who % 3];
        amount = bound(amount, 0, 600);
        uint256 debt = drawn - repaid - seized;
        bool expected = amount != 0 && debt != 0;
        vm.prank(payer);
        (bool done,) = address(line).call(abi.encodeCall(line.repay, (amount)));
        _judge(done, expected, "repay");
        if (done) repaid += amount < debt ? amount : debt;
    }

    function freeze(uint256 who) external {
        vm.prank([LENDER, BORROWER, STRANGER][who % 3]);
        (bool done,) = address(line).call(abi.encodeCall(line.freeze, ()));
        Status status = solvency.status();
        bool lapsed = status == Status.Expired || status == Status.OutsideEnvelope || status == Status.SnapshotWithdrawn
            || status == Status.AttestorRevoked || status == Status.KeyDeprecated;
        _judge(done, lapsed, "freeze");
        if (!done) return;
        if (_renewed()) _lapse = block.timestamp;
        if (_since == 0) _since = block.timestamp;
    }

    function hold(uint256 who) external {
        vm.prank([LENDER, BORROWER, STRANGER][who % 3]);
        (bool done,) = address(line).call(abi.encodeCall(line.hold, ()));
        _judge(done, _since != 0 && block.timestamp < _since + GRACE && solvency.status() == Status.Halted, "hold");
        if (done) _since = block.timestamp;
    }

    function thaw(uint256 who) external {
        vm.prank([LENDER, BORROWER, STRANGER][who % 3]);
        (bool done,) = address(line).call(abi.encodeCall(line.thaw, ()));
        _judge(done, _open(), "thaw");
        if (done) _since = 0;
    }

    function recall(uint256 who) external {
        Status status = solvency.status();
        bool excused = _renewed() && (status == Status.Solvent || status == Status.PriceUnavailable);
        bool expected =
            !_recalled && _since != 0 && block.timestamp >= _since + GRACE && !excused && status != Status.Halted;
        if (!_by(who, LENDER, abi.encodeCall(line.recall, ()), expected)) return;
        _recalled = true;
        (uint256 debt, uint256 security) = (drawn - repaid - seized, secured - released - seized);
        seized += debt < security ? debt : security;
    }

    /// @dev What few random sequences come to: everything drawn that there is, twice, and perhaps a recall of it.
    function story(uint256 seed) external {
        this.setSolvency(0, true);
        this.fund(1, 799);
        this.fund(1, 799);
        this.secure(1, 250);
        this.draw(1, 600);
        this.draw(1, 600);
        if (seed % 4 != 0) return;
        this.setSolvency(3, false);
        this.freeze(0);
        this.waitAWhile(20 minutes - 1);
        this.freeze(1);
        this.waitAWhile(20 minutes - 1);
        this.recall(1);
    }

    /// @dev Tokens that nobody asked for belong to nobody, and must not open anything.
    function give(uint256 amount) external {
        amount = bound(amount, 1, 100);
        vm.prank(STRANGER);
        token.transfer(address(line), amount);
        given += amount;
    }

    function actions() external pure returns (bytes4[] memory made) {
        made = new bytes4[](14);
        made[0] = this.waitAWhile.selector;
        made[1] = this.setSolvency.selector;
        made[2] = this.fund.selector;
        made[3] = this.withdraw.selector;
        made[4] = this.secure.selector;
        made[5] = this.release.selector;
        made[6] = this.draw.selector;
        made[7] = this.repay.selector;
        made[8] = this.freeze.selector;
        made[9] = this.thaw.selector;
        made[10] = this.recall.selector;
        made[11] = this.give.selector;
        made[12] = this.story.selector;
        made[13] = this.hold.selector;
    }

    /// @dev Whether the gate should be open: solvent, on a proof of later than the lapse that was reported.
    function _open() private view returns (bool) {
        return solvency.status() == Status.Solvent && _renewed();
    }

    function _renewed() private view returns (bool) {
        return _lapse == 0 || solvency.provenAt() > _lapse;
    }

    /// @dev One time in four somebody else tries what only `whose` may.
    function _by(uint256 who, address whose, bytes memory call, bool expected) private returns (bool done) {
        address caller = who % 4 == 0 ? (who % 8 == 0 ? STRANGER : whose == LENDER ? BORROWER : LENDER) : whose;
        vm.prank(caller);
        (done,) = address(line).call(call);
        _judge(done, expected && caller == whose, "a party's call");
    }

    function _judge(bool done, bool expected, string memory what) private {
        if (done && !expected) taken = what;
        if (!done && expected) refused = what;
    }
}
