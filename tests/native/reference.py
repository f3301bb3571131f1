"""snarkjs, and random circuits, for the tests of the native kernel."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
R = 21888242871839275222246405745257275088548364400416034343698204186575808495617


def _need(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


class SnarkJs:
    """The reference implementation's command line."""

    def __init__(self) -> None:
        self.node = _need("node")
        self.script = ROOT / "node_modules" / "snarkjs" / "build" / "cli.cjs"
        if not self.script.is_file():
            pytest.skip("snarkjs is not installed: make setup")

    def run(self, *arguments: object, check: bool = True) -> str:
        done = subprocess.run(
            [self.node, str(self.script), *map(str, arguments)], capture_output=True, text=True, timeout=300
        )
        text = done.stdout + done.stderr
        if check and (done.returncode != 0 or "ERROR" in text or "INVALID" in text):
            raise AssertionError(f"snarkjs {arguments[0]}: {text[-2000:]}")
        return text

    def key(self, zkey: Path) -> dict[str, Any]:
        out = zkey.with_suffix(".vk.json")
        self.run("zkey", "export", "verificationkey", zkey, out)
        vk: dict[str, Any] = json.loads(out.read_text())
        return vk


@dataclass(frozen=True)
class Circuit:
    """A random constraint system with a witness that satisfies it."""

    r1cs: Path
    wtns: Path
    public: list[str]

    @property
    def witness(self) -> bytes:
        return self.wtns.read_bytes()


def _file(kind: bytes, version: int, sections: list[tuple[int, bytes]]) -> bytes:
    head = kind + version.to_bytes(4, "little") + len(sections).to_bytes(4, "little")
    return head + b"".join(
        number.to_bytes(4, "little") + len(content).to_bytes(8, "little") + content
        for number, content in sections
    )


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, "little") for value in values)


def random_circuit(folder: Path, seed: int, constraints: int, public: int) -> Circuit:
    """Constraints a·b = c over earlier wires, each with a new wire in c; values of every kind and size."""
    rng = random.Random(seed)
    given = public + 3
    kinds = [0, 1, R - 1, 2, rng.getrandbits(64), R - rng.getrandbits(60), rng.randrange(R)]
    values = [1] + [rng.choice(kinds) for _ in range(given)]
    body = b""

    def combination(terms: dict[int, int]) -> bytes:
        return _words(len(terms)) + b"".join(
            _words(wire) + coefficient.to_bytes(32, "little") for wire, coefficient in terms.items()
        )

    def draw() -> dict[int, int]:
        wires = rng.sample(range(len(values)), min(len(values), rng.randint(0, 4)))
        return {wire: rng.choice([1, R - 1, 2, rng.randrange(1, R)]) for wire in wires}

    def value(terms: dict[int, int]) -> int:
        return sum(values[wire] * coefficient for wire, coefficient in terms.items()) % R

    for _ in range(constraints):
        a, b, c = draw(), draw(), draw()
        factor = rng.choice([1, R - 1, rng.randrange(1, R)])
        values.append((value(a) * value(b) - value(c)) * pow(factor, -1, R) % R)
        c[len(values) - 1] = factor
        body += combination(a) + combination(b) + combination(c)
    header = (
        _words(32)
        + R.to_bytes(32, "little")
        + _words(len(values), 0, public, 3)
        + len(values).to_bytes(8, "little")
        + _words(constraints)
    )
    labels = b"".join(wire.to_bytes(8, "little") for wire in range(len(values)))
    folder.mkdir(parents=True, exist_ok=True)
    r1cs = folder / "circuit.r1cs"
    r1cs.write_bytes(_file(b"r1cs", 1, [(1, header), (2, body), (3, labels)]))
    wtns = folder / "circuit.wtns"
    content = b"".join(value.to_bytes(32, "little") for value in values)
    wtns.write_bytes(
        _file(b"wtns", 2, [(1, _words(32) + R.to_bytes(32, "little") + _words(len(values))), (2, content)])
    )
    return Circuit(r1cs, wtns, [str(value) for value in values[1 : public + 1]])
