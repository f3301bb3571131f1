"""Phase 1 and phase 2 files that snarkjs and the native kernel hand to one another."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.native.reference import Circuit, SnarkJs

pytestmark = pytest.mark.slow


def test_phase_2_in_both_directions(
    native: ModuleType, snarkjs: SnarkJs, circuit: Circuit, ptau: Path, tmp_path: Path
) -> None:
    theirs, ours = tmp_path / "theirs.zkey", tmp_path / "ours.zkey"
    snarkjs.run("groth16", "setup", circuit.r1cs, ptau, theirs)
    native.new_zkey(circuit.r1cs, ptau, ours)
    assert ours.read_bytes() == theirs.read_bytes()

    steps = [tmp_path / f"step{i}.zkey" for i in range(4)]
    native.contribute(ours, steps[0], "first", b"text of the first")
    snarkjs.run("zkey", "contribute", steps[0], steps[1], "--name=second", "-e=more text")
    native.contribute(
        steps[1], steps[2], "third, of a name that is longer than sixty-four characters: ü" * 2, b"x"
    )
    native.beacon(steps[2], steps[3], "last", bytes(range(32)), 10)
    assert "ZKey Ok!" in snarkjs.run("zkey", "verify", circuit.r1cs, ptau, steps[3])
    native.verify_zkey(circuit.r1cs, ptau, steps[3])
    names = [step["name"] for step in native.contributions(steps[3])]
    assert [len(name) <= 64 for name in names] == [True] * 4
    assert names[:2] == ["first", "second"] and names[3] == "last"

    same = tmp_path / "beacon.zkey"
    snarkjs.run("zkey", "beacon", steps[2], same, bytes(range(32)).hex(), 10, "-n=last")
    assert same.read_bytes() == steps[3].read_bytes()

    proof, signals, _ = native.prove(steps[3], circuit.witness)
    assert native.verify(snarkjs.key(steps[3]), signals, proof)


def test_a_key_for_another_circuit_or_chain(
    native: ModuleType, circuit: Circuit, ptau: Path, tmp_path: Path, key: Path
) -> None:
    with pytest.raises(native.NativeInvalidError, match="another"):
        native.verify_zkey(circuit.r1cs, ptau, key)
    new, one, two = (tmp_path / f"{name}.zkey" for name in ("new", "one", "two"))
    native.new_zkey(circuit.r1cs, ptau, new)
    native.contribute(new, one, "one", b"1")
    native.contribute(new, two, "two", b"2")
    # The contribution of one chain under the delta of the other.
    start, _ = _sections(one.read_bytes())[10]
    mixed = one.read_bytes()[:start] + two.read_bytes()[start:]
    (tmp_path / "mixed.zkey").write_bytes(mixed)
    with pytest.raises(native.NativeInvalidError, match="delta is not"):
        native.verify_contributions(tmp_path / "mixed.zkey")


def test_phase_1(native: ModuleType, ptau: Path, tmp_path: Path) -> None:
    native.verify_ptau(ptau)
    good = ptau.read_bytes()
    # Two powers swapped in each section of points: every point is fine, their relations are not.
    sections = _sections(good)
    for number, size in {2: 64, 3: 128, 4: 64, 5: 64, 12: 64, 13: 128, 14: 64, 15: 64}.items():
        start, length = sections[number]
        at = start + length - 3 * size
        bad = bytearray(good)
        bad[at : at + size], bad[at + size : at + 2 * size] = (
            good[at + size : at + 2 * size],
            good[at : at + size],
        )
        path = tmp_path / f"bad{number}.ptau"
        path.write_bytes(bad)
        with pytest.raises(native.NativeInvalidError):
            native.verify_ptau(path)


def test_phase_1_without_contribution_or_room(
    native: ModuleType, snarkjs: SnarkJs, circuit: Circuit, tmp_path: Path
) -> None:
    empty = tmp_path / "new.ptau"
    snarkjs.run("powersoftau", "new", "bn128", 2, empty)
    with pytest.raises(native.NativeInvalidError, match="no contribution"):
        native.verify_ptau(empty)
    with pytest.raises(native.NativeInvalidError, match="prepared"):
        native.new_zkey(circuit.r1cs, empty, tmp_path / "out.zkey")
    assert not (tmp_path / "out.zkey").exists()


def _sections(data: bytes) -> dict[int, tuple[int, int]]:
    found, at = {}, 12
    for _ in range(int.from_bytes(data[8:12], "little")):
        number, length = (
            int.from_bytes(data[at : at + 4], "little"),
            int.from_bytes(data[at + 4 : at + 12], "little"),
        )
        found[number] = (at + 12, length)
        at += 12 + length
    return found
