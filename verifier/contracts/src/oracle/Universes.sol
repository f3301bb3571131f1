// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Governed} from "../governance/Governed.sol";
import {FeedSource, IMarketOracle} from "../interfaces/IMarketOracle.sol";

/// @title Universes, their feeds and their publishers
/// @notice Who may sign snapshots of a universe, how many must, and where its live prices are read.
abstract contract Universes is IMarketOracle, Governed {
    /// @inheritdoc IMarketOracle
    uint256 public constant MAX_FEEDS = 8;
    /// @inheritdoc IMarketOracle
    uint256 public constant MAX_PUBLISHERS = 32;

    /// @dev Hundredths of a percent; sources that differ by more than half do not check each other.
    uint16 private constant _MOST_DIVERGENCE = 5_000;
    /// @dev Longest window that a universe may allow.
    uint32 private constant _LONGEST_WINDOW = 7 days;
    /// @dev Hashes of public objects have 248 bits.
    uint256 private constant _HASH_BITS = 248;

    /// @dev A universe; it is registered when its quorum is not zero.
    struct Universe {
        uint8 quorum;
        uint8 publishers;
        bool halted;
        uint32 maxWindow;
        FeedSource[] feeds;
        mapping(address publisher => bool) isPublisher;
    }

    mapping(uint256 universe => Universe) private _universes;

    /// @inheritdoc IMarketOracle
    function registerUniverse(
        uint256 universe,
        FeedSource[] calldata feeds,
        address[] calldata publishers,
        uint8 quorum,
        uint32 maxWindow
    ) external onlyOwner {
        Universe storage entry = _universes[universe];
        if (entry.quorum != 0) revert UniverseExists(universe);
        if (universe == 0 || universe >> _HASH_BITS != 0) revert BadHash(universe);
        if (maxWindow == 0 || maxWindow > _LONGEST_WINDOW) revert BadWindow(0, maxWindow);
        uint256 count = feeds.length;
        if (count == 0 || count > MAX_FEEDS) revert FeedCount(count);
        if (publishers.length == 0 || publishers.length > MAX_PUBLISHERS) revert PublisherCount(publishers.length);
        if (quorum > publishers.length) revert BadQuorum(quorum, publishers.length);
        _requireMajority(quorum, publishers.length);

        entry.quorum = quorum;
        entry.maxWindow = maxWindow;
        emit UniverseRegistered(universe, quorum, maxWindow, publishers);
        for (uint256 i = 0; i < count; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                if (feeds[j].feed == feeds[i].feed) revert WrongFeed(i, feeds[i].feed);
            }
            _requireSource(i, feeds[i]);
            entry.feeds.push(feeds[i]);
            _announce(universe, i, feeds[i]);
        }
        for (uint256 i = 0; i < publishers.length; ++i) {
            _addPublisher(entry, universe, publishers[i]);
        }
    }

    /// @inheritdoc IMarketOracle
    function addPublisher(uint256 universe, address publisher) external afterDelay {
        Universe storage entry = _universe(universe);
        if (entry.publishers >= MAX_PUBLISHERS) revert PublisherCount(uint256(entry.publishers) + 1);
        // With fewer publishers than must sign nothing can be posted, and that is how a universe is brought back.
        _requireMajority(entry.quorum, uint256(entry.publishers) + 1);
        _addPublisher(entry, universe, publisher);
    }

    /// @inheritdoc IMarketOracle
    function revokePublisher(uint256 universe, address publisher) external onlyGuardian {
        Universe storage entry = _universe(universe);
        if (!entry.isPublisher[publisher]) revert NotAPublisher(publisher);
        entry.isPublisher[publisher] = false;
        // The quorum stays: with too few publishers left nothing can be posted until the owner adds some.
        entry.publishers -= 1;
        emit PublisherRevoked(universe, publisher, msg.sender);
    }

    /// @inheritdoc IMarketOracle
    function setQuorum(uint256 universe, uint8 quorum) external afterDelay {
        Universe storage entry = _universe(universe);
        // One more than there are, so that the next publisher can be added to any number.
        if (quorum > uint256(entry.publishers) + 1) revert BadQuorum(quorum, entry.publishers);
        _requireMajority(quorum, entry.publishers);
        entry.quorum = quorum;
        emit QuorumSet(universe, quorum);
    }

    /// @inheritdoc IMarketOracle
    function setFeedSource(uint256 universe, uint256 position, FeedSource calldata source) external afterDelay {
        Universe storage entry = _universe(universe);
        if (position >= entry.feeds.length || source.feed != entry.feeds[position].feed) {
            revert WrongFeed(position, source.feed);
        }
        _requireSource(position, source);
        entry.feeds[position] = source;
        _announce(universe, position, source);
    }

    /// @inheritdoc IMarketOracle
    function haltUniverse(uint256 universe) external onlyGuardian {
        _halt(universe);
    }

    /// @inheritdoc IMarketOracle
    function resumeUniverse(uint256 universe) external onlyOwner {
        _universe(universe).halted = false;
        emit UniverseResumed(universe, msg.sender);
    }

    /// @inheritdoc IMarketOracle
    function feedsOf(uint256 universe) external view returns (FeedSource[] memory) {
        return _universes[universe].feeds;
    }

    /// @inheritdoc IMarketOracle
    function isPublisher(uint256 universe, address publisher) external view returns (bool) {
        return _universes[universe].isPublisher[publisher];
    }

    /// @inheritdoc IMarketOracle
    function quorumOf(uint256 universe) external view returns (uint8 quorum, uint8 publishers) {
        return (_universes[universe].quorum, _universes[universe].publishers);
    }

    /// @inheritdoc IMarketOracle
    function isHalted(uint256 universe) public view returns (bool) {
        return _universes[universe].halted;
    }

    /// @dev A registered universe, or a revert.
    function _universe(uint256 universe) internal view returns (Universe storage entry) {
        entry = _universes[universe];
        if (entry.quorum == 0) revert UnknownUniverse(universe);
    }

    function _halt(uint256 universe) internal {
        _universe(universe).halted = true;
        emit UniverseHalted(universe, msg.sender);
    }

    function _addPublisher(Universe storage entry, uint256 universe, address publisher) private {
        if (publisher == address(0) || entry.isPublisher[publisher]) revert BadPublisher(publisher);
        entry.isPublisher[publisher] = true;
        entry.publishers += 1;
        emit PublisherAdded(universe, publisher);
    }

    /// @dev More than half: two quorums without a common publisher could sign two stories, each of them in good faith.
    function _requireMajority(uint256 quorum, uint256 publishers) private pure {
        if (2 * quorum <= publishers) revert BadQuorum(quorum, publishers);
    }

    /// @dev A second source and the divergence allowed come together, and every source is a contract.
    function _requireSource(uint256 position, FeedSource calldata source) private view {
        if (source.feed == 0) revert WrongFeed(position, source.feed);
        bool alone = address(source.check) == address(0);
        bool bad = address(source.adapter).code.length == 0 || address(source.check) == address(source.adapter)
            || alone != (source.maxDivergence == 0) || source.maxDivergence > _MOST_DIVERGENCE
            || (!alone && address(source.check).code.length == 0);
        if (bad) revert BadFeedSource(position);
    }

    function _announce(uint256 universe, uint256 position, FeedSource calldata source) private {
        emit FeedSet(universe, position, source.feed, source.adapter, source.check, source.maxDivergence);
    }
}
