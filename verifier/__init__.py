"""Verify solvency proofs: the part of zksolvency that strangers audit. It never imports `prover`."""
