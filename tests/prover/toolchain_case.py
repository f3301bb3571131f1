"""A workspace of its own with one tiny circuit in it, so that keys and witnesses take a second."""

from __future__ import annotations

import hashlib
import shutil
from functools import cache
from pathlib import Path

from prover.toolchain import snarkjs
from prover.toolchain.circom import Compiled, compile_instance
from prover.toolchain.process import node, run
from prover.toolchain.workspace import Workspace
from verifier.circuits import Instance, layout
from verifier.field import R

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FOLDER = ROOT / "build" / "tests" / "toolchain"
POWER = 6

TOY = Instance(
    name="toy",
    size="toy",
    file="tiny.circom",
    template="Toy",
    slots=12,
    nodes=2,
    groups=3,
    brackets=4,
    depth=5,
    layout=layout("s2-k4-d5"),
    public=("limit",),
    max_constraints=32,
    constraints=None,
)

GOOD = {"limit": 5, "secret": 987654321987654321, "parts": [5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}


@cache
def toy_workspace() -> Workspace:
    """The checkout's packages, and a circuits folder with the tiny circuit alone."""
    where = Workspace(FOLDER / "workspace")
    where.circuits.mkdir(parents=True, exist_ok=True)
    source = where.circuits / "tiny.circom"
    if not source.is_file() or source.read_bytes() != (HERE / "tiny.circom").read_bytes():
        shutil.copyfile(HERE / "tiny.circom", source)
    if not where.node_modules.exists():
        where.node_modules.symlink_to(ROOT / "node_modules")
    return where


@cache
def toy() -> Compiled:
    """The tiny circuit, compiled."""
    return compile_instance(TOY, toy_workspace())


def secrets_of(r1cs: Path) -> list[int]:
    """tau, alpha and beta of a circuit's development key, by their definition."""
    seed = hashlib.sha256(r1cs.read_bytes()).digest()
    return [
        int.from_bytes(hashlib.sha512(b"zksolvency/development-key/1/" + label + b"/" + seed).digest()) % R
        for label in (b"tau", b"alpha", b"beta")
    ]


@cache
def toy_ptau(power: int = POWER, *, prepared: bool = True) -> Path:
    """A phase 1 file with the secrets of the tiny circuit's development key, prepared by snarkjs."""
    where = toy_workspace()
    secrets = [str(secret) for secret in secrets_of(toy().r1cs)]
    raw = FOLDER / f"raw_{power}.ptau"
    run(
        [node(), HERE / "known_tau.mjs", str(power), *secrets, raw],
        cwd=where.root,
        limit=120,
        what="making a phase 1 file",
    )
    if not prepared:
        return raw
    ready = FOLDER / f"prepared_{power}.ptau"
    run(
        [node(), ROOT / "node_modules/snarkjs/build/cli.cjs", "powersoftau", "prepare", "phase2", raw, ready],
        cwd=where.root,
        limit=300,
        what="preparing phase 2",
    )
    return ready


@cache
def reference_keys() -> tuple[Path, Path]:
    """What snarkjs makes of that phase 1 file: the key without, and with, the beacon's contribution."""
    where = toy_workspace()
    first, last = FOLDER / "reference_0.zkey", FOLDER / "reference_1.zkey"
    snarkjs.begin(where, toy().r1cs, toy_ptau(), first)
    value = hashlib.sha256(b"zksolvency development key").digest()
    snarkjs.beacon(where, first, last, "zksolvency_dev", value, 10)
    return first, last
