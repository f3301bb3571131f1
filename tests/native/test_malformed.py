"""Malformed files: a typed error every time, never a crash and never a wrong acceptance."""

from __future__ import annotations

import contextlib
import os
import random
import resource
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.native.reference import Circuit
from verifier.groth16 import Q

Reader = Callable[[Path], object]


@pytest.fixture(params=["zkey", "r1cs", "wtns"])
def case(
    request: pytest.FixtureRequest, native: ModuleType, circuit: Circuit, key: Path
) -> tuple[bytes, Reader]:
    witness = circuit.witness
    readers: dict[str, tuple[Path, Reader]] = {
        "zkey": (key, lambda path: native.prove(path, witness)),
        "r1cs": (circuit.r1cs, lambda path: native.check_r1cs(path, witness)),
        "wtns": (circuit.wtns, lambda path: native.prove(key, path.read_bytes())),
    }
    path, reader = readers[request.param]
    return path.read_bytes(), reader


def test_truncated(native: ModuleType, case: tuple[bytes, Reader], tmp_path: Path) -> None:
    data, read = case
    path = tmp_path / "file"
    for cut in [
        0,
        3,
        4,
        8,
        11,
        12,
        20,
        24,
        30,
        70,
        len(data) // 3,
        len(data) // 2,
        len(data) - 33,
        len(data) - 1,
    ]:
        path.write_bytes(data[:cut])
        with pytest.raises(native.NativeFormatError):
            read(path)
    path.write_bytes(data + b"\0")
    with pytest.raises(native.NativeFormatError):
        read(path)


