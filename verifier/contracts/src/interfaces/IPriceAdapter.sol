// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A live price, in one form whatever its source
/// @notice Prices are unsigned, with 18 decimals, in quote units a unit of the underlying. A source that knows how
/// unsure it is answers an interval; both ends are then compared with a band.
/// @dev `read` reverts, with an error that says why, whenever there is no price to rely on: stale, negative or zero,
/// from the future, out of range, a sequencer down or just back. It never answers an old price. It must need less gas
/// than `IMarketOracle.FEED_GAS`.
interface IPriceAdapter {
    /// @notice The source is not a contract, or a setting of the adapter makes no sense.
    error BadConfiguration(string what);
    /// @notice The price is older than allowed.
    error StalePrice(uint256 updatedAt, uint256 oldest);
    /// @notice The price is of the future.
    error FuturePrice(uint256 updatedAt);
    /// @notice The price is negative, zero or too large for 128 bits at 18 decimals.
    error BadPrice(int256 answer);

    /// @notice The price now.
    /// @return low The lower end of the interval; above zero.
    /// @return high The upper end; not below `low`, and equal to it when the source gives one number.
    function read() external view returns (uint256 low, uint256 high);
}
