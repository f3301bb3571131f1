// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAggregatorV3} from "../../src/adapters/IAggregatorV3.sol";
import {IPyth} from "../../src/adapters/IPyth.sol";

/// @title An aggregator, or a sequencer's uptime feed, that the test sets
contract AggregatorStub is IAggregatorV3 {
    uint8 public decimals;
    int256 public answer;
    uint256 public startedAt;
    uint256 public updatedAt;

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function set(int256 answer_, uint256 time) external {
        (answer, startedAt, updatedAt) = (answer_, time, time);
    }

    function setDecimals(uint8 decimals_) external {
        decimals = decimals_;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, answer, startedAt, updatedAt, 1);
    }
}

/// @title A pull oracle whose update data is the price itself, for one wei each
contract PythStub is IPyth {
    mapping(bytes32 id => Price) private _prices;

    error NoPrice();

    function getPriceUnsafe(bytes32 id) external view returns (Price memory price) {
        price = _prices[id];
        if (price.publishTime == 0) revert NoPrice();
    }

    function getUpdateFee(bytes[] calldata updateData) external pure returns (uint256) {
        return updateData.length;
    }

    function updatePriceFeeds(bytes[] calldata updateData) external payable {
        require(msg.value == updateData.length, "fee");
        for (uint256 i = 0; i < updateData.length; ++i) {
            (bytes32 id, Price memory price) = abi.decode(updateData[i], (bytes32, Price));
            if (price.publishTime > _prices[id].publishTime) _prices[id] = price;
        }
    }
}
