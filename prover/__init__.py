"""Make solvency proofs: accounts, margin tables, the exact engine, witnesses and proofs."""
