// SPDX-License-Identifier: Apache-2.0
// Written by `python -m prover.evm.statement` from circuits.json. Do not edit: run that again.
pragma solidity ^0.8.28;

/// @dev How many public signals a proof has.
uint256 constant SIGNAL_COUNT = 5;

/// @notice The public signals of a solvency proof, in the order in which the verifier takes them.
/// @param marketRoot The signal `market_root`, number 0.
/// @param attestor The signal `attestor`, number 1.
/// @param terms The signal `terms`, number 2.
/// @param nullifier The signal `nullifier`, number 3.
/// @param context The signal `context`, number 4.
struct Statement {
    uint256 marketRoot;
    uint256 attestor;
    uint256 terms;
    uint256 nullifier;
    uint256 context;
}

/// @notice The signal `terms`, taken apart: what is claimed, of whom, and when.
/// @param version The field `version`: 8 bits above bit 244.
/// @param level The field `level`: 2 bits above bit 242.
/// @param coverage The field `coverage`: 2 bits above bit 240.
/// @param asOf The field `as_of`: 34 bits above bit 206.
/// @param subject The field `subject`: 160 bits above bit 46.
/// @param floor The field `floor`: 38 bits above bit 8.
/// @param ratio The field `ratio`: 8 bits above bit 0.
struct Terms {
    uint256 version;
    uint256 level;
    uint256 coverage;
    uint256 asOf;
    address subject;
    uint256 floor;
    uint256 ratio;
}

