"""The circuit and the exact engine say the same of random accounts at the boundary.

``python -m tests.circuits.agreement --size 8-2 --count 2000`` prints what was compared, and ends with exit
code 1 at the first disagreement, with the seed that repeats it.

For each account, with just as much cash as its claim needs, or one unit of 10^-14 more or less:

1. the circuit with the inputs of an honest prover: satisfied exactly when the engine passes the account;
2. for every fourth account, the circuit with one of the prover's choices changed (a loss, bracket or group):
   satisfied exactly when the design's rules, applied to that choice in plain integers, hold.

Satisfied means that all constraints of the r1cs hold on the finished witness (see `unchecked`). With
``--native`` the native kernel evaluates them, and Python as well for every 25th account.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType

from prover.toolchain.native import kernel
from prover.toolchain.process import Progress, quiet
from verifier.circuits import Instance, instances

from .accounts import Inputs, Market, at_boundary, circuit_inputs, random_account, random_market, report
from .choices import broken_rules, tampered
from .reduced import SMALL_ONE_SIDED, SMALL_PORTFOLIO
from .unchecked import unchecked

ACCOUNTS_A_MARKET = 50
CHANGES_EVERY = 4
PYTHON_EVERY = 25

Verdict = Callable[[Inputs], bool]


@dataclass
class Tally:
    """What was compared.

    Attributes
    ----------
    honest
        Accounts by (units of cash above the least that passes, whether the engine passes it).
    changed
        Changed choices by (the change, the rules that it breaks).
    """

    honest: Counter[tuple[int, bool]] = field(default_factory=Counter)
    changed: Counter[tuple[str, str]] = field(default_factory=Counter)


class DisagreementError(AssertionError):
    """Circuit and reference differ; says with which seed."""


def compare(
    size: Instance, seed: str, market: Market, satisfied: Verdict, tally: Tally, *, change: bool
) -> None:
    """Compare one random account, and one changed choice of it when asked."""
    rng = random.Random(f"account {seed}")
    distance = rng.choice((-1, 0, 1))
    account = at_boundary(random_account(rng, market, size), market, distance)
    result = report(account, market)
    inputs = circuit_inputs(account, market, size)
    if satisfied(inputs) != result.passes:
        raise DisagreementError(f"{size.size}, account {seed}: the engine says {result.passes}")
    if bool(broken_rules(inputs, market, size)) == result.passes:
        raise DisagreementError(f"{size.size}, account {seed}: the engine and the rules differ")
    tally.honest[distance, result.passes] += 1
    if not change:
        return
    name, edited = tampered(rng, inputs, size)
    broken = broken_rules(edited, market, size)
    found = satisfied(edited)
    if found and broken and unchecked(size).witness(edited) == unchecked(size).witness(inputs):
        # An input that a linear constraint gives has no wire of its own once compiled: a choice of one
        # bracket is `used`, the last of a one-hot choice what the others leave. Where all beside it is 0, as
        # in an empty slot or an idle cell, the witness is the honest one, and rightly accepted.
        broken = set()
        name += " (without a wire)"
    if found == bool(broken):
        raise DisagreementError(f"{size.size}, account {seed}, {name}: the rules say {broken or 'fair'}")
    tally.changed[name, ", ".join(sorted(broken)) or "none"] += 1


def run(
    size: Instance,
    count: int,
    seed: str = "1",
    *,
    changes_every: int = CHANGES_EVERY,
    native: ModuleType | None = None,
    progress: Progress = quiet,
) -> Tally:
    """Compare `count` accounts; DisagreementError at the first that differs."""
    circuit, tally = unchecked(size), Tally()
    for place in range(count):
        if place % ACCOUNTS_A_MARKET == 0:
            # A small tree has few rows, and few underlyings let positions meet.
            shape = (40, 12) if size.layout.capacity > 40 else (14, 3)
            market = random_market(random.Random(f"market {seed}/{place}"), size.layout, *shape)
            progress(f"{size.size}: {place} of {count}")
        satisfied: Verdict = circuit.satisfied
        if native:
            both = place % PYTHON_EVERY == 0
            satisfied = partial(circuit.satisfied_by_kernel, kernel=native, also_here=both)
        compare(size, f"{seed}/{place}", market, satisfied, tally, change=place % changes_every == 0)
    return tally


def main(arguments: list[str]) -> int:
    """Run the comparison and print the tally."""
    parser = argparse.ArgumentParser(prog="python -m tests.circuits.agreement")
    small = {one.size: one for one in (SMALL_PORTFOLIO, SMALL_ONE_SIDED)}
    sizes = {one.size: one for one in instances().values()} | small
    parser.add_argument("--size", choices=sizes, required=True)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--native", action="store_true", help="evaluate with the native kernel")
    given = parser.parse_args(arguments)
    native = kernel() if given.native else None
    if given.native and native is None:
        print("the native kernel is not installed", file=sys.stderr)
        return 3
    started = time.monotonic()
    try:
        tally = run(
            sizes[given.size],
            given.count,
            given.seed,
            native=native,
            progress=partial(print, file=sys.stderr),
        )
    except DisagreementError as error:
        print(f"DISAGREEMENT: {error}", file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    print(
        f"{given.size}, seed {given.seed}: circuit and engine agree on {given.count:,} accounts"
        f" and on {tally.changed.total():,} changed choices"
        f" ({'native' if native else 'Python'} evaluator, {seconds:,.0f} s)"
    )
    for (distance, passes), n in sorted(tally.honest.items()):
        print(f"  {n:5,}  cash {distance:+d}: {'pass' if passes else 'fail'}")
    for (change, broken), n in sorted(tally.changed.items()):
        print(f"  {n:5,}  {change}: rules broken: {broken}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
