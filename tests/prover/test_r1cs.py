"""circom's binary files: read strictly, evaluated exactly, and failures told by name."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from prover.r1cs import (
    parse_r1cs,
    parse_symbols,
    parse_witness,
    read_r1cs,
    read_witness,
    write_witness,
)
from verifier.errors import FormatError, UsageError
from verifier.field import R


def product_r1cs() -> bytes:
    """out = a·b: wires 1 (out), 2 (a), 3 (b)."""

    def lc(wire: int, coefficient: int) -> bytes:
        return struct.pack("<II", 1, wire) + coefficient.to_bytes(32, "little")

    header = struct.pack("<I", 32) + R.to_bytes(32, "little") + struct.pack("<IIIIQI", 4, 1, 0, 2, 4, 1)
    body = lc(2, R - 1) + lc(3, 1) + lc(1, R - 1)
    sections = b"".join(struct.pack("<IQ", n, len(c)) + c for n, c in ((2, body), (1, header)))
    return b"r1cs" + struct.pack("<II", 1, 2) + sections


def test_a_product_holds_only_for_its_factors() -> None:
    r1cs = parse_r1cs(product_r1cs())
    assert (r1cs.wires, list(r1cs.public), list(r1cs.inputs)) == (4, [1], [2, 3])
    assert r1cs.satisfied([1, 12, 3, 4])
    assert r1cs.satisfied([1, R - 12, R - 3, 4])
    for witness in ([1, 13, 3, 4], [1, 12, 4, 4], [0, 12, 3, 4], [1, 12, 3, R - 4]):
        assert not r1cs.satisfied(witness)
        assert r1cs.check(witness)


def test_a_failure_names_signals_and_no_values() -> None:
    symbols = parse_symbols(
        "1,1,0,main.out\n2,2,1,main.deep.in.a\n3,2,1,main.deep.a\n4,-1,1,main.deep.gone\n"
    )
    (failure,) = parse_r1cs(product_r1cs()).check([1, 777, 3, 4], symbols)
    assert failure.signals == ("main.deep.a", "main.out", "wire 3")
    assert failure.component == "main"
    assert "777" not in str(failure)
    with pytest.raises(KeyError):
        symbols.wire("main.deep.gone")


def test_a_witness_of_another_length_is_refused() -> None:
    with pytest.raises(FormatError, match="3 values"):
        parse_r1cs(product_r1cs()).check([1, 2, 3])


def test_every_truncation_and_every_changed_byte_is_an_error_or_another_circuit() -> None:
    data = product_r1cs()
    original = parse_r1cs(data)
    for end in range(len(data)):
        with pytest.raises(FormatError):
            parse_r1cs(data[:end])
    for at in range(len(data)):
        for flip in (1, 0x80, 0xFF):
            changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
            try:
                read = parse_r1cs(changed)
            except FormatError:
                continue
            # Only the number of labels, which nothing uses, may change without a trace.
            assert read != original or flip_is_in_labels(data, at)


def flip_is_in_labels(data: bytes, at: int) -> bool:
    labels = data.rindex(R.to_bytes(32, "little")) + 32 + 16
    return labels <= at < labels + 8


def test_counts_beyond_the_file_are_refused_before_anything_is_allocated() -> None:
    huge = struct.pack("<II", 1, 0xFFFFFFFF)
    with pytest.raises(FormatError, match="announces more"):
        parse_r1cs(b"r1cs" + huge)
    with pytest.raises(FormatError, match="announces"):
        header = struct.pack("<I", 32) + R.to_bytes(32, "little") + struct.pack("<I", 0xFFFFFFFF)
        sections = struct.pack("<IQ", 1, len(header)) + header + struct.pack("<IQ", 2, 0)
        parse_witness(b"wtns" + struct.pack("<II", 2, 2) + sections)


def test_a_witness_file_is_read_back_and_refuses_numbers_of_r_or_more() -> None:
    witness = [1, 0, R - 1, 2**200]
    data = write_witness(witness)
    assert parse_witness(data) == witness
    with pytest.raises(FormatError, match="below r"):
        parse_witness(data[:-32] + R.to_bytes(32, "little"))
    with pytest.raises(FormatError):
        write_witness([1, R])


def test_malformed_symbols_and_missing_files_have_typed_errors(tmp_path: Path) -> None:
    for text in ("1,2,3", "1,x,0,main.a", "1,--1,0,main.a", "1,99999999999,0,main.a"):
        with pytest.raises(FormatError):
            parse_symbols(text)
    with pytest.raises(UsageError):
        read_r1cs(tmp_path / "none.r1cs")


@pytest.mark.parametrize("name", ["mini", "commitment"])
def test_published_pairs_hold_and_break_when_a_wire_changes(vectors: Path, name: str) -> None:
    r1cs = read_r1cs(vectors / f"crypto/zkey/{name}.r1cs")
    witness = read_witness(vectors / f"crypto/zkey/{name}.wtns")
    assert r1cs.satisfied(witness)
    mentioned = set().union(*(constraint.wires() for constraint in r1cs.constraints))
    for wire in sorted(mentioned)[:: max(1, len(mentioned) // 50)]:
        changed = [*witness]
        changed[wire] = (changed[wire] + 1) % R
        assert not r1cs.satisfied(changed)
