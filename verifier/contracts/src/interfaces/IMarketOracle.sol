// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IPriceAdapter} from "./IPriceAdapter.sol";

/// @notice The band of one feed: proofs hold while its price is inside, ends included.
/// @param feed keccak256 of the feed's id in the snapshot, such as `BTC-mark`.
/// @param low Lower end, 18 decimals.
/// @param high Upper end, 18 decimals.
struct Band {
    bytes32 feed;
    uint128 low;
    uint128 high;
}

/// @notice What a quorum of publishers signs (EIP-712) about a market snapshot.
/// @param marketRoot The header hash that proofs are bound to.
/// @param snapshotHash Hash of the whole snapshot, by which anybody finds and checks it.
/// @param universe Hash of the universe.
/// @param layoutId Id of the layout.
/// @param level 1 maintenance, 2 initial.
/// @param epoch The publishers' counter, no greater than `time`.
/// @param time Start of the window in which proofs over the snapshot hold; seconds since 1970.
/// @param validUntil End of that window, included.
/// @param bands Bands of every feed of the universe, in the universe's order.
struct MarketSnapshot {
    uint256 marketRoot;
    uint256 snapshotHash;
    uint256 universe;
    uint256 layoutId;
    uint8 level;
    uint32 epoch;
    uint40 time;
    uint40 validUntil;
    Band[] bands;
}

/// @notice One signer's signature: 65 bytes of an account with a key, or what a contract takes by ERC-1271.
struct QuorumSignature {
    address signer;
    bytes signature;
}

/// @notice A posted snapshot.
/// @param universe Hash of the universe; zero when there is no such snapshot.
/// @param layoutId Id of the layout.
/// @param digest What was signed (EIP-712), so that a second story about the same epoch is evidence.
/// @param level 1 maintenance, 2 initial.
/// @param epoch The publishers' counter.
/// @param time Start of the window.
/// @param validUntil End of the window, included.
/// @param revoked Whether it was withdrawn.
struct SnapshotRecord {
    uint256 universe;
    uint256 layoutId;
    bytes32 digest;
    uint8 level;
    uint32 epoch;
    uint40 time;
    uint40 validUntil;
    bool revoked;
}

/// @notice One feed of a universe. Sources must be such that nobody can move one for a moment; with a second one,
/// `maxDivergence` must leave room for both sources' ages, because anyone may trip a breaker while they disagree.
/// @param feed keccak256 of the feed's id in snapshots.
/// @param adapter Where its live price is read.
/// @param check A second source that must agree with the first, or zero.
/// @param maxDivergence How far the two may be apart, in hundredths of a percent of the lower; 0 without a second.
struct FeedSource {
    bytes32 feed;
    IPriceAdapter adapter;
    IPriceAdapter check;
    uint16 maxDivergence;
}

/// @notice Why proofs over a snapshot hold now, or do not.
enum EnvelopeState {
    /// No snapshot with this root was posted.
    Unknown,
    /// Every live price is inside its band, in the snapshot's window.
    Inside,
    /// A live price is outside its band.
    Outside,
    /// A live price cannot be read.
    Unavailable,
    /// Two sources of one price disagree.
    Diverged,
    /// The window has not begun or is over.
    OutOfWindow,
    /// The snapshot was revoked.
    Revoked,
    /// The universe is halted, or the oracle is not live.
    Halted
}

/// @title Market oracle
/// @notice Keeps the market roots that a quorum of publishers signed, and says whether live prices are inside the
/// envelope of one. A contract cannot see which feeds an account depends on, so it checks all of a universe's, of which
/// there are at most `MAX_FEEDS`.
/// @dev The quorum is trusted for what a contract cannot recompute: that the root commits to this universe, layout,
/// clock and envelope, and that the rows are well-formed.
interface IMarketOracle {
    /// @notice A universe was registered.
    event UniverseRegistered(uint256 indexed universe, uint8 quorum, uint32 maxWindow, address[] publishers);
    /// @notice A source of a universe's feed was set.
    event FeedSet(
        uint256 indexed universe,
        uint256 indexed position,
        bytes32 indexed feed,
        IPriceAdapter adapter,
        IPriceAdapter check,
        uint16 maxDivergence
    );
    /// @notice A publisher may sign from now on.
    event PublisherAdded(uint256 indexed universe, address indexed publisher);
    /// @notice A publisher's signature no longer counts.
    event PublisherRevoked(uint256 indexed universe, address indexed publisher, address indexed by);
    /// @notice So many publishers must sign from now on.
    event QuorumSet(uint256 indexed universe, uint8 quorum);
    /// @notice A snapshot was posted.
    event SnapshotPosted(
        uint256 indexed marketRoot,
        uint256 indexed universe,
        uint256 snapshotHash,
        uint256 layoutId,
        uint8 level,
        uint32 epoch,
        uint40 time,
        uint40 validUntil,
        Band[] bands
    );
    /// @notice A snapshot was withdrawn.
    event SnapshotRevoked(uint256 indexed marketRoot, uint256 indexed universe, address indexed by);
    /// @notice A quorum signed two stories about one epoch; the second was not posted.
    event Equivocation(
        uint256 indexed universe, uint256 layoutId, uint8 level, uint32 epoch, uint256 postedRoot, uint256 otherRoot
    );
    /// @notice Nothing of this universe counts from now on.
    event UniverseHalted(uint256 indexed universe, address indexed by);
    /// @notice The universe counts again.
    event UniverseResumed(uint256 indexed universe, address indexed by);

