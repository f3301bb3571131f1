// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SIGNAL_COUNT, SolvencyStatement, Statement, Terms} from "../../src/SolvencyStatement.sol";
import {Test} from "../utils/Test.sol";

/// @dev Behaviours in SolvencyStatement.tree.
contract SolvencyStatementTest is Test {
    function testFuzz_UnpackUndoesPack(
        uint8 version,
        uint8 level,
        uint8 coverage,
        uint40 asOf,
        address subject,
        uint40 floor,
        uint8 ratio
    ) public pure {
        Terms memory terms = Terms({
            version: version,
            level: level % 4,
            coverage: coverage % 4,
            asOf: asOf % (1 << 34),
            subject: subject,
            floor: floor % (1 << 38),
            ratio: ratio
        });
        uint256 packed = SolvencyStatement.pack(terms);
        assertTrue(packed < 1 << SolvencyStatement.TERMS_BITS, "bits");
        assertEq(
            keccak256(abi.encode(SolvencyStatement.unpack(packed))), keccak256(abi.encode(terms)), "the same terms"
        );
    }

    function testFuzz_PackUndoesUnpack(uint256 packed) public pure {
        packed %= 1 << SolvencyStatement.TERMS_BITS;
        assertEq(SolvencyStatement.pack(SolvencyStatement.unpack(packed)), packed, "no bit is lost");
    }

    function test_RevertWhen_AFieldDoesNotFit() public {
        uint8[6] memory bits = [8, 2, 2, 34, 38, 8];
        string[6] memory names = ["version", "level", "coverage", "as_of", "floor", "ratio"];
        for (uint256 i = 0; i < 6; ++i) {
            Terms memory terms;
            uint256 most = (1 << bits[i]) - 1;
            _set(terms, i, most);
            this.pack(terms);
            _set(terms, i, most + 1);
            vm.expectRevert(abi.encodeWithSelector(SolvencyStatement.FieldTooLarge.selector, names[i], most + 1));
            this.pack(terms);
        }
    }

    function test_RevertWhen_ThereAreBitsTooMany() public {
        vm.expectRevert(abi.encodeWithSelector(SolvencyStatement.TermsTooLarge.selector, 1 << 252));
        this.unpack(1 << 252);
    }

    function test_SignalsAreTheStatementsWords() public pure {
        Statement memory statement = Statement(1, 2, 3, 4, 5);
        uint256[SIGNAL_COUNT] memory signals = SolvencyStatement.toSignals(statement);
        assertEq(keccak256(abi.encode(signals)), keccak256(abi.encode(statement)), "one order");
    }

    function pack(Terms memory terms) external pure returns (uint256) {
        return SolvencyStatement.pack(terms);
    }

    function unpack(uint256 packed) external pure returns (Terms memory) {
        return SolvencyStatement.unpack(packed);
    }

    function _set(Terms memory terms, uint256 field, uint256 value) private pure {
        if (field == 0) terms.version = value;
        if (field == 1) terms.level = value;
        if (field == 2) terms.coverage = value;
        if (field == 3) terms.asOf = value;
        if (field == 4) terms.floor = value;
        if (field == 5) terms.ratio = value;
    }
}
