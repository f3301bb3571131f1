"""Verify solvency proofs: the part of zksolvency that strangers audit. It never imports `prover`.

>>> from verifier import verify
>>> result = verify("bundle.json", "policy.json", "keys", challenge="challenge.json")  # doctest: +SKIP
>>> result.valid  # doctest: +SKIP
True
"""

from .bundle import Bundle
from .chain import ChainChallenge, chain_challenge
from .errors import (
    EnvironmentFault,
    FormatError,
    InsolventError,
    InvalidError,
    UsageError,
    ZkSolvencyError,
)
from .keystore import KeyStore
from .market import Snapshot, market_root, snapshot_valid
from .policy import Challenge, Policy, new_challenge
from .prices import Prices
from .replay import ReplayStore
from .report import text as report
from .result import Check, VerificationResult
from .statement import Statement, Terms
from .universe import Universe
from .verify import verify

__all__ = [
    "Bundle",
    "ChainChallenge",
    "Challenge",
    "Check",
    "EnvironmentFault",
    "FormatError",
    "InsolventError",
    "InvalidError",
    "KeyStore",
    "Policy",
    "Prices",
    "ReplayStore",
    "Snapshot",
    "Statement",
    "Terms",
    "Universe",
    "UsageError",
    "VerificationResult",
    "ZkSolvencyError",
    "chain_challenge",
    "market_root",
    "new_challenge",
    "report",
    "snapshot_valid",
    "verify",
]
