// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SolvencyStatement, Statement, Terms} from "../../../src/SolvencyStatement.sol";
import {SolvencyRecord} from "../../../src/interfaces/ISolvencyRegistry.sol";
import {Proof} from "../../../src/interfaces/IGroth16Verifier.sol";
import {BN254_R} from "../../../src/verifier/Bn254.sol";
import {TrapdoorKey} from "../../utils/TrapdoorKey.sol";
import {MarketHandler} from "./MarketHandler.sol";

/// @title What happens to proofs: made, forged, replayed, copied, re-randomised
/// @notice Subjects 0 to 2 are solvent and prove it; subject 3 is not, and nobody makes a true proof of it that a policy
/// would take. Proofs are checked by the real verifier, under a key whose secret is known here.
contract RegistryHandler is MarketHandler {
    /// @dev The newest true proof of a subject that was taken.
    struct Made {
        uint256 market;
        uint32 epoch;
        uint256 asOf;
        uint256 attestor;
        bool exists;
    }

    uint256 public constant SUBJECTS = 4;
    uint256 private constant INSOLVENT = 3;

    /// @notice How many true proofs were taken.
    uint256 public attested;

    mapping(bytes32 policy => mapping(address subject => Made)) private _made;
    mapping(bytes32 policy => mapping(address subject => uint256)) private _highest;
    mapping(uint256 nullifier => address) private _owners;
    uint256[] private _nullifiers;
    bytes[] private _sent;

    // --------------------------------------------------------------------------------------------------- for properties

    function subjectAt(uint256 place) public pure returns (address) {
        return [SUBJECT, OTHER, address(0xF00D), address(0xBADD)][place];
    }

    function policyAt(uint256 place) external view returns (bytes32) {
        return policies[place];
    }

    function readsSolvent(uint256 place, uint256 under) public view returns (bool) {
        return registry.isSolvent(subjectAt(place), policies[under]);
    }

    /// @notice Whether somebody made a true proof of the subject under the policy and it was taken.
    function proven(uint256 place, uint256 under) public view returns (bool) {
        return _made[policies[under]][subjectAt(place)].exists;
    }

    function inTime(uint256 place, uint256 under) public view returns (bool) {
        Made storage made = _made[policies[under]][subjectAt(place)];
        if (!made.exists) return false;
        return block.timestamp <= made.asOf + MAX_AGE && block.timestamp <= posted[made.market].validUntil;
    }

    function insideEnvelope(uint256 place, uint256 under) public view returns (bool) {
        Made storage made = _made[policies[under]][subjectAt(place)];
        return made.exists && _inside(posted[made.market]);
    }

    /// @notice Whether nothing that the newest proof rests on was withdrawn.
    function stands(uint256 place, uint256 under) public view returns (bool) {
        Made storage made = _made[policies[under]][subjectAt(place)];
        if (!made.exists || paused || halted || tripped || deprecated) return false;
        return !isRevoked[made.attestor] && !posted[made.market].revoked;
    }

    /// @notice Whether the registry's record is the newest true proof.
    function recordIsTheNewest(uint256 place, uint256 under) external view returns (bool) {
        address subject = subjectAt(place);
        SolvencyRecord memory record = registry.recordOf(subject, policies[under]);
        Made storage made = _made[policies[under]][subject];
        if (!made.exists) return record.marketRoot == 0;
        return record.marketRoot == posted[made.market].root && record.asOf == made.asOf && record.epoch == made.epoch
            && record.attestor == made.attestor;
    }

    /// @notice Whether no record's version ever went back.
    function versionsGrow(uint256 place, uint256 under) external view returns (bool) {
        address subject = subjectAt(place);
        return registry.versionOf(subject, policies[under]) >= _highest[policies[under]][subject];
    }

    /// @notice Whether each nullifier still belongs to whom it first belonged to.
    function nullifiersStay() external view returns (bool) {
        for (uint256 i = 0; i < _nullifiers.length; ++i) {
            if (registry.subjectOf(_nullifiers[i]) != _owners[_nullifiers[i]]) return false;
        }
        return true;
    }

    /// @notice Whether the oracle knows exactly what was posted, its newest epoch last.
    function rootsAreThePosted() external view returns (bool) {
        for (uint256 i = 0; i < posted.length; ++i) {
            if (oracle.snapshotOf(UNIVERSE, posted[i].root).epoch != posted[i].epoch) return false;
            if (i > 0 && posted[i].epoch <= posted[i - 1].epoch) return false;
        }
        (uint256 root,) = oracle.latest(UNIVERSE, LAYOUT, 1);
        return posted.length == 0 ? root == 0 : root == posted[posted.length - 1].root;
    }

    // ----------------------------------------------------------------------------------------------------------- actions

    /// @dev A true proof of a solvent subject, over the newest snapshot or an older one, sent by anybody.
    function attest(uint256 place, uint256 under, uint256 by, uint256 which, uint256 when, uint256 sender) external {
        if (posted.length == 0) return;
        which = which % 4 == 0 ? (which / 4) % posted.length : posted.length - 1;
        (address subject, bytes32 policy_) = (subjectAt(place % INSOLVENT), policies[under % 2]);
        uint256 attestor = under % 2 == 1 && by % 2 == 1 ? SECOND_ATTESTOR : ATTESTOR;
        uint256 asOf = _asOf(which, when);
        Statement memory claim = _claim(subject, policy_, attestor, which, asOf);
        bytes memory call = abi.encodeCall(registry.attest, (policy_, CIRCUIT, claim, prove(claim)));
        bool expected = _isTaken(policy_, subject, which, asOf, attestor);
        bool done = _as(_anybody(sender), address(registry), call);
        _done(done, expected, "a true proof");
        if (done && expected) _keep(policy_, subject, claim.nullifier, which, asOf, attestor);
        // What was refused may be sent again as well as what was taken.
        _sent.push(call);
    }

    /// @dev An ordinary day: order is back, there is a new snapshot, and everybody proves anew.
    function renew(uint256 seed) external {
        this.postSnapshot(seed, seed >> 8, seed | 1, seed >> 16);
        for (uint256 i = 0; i < INSOLVENT; ++i) {
            this.attest(i, seed >> i, seed >> (i + 8), 1, seed, seed >> (i + 16));
        }
    }

    /// @dev What random sequences seldom come to, each from an ordinary day on: a record that outlives the maximum age but not
    /// its snapshot, a second source beyond the band, a breaker that stays tripped when prices are back, and a proof over
    /// an older snapshot that is newer than the one over the newest.
    function story(uint256 which, uint256 seed) external {
        this.postSnapshot(seed, seed >> 8, seed | 1, MAX_WINDOW - 5 minutes);
        for (uint256 i = 0; i < INSOLVENT; ++i) {
            this.attest(i, i, 0, 1, 0, seed);
        }
        if (posted.length == 0) return;
        which = which % 4;
        if (which == 0) {
            for (uint256 i = 0; i < 4; ++i) {
                vm.warp(block.timestamp + 8 minutes);
            }
        } else if (which == 1) {
            uint256 high = posted[posted.length - 1].btcHigh;
            btc.set(high - high / 1_000);
            check.set(high + high / 1_000);
        } else if (which == 2) {
            check.set(BTC_PRICE * 2);
            this.tripBreaker(seed);
            _calm();
        } else {
            _crossOver(seed);
        }
    }

    /// @dev Call data that was sent before, by whoever and whenever it is sent again, perhaps in other bytes.
    function replay(uint256 which, uint256 under, uint256 sender, bool negate) external {
        if (_sent.length == 0) return;
        bytes memory call = _sent[which % _sent.length];
        (bytes32 policy_, bytes32 circuit, Statement memory claim, Proof memory proof) =
            abi.decode(_arguments(call), (bytes32, bytes32, Statement, Proof));
        address subject = SolvencyStatement.subject(claim.terms);
        if (negate) proof = TrapdoorKey.negated(proof);
        bool elsewhere = under % 4 == 0;
        bytes32 target = elsewhere ? policies[policy_ == policies[0] ? 1 : 0] : policy_;
        uint256 market = _marketOf(claim.marketRoot);
        uint256 asOf = SolvencyStatement.asOf(claim.terms);
        bool expected = !elsewhere && _isTaken(policy_, subject, market, asOf, claim.attestor);
        call = abi.encodeCall(registry.attest, (target, circuit, claim, proof));
        bool done = _as(_anybody(sender), address(registry), call);
        _done(done, expected, "a replay");
        if (done && expected) _keep(policy_, subject, claim.nullifier, market, asOf, claim.attestor);
    }

    /// @dev Each way to make a policy take what it should not, half of the time just after everything was in order.
    function attestForged(uint256 place, uint256 seed) external {
        if (seed % 2 == 0) this.renew(seed);
        if (posted.length == 0) return;
        for (uint256 kind = 0; kind < 20; ++kind) {
            _attestForged(kind, place, seed >> kind);
        }
    }

    // ------------------------------------------------------------------------------------------------------------ inside

    /// @dev Two snapshots, a proof over the newer, then a later one over the older.
    function _crossOver(uint256 seed) private {
        vm.warp(block.timestamp + 60);
        this.postSnapshot(seed, seed >> 8, seed | 1, MAX_WINDOW - 5 minutes);
        this.attest(0, 0, 0, 1, 0, seed);
        vm.warp(block.timestamp + 60);
        if (posted.length < 2) return;
        uint256 older = posted.length - 2;
        this.attest(0, 0, 0, 4 * older, block.timestamp - posted[older].time, seed);
    }

    /// @dev Most have a proof that holds, under the key's secret.
    function _attestForged(uint256 kind, uint256 place, uint256 seed) private {
        uint256 market = posted.length - 1;
        bytes32 policy_ = policies[seed % 2];
        address subject = subjectAt(place % SUBJECTS);
        Statement memory claim = _claim(subject, policy_, ATTESTOR, market, _asOf(market, seed));
        Proof memory proof = prove(claim);
        Terms memory made = SolvencyStatement.unpack(claim.terms);
        bool holds = true;
        if (kind == 0) (claim, holds) = (_withSubject(claim, INSOLVENT), false);
        if (kind == 1) (claim, holds) = (_withLaterAsOf(claim, made), false);
        if (kind == 2) (claim.marketRoot, holds) = (claim.marketRoot ^ 1, false);
        if (kind == 3) (claim.nullifier, holds) = (claim.nullifier + 1, false);
        if (kind == 4) (claim.context, holds) = (registry.contextOf(policies[(seed + 1) % 2]), true);
        if (kind == 5) claim.context = uint256(keccak256(abi.encode(block.chainid + 1, registry, policy_))) >> 8;
        if (kind == 6) claim.context = uint256(keccak256(abi.encode(block.chainid, oracle, policy_))) >> 8;
        if (kind == 7) claim.attestor = uint256(keccak256("nobody's attestor")) >> 8;
        if (kind == 8) claim.marketRoot = uint256(keccak256(abi.encode("nobody's root", seed))) >> 8;
        if (kind == 9) made.version = 2;
        if (kind == 10) made.level = 2;
        if (kind == 11) made.coverage = 2;
        if (kind == 12) made.asOf = block.timestamp + 1 + seed % 100;
        if (kind == 13) made.asOf = posted[market].time - 1;
        if (kind == 14) made.floor = seed % 1_000;
        if (kind == 15) made.ratio = seed % 2;
        if (kind == 16) made.subject = address(0);
        if (kind >= 9 && kind <= 16) claim.terms = SolvencyStatement.pack(made);
        if (kind == 17) {
            // Another holder's name for oneself.
            if (_nullifiers.length == 0) return;
            claim.nullifier = _nullifiers[seed % _nullifiers.length];
            if (_owners[claim.nullifier] == subject) return;
        }
        // Second spellings of a signal, and the forgery that a key with gamma = delta would take.
        if (kind == 18) (claim.terms, holds) = (claim.terms + BN254_R, false);
        if (kind == 19) (proof, holds) = (_unfinishedKeysForgery(), false);
        if (kind != 19 && holds) proof = prove(claim);
        bytes memory call = abi.encodeCall(registry.attest, (policy_, CIRCUIT, claim, proof));
        vm.prank(_anybody(seed));
        (bool done,) = address(registry).call{gas: 1_000_000}(call);
        _done(done, false, "a forged proof");
    }

    /// @dev Whether the registry should take a true proof now, said from what was done and not from what it stores.
    function _isTaken(bytes32 policy_, address subject, uint256 market, uint256 asOf, uint256 attestor)
        private
        view
        returns (bool)
    {
        Posted storage over = posted[market];
        if (paused || halted || tripped || deprecated || over.revoked || isRevoked[attestor]) return false;
        if (block.timestamp > asOf + MAX_AGE || block.timestamp > over.validUntil) return false;
        Made storage newest = _made[policy_][subject];
        if (!newest.exists || over.epoch > newest.epoch) return true;
        if (over.epoch < newest.epoch) return false;
        return asOf > newest.asOf || (asOf == newest.asOf && attestor == newest.attestor);
    }

    function _keep(bytes32 policy_, address subject, uint256 nullifier, uint256 market, uint256 asOf, uint256 attestor)
        private
    {
        if (_owners[nullifier] == address(0)) _nullifiers.push(nullifier);
        _owners[nullifier] = subject;
        ++attested;
        _made[policy_][subject] = Made(market, posted[market].epoch, asOf, attestor, true);
        _highest[policy_][subject] = registry.versionOf(subject, policy_);
    }

    function _claim(address subject, bytes32 policy_, uint256 attestor, uint256 market, uint256 asOf)
        private
        view
        returns (Statement memory made)
    {
        Terms memory fields = terms(subject);
        fields.asOf = asOf;
        made = Statement({
            marketRoot: posted[market].root,
            attestor: attestor,
            terms: SolvencyStatement.pack(fields),
            nullifier: uint256(keccak256(abi.encode("nullifier", subject, policy_))) >> 8,
            context: registry.contextOf(policy_)
        });
    }

    /// @dev A time in the window of a snapshot that is not of the future.
    function _asOf(uint256 market, uint256 seed) private view returns (uint256) {
        uint256 end = posted[market].validUntil < block.timestamp ? posted[market].validUntil : block.timestamp;
        return bound(seed, posted[market].time, end);
    }

    function _marketOf(uint256 root) private view returns (uint256 place) {
        while (posted[place].root != root) ++place;
    }

    /// @dev The statement with another subject, so that a proof of it is somebody else's.
    function _withSubject(Statement memory claim, uint256 place) private pure returns (Statement memory) {
        Terms memory made = SolvencyStatement.unpack(claim.terms);
        made.subject = subjectAt(place);
        claim.terms = SolvencyStatement.pack(made);
        claim.nullifier ^= 1;
        return claim;
    }

    function _withLaterAsOf(Statement memory claim, Terms memory made) private view returns (Statement memory) {
        made.asOf = block.timestamp == made.asOf ? made.asOf - 1 : block.timestamp;
        claim.terms = SolvencyStatement.pack(made);
        return claim;
    }

    /// @dev A = alpha and B = beta, whatever C is: what would remain is C against delta.
    function _unfinishedKeysForgery() private view returns (Proof memory proof) {
        proof.a = TrapdoorKey.key().alpha;
        proof.b = TrapdoorKey.key().beta;
        proof.c = TrapdoorKey.g1(7);
    }

    function _arguments(bytes memory call) private pure returns (bytes memory cut) {
        cut = new bytes(call.length - 4);
        for (uint256 i = 0; i < cut.length; ++i) {
            cut[i] = call[i + 4];
        }
    }

    /// @dev What may be called by the fuzzer.
    function actions() external pure returns (bytes4[] memory made) {
        made = new bytes4[](21);
        made[0] = this.attest.selector;
        made[1] = this.attestForged.selector;
        made[2] = this.replay.selector;
        made[3] = this.postSnapshot.selector;
        made[4] = this.postForged.selector;
        made[5] = this.waitAWhile.selector;
        made[6] = this.movePrice.selector;
        made[7] = this.breakSource.selector;
        made[8] = this.calmDown.selector;
        made[9] = this.tripBreaker.selector;
        made[10] = this.resetBreaker.selector;
        made[11] = this.equivocate.selector;
        made[12] = this.revokeSnapshot.selector;
        made[13] = this.haltOrResume.selector;
        made[14] = this.pauseOrUnpause.selector;
        made[15] = this.revokeOrRestoreAttestor.selector;
        made[16] = this.revokeOrAddPublisher.selector;
        made[17] = this.deprecateKey.selector;
        made[18] = this.overreach.selector;
        made[19] = this.renew.selector;
        made[20] = this.story.selector;
    }
}
