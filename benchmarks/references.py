"""What the native kernel is compared with; each program is left out, with a word, where it is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .measure import ROOT, Peaks, run

SNARKJS = ROOT / "node_modules" / "snarkjs" / "build" / "cli.cjs"


class Missing(Exception):
    """Why a reference cannot be run here."""


class Rapidsnark:
    """rapidsnark by way of a small Go program that links its static library."""

    def __init__(self) -> None:
        go = shutil.which("go")
        if go is None:
            raise Missing("Go is not installed, so rapidsnark is not measured")
        self.program = ROOT / "build" / "rapidsnark"
        try:
            run([go, "build", "-o", self.program, "."], cwd=ROOT / "benchmarks" / "rapidsnark")
        except RuntimeError as error:
            raise Missing(
                f"rapidsnark's Go module does not build here, so it is not measured ({error})"
            ) from None

    def prove(self, key: Path, witness: Path, runs: int, peaks: Peaks) -> list[float]:
        """Seconds of `runs` proofs in one process that holds the key in memory."""
        ran = run([self.program, key, witness, runs])
        peaks["reference"] = ran.peak
        seconds: list[float] = json.loads(ran.output)["seconds"]
        return seconds


class SnarkJs:
    """snarkjs's own command, the whole process."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None or not SNARKJS.is_file():
            raise Missing("snarkjs is not installed, so it is not measured")
        self.node = node

    def prove(self, key: Path, witness: Path, folder: Path, peaks: Peaks) -> list[float]:
        """One proof."""
        outputs = [folder / "proof.json", folder / "public.json"]
        ran = run([self.node, SNARKJS, "groth16", "prove", key, witness, *outputs])
        peaks["reference"] = ran.peak
        return [ran.seconds]

    def development_key(self, r1cs: Path, target: Path) -> list[float]:
        """The same development key by way of JavaScript."""
        script = ROOT / "prover" / "toolchain" / "dev_keys.mjs"
        return [run([self.node, script, r1cs, target], cwd=ROOT).seconds]
