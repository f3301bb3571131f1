// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IPriceAdapter} from "../interfaces/IPriceAdapter.sol";
import {ISolvencyRegistry} from "../interfaces/ISolvencyRegistry.sol";

/// @notice What two parties agree on: the long is paid what the price is above the strike, the short what it is below,
/// up to the margin that each deposits.
/// @param long Who is paid when the price is above the strike.
/// @param short Who is paid when it is below.
/// @param token What is paid in.
/// @param price Where the live price is read, 18 decimals.
/// @param strike 18 decimals.
/// @param quantity Units of the underlying, 18 decimals.
/// @param unit How much of the token one quote unit is, such as 10^6 for a token of six decimals.
/// @param margin What each deposits.
/// @param policyId Which proofs are asked for.
/// @param settleFrom The settlement snapshot is of this time or later.
/// @param settleBy The last second for settling; after it both are refunded.
struct Deal {
    address long;
    address short;
    IERC20 token;
    IPriceAdapter price;
    uint128 strike;
    uint128 quantity;
    uint128 unit;
    uint128 margin;
    bytes32 policyId;
    uint40 settleFrom;
    uint40 settleBy;
}

/// @notice Where a deal stands.
enum DealState {
    /// There is none of this id.
    None,
    /// Neither or one party has deposited.
    Open,
    /// Both have deposited.
    Funded,
    /// It was settled, refunded or called off.
    Closed
}

