// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPriceAdapter} from "../interfaces/IPriceAdapter.sol";

/// @title Prices at 18 decimals
/// @notice Only multiplies, so nothing is rounded; what does not fit is refused.
library Scale {
    /// @notice Decimals of every price here.
    uint256 internal constant DECIMALS = 18;

    /// @notice A positive answer at 18 decimals.
    /// @param answer What a source said.
    /// @param decimals How many decimals it has, at most 18.
    /// @return price The same price; above zero and below 2^128.
    function toPrice(int256 answer, uint256 decimals) internal pure returns (uint256 price) {
        if (answer <= 0 || answer > int256(uint256(type(uint128).max)) || decimals > DECIMALS) {
            revert IPriceAdapter.BadPrice(answer);
        }
        // Below 2^128 * 10^18 < 2^188.
        price = uint256(answer) * 10 ** (DECIMALS - decimals);
        if (price > type(uint128).max) revert IPriceAdapter.BadPrice(answer);
    }

    /// @notice Reverts unless a price's time is neither in the future nor too long ago.
    /// @param updatedAt The price's time.
    /// @param maxAge How old it may be.
    /// @param maxAhead How far ahead of the block it may be.
    function requireFresh(uint256 updatedAt, uint256 maxAge, uint256 maxAhead) internal view {
        if (updatedAt > block.timestamp) {
            if (updatedAt - block.timestamp > maxAhead) revert IPriceAdapter.FuturePrice(updatedAt);
        } else if (block.timestamp - updatedAt > maxAge) {
            revert IPriceAdapter.StalePrice(updatedAt, block.timestamp - maxAge);
        }
    }
}
