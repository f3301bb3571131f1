"""Verify proofs on an EVM chain: the exported Solidity verifier, and an EVM to try it in."""
