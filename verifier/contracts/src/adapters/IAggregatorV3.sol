// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title What is used of Chainlink's price feeds
/// @dev Written here after the feeds' public documentation.
interface IAggregatorV3 {
    /// @notice How many decimals an answer has.
    function decimals() external view returns (uint8);

    /// @notice The latest answer.
    /// @return roundId Number of the round.
    /// @return answer The price; of a sequencer's feed, 0 when it is up.
    /// @return startedAt When the round, or the sequencer's state, began.
    /// @return updatedAt When the answer was made; 0 for a round that is not complete.
    /// @return answeredInRound Deprecated.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);
}
