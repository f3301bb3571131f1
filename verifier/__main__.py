"""`python -m verifier`: verify a bundle without Node, Rust or the prover.

Exit codes: 0 valid, 1 not valid (a malformed bundle included), 2 usage, 3 environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import ZkSolvencyError
from .report import text
from .verify import verify

__all__ = ["default_challenge", "default_keys", "main"]

_EXAMPLE = """example:
  python -m verifier bundle.json --policy policy.json --keys keys --replay seen.sqlite"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; it never ends in a traceback."""
    given = _parser().parse_args(arguments)
    policy = Path(given.policy)
    try:
        result = verify(
            given.bundle,
            policy,
            given.keys or default_keys(policy),
            challenge=given.challenge or default_challenge(policy),
            now=given.now,
            replay=given.replay,
            prices=given.prices,
        )
    except ZkSolvencyError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 3
    except Exception as error:
        # Not foreseen, so nothing can be said of the proof; a traceback would help nobody who runs this.
        print(f"error: the verifier itself failed ({type(error).__name__})", file=sys.stderr)
        return 3
    sys.stdout.write(json.dumps(result.to_json(), indent=2) + "\n" if given.json else text(result))
    return 0 if result.valid else 1


def default_keys(policy: Path) -> Path:
    """$ZKSOLVENCY_KEYS, or the first of `keys` beside the policy, `build/keys` and `keys` that exists."""
    named = os.environ.get("ZKSOLVENCY_KEYS")
    if named:
        return Path(named)
    candidates = [policy.parent / "keys", Path("build/keys"), Path("keys")]
    return next((path for path in candidates if path.is_dir()), candidates[-1])


def default_challenge(policy: Path) -> Path | None:
    """`challenge.json` beside the policy, when there is one: the one that this verifier sent."""
    path = policy.parent / "challenge.json"
    return path if path.exists() else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m verifier",
        description="Verify a solvency proof against your own policy and keys.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bundle", nargs="?", default="bundle.json", help="what the prover sent [bundle.json]")
    parser.add_argument("--policy", default="policy.json", help="your demands [policy.json]")
    parser.add_argument(
        "--keys", help="your key store [$ZKSOLVENCY_KEYS, keys beside the policy, build/keys]"
    )
    parser.add_argument("--challenge", help="the challenge you sent [challenge.json beside the policy]")
    parser.add_argument("--replay", help="file of accepted proofs, made when missing")
    parser.add_argument("--prices", help="live prices")
    parser.add_argument("--now", type=int, help="seconds since 1970 to judge at [this machine's clock]")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
