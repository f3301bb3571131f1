// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deal, SettlementEscrow} from "../../src/examples/SettlementEscrow.sol";
import {ISolvencyRegistry} from "../../src/interfaces/ISolvencyRegistry.sol";

/// @dev Run by halmos: `make analyse`.
contract EscrowSymbolic {
    SettlementEscrow private escrow;

    function setUp() public {
        // Any contract will do: a payout asks nobody.
        escrow = new SettlementEscrow(ISolvencyRegistry(address(this)));
    }

    /// @dev For every margin, at prices on both sides: both margins are paid, no more and no less, and the winner gains the
    /// move or the margin, whichever is less. Prices are given, since solvers do not divide words of 512 bits; the property
    /// E3 of the invariants is about all of them.
    function check_APayoutIsBothMargins(uint128 margin) public view {
        uint128[6] memory prices = [uint128(0), 1, 999, 1_000, 1_001, type(uint128).max];
        Deal memory deal;
        (deal.strike, deal.margin, deal.quantity, deal.unit) = (1_000, margin, 1, 1e36);
        for (uint256 i = 0; i < prices.length; ++i) {
            uint256 price = prices[i];
            (uint256 toLong, uint256 toShort) = escrow.payout(deal, price);
            assert(toLong + toShort == 2 * uint256(margin));
            uint256 move = price >= deal.strike ? price - deal.strike : deal.strike - price;
            uint256 gain = move < margin ? move : margin;
            assert((price >= deal.strike ? toLong : toShort) == margin + gain);
        }
    }
}
