// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";
import {SolvencyGate} from "../SolvencyGate.sol";
import {ISolvency, Status} from "../interfaces/ISolvency.sol";

/// @title A credit line that is open while its borrower is solvent
/// @notice A lender funds it, a borrower draws while it has a live proof. A lapse, which anyone may report, freezes the
/// line; only a proof of later thaws it. Frozen for longer than the grace period, the lender may recall it: the borrower's
/// security goes towards the debt, and nothing is drawn any more.
/// @dev An example: one borrower, no interest. It takes no token that keeps a fee of what is transferred.
contract CreditLine is SolvencyGate, ReentrancyGuard {
    using SafeERC20 for IERC20;

    /// @notice What is lent.
    IERC20 public immutable token;
    /// @notice Who lends.
    address public immutable lender;
    /// @notice Who borrows, and whom proofs are about.
    address public immutable borrower;
    /// @notice Most that may be owed.
    uint256 public immutable limit;
    /// @notice Security that must be deposited before anything is drawn.
    uint256 public immutable requiredSecurity;
    /// @notice How long a line stays frozen before it may be recalled, in seconds.
    uint256 public immutable grace;

    /// @notice The lender's tokens that are here.
    uint256 public liquidity;
    /// @notice The borrower's tokens that are here.
    uint256 public security;
    /// @notice What the borrower owes.
    uint256 public debt;
    /// @notice When the line was frozen; 0 when it is not.
    uint256 public frozenAt;
    /// @notice Whether the line was recalled.
    bool public recalled;

    /// @notice The lender put in tokens.
    event Funded(uint256 amount);
    /// @notice The lender took out tokens.
    event Withdrawn(uint256 amount);
    /// @notice The borrower deposited security.
    event Secured(uint256 amount);
    /// @notice The borrower took security back.
    event Released(uint256 amount);
    /// @notice The borrower drew.
    event Drawn(uint256 amount, uint256 debt);
    /// @notice Somebody repaid.
    event Repaid(address indexed payer, uint256 amount, uint256 debt);
    /// @notice The line is frozen until there is a proof of later.
    event Frozen(uint256 since);
    /// @notice A newer proof opened the line again.
    event Thawed();
    /// @notice The lender recalled the line.
    event Recalled(uint256 seized, uint256 debt);

    /// @notice The caller may not do this.
    error NotAllowed(address caller);
    /// @notice The amount is zero or more than there is.
    error BadAmount(uint256 amount, uint256 most);
    /// @notice There is not enough security.
    error SecurityMissing(uint256 security, uint256 required);
    /// @notice The line was recalled.
    error LineRecalled();
    /// @notice The line is not frozen, or not for long enough.
    error NotRecallable(uint256 from);
    /// @notice The line is not frozen, its grace is over, or the registry is not halted.
    error NotHeld();
    /// @notice Another amount arrived than was sent.
    error UnexpectedTransfer(uint256 sent, uint256 arrived);
    /// @notice A party is missing.
    error BadParties();

    /// @param solvency_ Where solvency is asked.
    /// @param policyId Under which policy.
    /// @param token_ What is lent.
    /// @param lender_ Who lends.
    /// @param borrower_ Who borrows.
    /// @param limit_ Most that may be owed.
    /// @param requiredSecurity_ Security before anything is drawn.
    /// @param grace_ How long a line stays frozen before it may be recalled.
    constructor(
        ISolvency solvency_,
        bytes32 policyId,
        IERC20 token_,
        address lender_,
        address borrower_,
        uint256 limit_,
        uint256 requiredSecurity_,
        uint256 grace_
    ) SolvencyGate(solvency_, policyId) {
        if (lender_ == address(0) || borrower_ == address(0) || lender_ == borrower_) {
            revert BadParties();
        }
        if (address(token_).code.length == 0) revert BadParties();
        token = token_;
        lender = lender_;
        borrower = borrower_;
        limit = limit_;
        requiredSecurity = requiredSecurity_;
        grace = grace_;
    }

    modifier only(address party) {
        if (msg.sender != party) revert NotAllowed(msg.sender);
        _;
    }

    /// @notice Put in tokens to lend.
    /// @param amount How many.
    function fund(uint256 amount) external only(lender) nonReentrant {
        liquidity += amount;
        emit Funded(amount);
        _pull(lender, amount);
    }

    /// @notice Take out tokens that are not lent.
    /// @param amount How many.
    function withdraw(uint256 amount) external only(lender) nonReentrant {
        _requireAmount(amount, liquidity);
        liquidity -= amount;
        emit Withdrawn(amount);
        token.safeTransfer(lender, amount);
    }

    /// @notice Deposit security.
    /// @param amount How much.
    function secure(uint256 amount) external only(borrower) nonReentrant {
        if (recalled) revert LineRecalled();
        security += amount;
        emit Secured(amount);
        _pull(borrower, amount);
    }

    /// @notice Take security back: all of it without debt, what is beyond the required otherwise.
    /// @param amount How much.
    function release(uint256 amount) external only(borrower) nonReentrant {
        uint256 held = debt == 0 ? 0 : requiredSecurity;
        _requireAmount(amount, security > held ? security - held : 0);
        security -= amount;
        emit Released(amount);
        token.safeTransfer(borrower, amount);
    }

    /// @notice Draw. Only while the borrower is solvent, on a proof of later than any lapse that was reported.
    /// @param amount How much.
    function draw(uint256 amount) external only(borrower) onlySolvent(borrower) nonReentrant {
        if (recalled) revert LineRecalled();
        if (security < requiredSecurity) revert SecurityMissing(security, requiredSecurity);
        uint256 room = limit > debt ? limit - debt : 0;
        _requireAmount(amount, room < liquidity ? room : liquidity);
        _thaw();
        liquidity -= amount;
        debt += amount;
        emit Drawn(amount, debt);
        token.safeTransfer(borrower, amount);
    }

    /// @notice Repay. Anyone may, at any time; no more is taken than is owed, so that a payment ahead of it stops none.
    /// @param amount How much at most.
    /// @return paid How much was taken.
    function repay(uint256 amount) external nonReentrant returns (uint256 paid) {
        paid = amount < debt ? amount : debt;
        _requireAmount(paid, debt);
        debt -= paid;
        liquidity += paid;
        emit Repaid(msg.sender, paid, debt);
        _pull(msg.sender, paid);
    }

    /// @notice Report that the borrower's proof lapsed. Anyone may; it reverts while none did.
    function freeze() external {
        _latch(borrower);
        // Only a thaw ends a freeze, so further lapses do not start the grace period again, nor do proofs over a market
        // that is not there any more.
        if (frozenAt != 0) return;
        frozenAt = block.timestamp;
        emit Frozen(block.timestamp);
    }

    /// @notice Start the grace period of a frozen line again while the registry is halted, so that it does not run out when
    /// no proof can be put on record. Anyone may, as often as needed, until it has run out.
    function hold() external {
        bool running = frozenAt != 0 && block.timestamp < frozenAt + grace;
        if (!running || solvency.statusOf(borrower, solvencyPolicy) != Status.Halted) revert NotHeld();
        frozenAt = block.timestamp;
        emit Frozen(block.timestamp);
    }

    /// @notice End a freeze once there is a proof of later that holds. Anyone may; drawing does it too.
    function thaw() external onlySolvent(borrower) {
        _thaw();
    }

    /// @notice Recall a line that was frozen for longer than the grace period, and whose borrower is not solvent on a proof of
    /// later. Whoever renews should have the line thawed, or the freeze stands at the next lapse. Not while the registry is halted, when none can be. Agree on a grace period longer than the registry's delay,
    /// which a new attestor or key waits for.
    function recall() external only(lender) nonReentrant {
        if (recalled) revert LineRecalled();
        Status status = solvency.statusOf(borrower, solvencyPolicy);
        // That prices cannot be read is nothing against a borrower who renewed, and could not thaw the line for it.
        bool excused = _renewed(borrower) && (status == Status.Solvent || status == Status.PriceUnavailable);
        if (frozenAt == 0 || excused || status == Status.Halted) revert NotRecallable(0);
        if (block.timestamp < frozenAt + grace) revert NotRecallable(frozenAt + grace);
        recalled = true;
        uint256 seized = security < debt ? security : debt;
        security -= seized;
        debt -= seized;
        liquidity += seized;
        emit Recalled(seized, debt);
    }

    function _thaw() private {
        if (frozenAt == 0) return;
        frozenAt = 0;
        emit Thawed();
    }

    function _pull(address from, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 arrived = token.balanceOf(address(this)) - before;
        if (arrived != amount) revert UnexpectedTransfer(amount, arrived);
    }

    function _requireAmount(uint256 amount, uint256 most) private pure {
        if (amount == 0 || amount > most) revert BadAmount(amount, most);
    }
}
