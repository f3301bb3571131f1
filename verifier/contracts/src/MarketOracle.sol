// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SolvencyStatement} from "./SolvencyStatement.sol";
import {Governed} from "./governance/Governed.sol";
import {
    Band,
    EnvelopeState,
    FeedSource,
    IMarketOracle,
    MarketSnapshot,
    QuorumSignature,
    SnapshotRecord
} from "./interfaces/IMarketOracle.sol";
import {LivePrice, Reading} from "./oracle/LivePrice.sol";
import {Quorum} from "./oracle/Quorum.sol";
import {SnapshotHash} from "./oracle/SnapshotHash.sol";
import {Universes} from "./oracle/Universes.sol";
import {BN254_R} from "./verifier/Bn254.sol";

/// @title Market oracle
/// @notice What `IMarketOracle` says. Roots come from a quorum of publishers, prices are read live.
contract MarketOracle is Universes, EIP712 {
    /// @inheritdoc IMarketOracle
    uint256 public constant FEED_GAS = LivePrice.FEED_GAS;

    /// @dev Times have 34 bits in a clock.
    uint256 private constant _TIME_BITS = 34;
    /// @dev Hashes of public objects have 248 bits.
    uint256 private constant _HASH_BITS = 248;

    // By universe first: no universe's publishers can take a root that another's will post.
    mapping(uint256 universe => mapping(uint256 marketRoot => SnapshotRecord)) private _snapshots;
    mapping(uint256 universe => mapping(uint256 marketRoot => Band[])) private _bands;
    mapping(bytes32 series => uint256 marketRoot) private _latest;
    /// @dev Contradictions that were reported, by what was signed: each halts a universe once.
    mapping(bytes32 digest => bool) private _reported;

    /// @param owner_ Who registers universes.
    /// @param guardian_ Who may revoke and halt at once.
    /// @param delay_ How long additions wait.
    constructor(address owner_, address guardian_, uint256 delay_)
        Governed(owner_, guardian_, delay_)
        EIP712("zksolvency MarketOracle", "1")
    {}

    /// @inheritdoc IMarketOracle
    function postSnapshot(MarketSnapshot calldata snapshot, QuorumSignature[] calldata signatures) external {
        Universe storage universe = _universe(snapshot.universe);
        if (universe.halted) revert UniverseIsHalted(snapshot.universe);
        _requireWellFormed(snapshot, universe);
        bytes32 series = _series(snapshot.universe, snapshot.layoutId, snapshot.level);
        _requireNewer(snapshot, _latest[series]);
        bytes32 digest = digestOf(snapshot);
        Quorum.requireReached(universe.isPublisher, universe.quorum, digest, signatures);

        _latest[series] = snapshot.marketRoot;
        _snapshots[snapshot.universe][snapshot.marketRoot] = SnapshotRecord({
            universe: snapshot.universe,
            layoutId: snapshot.layoutId,
            digest: digest,
            level: snapshot.level,
            epoch: snapshot.epoch,
            time: snapshot.time,
            validUntil: snapshot.validUntil,
            revoked: false
        });
        Band[] storage bands = _bands[snapshot.universe][snapshot.marketRoot];
        for (uint256 i = 0; i < snapshot.bands.length; ++i) {
            bands.push(snapshot.bands[i]);
        }
        emit SnapshotPosted(
            snapshot.marketRoot,
            snapshot.universe,
            snapshot.snapshotHash,
            snapshot.layoutId,
            snapshot.level,
            snapshot.epoch,
            snapshot.time,
            snapshot.validUntil,
            snapshot.bands
        );
    }

    /// @inheritdoc IMarketOracle
    function reportEquivocation(uint256 posted, MarketSnapshot calldata other, QuorumSignature[] calldata signatures)
        external
    {
        SnapshotRecord storage record = _snapshots[other.universe][posted];
        if (record.universe == 0) revert UnknownRoot(posted);
        bytes32 digest = digestOf(other);
        bool sameEpoch = record.layoutId == other.layoutId && record.level == other.level && record.epoch == other.epoch;
        if (!sameEpoch || record.digest == digest) revert NoEquivocation();
        // Else anybody could halt the universe again each time that its owner has dealt with it.
        if (_reported[digest]) revert AlreadyReported(digest);
        _reported[digest] = true;
        Universe storage universe = _universe(other.universe);
        Quorum.requireReached(universe.isPublisher, universe.quorum, digest, signatures);
        emit Equivocation(other.universe, other.layoutId, other.level, other.epoch, posted, other.marketRoot);
        _halt(other.universe);
    }

    /// @inheritdoc IMarketOracle
    function revokeSnapshot(uint256 universe, uint256 marketRoot) external onlyGuardian {
        SnapshotRecord storage record = _snapshots[universe][marketRoot];
        if (record.universe == 0) revert UnknownRoot(marketRoot);
        record.revoked = true;
        emit SnapshotRevoked(marketRoot, universe, msg.sender);
    }

    /// @inheritdoc IMarketOracle
    function inEnvelope(uint256 universe, uint256 marketRoot) external view returns (bool) {
        return envelopeState(universe, marketRoot) == EnvelopeState.Inside;
    }

    /// @inheritdoc IMarketOracle
    function diverged(uint256 universe) external view returns (bool) {
        FeedSource[] storage feeds = _universe(universe).feeds;
        uint256 count = feeds.length;
        for (uint256 i = 0; i < count; ++i) {
            if (address(feeds[i].check) == address(0)) continue;
            (Reading reading,,) = LivePrice.current(feeds[i]);
            if (reading == Reading.Diverged) return true;
        }
        return false;
    }

    /// @inheritdoc IMarketOracle
    function snapshotOf(uint256 universe, uint256 marketRoot) external view returns (SnapshotRecord memory) {
        return _snapshots[universe][marketRoot];
    }

    /// @inheritdoc IMarketOracle
    function bandsOf(uint256 universe, uint256 marketRoot) external view returns (Band[] memory) {
        return _bands[universe][marketRoot];
    }

    /// @inheritdoc IMarketOracle
    function latest(uint256 universe, uint256 layoutId, uint8 level)
        external
        view
        returns (uint256 marketRoot, uint32 epoch)
    {
        marketRoot = _latest[_series(universe, layoutId, level)];
        epoch = _snapshots[universe][marketRoot].epoch;
    }

    /// @inheritdoc IMarketOracle
    function envelopeState(uint256 universe, uint256 marketRoot) public view returns (EnvelopeState) {
        SnapshotRecord storage record = _snapshots[universe][marketRoot];
        if (record.universe == 0) return EnvelopeState.Unknown;
        if (!isLive || isHalted(universe)) return EnvelopeState.Halted;
        if (record.revoked) return EnvelopeState.Revoked;
        if (block.timestamp < record.time || block.timestamp > record.validUntil) return EnvelopeState.OutOfWindow;

        FeedSource[] storage feeds = _universe(universe).feeds;
        Band[] storage bands = _bands[universe][marketRoot];
        uint256 count = feeds.length;
        for (uint256 i = 0; i < count; ++i) {
            (Reading reading, uint256 low, uint256 high) = LivePrice.current(feeds[i]);
            if (reading == Reading.Unavailable) return EnvelopeState.Unavailable;
            if (reading == Reading.Diverged) return EnvelopeState.Diverged;
            Band storage band = bands[i];
            if (low < band.low || high > band.high) return EnvelopeState.Outside;
        }
        return EnvelopeState.Inside;
    }

    /// @inheritdoc IMarketOracle
    function digestOf(MarketSnapshot calldata snapshot) public view returns (bytes32) {
        return _hashTypedDataV4(SnapshotHash.structHash(snapshot));
    }

    /// @dev What a contract can see of a snapshot is in order; the rest the quorum answers for.
    function _requireWellFormed(MarketSnapshot calldata snapshot, Universe storage universe) private view {
        if (snapshot.marketRoot == 0 || snapshot.marketRoot >= BN254_R) revert BadHash(snapshot.marketRoot);
        if (snapshot.snapshotHash == 0 || snapshot.snapshotHash >> _HASH_BITS != 0) {
            revert BadHash(snapshot.snapshotHash);
        }
        if (snapshot.layoutId == 0 || snapshot.layoutId >> _HASH_BITS != 0) revert BadHash(snapshot.layoutId);
        if (snapshot.level != SolvencyStatement.LEVEL_MAINTENANCE && snapshot.level != SolvencyStatement.LEVEL_INITIAL)
        {
            revert BadLevel(snapshot.level);
        }
        // A snapshot of the future, one that is over and one that would last too long all say nothing of now.
        if (
            snapshot.time > block.timestamp || snapshot.validUntil < block.timestamp
                || snapshot.validUntil >> _TIME_BITS != 0 || snapshot.validUntil - snapshot.time > universe.maxWindow
        ) revert BadWindow(snapshot.time, snapshot.validUntil);

        // Epochs never go back, so neither a slip nor a rogue quorum may use them up; whoever counts on in seconds stays ahead.
        if (snapshot.epoch > snapshot.time) revert EpochTooFar(snapshot.epoch, snapshot.time);

        uint256 count = universe.feeds.length;
        if (snapshot.bands.length != count) revert FeedCount(snapshot.bands.length);
        for (uint256 i = 0; i < count; ++i) {
            Band calldata band = snapshot.bands[i];
            if (band.feed != universe.feeds[i].feed) revert WrongFeed(i, band.feed);
            if (band.low == 0 || band.low > band.high) revert BadBand(i);
        }
    }

    /// @dev The root is new, and the snapshot newer than the latest of its series.
    function _requireNewer(MarketSnapshot calldata snapshot, uint256 latestRoot) private view {
        mapping(uint256 marketRoot => SnapshotRecord) storage posted = _snapshots[snapshot.universe];
        if (posted[snapshot.marketRoot].universe != 0) revert RootExists(snapshot.marketRoot);
        if (latestRoot == 0) return;
        SnapshotRecord storage previous = posted[latestRoot];
        if (snapshot.epoch <= previous.epoch) revert EpochNotNewer(snapshot.epoch, previous.epoch);
        if (snapshot.time < previous.time) revert TimeNotMonotonic(snapshot.time, previous.time);
    }

    function _series(uint256 universe, uint256 layoutId, uint8 level) private pure returns (bytes32) {
        return keccak256(abi.encode(universe, layoutId, level));
    }
}
