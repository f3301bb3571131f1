// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {FeedSource, IMarketOracle} from "../interfaces/IMarketOracle.sol";
import {IPriceAdapter} from "../interfaces/IPriceAdapter.sol";

/// @notice How reading a feed ended.
enum Reading {
    /// There is no price to rely on.
    Unavailable,
    /// Two sources disagree by more than the feed allows.
    Diverged,
    /// There is a price.
    Good
}

/// @title Reading a live price so that a failure is an answer
/// @notice A source that reverts, is not there or answers nonsense is unavailable; a caller who sends too little gas gets
/// no answer at all, because otherwise anybody could make a good price look unavailable.
library LivePrice {
    /// @notice Gas that reading one source may take.
    uint256 internal constant FEED_GAS = 300_000;
    /// @notice Gas that must be there before a source is read: what it may take, the 64th that a caller keeps back
    /// (EIP-150), and something to go on with.
    uint256 internal constant NEEDED_GAS = FEED_GAS * 64 / 63 + 20_000;

    /// @notice The live price of a feed. With two sources it is the interval that holds both.
    /// @param source Where to read it.
    /// @return reading How it went.
    /// @return low Lower end, 18 decimals; only when good.
    /// @return high Upper end, 18 decimals; only when good.
    function current(FeedSource storage source) internal view returns (Reading reading, uint256 low, uint256 high) {
        bool good;
        (good, low, high) = _read(source.adapter);
        if (!good) return (Reading.Unavailable, 0, 0);
        IPriceAdapter check = source.check;
        if (address(check) == address(0)) return (Reading.Good, low, high);

        (bool checked, uint256 checkLow, uint256 checkHigh) = _read(check);
        if (!checked) return (Reading.Unavailable, 0, 0);
        // The ends are below 2^128, so nothing here wraps. How far the intervals are apart, of the lower price:
        (uint256 innerLow, uint256 innerHigh) = (_max(low, checkLow), _min(high, checkHigh));
        if (innerLow > innerHigh && (innerLow - innerHigh) * 10_000 > innerHigh * source.maxDivergence) {
            return (Reading.Diverged, 0, 0);
        }
        return (Reading.Good, _min(low, checkLow), _max(high, checkHigh));
    }

    /// @dev Calls `read()` with exactly FEED_GAS and looks at two words of the answer, however long it is.
    function _read(IPriceAdapter adapter) private view returns (bool good, uint256 low, uint256 high) {
        if (gasleft() < NEEDED_GAS) revert IMarketOracle.TooLittleGas();
        bytes4 selector = IPriceAdapter.read.selector;
        uint256 budget = FEED_GAS;
        // Uses the first two words of memory alone, which Solidity keeps for such uses, so it is memory-safe.
        assembly ("memory-safe") {
            // The call data is the selector, which is left-aligned in its word.
            mstore(0x00, selector)
            // At most two words come back into memory; an answer or a revert of any length costs no more.
            good := staticcall(budget, adapter, 0x00, 0x04, 0x00, 0x40)
            // An address without code succeeds with an empty answer; only exactly two words count.
            good := and(good, eq(returndatasize(), 0x40))
            low := mload(0x00)
            high := mload(0x20)
        }
        good = good && low != 0 && low <= high && high <= type(uint128).max;
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _max(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a : b;
    }
}
