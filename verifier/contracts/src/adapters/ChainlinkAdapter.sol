// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPriceAdapter} from "../interfaces/IPriceAdapter.sol";
import {IAggregatorV3} from "./IAggregatorV3.sol";
import {Scale} from "./Scale.sol";

/// @title A Chainlink feed as a live price
/// @notice One number from an AggregatorV3 feed. On a rollup, give its sequencer's uptime feed: while the sequencer is down
/// prices cannot be updated, and for a while after it came back the old ones may still be there. A feed that clamps its
/// answers shows its end when the price is beyond it: keep bands clear of the ends, or add a second source.
contract ChainlinkAdapter is IPriceAdapter {
    /// @notice The price feed.
    IAggregatorV3 public immutable feed;
    /// @notice How old an answer may be: the feed's heartbeat and a little.
    uint256 public immutable maxAge;
    /// @notice The rollup's sequencer uptime feed, or zero.
    IAggregatorV3 public immutable sequencer;
    /// @notice How long the sequencer must have been up.
    uint256 public immutable sequencerGrace;

    /// @notice The sequencer is down, or its feed says nothing yet.
    error SequencerDown();
    /// @notice The sequencer came back too short a while ago.
    error SequencerJustBack(uint256 since);

    /// @param feed_ The price feed.
    /// @param maxAge_ How old an answer may be, in seconds.
    /// @param sequencer_ The sequencer's uptime feed; zero on a chain without one.
    /// @param sequencerGrace_ How long the sequencer must have been up; zero without one.
    constructor(IAggregatorV3 feed_, uint256 maxAge_, IAggregatorV3 sequencer_, uint256 sequencerGrace_) {
        bool rollup = address(sequencer_) != address(0);
        if (address(feed_).code.length == 0) revert BadConfiguration("feed");
        if (maxAge_ == 0 || maxAge_ > 7 days) revert BadConfiguration("maxAge");
        if (rollup && address(sequencer_).code.length == 0) revert BadConfiguration("sequencer");
        if (rollup != (sequencerGrace_ != 0) || sequencerGrace_ > 1 days) revert BadConfiguration("sequencerGrace");
        if (feed_.decimals() > Scale.DECIMALS) revert BadConfiguration("decimals");
        feed = feed_;
        maxAge = maxAge_;
        sequencer = sequencer_;
        sequencerGrace = sequencerGrace_;
    }

    /// @inheritdoc IPriceAdapter
    function read() external view returns (uint256 low, uint256 high) {
        _requireSequencer();
        (, int256 answer,, uint256 updatedAt,) = feed.latestRoundData();
        // A round that is not complete has time 0, which is too long ago.
        Scale.requireFresh(updatedAt, maxAge, 0);
        // Asked each time: a feed behind a proxy may move to another number of decimals.
        low = Scale.toPrice(answer, feed.decimals());
        high = low;
    }

    function _requireSequencer() private view {
        if (address(sequencer) == address(0)) return;
        (, int256 down, uint256 since,,) = sequencer.latestRoundData();
        if (down != 0 || since == 0 || since > block.timestamp) revert SequencerDown();
        if (block.timestamp - since < sequencerGrace) revert SequencerJustBack(since);
    }
}
