// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IPriceAdapter} from "../../src/interfaces/IPriceAdapter.sol";
import {ISolvency, Status} from "../../src/interfaces/ISolvency.sol";
import {Policy} from "../../src/interfaces/ISolvencyRegistry.sol";

/// @title A price that the test sets
contract SettablePrice is IPriceAdapter {
    uint256 public low;
    uint256 public high;
    /// 0 answers, 1 reverts, 2 burns all gas, 3 answers one word, 4 answers three words, 5 needs much gas and answers
    uint256 public mode;

    function set(uint256 price) external {
        (low, high) = (price, price);
    }

    function set(uint256 low_, uint256 high_) external {
        (low, high) = (low_, high_);
    }

    function setMode(uint256 mode_) external {
        mode = mode_;
    }

    function read() external view returns (uint256, uint256) {
        if (mode == 1) revert BadConfiguration("the test says so");
        if (mode == 2) {
            for (uint256 i = 0; i < type(uint256).max; ++i) {}
        }
        if (mode == 3 || mode == 4) {
            uint256 length = mode == 3 ? 32 : 96;
            assembly {
                mstore(0x00, 1)
                mstore(0x20, 1)
                mstore(0x40, 1)
                return(0x00, length)
            }
        }
        if (mode == 5) {
            uint256 before = gasleft();
            while (before - gasleft() < 200_000) {}
        }
        return (low, high);
    }
}

/// @title A contract that signs by ERC-1271 for the key that owns it
contract ContractWallet is IERC1271 {
    address public immutable owner;
    bool public refuses;

    constructor(address owner_) {
        owner = owner_;
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (refuses || ECDSA.recover(hash, signature) != owner) return 0xffffffff;
        return IERC1271.isValidSignature.selector;
    }
}

/// @title A token that the test hands out
contract Dollars is ERC20 {
    /// Hundredths of a percent that are kept of each transfer.
    uint256 public fee;

    constructor() ERC20("Dollars", "USD") {}

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 fee_) external {
        fee = fee_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        uint256 kept = from == address(0) || to == address(0) ? 0 : amount * fee / 10_000;
        super._update(from, to, amount - kept);
        if (kept != 0) super._update(from, address(0), kept);
    }
}

/// @title A registry that says what the test told it, of everybody under every policy
contract SettableSolvency is ISolvency {
    Status public status;
    uint256 public provenAt;
    uint256 public marketRoot;
    mapping(address subject => bool) public isOut;
    address public oracle;

    function set(Status status_, uint256 provenAt_) external {
        (status, provenAt) = (status_, provenAt_);
    }

    function setMarket(address oracle_, uint256 marketRoot_) external {
        (oracle, marketRoot) = (oracle_, marketRoot_);
    }

    function setOut(address subject, bool out) external {
        isOut[subject] = out;
    }

    function isSolvent(address subject, bytes32) public view returns (bool) {
        return status == Status.Solvent && !isOut[subject];
    }

    function isSolventUnder(address subject, bytes32 policyId, uint256 root) external view returns (bool) {
        return isSolvent(subject, policyId) && root == marketRoot;
    }

    function statusOf(address subject, bytes32 policyId) external view returns (Status) {
        return isSolvent(subject, policyId) || status != Status.Solvent ? status : Status.OutsideEnvelope;
    }

    function expiryOf(address, bytes32) external pure returns (uint256) {
        return type(uint256).max;
    }

    function asOf(address, bytes32) external view returns (uint256) {
        return provenAt;
    }

    function versionOf(address, bytes32) external view returns (uint256) {
        return provenAt;
    }

    /// @dev For whoever asks a registry: the universe of every policy is 0.
    function policyOf(bytes32) external pure returns (Policy memory policy) {}
}
