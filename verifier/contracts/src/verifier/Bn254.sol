// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @dev Order of the groups: public signals are below it.
uint256 constant BN254_R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
/// @dev Modulus of the coordinates (EIP-196).
uint256 constant BN254_Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

/// @dev The precompiled contract that adds two points of G1 (EIP-196).
uint256 constant EC_ADD = 6;
/// @dev The precompiled contract that multiplies a point of G1 (EIP-196).
uint256 constant EC_MUL = 7;
/// @dev The precompiled contract that checks a product of pairings (EIP-197).
uint256 constant EC_PAIRING = 8;