/// @title Settles a derivative only if both parties are solvent
/// @notice Both deposit margin. In the settlement window anyone settles at the live price, in one transaction and only if
/// both parties' proofs are over one market snapshot of that window and hold now. Otherwise both get back what they put in.
/// @dev An example. Who settles chooses the moment within the window, so agree on a short one. A party that would lose can
/// let its proof lapse and so choose the refund: the deal is an option against whoever may stay silent, which margin
/// elsewhere or a penalty must make dear. Until both have deposited it is an option for whoever deposits last, too. Payments are credited and fetched, so that a party that cannot be paid does not
/// hold up the other.
contract SettlementEscrow is ReentrancyGuard {
    using SafeERC20 for IERC20;

    uint256 private constant _ONE = 1e18;

    /// @notice Where solvency is asked.
    ISolvencyRegistry public immutable registry;

    /// @notice Where a deal stands.
    mapping(bytes32 dealId => DealState) public stateOf;
    /// @notice Whether a party has deposited its margin.
    mapping(bytes32 dealId => mapping(address party => bool)) public hasDeposited;
    /// @notice What somebody may fetch.
    mapping(IERC20 token => mapping(address owner => uint256)) public creditOf;

    mapping(bytes32 dealId => Deal) private _deals;

    /// @notice A party opened a deal.
    event Opened(bytes32 indexed dealId, Deal deal);
    /// @notice A party deposited its margin.
    event Deposited(bytes32 indexed dealId, address indexed party);
    /// @notice A deal was settled.
    event Settled(bytes32 indexed dealId, uint256 indexed marketRoot, uint256 price, uint256 toLong, uint256 toShort);
    /// @notice A deal was not settled, and deposits were credited back.
    event Refunded(bytes32 indexed dealId);
    /// @notice Somebody fetched what it was credited.
    event Fetched(IERC20 indexed token, address indexed owner, uint256 amount);

    /// @notice The caller may not do this.
    error NotAParty(address caller);
    /// @notice The caller has deposited already.
    error AlreadyDeposited(address party);
    /// @notice This member of the deal makes no sense.
    error BadDeal(string member);
    /// @notice The deal is in another state.
    error WrongState(DealState state);
    /// @notice It is too early or too late.
    error OutsideWindow(uint256 from, uint256 by);
    /// @notice The snapshot is not of the settlement window.
    error WrongSnapshot(uint256 marketRoot);
    /// @notice The party is not solvent now under that snapshot.
    error PartyNotSolvent(address party);
    /// @notice Another amount arrived than was sent.
    error UnexpectedTransfer(uint256 sent, uint256 arrived);
    /// @notice There is nothing to fetch.
    error NothingToFetch();

    /// @param registry_ Where solvency is asked.
    constructor(ISolvencyRegistry registry_) {
        if (address(registry_).code.length == 0) revert BadDeal("registry");
        registry = registry_;
    }

    /// @notice Open a deal. Each party then deposits.
    /// @param deal What is agreed on; a second deal like it must differ somewhere.
    /// @return dealId Its id.
    function open(Deal calldata deal) external returns (bytes32 dealId) {
        if (msg.sender != deal.long && msg.sender != deal.short) revert NotAParty(msg.sender);
        if (deal.long == address(0) || deal.short == address(0) || deal.long == deal.short) revert BadDeal("parties");
        if (address(deal.token).code.length == 0) revert BadDeal("token");
        if (address(deal.price).code.length == 0) revert BadDeal("price");
        if (deal.strike == 0) revert BadDeal("strike");
        if (deal.quantity == 0) revert BadDeal("quantity");
        // So that a payout fits a word, whatever the price.
        if (deal.unit == 0 || deal.unit > _ONE * _ONE) revert BadDeal("unit");
        if (deal.margin == 0) revert BadDeal("margin");
        if (deal.settleFrom <= block.timestamp || deal.settleBy <= deal.settleFrom) revert BadDeal("window");
        dealId = idOf(deal);
        if (stateOf[dealId] != DealState.None) revert WrongState(stateOf[dealId]);
        stateOf[dealId] = DealState.Open;
        _deals[dealId] = deal;
        emit Opened(dealId, deal);
    }

    /// @notice Deposit the caller's margin. Until the window begins.
    /// @param dealId The deal.
    function deposit(bytes32 dealId) external nonReentrant {
        _requireState(dealId, DealState.Open);
        Deal storage deal = _deals[dealId];
        if (msg.sender != deal.long && msg.sender != deal.short) revert NotAParty(msg.sender);
        if (hasDeposited[dealId][msg.sender]) revert AlreadyDeposited(msg.sender);
        if (block.timestamp >= deal.settleFrom) revert OutsideWindow(0, deal.settleFrom);
        hasDeposited[dealId][msg.sender] = true;
        if (hasDeposited[dealId][deal.long] && hasDeposited[dealId][deal.short]) stateOf[dealId] = DealState.Funded;
        emit Deposited(dealId, msg.sender);

        (IERC20 token, uint256 amount) = (deal.token, deal.margin);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        if (arrived != amount) revert UnexpectedTransfer(amount, arrived);
    }

    /// @notice Settle at the live price. Anyone may, in the window, while both parties are solvent under one snapshot.
    /// @param dealId The deal.
    /// @param marketRoot The settlement snapshot's root.
    function settle(bytes32 dealId, uint256 marketRoot) external nonReentrant {
        _requireState(dealId, DealState.Funded);
        Deal memory deal = _deals[dealId];
        if (block.timestamp < deal.settleFrom || block.timestamp > deal.settleBy) {
            revert OutsideWindow(deal.settleFrom, deal.settleBy);
        }
        uint256 universe = registry.policyOf(deal.policyId).universe;
        uint256 time = registry.oracle().snapshotOf(universe, marketRoot).time;
        if (time < deal.settleFrom) revert WrongSnapshot(marketRoot);
        _requireSolvent(deal.long, deal.policyId, marketRoot);
        _requireSolvent(deal.short, deal.policyId, marketRoot);
        (uint256 low, uint256 high) = deal.price.read();
        uint256 price = (low + high) / 2;

        (uint256 toLong, uint256 toShort) = payout(deal, price);
        stateOf[dealId] = DealState.Closed;
        creditOf[deal.token][deal.long] += toLong;
        creditOf[deal.token][deal.short] += toShort;
        emit Settled(dealId, marketRoot, price, toLong, toShort);
    }

    /// @notice Credit deposits back: after the window, or before it when not both have deposited and a party asks.
    /// @param dealId The deal.
    function refund(bytes32 dealId) external {
        DealState state = stateOf[dealId];
        Deal storage deal = _deals[dealId];
        if (state == DealState.Open) {
            bool party = msg.sender == deal.long || msg.sender == deal.short;
            if (!party && block.timestamp <= deal.settleBy) revert NotAParty(msg.sender);
        } else if (state != DealState.Funded) {
            revert WrongState(state);
        } else if (block.timestamp <= deal.settleBy) {
            revert OutsideWindow(uint256(deal.settleBy) + 1, type(uint256).max);
        }
        stateOf[dealId] = DealState.Closed;
        if (hasDeposited[dealId][deal.long]) creditOf[deal.token][deal.long] += deal.margin;
        if (hasDeposited[dealId][deal.short]) creditOf[deal.token][deal.short] += deal.margin;
        emit Refunded(dealId);
    }

    /// @notice Fetch what the caller was credited.
    /// @param token In which token.
    function fetch(IERC20 token) external nonReentrant {
        uint256 amount = creditOf[token][msg.sender];
        if (amount == 0) revert NothingToFetch();
        creditOf[token][msg.sender] = 0;
        emit Fetched(token, msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    /// @notice A deal that was opened.
    /// @param dealId The deal.
    function dealOf(bytes32 dealId) external view returns (Deal memory) {
        return _deals[dealId];
    }

    /// @notice The id of a deal.
    /// @param deal The deal.
    function idOf(Deal calldata deal) public pure returns (bytes32) {
        return keccak256(abi.encode(deal));
    }

    /// @notice What each party gets at a price: together exactly both margins. Rounded in favour of who pays.
    /// @param deal The deal.
    /// @param price 18 decimals, below 2^128.
    /// @return toLong What the long gets.
    /// @return toShort What the short gets.
    function payout(Deal memory deal, uint256 price) public pure returns (uint256 toLong, uint256 toShort) {
        bool up = price >= deal.strike;
        uint256 move = up ? price - deal.strike : deal.strike - price;
        // quantity * move < 2^256; the second product is taken at full width.
        uint256 owed = Math.mulDiv(uint256(deal.quantity) * move, deal.unit, _ONE * _ONE);
        if (owed > deal.margin) owed = deal.margin;
        uint256 gains = uint256(deal.margin) + owed;
        uint256 loses = uint256(deal.margin) - owed;
        return up ? (gains, loses) : (loses, gains);
    }

    function _requireState(bytes32 dealId, DealState expected) private view {
        if (stateOf[dealId] != expected) revert WrongState(stateOf[dealId]);
    }

    function _requireSolvent(address party, bytes32 policyId, uint256 marketRoot) private view {
        if (!registry.isSolventUnder(party, policyId, marketRoot)) revert PartyNotSolvent(party);
    }
}
