"""Margin engines of venues as their documents state them, in plain floats or exact fractions.

They know nothing of rows and share no arithmetic with `prover.tables`: tables are held against them.
"""
