// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Who may change what, and how fast
/// @notice What weakens a check waits; what strengthens one happens at once. The owner changes things, a guardian only
/// stops them. Before `goLive` nothing waits, and nothing that the contract says counts.
/// @dev A delayed function runs when exactly its call data was scheduled and the delay is over.
interface IGoverned {
    /// @notice The contract counts from now on, and changes wait.
    event WentLive();
    /// @notice Another guardian.
    event GuardianSet(address indexed guardian);
    /// @notice A call may be made from `notBefore` to `notAfter`.
    event Scheduled(bytes32 indexed id, bytes call, uint256 notBefore, uint256 notAfter);
    /// @notice A scheduled call was cancelled.
    event Cancelled(bytes32 indexed id, address indexed by);

    /// @notice The caller is neither owner nor guardian.
    error NotGuardian(address caller);
    /// @notice The delay is shorter than a production deployment's or longer than `MAX_DELAY`.
    error BadDelay(uint256 delay);
    /// @notice The contract is not live yet, or already is.
    error LiveState(bool live);
    /// @notice This call was not scheduled.
    error NotScheduled(bytes32 id);
    /// @notice This call is scheduled already.
    error AlreadyScheduled(bytes32 id);
    /// @notice It is too early or too late for this call.
    error OutsideSchedule(uint256 notBefore, uint256 notAfter);
    /// @notice Ownership cannot be given up in one step, or at all.
    error CannotRenounce();
    /// @notice A deployment that takes development keys must be on a chain for trials.
    error NotADevelopmentChain(uint256 chainId);

    /// @notice Who may stop things at once; zero for the owner alone.
    function guardian() external view returns (address);

    /// @notice How long a delayed call waits, in seconds.
    function delay() external view returns (uint256);

    /// @notice Whether the contract counts and changes wait.
    function isLive() external view returns (bool);

    /// @notice When a scheduled call may be made; 0 when it is not scheduled.
    /// @param id keccak256 of its call data.
    function scheduledFor(bytes32 id) external view returns (uint256);

    /// @notice Schedule a delayed call to this contract. Only for the owner, and only once live: before, nothing waits.
    /// @param call Its call data, selector included.
    /// @return id keccak256 of the call data.
    function schedule(bytes calldata call) external returns (bytes32 id);

    /// @notice Cancel a scheduled call. For the owner and the guardian; `setGuardian` for the owner alone, since a guardian
    /// must not keep itself in office.
    /// @param id keccak256 of its call data.
    function cancel(bytes32 id) external;

    /// @notice End the time in which changes do not wait. Only for the owner, once.
    function goLive() external;

    /// @notice Set the guardian. Only for the owner, after the delay.
    /// @param newGuardian Who may stop things; zero for the owner alone.
    function setGuardian(address newGuardian) external;
}
