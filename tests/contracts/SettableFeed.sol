// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title A price feed of eight decimals that anybody sets, with the functions of AggregatorV3 that adapters call
contract SettableFeed {
    uint8 public constant decimals = 8;
    int256 private _answer;
    uint256 private _updatedAt;

    constructor(int256 answer) {
        set(answer);
    }

    function set(int256 answer) public {
        _answer = answer;
        _updatedAt = block.timestamp;
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, _answer, _updatedAt, _updatedAt, 1);
    }
}
