// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal, DealState, SettlementEscrow} from "../../../src/examples/SettlementEscrow.sol";
import {SnapshotRecord} from "../../../src/interfaces/IMarketOracle.sol";
import {Status} from "../../../src/interfaces/ISolvency.sol";
import {ISolvencyRegistry} from "../../../src/interfaces/ISolvencyRegistry.sol";
import {Dollars, SettablePrice, SettableSolvency} from "../../utils/Mocks.sol";
import {Test} from "../../utils/Test.sol";

/// @title An oracle that knows the time of one snapshot
contract SnapshotTime {
    uint40 public time;

    function set(uint40 time_) external {
        time = time_;
    }

    function snapshotOf(uint256, uint256) external view returns (SnapshotRecord memory record) {
        record.time = time;
    }
}

/// @title What three parties and strangers may do with deals in two tokens, in any order
/// @notice Keeps books of its own, from what the calls that succeeded were asked to move.
contract SettlementEscrowHandler is Test {
    uint256 private constant ROOT = 7;
    address private constant STRANGER = address(0x57A46E);

    SettlementEscrow public immutable escrow;
    SettableSolvency public immutable solvency;
    SnapshotTime public immutable oracle;
    SettablePrice public immutable price;
    Dollars[2] private _tokens;

    /// @dev What each party put in and is owed, by token; what each deal holds.
    mapping(Dollars token => uint256) public deposited;
    mapping(Dollars token => uint256) public fetched;
    mapping(Dollars token => uint256) public given;
    mapping(Dollars token => mapping(address party => uint256)) private _credit;
    mapping(bytes32 dealId => uint256) private _held;
    bytes32[] private _deals;

    /// @notice What was taken that should have been refused; empty while all is well.
    string public taken;
    /// @notice What was refused that should have been taken; empty while all is well.
    string public refused;
    /// @notice What a payout got wrong; empty while all is well.
    string public unfair;

    constructor() {
        vm.warp(1_800_000_000);
        solvency = new SettableSolvency();
        oracle = new SnapshotTime();
        price = new SettablePrice();
        price.set(100e18);
        solvency.setMarket(address(oracle), ROOT);
        solvency.set(Status.Solvent, 1);
        escrow = new SettlementEscrow(ISolvencyRegistry(address(solvency)));
        for (uint256 i = 0; i < 2; ++i) {
            _tokens[i] = new Dollars();
            for (uint256 j = 0; j < 4; ++j) {
                _tokens[i].mint(_party(j), 1e30);
                vm.prank(_party(j));
                _tokens[i].approve(address(escrow), type(uint256).max);
            }
        }
    }

    function tokenAt(uint256 place) external view returns (Dollars) {
        return _tokens[place];
    }

    /// @notice Margins of deals that are not closed, and credits that were not fetched.
    function owed(Dollars token) external view returns (uint256 sum) {
        for (uint256 i = 0; i < _deals.length; ++i) {
            if (address(escrow.dealOf(_deals[i]).token) == address(token)) sum += _held[_deals[i]];
        }
        for (uint256 i = 0; i < 4; ++i) {
            sum += _credit[token][_party(i)];
        }
    }

    function creditsAgree(Dollars token) external view returns (bool) {
        for (uint256 i = 0; i < 4; ++i) {
            if (escrow.creditOf(token, _party(i)) != _credit[token][_party(i)]) return false;
        }
        return true;
    }

    // ----------------------------------------------------------------------------------------------------------- actions

    function waitAWhile(uint256 elapsed) external {
        vm.warp(block.timestamp + bound(elapsed, 1, 20 minutes));
    }

    function movePrice(uint256 to, uint256 spread) external {
        to = bound(to, 1e18, 400e18);
        price.set(to, to + bound(spread, 0, 1e18));
    }

    /// @dev One is out, or all are, or the snapshot is another one; or nothing is wrong.
    function setSolvency(uint256 what, uint256 when) external {
        for (uint256 i = 0; i < 3; ++i) {
            solvency.setOut(_party(i), what % 8 == i);
        }
        solvency.set(what % 8 == 3 ? Status.Halted : Status.Solvent, 1);
        oracle.set(uint40(block.timestamp - when % 30 minutes));
    }

    function open(uint256 who, uint256 token, uint128 quantity, uint256 margin, uint256 window) external {
        Deal memory deal;
        (deal.long, deal.short) = (_party(who % 3), _party((who + 1) % 3));
        (deal.token, deal.price) = (_tokens[token % 2], price);
        deal.strike = 100e18;
        deal.quantity = uint128(bound(quantity, 1, 1_000e18));
        deal.unit = uint128([uint256(1), 1e6, 1e18, 1e24][token % 4]);
        deal.margin = uint128(bound(margin, 1, 1e28));
        deal.policyId = bytes32(who);
        deal.settleFrom = uint40(block.timestamp + bound(window, 10 minutes, 30 minutes));
        deal.settleBy = deal.settleFrom + uint40(bound(window >> 8, 1 minutes, 30 minutes));
        bytes32 id = escrow.idOf(deal);
        bool party = who % 5 != 0;
        bool expected = party && escrow.stateOf(id) == DealState.None;
        vm.prank(party ? (who % 2 == 0 ? deal.long : deal.short) : STRANGER);
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.open, (deal)));
        _judge(done, expected, "open");
        if (done) _deals.push(id);
    }

    function deposit(uint256 which, uint256 who) external {
        if (_deals.length == 0) return;
        bytes32 id = _recent(which);
        Deal memory deal = escrow.dealOf(id);
        address payer = _party(who % 4);
        bool expected = escrow.stateOf(id) == DealState.Open && (payer == deal.long || payer == deal.short)
            && !escrow.hasDeposited(id, payer) && block.timestamp < deal.settleFrom;
        vm.prank(payer);
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.deposit, (id)));
        _judge(done, expected, "deposit");
        if (!done) return;
        deposited[_token(deal)] += deal.margin;
        _held[id] += deal.margin;
    }

    /// @dev Both deposit: without this few deals are ever settled.
    function depositBoth(uint256 which) external {
        if (_deals.length == 0) return;
        for (uint256 i = 0; i < 3; ++i) {
            this.deposit(which, i);
        }
    }

    function settle(uint256 which, uint256 who, uint256 root) external {
        if (_deals.length == 0) return;
        bytes32 id = _recent(which);
        Deal memory deal = escrow.dealOf(id);
        root = root % 4 == 0 ? ROOT + 1 : ROOT;
        bool expected = _held[id] == 2 * uint256(deal.margin) && block.timestamp >= deal.settleFrom
            && block.timestamp <= deal.settleBy && oracle.time() >= deal.settleFrom && root == ROOT
            && solvency.status() == Status.Solvent && !solvency.isOut(deal.long) && !solvency.isOut(deal.short);
        (uint256 low, uint256 high) = price.read();
        vm.prank(_party(who % 4));
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.settle, (id, root)));
        _judge(done, expected, "settle");
        if (done) _settled(id, deal, (low + high) / 2);
    }

    function refund(uint256 which, uint256 who) external {
        if (_deals.length == 0) return;
        bytes32 id = _recent(which);
        Deal memory deal = escrow.dealOf(id);
        address caller = _party(who % 4);
        bool party = caller == deal.long || caller == deal.short;
        DealState state = escrow.stateOf(id);
        bool late = block.timestamp > deal.settleBy;
        bool expected = (state == DealState.Open && (party || late)) || (state == DealState.Funded && late);
        bool[2] memory put = [escrow.hasDeposited(id, deal.long), escrow.hasDeposited(id, deal.short)];
        vm.prank(caller);
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.refund, (id)));
        _judge(done, expected, "refund");
        if (!done) return;
        if (put[0]) _credit[_token(deal)][deal.long] += deal.margin;
        if (put[1]) _credit[_token(deal)][deal.short] += deal.margin;
        _held[id] = 0;
    }

    function fetch(uint256 who, uint256 which) external {
        Dollars token = _tokens[which % 2];
        address caller = _party(who % 4);
        uint256 before = token.balanceOf(caller);
        uint256 credit = _credit[token][caller];
        vm.prank(caller);
        (bool done,) = address(escrow).call(abi.encodeCall(escrow.fetch, (token)));
        _judge(done, credit != 0, "fetch");
        if (!done) return;
        if (token.balanceOf(caller) - before != credit) unfair = "another amount was fetched";
        fetched[token] += credit;
        _credit[token][caller] = 0;
    }

    /// @dev Tokens that nobody asked for belong to nobody.
    function give(uint256 which, uint256 amount) external {
        Dollars token = _tokens[which % 2];
        amount = bound(amount, 1, 1e28);
        vm.prank(STRANGER);
        token.transfer(address(escrow), amount);
        given[token] += amount;
    }

    /// @dev What few random sequences come to: a deal of which both deposit, at its settlement, with one party out or none;
    /// or a deal of which one deposits.
    function story(uint256 who, uint256 token, uint128 quantity, uint256 to) external {
        who = who % 5 == 0 ? who % 3 + 1 : who;
        this.open(who, token, quantity, 1e24, 0);
        if (to % 4 == 0) {
            // One party deposits, nobody settles, and a stranger ends it when it is too late.
            this.deposit(0, who % 3);
            vm.warp(block.timestamp + 12 minutes);
            return this.refund(0, 3);
        }
        this.depositBoth(0);
        vm.warp(block.timestamp + 10 minutes);
        this.movePrice(to, 0);
        this.setSolvency(to >> 128, 0);
        this.settle(0, who, 1);
    }

    function actions() external pure returns (bytes4[] memory made) {
        made = new bytes4[](11);
        made[0] = this.waitAWhile.selector;
        made[1] = this.movePrice.selector;
        made[2] = this.setSolvency.selector;
        made[3] = this.open.selector;
        made[4] = this.deposit.selector;
        made[5] = this.depositBoth.selector;
        made[6] = this.settle.selector;
        made[7] = this.refund.selector;
        made[8] = this.fetch.selector;
        made[9] = this.give.selector;
        made[10] = this.story.selector;
    }

    // ------------------------------------------------------------------------------------------------------------ inside

    /// @dev What each should get, said without the contract: the winner's gain is at most the margin, and within a unit
    /// of quantity * |price - strike| * unit.
    function _settled(bytes32 id, Deal memory deal, uint256 level) private {
        Dollars token = _token(deal);
        uint256 toLong = escrow.creditOf(token, deal.long) - _credit[token][deal.long];
        uint256 toShort = escrow.creditOf(token, deal.short) - _credit[token][deal.short];
        if (toLong + toShort != 2 * uint256(deal.margin)) unfair = "not both margins";
        bool up = level >= deal.strike;
        uint256 winner = up ? toLong : toShort;
        if (winner < deal.margin) unfair = "the winner pays";
        uint256 gain = winner - deal.margin;
        uint256 exact = (up ? level - deal.strike : deal.strike - level) * deal.quantity;
        if (gain > deal.margin) unfair = "more than the margin";
        if (gain * 1e36 > exact * deal.unit) unfair = "too much";
        if (gain < deal.margin && (gain + 1) * 1e36 <= exact * deal.unit) unfair = "too little";
        _credit[token][deal.long] += toLong;
        _credit[token][deal.short] += toShort;
        _held[id] = 0;
    }

    /// @dev One of the three newest deals: older ones are mostly over.
    function _recent(uint256 which) private view returns (bytes32) {
        uint256 back = which % (_deals.length < 3 ? _deals.length : 3);
        return _deals[_deals.length - 1 - back];
    }

    function _token(Deal memory deal) private pure returns (Dollars) {
        return Dollars(address(deal.token));
    }

    function _party(uint256 place) private pure returns (address) {
        return [address(0xA11CE), address(0xB0B), address(0xCA401), STRANGER][place];
    }

    function _judge(bool done, bool expected, string memory what) private {
        if (done && !expected) taken = what;
        if (!done && expected) refused = what;
    }
}
