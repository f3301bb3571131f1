// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPriceAdapter} from "../interfaces/IPriceAdapter.sol";
import {IPyth} from "./IPyth.sol";
import {Scale} from "./Scale.sol";

/// @title A Pyth price as a live price
/// @notice The interval of a price and its confidence. Somebody must have brought a price lately: bring it with `update`,
/// in the same transaction as what needs it.
/// @dev Who brings prices may choose among those younger than `maxAge`, so keep that short: seconds, not minutes.
contract PythAdapter is IPriceAdapter {
    /// @notice The oracle.
    IPyth public immutable pyth;
    /// @notice The price's id.
    bytes32 public immutable id;
    /// @notice How old a price may be.
    uint256 public immutable maxAge;
    /// @notice How far ahead of the block a price may be; publishers' clocks run ahead of slow chains'.
    uint256 public immutable maxAhead;
    /// @notice How wide the confidence may be, in hundredths of a percent of the price.
    uint256 public immutable maxConfidence;

    /// @notice The oracle is less sure of the price than is asked for.
    error PriceTooUncertain(uint256 price, uint256 confidence);
    /// @notice The price's exponent leaves nothing to scale exactly.
    error BadExponent(int32 expo);
    /// @notice Less was sent than bringing the prices costs.
    error FeeTooLow(uint256 sent, uint256 fee);
    /// @notice What was sent too much could not be sent back.
    error RefundFailed();

    /// @param pyth_ The oracle.
    /// @param id_ The price's id.
    /// @param maxAge_ How old a price may be, in seconds.
    /// @param maxAhead_ How far ahead of the block a price may be, in seconds.
    /// @param maxConfidence_ How wide the confidence may be, in hundredths of a percent.
    constructor(IPyth pyth_, bytes32 id_, uint256 maxAge_, uint256 maxAhead_, uint256 maxConfidence_) {
        if (address(pyth_).code.length == 0) revert BadConfiguration("pyth");
        if (id_ == 0) revert BadConfiguration("id");
        if (maxAge_ == 0 || maxAge_ > 1 days) revert BadConfiguration("maxAge");
        if (maxAhead_ > 1 minutes) revert BadConfiguration("maxAhead");
        if (maxConfidence_ == 0 || maxConfidence_ > 5_000) revert BadConfiguration("maxConfidence");
        pyth = pyth_;
        id = id_;
        maxAge = maxAge_;
        maxAhead = maxAhead_;
        maxConfidence = maxConfidence_;
    }

    /// @notice Bring prices, of this id and others. What is sent beyond the fee comes back.
    /// @param updateData As fetched from the network's servers.
    function update(bytes[] calldata updateData) external payable {
        uint256 fee = pyth.getUpdateFee(updateData);
        if (msg.value < fee) revert FeeTooLow(msg.value, fee);
        pyth.updatePriceFeeds{value: fee}(updateData);
        if (msg.value == fee) return;
        (bool sent,) = msg.sender.call{value: msg.value - fee}("");
        if (!sent) revert RefundFailed();
    }

    /// @inheritdoc IPriceAdapter
    function read() external view returns (uint256 low, uint256 high) {
        IPyth.Price memory price = pyth.getPriceUnsafe(id);
        Scale.requireFresh(price.publishTime, maxAge, maxAhead);
        if (price.expo > 0 || price.expo < -int32(uint32(Scale.DECIMALS))) revert BadExponent(price.expo);
        uint256 decimals = uint256(uint32(-price.expo));
        uint256 middle = Scale.toPrice(price.price, decimals);
        // At most 2^64 * 10^18, so nothing wraps.
        uint256 confidence = uint256(price.conf) * 10 ** (Scale.DECIMALS - decimals);
        if (confidence * 10_000 > middle * maxConfidence) revert PriceTooUncertain(middle, confidence);
        low = middle - confidence;
        high = middle + confidence;
    }
}
