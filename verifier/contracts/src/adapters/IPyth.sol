// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What is used of Pyth's pull oracle
/// @dev Written here after the oracle's public documentation.
interface IPyth {
    /// @notice A price: value and confidence are times 10^expo.
    struct Price {
        int64 price;
        uint64 conf;
        int32 expo;
        uint256 publishTime;
    }

    /// @notice The last price that somebody brought, however old; reverts when there is none.
    /// @param id The price's id.
    function getPriceUnsafe(bytes32 id) external view returns (Price memory price);

    /// @notice What bringing prices costs.
    /// @param updateData What is brought.
    function getUpdateFee(bytes[] calldata updateData) external view returns (uint256 fee);

    /// @notice Bring prices.
    /// @param updateData As fetched from the network's servers.
    function updatePriceFeeds(bytes[] calldata updateData) external payable;
}