    /// @notice The universe is not registered.
    error UnknownUniverse(uint256 universe);
    /// @notice The universe is already registered.
    error UniverseExists(uint256 universe);
    /// @notice The universe is halted.
    error UniverseIsHalted(uint256 universe);
    /// @notice A universe has 1 to `MAX_FEEDS` feeds.
    error FeedCount(uint256 count);
    /// @notice The feed at this position is not the expected one, or is named twice.
    error WrongFeed(uint256 position, bytes32 feed);
    /// @notice The second source and the divergence allowed do not go together, or a source has no code.
    error BadFeedSource(uint256 position);
    /// @notice The band at this position is empty or starts at zero.
    error BadBand(uint256 position);
    /// @notice The quorum is not more than half of the publishers, or more than there are (or are about to be).
    error BadQuorum(uint256 quorum, uint256 publishers);
    /// @notice There are no publishers, or more than `MAX_PUBLISHERS`.
    error PublisherCount(uint256 count);
    /// @notice The address is zero or already a publisher.
    error BadPublisher(address publisher);
    /// @notice The address is not a publisher of the universe.
    error NotAPublisher(address publisher);
    /// @notice The level is neither 1 nor 2.
    error BadLevel(uint8 level);
    /// @notice The root or a hash is zero or no field element.
    error BadHash(uint256 value);
    /// @notice The window does not contain the block time, is empty, or is longer than the universe allows.
    error BadWindow(uint256 time, uint256 validUntil);
    /// @notice The epoch is not newer than the latest of this (universe, layout, level).
    error EpochNotNewer(uint32 epoch, uint32 latest);
    /// @notice The epoch is greater than the snapshot's time in seconds, so the series would be at its end too soon.
    error EpochTooFar(uint32 epoch, uint40 time);
    /// @notice The time is before that of the latest snapshot of this (universe, layout, level).
    error TimeNotMonotonic(uint40 time, uint40 latest);
    /// @notice A snapshot of this universe with this root was already posted.
    error RootExists(uint256 marketRoot);
    /// @notice No snapshot of the universe with this root was posted.
    error UnknownRoot(uint256 marketRoot);
    /// @notice The two snapshots do not contradict each other.
    error NoEquivocation();
    /// @notice This contradiction halted the universe already.
    error AlreadyReported(bytes32 digest);
    /// @notice Too little gas is left to read a price whatever it needs, so no answer would mean anything.
    error TooLittleGas();

    /// @notice Most feeds that a universe may have.
    function MAX_FEEDS() external view returns (uint256);

    /// @notice Most publishers that a universe may have.
    function MAX_PUBLISHERS() external view returns (uint256);

    /// @notice Gas that reading one price may take.
    function FEED_GAS() external view returns (uint256);

    /// @notice Post a snapshot that a quorum signed. Anyone may bring it.
    /// @param snapshot The snapshot.
    /// @param signatures By publishers of its universe, in strictly increasing order of their addresses.
    function postSnapshot(MarketSnapshot calldata snapshot, QuorumSignature[] calldata signatures) external;

    /// @notice Halt a universe on proof that its quorum signed a second story about a posted epoch. Each story halts it
    /// once.
    /// @param posted Root of the posted snapshot, of the other's universe.
    /// @param other The other snapshot, of the same universe, layout, level and epoch.
    /// @param signatures A quorum's, over the other.
    function reportEquivocation(uint256 posted, MarketSnapshot calldata other, QuorumSignature[] calldata signatures)
        external;