/// @title The public signals and terms of a solvency proof, by name
/// @notice The one place in the contracts that knows the order of signals and the bits of terms.
library SolvencyStatement {
    /// @notice The terms have bits above the 252 that they are packed in.
    error TermsTooLarge(uint256 terms);
    /// @notice A field of the terms does not fit its bits.
    error FieldTooLarge(string field, uint256 value);

    /// @notice The version of the terms that these contracts understand.
    uint256 internal constant TERMS_VERSION = 1;
    /// @notice How many bits the terms have.
    uint256 internal constant TERMS_BITS = 252;
    /// @notice The level `maintenance`.
    uint256 internal constant LEVEL_MAINTENANCE = 1;
    /// @notice The level `initial`.
    uint256 internal constant LEVEL_INITIAL = 2;
    /// @notice The coverage `account`.
    uint256 internal constant COVERAGE_ACCOUNT = 1;
    /// @notice The coverage `owner`.
    uint256 internal constant COVERAGE_OWNER = 2;
    /// @notice Id of the layout `s2-k4-d5` of market tables.
    uint256 internal constant LAYOUT_S2_K4_D5 =
        65231479279058170577206919975896008752339413202432555951771123002052858885;
    /// @notice Id of the layout `s24-k2-d5` of market tables.
    uint256 internal constant LAYOUT_S24_K2_D5 =
        241389042964809617458915571690076690315880921770671659064382745528742347372;
    /// @notice Id of the layout `s64-k1-d5-csi` of market tables.
    uint256 internal constant LAYOUT_S64_K1_D5_CSI =
        27112630202731216345047248619002737711396369678115066187476816267047872865;
    /// @notice Id of the layout `s36-k1-d5-sao` of market tables.
    uint256 internal constant LAYOUT_S36_K1_D5_SAO =
        328681411020650591651464182923158090909063018695742025399362299511572417966;
    /// @notice Id of a production key of the circuit `account_solvency_8_2` (layout `s2-k4-d5`).
    bytes32 internal constant ACCOUNT_SOLVENCY_8_2 = 0xfdbf9956601b48622862562f879da829af0e151adec12af1c0f3549da6aefef5;
    /// @notice Id of a development key of the circuit `account_solvency_8_2`.
    bytes32 internal constant ACCOUNT_SOLVENCY_8_2_DEV =
        0xe721ec2bd070f09f5384fcb8507a45a843282ac4658da24fd36e89b641873999;
    /// @notice Id of a production key of the circuit `account_solvency_32_2` (layout `s2-k4-d5`).
    bytes32 internal constant ACCOUNT_SOLVENCY_32_2 =
        0xeff821d6fe6ee0b6ec9ffc3ff2c484f1eddaa449c72633539430d7b0c0c70e19;
    /// @notice Id of a development key of the circuit `account_solvency_32_2`.
    bytes32 internal constant ACCOUNT_SOLVENCY_32_2_DEV =
        0x1b15768733f952992139796461a792af7feff9280782b5cce7e532d0487c7e9d;
    /// @notice Id of a production key of the circuit `account_solvency_14_24` (layout `s24-k2-d5`).
    bytes32 internal constant ACCOUNT_SOLVENCY_14_24 =
        0x88a6514538357c5d821cadfe6240f76dafac050dacb5a3423c0ddc1af0b03a86;
    /// @notice Id of a development key of the circuit `account_solvency_14_24`.
    bytes32 internal constant ACCOUNT_SOLVENCY_14_24_DEV =
        0x4f91b786e1e3ab25548d15bdee14729e99bbea987fdcfe9d7dd65dfd692fbd7c;
    /// @notice Id of a production key of the circuit `portfolio_solvency_32_64` (layout `s64-k1-d5-csi`).
    bytes32 internal constant PORTFOLIO_SOLVENCY_32_64 =
        0x2f1e0f53ed3c36c2c2189716cf0e83c3cfcefa637df4e106394f21707c964918;
    /// @notice Id of a development key of the circuit `portfolio_solvency_32_64`.
    bytes32 internal constant PORTFOLIO_SOLVENCY_32_64_DEV =
        0x5821fd80c816d1c6efc386f5805184fedb9265e573ba255959d7613f6ed16f11;
    /// @notice Id of a production key of the circuit `one_sided_solvency_32_36` (layout `s36-k1-d5-sao`).
    bytes32 internal constant ONE_SIDED_SOLVENCY_32_36 =
        0x4b6c279aec4a7653f731d68aa70d0e42796da61031ac3302015f2e5e4de2ad2e;
    /// @notice Id of a development key of the circuit `one_sided_solvency_32_36`.
    bytes32 internal constant ONE_SIDED_SOLVENCY_32_36_DEV =
        0x89e9f49dc6605754dbdf5a39732341ee93923b5a78b66c7972833626f6d3687c;

    /// @notice The signals as the verifier takes them.
    /// @param statement The signals by name.
    /// @return signals The same, by number.
    function toSignals(Statement memory statement) internal pure returns (uint256[SIGNAL_COUNT] memory signals) {
        signals[0] = statement.marketRoot;
        signals[1] = statement.attestor;
        signals[2] = statement.terms;
        signals[3] = statement.nullifier;
        signals[4] = statement.context;
    }

    /// @notice The terms of a packed signal.
    /// @param packed The signal `terms`.
    /// @return terms Its fields; whether they make sense is for the caller to say.
    function unpack(uint256 packed) internal pure returns (Terms memory terms) {
        if (packed >> TERMS_BITS != 0) revert TermsTooLarge(packed);
        terms.version = version(packed);
        terms.level = level(packed);
        terms.coverage = coverage(packed);
        terms.asOf = asOf(packed);
        terms.subject = subject(packed);
        terms.floor = floor(packed);
        terms.ratio = ratio(packed);
    }

    /// @notice The packed signal of terms.
    /// @param terms The fields; each must fit its bits.
    /// @return packed The signal `terms`.
    function pack(Terms memory terms) internal pure returns (uint256 packed) {
        if (terms.version >> 8 != 0) {
            revert FieldTooLarge("version", terms.version);
        }
        packed |= terms.version << 244;
        if (terms.level >> 2 != 0) {
            revert FieldTooLarge("level", terms.level);
        }
        packed |= terms.level << 242;
        if (terms.coverage >> 2 != 0) {
            revert FieldTooLarge("coverage", terms.coverage);
        }
        packed |= terms.coverage << 240;
        if (terms.asOf >> 34 != 0) {
            revert FieldTooLarge("as_of", terms.asOf);
        }
        packed |= terms.asOf << 206;
        packed |= uint256(uint160(terms.subject)) << 46;
        if (terms.floor >> 38 != 0) {
            revert FieldTooLarge("floor", terms.floor);
        }
        packed |= terms.floor << 8;
        if (terms.ratio >> 8 != 0) {
            revert FieldTooLarge("ratio", terms.ratio);
        }
        packed |= terms.ratio << 0;
    }

    /// @notice The field `version` of packed terms.
    /// @param packed The signal `terms`.
    /// @return 8 bits above bit 244.
    function version(uint256 packed) internal pure returns (uint256) {
        return (packed >> 244) & ((1 << 8) - 1);
    }

    /// @notice The field `level` of packed terms.
    /// @param packed The signal `terms`.
    /// @return 2 bits above bit 242.
    function level(uint256 packed) internal pure returns (uint256) {
        return (packed >> 242) & ((1 << 2) - 1);
    }

    /// @notice The field `coverage` of packed terms.
    /// @param packed The signal `terms`.
    /// @return 2 bits above bit 240.
    function coverage(uint256 packed) internal pure returns (uint256) {
        return (packed >> 240) & ((1 << 2) - 1);
    }

    /// @notice The field `as_of` of packed terms.
    /// @param packed The signal `terms`.
    /// @return 34 bits above bit 206.
    function asOf(uint256 packed) internal pure returns (uint256) {
        return (packed >> 206) & ((1 << 34) - 1);
    }

    /// @notice The field `subject` of packed terms.
    /// @param packed The signal `terms`.
    /// @return 160 bits above bit 46.
    function subject(uint256 packed) internal pure returns (address) {
        return address(uint160(packed >> 46));
    }

    /// @notice The field `floor` of packed terms.
    /// @param packed The signal `terms`.
    /// @return 38 bits above bit 8.
    function floor(uint256 packed) internal pure returns (uint256) {
        return (packed >> 8) & ((1 << 38) - 1);
    }

    /// @notice The field `ratio` of packed terms.
    /// @param packed The signal `terms`.
    /// @return 8 bits above bit 0.
    function ratio(uint256 packed) internal pure returns (uint256) {
        return (packed >> 0) & ((1 << 8) - 1);
    }
}
