// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SolvencyStatement, Terms} from "../../src/SolvencyStatement.sol";

/// @dev Run by halmos, for all values at once: `make analyse`. Forge does not run functions of this name.
contract TermsSymbolic {
    function check_PackedTermsUnpackToThemselves(
        uint8 version,
        uint8 level,
        uint8 coverage,
        uint40 asOf,
        address subject,
        uint40 floor,
        uint8 ratio
    ) public pure {
        if (level >> 2 != 0 || coverage >> 2 != 0 || asOf >> 34 != 0 || floor >> 38 != 0) return;
        uint256 packed = SolvencyStatement.pack(Terms(version, level, coverage, asOf, subject, floor, ratio));
        assert(packed >> SolvencyStatement.TERMS_BITS == 0);
        Terms memory found = SolvencyStatement.unpack(packed);
        assert(found.version == version && found.level == level && found.coverage == coverage);
        assert(found.asOf == asOf && found.subject == subject && found.floor == floor && found.ratio == ratio);
    }

    function check_EveryPackedNumberIsOfExactlyOneTerms(uint256 packed) public pure {
        if (packed >> SolvencyStatement.TERMS_BITS != 0) return;
        assert(SolvencyStatement.pack(SolvencyStatement.unpack(packed)) == packed);
    }

    /// @dev No overlap: another floor moves no bit of another field.
    function check_AFieldMovesItsOwnBitsAlone(uint256 packed, uint40 floor, uint40 asOf, address subject) public pure {
        if (packed >> SolvencyStatement.TERMS_BITS != 0 || floor >> 38 != 0 || asOf >> 34 != 0) return;
        Terms memory terms = SolvencyStatement.unpack(packed);
        terms.floor = floor;
        assert((SolvencyStatement.pack(terms) ^ packed) & ~(((uint256(1) << 38) - 1) << 8) == 0);
        terms = SolvencyStatement.unpack(packed);
        terms.asOf = asOf;
        assert((SolvencyStatement.pack(terms) ^ packed) & ~(((uint256(1) << 34) - 1) << 206) == 0);
        terms = SolvencyStatement.unpack(packed);
        terms.subject = subject;
        assert((SolvencyStatement.pack(terms) ^ packed) & ~(((uint256(1) << 160) - 1) << 46) == 0);
    }
}