    /// @notice Whether proofs over a snapshot hold now: it was posted and not revoked, the block time is in its window,
    /// and every live price of its universe is inside its band.
    /// @dev Reverts only with `TooLittleGas`: a price that cannot be read answers false.
    /// @param universe Hash of the universe.
    /// @param marketRoot The snapshot's root.
    function inEnvelope(uint256 universe, uint256 marketRoot) external view returns (bool);

    /// @notice The same, with the reason.
    /// @param universe Hash of the universe.
    /// @param marketRoot The snapshot's root.
    function envelopeState(uint256 universe, uint256 marketRoot) external view returns (EnvelopeState);

    /// @notice Whether two sources of a feed of the universe can both be read and disagree.
    /// @param universe Hash of the universe.
    function diverged(uint256 universe) external view returns (bool);

    /// @notice A posted snapshot; all zero when there is none.
    /// @param universe Hash of the universe.
    /// @param marketRoot The snapshot's root.
    function snapshotOf(uint256 universe, uint256 marketRoot) external view returns (SnapshotRecord memory);

    /// @notice The bands of a posted snapshot.
    /// @param universe Hash of the universe.
    /// @param marketRoot The snapshot's root.
    function bandsOf(uint256 universe, uint256 marketRoot) external view returns (Band[] memory);

    /// @notice Root and epoch of the latest snapshot of a (universe, layout, level); zero when there is none.
    /// @param universe Hash of the universe.
    /// @param layoutId Id of the layout.
    /// @param level 1 maintenance, 2 initial.
    function latest(uint256 universe, uint256 layoutId, uint8 level)
        external
        view
        returns (uint256 marketRoot, uint32 epoch);

    /// @notice The feeds of a universe.
    /// @param universe Hash of the universe.
    function feedsOf(uint256 universe) external view returns (FeedSource[] memory);

    /// @notice Whether an address is a publisher of a universe.
    /// @param universe Hash of the universe.
    /// @param publisher The address.
    function isPublisher(uint256 universe, address publisher) external view returns (bool);

    /// @notice How many publishers must sign, and how many there are.
    /// @param universe Hash of the universe.
    function quorumOf(uint256 universe) external view returns (uint8 quorum, uint8 publishers);

    /// @notice Whether a universe is halted.
    /// @param universe Hash of the universe.
    function isHalted(uint256 universe) external view returns (bool);

    /// @notice What publishers sign about a snapshot: its EIP-712 digest for this contract and chain.
    /// @param snapshot The snapshot.
    function digestOf(MarketSnapshot calldata snapshot) external view returns (bytes32);

    /// @notice Register a universe with its feeds, publishers and quorum. Only for the owner; a universe is registered
    /// once, and nothing relies on it before, so there is no delay.
    /// @param universe Hash of the universe.
    /// @param feeds Sources of its feeds, in the order of the bands of its snapshots.
    /// @param publishers Who may sign.
    /// @param quorum How many must: more than half.
    /// @param maxWindow Longest window of a snapshot, in seconds.
    function registerUniverse(
        uint256 universe,
        FeedSource[] calldata feeds,
        address[] calldata publishers,
        uint8 quorum,
        uint32 maxWindow
    ) external;

    /// @notice Add a publisher. Only for the owner, after the delay.
    /// @param universe Hash of the universe.
    /// @param publisher Who may sign. With it the quorum must still be more than half.
    function addPublisher(uint256 universe, address publisher) external;

    /// @notice Stop a publisher at once. For the owner and the guardian. Snapshots that it signed stay; revoke those too.
    /// @param universe Hash of the universe.
    /// @param publisher Who may no longer sign.
    function revokePublisher(uint256 universe, address publisher) external;

    /// @notice Change the quorum. Only for the owner, after the delay.
    /// @param universe Hash of the universe.
    /// @param quorum How many publishers must sign: more than half, and at most one more than there are.
    function setQuorum(uint256 universe, uint8 quorum) external;

    /// @notice Change where a feed is read. Only for the owner, after the delay.
    /// @param universe Hash of the universe.
    /// @param position Of the feed, from 0.
    /// @param source The new source, of the same feed.
    function setFeedSource(uint256 universe, uint256 position, FeedSource calldata source) external;

    /// @notice Withdraw a snapshot at once. For the owner and the guardian.
    /// @param universe Hash of the universe.
    /// @param marketRoot The snapshot's root.
    function revokeSnapshot(uint256 universe, uint256 marketRoot) external;

    /// @notice Halt a universe at once. For the owner and the guardian.
    /// @param universe Hash of the universe.
    function haltUniverse(uint256 universe) external;

    /// @notice Let a halted universe count again. Only for the owner.
    /// @param universe Hash of the universe.
    function resumeUniverse(uint256 universe) external;
}
