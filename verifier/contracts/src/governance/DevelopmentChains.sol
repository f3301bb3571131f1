// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Chains for trials
/// @notice Everything that is not on this list is taken for a chain where money is, so a new main network is safe by
/// default.
library DevelopmentChains {
    /// @notice Whether a chain is one for trials.
    /// @param chainId The chain's id.
    /// @return True for local nodes and the public test networks of Ethereum, Base, Optimism and Arbitrum.
    function includes(uint256 chainId) internal pure returns (bool) {
        return chainId == 31337 // anvil, Hardhat
            || chainId == 1337 // Ganache, geth --dev
            || chainId == 11155111 // Sepolia
            || chainId == 17000 // Holesky
            || chainId == 560048 // Hoodi
            || chainId == 84532 // Base Sepolia
            || chainId == 11155420 // OP Sepolia
            || chainId == 421614; // Arbitrum Sepolia
    }
}
