"""``python -m benchmarks [--only NAME] [--quick]``: the table, and build/bench.json.

Every ratio is of two medians measured in turns, on the same files, in this run; absolute times are only
colour.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from verifier.circuits import instances
from verifier.field import R
from verifier.groth16 import key_hash, parse_proof, parse_verification_key, verify
from verifier.poseidon import accelerate, poseidon

from . import accounts, growing, tables
from .measure import ROOT, Peaks, Result, alternate, clocked, machine, run, table, write
from .references import Missing, Rapidsnark, SnarkJs

FOLDER = ROOT / "build" / "benchmarks"
try:
    import zksolvency_native as native
except ImportError:
    sys.exit("There is nothing to measure: the native kernel is not installed (it needs cargo): make setup")

LEAVES = 1 << 20
LARGE = 1 << 17
"""Circuits with more constraints are measured in fewer rounds."""

_T = TypeVar("_T")


class Bench:
    """What the measurements share."""

    def __init__(self, quick: bool) -> None:
        self.rounds = 1 if quick else 5
        self.powers = (12, 14, 16) if quick else (12, 13, 14, 15, 16, 17, 18, 19, 20)
        FOLDER.mkdir(parents=True, exist_ok=True)
        self.rapidsnark = _there(Rapidsnark)
        self.snarkjs = _there(SnarkJs)

    @cached_property
    def cases(self) -> dict[str, accounts.Case]:
        """An account for each circuit, compiled and with its key."""
        return {each.size: accounts.case(each, FOLDER) for each in instances().values()}

    def ours(self, peaks: Peaks, key: Path, witness: Path) -> list[float]:
        """Three native proofs in a process of their own, after one that checks the key and is not counted."""
        ran = run([sys.executable, "-m", "benchmarks.once", key, witness, 4], cwd=ROOT)
        peaks["ours"] = ran.peak
        seconds: list[float] = json.loads(ran.output)["seconds"][1:]
        return seconds

    # --- proving -------------------------------------------------------------------------------------

    def proving(self) -> Iterator[Result]:
        """Native proofs beside rapidsnark's and snarkjs's, for each circuit."""
        for size, case in self.cases.items():
            peaks: Peaks = {}
            ours = partial(self.ours, peaks, case.key, case.wtns)
            large = case.instance.max_constraints > LARGE
            if self.rapidsnark is not None:
                theirs = partial(self.rapidsnark.prove, case.key, case.wtns, 3, peaks)
                own, other = alternate(1 if large else self.rounds, ours, theirs)
                yield Result.of(
                    "prove-vs-rapidsnark",
                    size,
                    own,
                    other,
                    "s",
                    peak=peaks["ours"],
                    reference_peak=peaks["reference"],
                )
            if self.snarkjs is not None:
                theirs = partial(self.snarkjs.prove, case.key, case.wtns, FOLDER, peaks)
                own, other = alternate(1 if large else min(3, self.rounds), ours, theirs)
                yield Result.of(
                    "prove-vs-snarkjs",
                    size,
                    own,
                    other,
                    "s",
                    peak=peaks["ours"],
                    reference_peak=peaks["reference"],
                    note="snarkjs as a whole process",
                )

    def command(self) -> Iterator[Result]:
        """The whole of `zksolvency prove`, from a statement to a verified bundle, beside a bare proof."""
        if self.rapidsnark is None:
            return
        for size in ("14-24", "8-2"):
            case = self.cases[size]
            vk = key_hash(json.loads(case.verification_key.read_text()))
            folder = FOLDER / f"documents-{size}"
            folder.mkdir(exist_ok=True)
            command = [sys.executable, "-m", "prover.cli", *accounts.documents(case.instance, vk, folder)]
            run(command, cwd=ROOT)  # what is kept between runs, such as the compiled witness generator
            own, other = alternate(
                self.rounds,
                partial(_whole, command),
                partial(self.rapidsnark.prove, case.key, case.wtns, 2, {}),
            )
            yield Result.of(
                "cli-prove-vs-rapidsnark", size, own, other, "s", note="the command / a bare proof"
            )

    def growth(self) -> Iterator[Result]:
        """Proving time from 2^12 to 2^20 constraints."""
        for power in self.powers:
            r1cs, wtns = growing.write(FOLDER, power)
            key = r1cs.with_suffix(".zkey")
            native.dev_zkey(r1cs, key)
            rounds = 1 if power > 17 else min(3, self.rounds)
            ours = partial(self.ours, {}, key, wtns)
            if self.rapidsnark is not None:
                own, other = alternate(rounds, ours, partial(self.rapidsnark.prove, key, wtns, 3, {}))
                yield Result.of("growth", f"2^{power}", own, other, "s", note="rapidsnark")
            else:
                (own,) = alternate(rounds, ours)
                yield Result("growth", f"2^{power}", own, None, None, "s", note="nothing to compare with")
            for file in (r1cs, wtns, key):
                file.unlink()

    # --- keys, trees, verification -------------------------------------------------------------------

    def keys(self) -> Iterator[Result]:
        """Development keys, beside the same bytes made in JavaScript."""
        if self.snarkjs is None:
            return
        for size, case in self.cases.items():
            if case.instance.max_constraints > LARGE:
                continue  # minutes of JavaScript each
            target = FOLDER / "key.zkey"
            own, other = alternate(
                1,
                partial(_clocked, partial(native.dev_zkey, case.r1cs, target)),
                partial(self.snarkjs.development_key, case.r1cs, target),
            )
            target.unlink()
            note = "JavaScript; a toy ceremony takes over 15 min"
            yield Result.of("keys", size, own, other, "s", note=note)

    def tree(self) -> Iterator[Result]:
        """A tree of 2^20 leaves, beside as many hashes in Python."""
        rng = random.Random(1)
        leaves = b"".join(rng.randrange(R).to_bytes(32, "little") for _ in range(LEAVES))
        inputs = [rng.randrange(R) for _ in range(4)]
        hashes = (LEAVES - 1) // 3
        own, other = alternate(
            min(3, self.rounds),
            lambda: [clocked(lambda: native.MerkleTree(leaves, 10))],
            lambda: [hashes / 200 * clocked(lambda: [poseidon(inputs) for _ in range(200)])],
        )
        yield Result.of("tree-1m", "4^10 leaves", own, other, "s", note="Python from 200 hashes")

    def table(self) -> Iterator[Result]:
        """1,024 options at 24 nodes as rows, and their root beside as many hashes in Python."""
        build = tables.builder(tables.options_market())
        rows = build()  # what is kept between tables, such as the cells of the normal distribution
        (own,) = alternate(self.rounds, lambda: [clocked(build)])
        yield Result("table-1024x24", "rows", own, None, None, "s", note="two corners, gaps included")
        inputs = list(range(1, 16))
        # Three chunks a leaf, and the tree above 4^5 leaves.
        hashes = 3 * len(rows) + (4**5 - 1) // 3

        def native_root() -> list[float]:
            accelerate(native.poseidon)
            try:
                return [clocked(lambda: tables.root(rows))]
            finally:
                accelerate(None)

        own, other = alternate(
            self.rounds,
            native_root,
            lambda: [hashes / 200 * clocked(lambda: [poseidon(inputs) for _ in range(200)])],
        )
        yield Result.of("table-1024x24", "root", own, other, "s", note="Python from 200 hashes")

    def verifying(self) -> Iterator[Result]:
        """One proof beside the Python verifier, and 32 together beside 32 alone."""
        case = self.cases["8-2"]
        vk = json.loads(case.verification_key.read_text())
        proofs = [native.prove(case.key, case.wtns.read_bytes())[:2] for _ in range(4)]
        proof, public = proofs[0]
        assert native.verify(vk, public, proof)

        def python() -> None:
            signals = [int(signal) for signal in public]
            assert verify(parse_verification_key(vk), signals, parse_proof(proof))

        own, other = alternate(
            self.rounds,
            lambda: [clocked(lambda: native.verify(vk, public, proof)) for _ in range(20)],
            lambda: [clocked(python)],
        )
        yield Result.of("verify", "8-2", own * 1000, other * 1000, "ms", note="Python")
        items = [(public, proof) for proof, public in proofs] * 8
        own, other = alternate(
            self.rounds,
            lambda: [clocked(lambda: native.verify_batch(vk, items))],
            lambda: [clocked(lambda: [native.verify(vk, *item) for item in items])],
        )
        yield Result.of("batch-verify-32", "8-2", own * 1000, other * 1000, "ms", note="32 single ones")


def _whole(command: list[str]) -> list[float]:
    return [run(command, cwd=ROOT).seconds]


def _clocked(call: Callable[[], object]) -> list[float]:
    return [clocked(call)]


def _there(kind: Callable[[], _T]) -> _T | None:
    try:
        return kind()
    except Missing as why:
        print(f"skipped: {why}")
        return None


def main() -> int:
    """Measure, print the table and write build/bench.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ("proving", "command", "growth", "keys", "tree", "table", "verifying")
    parser.add_argument("--only", choices=names, action="append", help="measure this alone; repeat for more")
    parser.add_argument("--quick", action="store_true", help="one round each, and growth to 2^16")
    given = parser.parse_args()
    print(f"machine: {machine()}, native kernel: {native.features()}")
    bench = Bench(given.quick)
    results: list[Result] = []
    for name in given.only or names:
        for result in getattr(bench, name)():
            results.append(result)
            print(table([result]).splitlines()[1], flush=True)
    print()
    print(table(results))
    print(f"\nwritten to {write(results).relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