def test_absurd_numbers(native: ModuleType, case: tuple[bytes, Reader], tmp_path: Path) -> None:
    """Each of the first words as large as it can be: nothing is allocated for sizes that are not there."""
    data, read = case
    path = tmp_path / "file"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    header = 12 + 12 + (4 + 12 if data[:4] == b"zkey" else 0) + 100
    for at in range(4, header, 4):
        for value in (b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0"):
            if data[at : at + 4] == value:
                continue
            path.write_bytes(data[:at] + value + data[at + 4 :])
            with contextlib.suppress(native.NativeError):
                read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_random_damage(native: ModuleType, case: tuple[bytes, Reader], tmp_path: Path) -> None:
    data, read = case
    rng = random.Random(5)
    path = tmp_path / "file"
    for _ in range(300):
        bad = bytearray(data)
        for _ in range(rng.choice([1, 1, 2, 8])):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        path.write_bytes(bad)
        with contextlib.suppress(native.NativeError):
            read(path)


def test_points_off_the_curve(native: ModuleType, circuit: Circuit, key: Path, tmp_path: Path) -> None:
    data = key.read_bytes()
    path = tmp_path / "key.zkey"
    at, numbers = 12, []
    for _ in range(int.from_bytes(data[8:12], "little")):
        number = int.from_bytes(data[at : at + 4], "little")
        length = int.from_bytes(data[at + 4 : at + 12], "little")
        if number in (2, 3, 5, 6, 7, 8, 9, 10):
            numbers.append(number)
            bad = bytearray(data)
            # The last coordinate of the section's last point; in section 10 one byte of the first point.
            place = at + 12 + (64 + 4 if number == 10 else length - 32)
            bad[place] ^= 1
            path.write_bytes(bad)
            with pytest.raises(native.NativeFormatError, match="curve"):
                native.prove(path, circuit.witness)
        at += 12 + length
    assert len(numbers) == 8


def test_a_message_tells_no_private_value(native: ModuleType, circuit: Circuit, key: Path) -> None:
    witness = bytearray(circuit.witness)
    witness[-32:] = b"\xff" * 32
    with pytest.raises(native.NativeFormatError) as caught:
        native.prove(key, bytes(witness))
    assert "11579" not in str(caught.value) and "ff" not in str(caught.value).replace("differ", "")


def _sections(data: bytes) -> list[tuple[int, int, int]]:
    """Number, start and length of each section."""
    found, at = [], 12
    for _ in range(int.from_bytes(data[8:12], "little")):
        number, length = (
            int.from_bytes(data[at : at + 4], "little"),
            int.from_bytes(data[at + 4 : at + 12], "little"),
        )
        found.append((number, at + 12, length))
        at += 12 + length
    return found


def test_double_sections(native: ModuleType, case: tuple[bytes, Reader], tmp_path: Path) -> None:
    """Of a number that no reader knows, too: which of the two counts would be anybody's guess."""
    data, read = case
    path = tmp_path / "file"
    count = int.from_bytes(data[8:12], "little")
    unknown = (60).to_bytes(4, "little") + (2).to_bytes(8, "little") + b"ab"
    one, two = ((count + more).to_bytes(4, "little") for more in (1, 2))
    path.write_bytes(data[:8] + one + data[12:] + unknown)
    read(path)
    path.write_bytes(data[:8] + two + data[12:] + unknown + unknown)
    with pytest.raises(native.NativeFormatError, match="twice"):
        read(path)


def test_wires_that_the_file_does_not_name(native: ModuleType, circuit: Circuit, tmp_path: Path) -> None:
    data = circuit.r1cs.read_bytes()
    kept = [data[start - 12 : start + length] for number, start, length in _sections(data) if number != 3]
    path = tmp_path / "file"
    path.write_bytes(data[:8] + len(kept).to_bytes(4, "little") + b"".join(kept))
    with pytest.raises(native.NativeFormatError, match="section 3"):
        native.dev_zkey(path, tmp_path / "out")


def test_a_key_whose_delta_is_minus_gamma(
    native: ModuleType, circuit: Circuit, key: Path, tmp_path: Path
) -> None:
    data = bytearray(key.read_bytes())
    header = next(start for number, start, _ in _sections(data) if number == 2)
    # Two fields and three counts, then alpha, beta, beta, gamma, delta, delta.
    gamma = header + 2 * (4 + 32) + 3 * 4 + 64 + 64 + 128
    delta = gamma + 128 + 64
    data[delta : delta + 128] = data[gamma : gamma + 128]
    for half in (0, 32):
        place = slice(delta + 64 + half, delta + 96 + half)
        data[place] = ((Q - int.from_bytes(data[place], "little")) % Q).to_bytes(32, "little")
    path = tmp_path / "opposite.zkey"
    path.write_bytes(data)
    with pytest.raises(native.NativeInvalidError, match="opposite"):
        native.prove(path, circuit.witness)


def test_a_domain_without_the_roots_that_proving_needs(native: ModuleType, key: Path, tmp_path: Path) -> None:
    data = bytearray(key.read_bytes())
    header = next(start for number, start, _ in _sections(data) if number == 2)
    place = header + 2 * (4 + 32) + 2 * 4
    data[place : place + 4] = (1 << 28).to_bytes(4, "little")
    path = tmp_path / "large.zkey"
    path.write_bytes(data)
    with pytest.raises(native.NativeFormatError, match=r"2\^27"):
        native.contribution_count(path)


def test_a_beacon_of_years(native: ModuleType, key: Path, tmp_path: Path) -> None:
    for exponent in (9, 31, 63, 255):
        with pytest.raises(native.NativeInvalidError, match="iterations"):
            native.beacon(key, tmp_path / "out.zkey", "late", b"ab", exponent)
    path = tmp_path / "beacon.zkey"
    native.beacon(key, path, "late", b"\xab\xcd", 10)
    data = path.read_bytes()
    # Parameters 2 (iterations) and 3 (hash) end the file's last section.
    assert data.endswith(bytes([2, 10, 3, 2, 0xAB, 0xCD]))
    path.write_bytes(data[:-5] + bytes([63]) + data[-4:])
    with pytest.raises(native.NativeInvalidError, match="iterations"):
        native.verify_contributions(path)


def test_a_long_beacon_can_be_stopped(native: ModuleType, key: Path, tmp_path: Path) -> None:
    calls = 0

    def progress(_: str, __: float) -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        native.beacon(key, tmp_path / "out.zkey", "late", b"ab", 30, progress)
    assert not (tmp_path / "out.zkey").exists()


def test_what_is_no_regular_file(native: ModuleType, circuit: Circuit, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match="regular"):
            native.prove(path, circuit.witness)
        with pytest.raises(OSError, match="regular"):
            native.contribution_count(path)


def test_missing_files(native: ModuleType, circuit: Circuit, tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: native.prove(tmp_path / "none", circuit.witness),
        lambda: native.dev_zkey(tmp_path / "none", tmp_path / "out"),
        lambda: native.contribution_count(tmp_path / "none"),
        lambda: native.verify_ptau(tmp_path / "none"),
        lambda: native.dev_zkey(circuit.r1cs, tmp_path / "no" / "folder"),
    ]
    for call in calls:
        with pytest.raises(OSError):
            call()
