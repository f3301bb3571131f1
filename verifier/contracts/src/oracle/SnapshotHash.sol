// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Band, MarketSnapshot} from "../interfaces/IMarketOracle.sol";

/// @title The EIP-712 encoding of a market snapshot
/// @notice What a publisher's wallet shows, and what its signature covers: every field, bands included.
library SnapshotHash {
    /// @notice The type of a band.
    bytes32 internal constant BAND_TYPE = keccak256("Band(bytes32 feed,uint128 low,uint128 high)");
    /// @notice The type of a snapshot, its bands' type after it.
    bytes32 internal constant SNAPSHOT_TYPE = keccak256(
        "MarketSnapshot(uint256 marketRoot,uint256 snapshotHash,uint256 universe,uint256 layoutId,uint8 level,"
        "uint32 epoch,uint40 time,uint40 validUntil,Band[] bands)Band(bytes32 feed,uint128 low,uint128 high)"
    );

    /// @notice The struct hash of a snapshot.
    /// @param snapshot The snapshot.
    /// @return Its hash, to be combined with the domain.
    function structHash(MarketSnapshot calldata snapshot) internal pure returns (bytes32) {
        uint256 count = snapshot.bands.length;
        bytes32[] memory bands = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            Band calldata band = snapshot.bands[i];
            bands[i] = keccak256(abi.encode(BAND_TYPE, band.feed, band.low, band.high));
        }
        return keccak256(
            abi.encode(
                SNAPSHOT_TYPE,
                snapshot.marketRoot,
                snapshot.snapshotHash,
                snapshot.universe,
                snapshot.layoutId,
                snapshot.level,
                snapshot.epoch,
                snapshot.time,
                snapshot.validUntil,
                keccak256(abi.encodePacked(bands))
            )
        );
    }
}
