// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {SolvencyStatement, Statement} from "./SolvencyStatement.sol";
import {Governed} from "./governance/Governed.sol";
import {Proof} from "./interfaces/IGroth16Verifier.sol";
import {EnvelopeState, IMarketOracle, SnapshotRecord} from "./interfaces/IMarketOracle.sol";
import {ISolvency, Status} from "./interfaces/ISolvency.sol";
import {ISolvencyRegistry, Policy, SolvencyRecord} from "./interfaces/ISolvencyRegistry.sol";
import {IVerifyingKeyRegistry} from "./interfaces/IVerifyingKeyRegistry.sol";
import {PolicyBook} from "./registry/PolicyBook.sol";

/// @title Registry of solvency proofs
/// @notice What `ISolvencyRegistry` says. It knows nothing of the sender, and keeps nothing of a proof but what it showed.
contract SolvencyRegistry is PolicyBook, Pausable {
    using SolvencyStatement for Statement;

    /// @dev Bits of as_of in a record's version; the epoch is above them.
    uint256 private constant _AS_OF_BITS = 40;

    /// @inheritdoc ISolvencyRegistry
    IMarketOracle public immutable oracle;
    /// @inheritdoc ISolvencyRegistry
    IVerifyingKeyRegistry public immutable keys;

    /// @inheritdoc ISolvencyRegistry
    mapping(uint256 nullifier => address subject) public subjectOf;
    /// @inheritdoc ISolvencyRegistry
    mapping(uint256 universe => bool tripped) public isTripped;

    mapping(bytes32 policyId => mapping(address subject => SolvencyRecord)) private _records;

    /// @notice A part of the system is not a contract.
    error NotAContract(address part);

    /// @param owner_ Who adds policies.
    /// @param guardian_ Who may pause and revoke at once.
    /// @param delay_ How long additions wait.
    /// @param oracle_ Where market roots and prices come from.
    /// @param keys_ Where verifiers come from.
    constructor(address owner_, address guardian_, uint256 delay_, IMarketOracle oracle_, IVerifyingKeyRegistry keys_)
        Governed(owner_, guardian_, delay_)
    {
        if (address(oracle_).code.length == 0) revert NotAContract(address(oracle_));
        if (address(keys_).code.length == 0) revert NotAContract(address(keys_));
        oracle = oracle_;
        keys = keys_;
    }

    /// @inheritdoc ISolvencyRegistry
    function attest(bytes32 policyId, bytes32 circuit, Statement calldata statement, Proof calldata proof)
        external
        whenNotPaused
        returns (address subject)
    {
        if (!isLive) revert LiveState(false);
        Policy storage policy = _policy(policyId);
        if (isTripped[policy.universe]) revert BreakerIsTripped(policy.universe);
        if (!_acceptsCircuit(policyId, circuit)) revert CircuitNotAccepted(circuit);
        if (!isAttestor(policyId, statement.attestor)) revert AttestorNotAccepted(statement.attestor);
        uint256 expected = contextOf(policyId);
        if (statement.context != expected) revert WrongContext(statement.context, expected);

        SolvencyRecord memory fresh;
        (subject, fresh) = _recordFrom(policy, circuit, statement);
        address bound = subjectOf[statement.nullifier];
        if (bound != address(0) && bound != subject) revert NullifierTaken(statement.nullifier, bound);
        bool known = _requireNewerOrSame(fresh, _records[policyId][subject]);

        if (!keys.verifierOf(circuit).verify(proof.a, proof.b, proof.c, statement.toSignals())) revert InvalidProof();
        if (!known || bound != subject) _keep(policyId, subject, statement.nullifier, fresh);
    }

    /// @inheritdoc ISolvencyRegistry
    function tripBreaker(uint256 universe) external {
        if (isTripped[universe]) revert BreakerIsTripped(universe);
        if (!oracle.diverged(universe)) revert NotDiverged(universe);
        isTripped[universe] = true;
        emit BreakerTripped(universe, msg.sender);
    }

    /// @inheritdoc ISolvencyRegistry
    function resetBreaker(uint256 universe) external onlyOwner {
        if (!isTripped[universe]) revert NotDiverged(universe);
        if (oracle.diverged(universe)) revert BreakerIsTripped(universe);
        isTripped[universe] = false;
        emit BreakerReset(universe);
    }

    /// @inheritdoc ISolvencyRegistry
    function pause() external onlyGuardian {
        _pause();
    }

    /// @inheritdoc ISolvencyRegistry
    function unpause() external onlyOwner {
        _unpause();
    }

    /// @inheritdoc ISolvencyRegistry
    function recordOf(address subject, bytes32 policyId) external view returns (SolvencyRecord memory) {
        return _records[policyId][subject];
    }

    /// @inheritdoc ISolvency
    function isSolvent(address subject, bytes32 policyId) external view returns (bool) {
        return statusOf(subject, policyId) == Status.Solvent;
    }

    /// @inheritdoc ISolvency
    function isSolventUnder(address subject, bytes32 policyId, uint256 marketRoot) external view returns (bool) {
        return _records[policyId][subject].marketRoot == marketRoot && statusOf(subject, policyId) == Status.Solvent;
    }

    /// @inheritdoc ISolvency
    function expiryOf(address subject, bytes32 policyId) external view returns (uint256) {
        SolvencyRecord storage record = _records[policyId][subject];
        if (record.marketRoot == 0) return 0;
        return _expiry(record.asOf, record.validUntil, _policy(policyId).maxAge);
    }

    /// @inheritdoc ISolvency
    function asOf(address subject, bytes32 policyId) external view returns (uint256) {
        return _records[policyId][subject].asOf;
    }

    /// @inheritdoc ISolvency
    function versionOf(address subject, bytes32 policyId) external view returns (uint256) {
        SolvencyRecord storage record = _records[policyId][subject];
        return _version(record.epoch, record.asOf);
    }

    /// @inheritdoc ISolvency
    function statusOf(address subject, bytes32 policyId) public view returns (Status) {
        SolvencyRecord storage record = _records[policyId][subject];
        uint256 marketRoot = record.marketRoot;
        if (marketRoot == 0) return Status.NoRecord;
        Policy storage policy = _policy(policyId);
        if (paused() || !isLive || isTripped[policy.universe]) return Status.Halted;
        // Before all that says something of the subject: while the market is halted nobody can put a proof on record.
        EnvelopeState state = oracle.envelopeState(policy.universe, marketRoot);
        if (state == EnvelopeState.Halted) return Status.Halted;
        if (block.timestamp > _expiry(record.asOf, record.validUntil, policy.maxAge)) return Status.Expired;
        if (!isAttestor(policyId, record.attestor)) return Status.AttestorRevoked;
        if (!keys.isUsable(record.circuit)) return Status.KeyDeprecated;

        if (state == EnvelopeState.Inside) return Status.Solvent;
        if (state == EnvelopeState.Outside) return Status.OutsideEnvelope;
        if (state == EnvelopeState.Unavailable || state == EnvelopeState.Diverged) return Status.PriceUnavailable;
        if (state == EnvelopeState.OutOfWindow) return Status.Expired;
        return Status.SnapshotWithdrawn;
    }

    /// @inheritdoc ISolvencyRegistry
    function contextOf(bytes32 policyId) public view returns (uint256) {
        return uint256(keccak256(abi.encode(block.chainid, address(this), policyId))) >> 8;
    }

    /// @inheritdoc PolicyBook
    function _requireUniverse(uint256 universe) internal view override {
        (uint8 quorum,) = oracle.quorumOf(universe);
        if (quorum == 0) revert BadPolicy("universe");
    }

    /// @dev Puts a record on file; everything about it was checked.
    function _keep(bytes32 policyId, address subject, uint256 nullifier, SolvencyRecord memory fresh) private {
        subjectOf[nullifier] = subject;
        _records[policyId][subject] = fresh;
        uint256 expiry = _expiry(fresh.asOf, fresh.validUntil, _policy(policyId).maxAge);
        emit Attested(policyId, subject, fresh.marketRoot, nullifier, expiry, fresh);
    }

    /// @dev The record that a statement makes, if it is what the policy asks for.
    function _recordFrom(Policy storage policy, bytes32 circuit, Statement calldata statement)
        private
        view
        returns (address subject, SolvencyRecord memory fresh)
    {
        subject = _requireTerms(policy, statement.terms);
        uint256 time = SolvencyStatement.asOf(statement.terms);
        SnapshotRecord memory snapshot = _requireMarket(policy, statement.marketRoot);
        // The circuit holds as_of to the snapshot's window; that it is not of the future only a chain can say.
        if (time > block.timestamp || time < snapshot.time || time > snapshot.validUntil) revert AsOfOutOfWindow(time);
        // Fields of the terms have no more bits than what they are kept in: 34, 38 and 8.
        fresh = SolvencyRecord({
            marketRoot: statement.marketRoot,
            attestor: statement.attestor,
            circuit: circuit,
            epoch: snapshot.epoch,
            asOf: uint40(time),
            validUntil: snapshot.validUntil,
            floor: uint40(SolvencyStatement.floor(statement.terms)),
            ratio: uint8(SolvencyStatement.ratio(statement.terms))
        });
        uint256 expiry = _expiry(fresh.asOf, fresh.validUntil, policy.maxAge);
        if (block.timestamp > expiry) revert AlreadyExpired(expiry);
    }

    /// @dev The terms are what the policy asks for; their subject.
    function _requireTerms(Policy storage policy, uint256 packed) private view returns (address subject) {
        if (packed >> SolvencyStatement.TERMS_BITS != 0) revert SolvencyStatement.TermsTooLarge(packed);
        uint256 value = SolvencyStatement.version(packed);
        if (value != SolvencyStatement.TERMS_VERSION) revert WrongVersion(value);
        value = SolvencyStatement.level(packed);
        if (value != policy.level) revert WrongLevel(value, policy.level);
        value = SolvencyStatement.coverage(packed);
        if (value != policy.coverage) revert WrongCoverage(value, policy.coverage);
        value = SolvencyStatement.ratio(packed);
        if (value < policy.ratio) revert RatioTooLow(value, policy.ratio);
        value = SolvencyStatement.floor(packed);
        if (value < policy.floor) revert FloorTooLow(value, policy.floor);
        subject = SolvencyStatement.subject(packed);
        if (subject == address(0)) revert NoSubject();
    }

    /// @dev The root was posted, counts, and is of the policy's market.
    function _requireMarket(Policy storage policy, uint256 marketRoot)
        private
        view
        returns (SnapshotRecord memory snapshot)
    {
        uint256 universe = policy.universe;
        snapshot = oracle.snapshotOf(universe, marketRoot);
        if (snapshot.universe == 0 || snapshot.revoked || oracle.isHalted(universe)) {
            revert MarketRootNotAccepted(marketRoot);
        }
        if (snapshot.layoutId != policy.layoutId || snapshot.level != policy.level) revert WrongMarket(marketRoot);
    }

    /// @dev Reverts unless a record is newer than the current one; says whether it is the current one once more.
    function _requireNewerOrSame(SolvencyRecord memory fresh, SolvencyRecord storage current)
        private
        view
        returns (bool same)
    {
        uint256 version = _version(fresh.epoch, fresh.asOf);
        uint256 newest = _version(current.epoch, current.asOf);
        if (version > newest) return false;
        same = version == newest && fresh.marketRoot == current.marketRoot && fresh.attestor == current.attestor
            && fresh.circuit == current.circuit && fresh.floor == current.floor && fresh.ratio == current.ratio;
        if (!same) revert NotNewer(version, newest);
    }

    /// @dev The last second at which a record counts.
    function _expiry(uint256 time, uint256 validUntil, uint256 maxAge) private pure returns (uint256) {
        uint256 aged = time + maxAge;
        return aged < validUntil ? aged : validUntil;
    }

    /// @dev Orders records by (epoch, as_of).
    function _version(uint256 epoch, uint256 time) private pure returns (uint256) {
        return epoch << _AS_OF_BITS | time;
    }
}
