"""The verifier's one entry point: a bundle against a policy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from . import groth16
from .bundle import Bundle
from .canonical import load_json
from .chain import ChainChallenge, read_challenge
from .checks import CHECKS, Case, ProofCheck, Rule, Skipped, expiry
from .errors import EnvironmentFault, FormatError, InvalidError, ZkSolvencyError
from .keystore import KeyStore
from .limits import sentences
from .models import Document
from .policy import Challenge, Policy
from .prices import Prices
from .replay import ReplayStore
from .result import Check, VerificationResult

__all__ = ["verify"]

D = TypeVar("D", bound=Document)

_WELL_FORMED = "bundle well-formed"
_REPLAY = "not replayed"


def verify(
    bundle: Bundle | Mapping[str, Any] | str | Path,
    policy: Policy | Mapping[str, Any] | str | Path,
    keys: KeyStore | str | Path,
    *,
    challenge: Challenge | ChainChallenge | Mapping[str, Any] | str | Path | None = None,
    now: int | None = None,
    replay: ReplayStore | str | Path | None = None,
    prices: Prices | Mapping[str, Any] | str | Path | None = None,
    check_proof: ProofCheck = groth16.verify,
) -> VerificationResult:
    """Verify a bundle. It never raises on a bad proof or a malformed bundle: the result says so.

    Parameters
    ----------
    bundle
        What the prover sent: a `Bundle`, its JSON object, or a path.
    policy
        The verifier's own demands.
    keys
        The verifier's own key store, or its directory. Nothing is ever taken from the bundle.
    challenge
        The challenge that this verifier sent, when it sent one; or what a contract demands.
    now
        Seconds since 1970; this machine's clock when left out.
    replay
        A store of accepted proofs, or its path; the proof is recorded in it when, and only when, it is valid.
    prices
        Live prices.
    check_proof
        Decides the pairing equation: where a faster implementation with the same answers goes in.

    Returns
    -------
    VerificationResult
        Every check by name, the verdict, and what is not proven.

    Raises
    ------
    UsageError
        When a file cannot be read.
    FormatError
        When the verifier's own policy, challenge or prices are malformed.
    EnvironmentFault
        When the replay store cannot be used.
    """
    own = _own(Policy, policy)
    moment = int(time.time()) if now is None else now
    with ExitStack() as opened:
        if isinstance(replay, str | Path):
            replay = opened.enter_context(ReplayStore(replay))
        store = keys if isinstance(keys, KeyStore) else KeyStore(keys)
        sent = _sent(challenge)
        live = None if prices is None else _own(Prices, prices)
        try:
            read = _read(bundle)
        except FormatError as error:
            return _unreadable(error)
        return _judge(Case(read, own, store, sent, moment, replay, live, check_proof))


def _own(kind: type[D], value: D | Mapping[str, Any] | str | Path) -> D:
    """One of the verifier's own files."""
    if isinstance(value, kind):
        return value
    if isinstance(value, str | Path):
        return kind.load(value)
    return kind.parse(value)


def _sent(
    challenge: Challenge | ChainChallenge | Mapping[str, Any] | str | Path | None,
) -> Challenge | ChainChallenge | None:
    if challenge is None or isinstance(challenge, Challenge | ChainChallenge):
        return challenge
    return read_challenge(challenge)


def _read(bundle: Bundle | Mapping[str, Any] | str | Path) -> Bundle:
    """The bundle, checked again even when it is a `Bundle`: its parts may have been put together by hand."""
    if isinstance(bundle, str | Path):
        return Bundle.parse(load_json(bundle), source=str(bundle))
    try:
        return Bundle.parse(bundle.to_json() if isinstance(bundle, Bundle) else bundle, source="bundle")
    except ZkSolvencyError:
        raise
    except Exception as error:  # an object that JSON cannot be: refused, as anything else that is malformed
        raise FormatError("file", f"is not JSON ({type(error).__name__})", source="bundle") from None


def _unreadable(error: FormatError) -> VerificationResult:
    checks = [Check(_WELL_FORMED, False, str(error))]
    checks += [Check(name, None, "the bundle is malformed") for name, _ in CHECKS]
    return VerificationResult(valid=False, verdict="NOT VALID", checks=tuple(checks))


def _judge(case: Case) -> VerificationResult:
    checks = [Check(_WELL_FORMED, True, "every member is as it must be")]
    checks += [_run(name, rule, case) for name, rule in CHECKS]
    valid = all(check.passed is not False for check in checks)
    if valid and not _recorded(case):
        # Another verifier on the same store accepted it while we were looking.
        valid = False
        checks = [
            Check(_REPLAY, False, "replayed: it was accepted before") if check.name == _REPLAY else check
            for check in checks
        ]
    self_declared = case.attestor is None
    return VerificationResult(
        valid=valid,
        verdict=_verdict(case, self_declared) if valid else "NOT VALID",
        checks=tuple(checks),
        statement=case.bundle.statement,
        attestor=case.attestor,
        self_declared=self_declared,
        expires=expiry(case.bundle, case.policy),
        not_proven=tuple(sentences(case)),
    )


def _run(name: str, rule: Rule, case: Case) -> Check:
    try:
        return Check(name, True, rule(case))
    except Skipped as reason:
        return Check(name, None, str(reason))
    except EnvironmentFault:
        raise
    except ZkSolvencyError as error:
        return Check(name, False, str(error))
    except Exception as error:  # whatever a hostile bundle brings about is a failed check, never a pass
        return Check(name, False, f"could not be checked ({type(error).__name__})")


def _recorded(case: Case) -> bool:
    if case.replay is None:
        return True
    statement = case.bundle.statement
    return case.replay.record(
        statement.context,
        statement.nullifier,
        case.bundle.market.epoch,
        statement.terms.as_of,
        renewable=not case.policy.fresh_challenge,
        now=case.now,
    )


def _verdict(case: Case, self_declared: bool) -> str:
    notes = []
    if self_declared:
        notes.append("self-declared")
    if _development(case):
        notes.append("development key")
    return f"VALID ({', '.join(notes)})" if notes else "VALID"


def _development(case: Case) -> bool:
    try:
        return not case.key.manifest.production
    except (InvalidError, FormatError):
        return True
