// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {QuorumSignature} from "../interfaces/IMarketOracle.sol";
import {IPriceAdapter} from "../interfaces/IPriceAdapter.sol";
import {Quorum} from "../oracle/Quorum.sol";
import {Scale} from "./Scale.sol";

/// @notice What reporters sign (EIP-712).
/// @param low Lower end of the price, 18 decimals.
/// @param high Upper end.
/// @param time When the price was so; seconds since 1970.
struct PriceReport {
    uint128 low;
    uint128 high;
    uint40 time;
}

/// @title Signed reports as a live price
/// @notice A quorum of reporters signs a price off chain, and anyone brings the report. The reporters are fixed; for others,
/// set another adapter as the feed's source.
contract SignedReportAdapter is IPriceAdapter, EIP712 {
    /// @notice The type of a report. The feed is in it, and the contract and chain in the domain, so that a report counts
    /// in one place.
    bytes32 public constant REPORT_TYPE = keccak256("PriceReport(bytes32 feed,uint128 low,uint128 high,uint40 time)");

    uint256 private constant _MOST_REPORTERS = 32;

    /// @notice keccak256 of the feed's id in snapshots.
    bytes32 public immutable feed;
    /// @notice How many reporters must sign.
    uint256 public immutable quorum;
    /// @notice How old a report may be.
    uint256 public immutable maxAge;

    /// @notice Whose signatures count.
    mapping(address reporter => bool) public isReporter;
    /// @notice The newest report.
    PriceReport public report;

    /// @notice A newer price was brought.
    event Reported(uint128 low, uint128 high, uint40 time);

    /// @notice The report is not newer than the one at hand.
    error NotNewer(uint40 time, uint40 newest);
    /// @notice The report's interval is empty or starts at zero.
    error BadInterval(uint128 low, uint128 high);

    /// @param feed_ keccak256 of the feed's id in snapshots.
    /// @param reporters Whose signatures count.
    /// @param quorum_ How many must sign.
    /// @param maxAge_ How old a report may be, in seconds.
    constructor(bytes32 feed_, address[] memory reporters, uint256 quorum_, uint256 maxAge_)
        EIP712("zksolvency SignedReportAdapter", "1")
    {
        if (feed_ == 0) revert BadConfiguration("feed");
        if (reporters.length > _MOST_REPORTERS) revert BadConfiguration("reporters");
        if (quorum_ == 0 || quorum_ > reporters.length) revert BadConfiguration("quorum");
        if (maxAge_ == 0 || maxAge_ > 1 days) revert BadConfiguration("maxAge");
        for (uint256 i = 0; i < reporters.length; ++i) {
            if (reporters[i] == address(0) || isReporter[reporters[i]]) revert BadConfiguration("reporters");
            isReporter[reporters[i]] = true;
        }
        feed = feed_;
        quorum = quorum_;
        maxAge = maxAge_;
    }

    /// @notice Bring a report. Anyone may.
    /// @param fresh The report; newer than the one at hand, and not of the future.
    /// @param signatures By reporters, in strictly increasing order of their addresses.
    function submit(PriceReport calldata fresh, QuorumSignature[] calldata signatures) external {
        if (fresh.time <= report.time) revert NotNewer(fresh.time, report.time);
        if (fresh.low == 0 || fresh.low > fresh.high) revert BadInterval(fresh.low, fresh.high);
        Scale.requireFresh(fresh.time, maxAge, 0);
        Quorum.requireReached(isReporter, quorum, digestOf(fresh), signatures);
        report = fresh;
        emit Reported(fresh.low, fresh.high, fresh.time);
    }

    /// @inheritdoc IPriceAdapter
    function read() external view returns (uint256 low, uint256 high) {
        PriceReport memory newest = report;
        Scale.requireFresh(newest.time, maxAge, 0);
        return (newest.low, newest.high);
    }

    /// @notice What reporters sign about a report.
    /// @param fresh The report.
    function digestOf(PriceReport calldata fresh) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REPORT_TYPE, feed, fresh.low, fresh.high, fresh.time)));
    }
}
