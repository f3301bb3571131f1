// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "./Vm.sol";

/// @title What a test contract starts with
/// @dev A failed assertion reverts, which forge counts as a failure.
abstract contract Test {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev Tells forge that this contract has tests.
    bool public IS_TEST = true;

    error Unequal(string what, uint256 got, uint256 expected);
    error NotSo(string what);

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotSo(what);
    }

    function assertFalse(bool condition, string memory what) internal pure {
        if (condition) revert NotSo(what);
    }

    function assertEq(uint256 got, uint256 expected, string memory what) internal pure {
        if (got != expected) revert Unequal(what, got, expected);
    }

    function assertEq(address got, address expected, string memory what) internal pure {
        assertEq(uint256(uint160(got)), uint256(uint160(expected)), what);
    }

    function assertEq(bytes32 got, bytes32 expected, string memory what) internal pure {
        assertEq(uint256(got), uint256(expected), what);
    }

    /// @dev A number in [low, high], made from any.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        if (low > high) revert NotSo("bound: low <= high");
        uint256 range = high - low;
        return range == type(uint256).max ? value : low + value % (range + 1);
    }
}
