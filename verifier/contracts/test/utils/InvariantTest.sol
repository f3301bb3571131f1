// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "./Test.sol";

/// @title What a test of invariants starts with
/// @dev Forge asks the test which contracts and functions it may call; it is told of one handler.
abstract contract InvariantTest is Test {
    /// @dev In forge's words.
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address private _handler;
    bytes4[] private _actions;

    /// @dev Lets forge call these functions of the handler, and nothing else.
    function target(address handler, bytes4[] memory actions) internal {
        (_handler, _actions) = (handler, actions);
    }

    function targetContracts() public view returns (address[] memory made) {
        made = new address[](1);
        made[0] = _handler;
    }

    function targetSelectors() public view returns (FuzzSelector[] memory made) {
        made = new FuzzSelector[](1);
        made[0] = FuzzSelector(_handler, _actions);
    }
}
