"""The R1CS checker finds what was broken and says where."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.native.reference import Circuit, random_circuit


def test_good_and_broken_witnesses(native: ModuleType, circuit: Circuit) -> None:
    assert native.check_r1cs(circuit.r1cs, circuit.witness) == []
    witness = bytearray(circuit.witness)
    witness[-32] ^= 1
    failures = native.check_r1cs(circuit.r1cs, bytes(witness))
    # The last wire is made by the last constraint and by no other.
    assert [failure["constraint"] for failure in failures] == [39]
    assert "wire 46" in failures[0]["c"]


def test_names(native: ModuleType, tmp_path: Path) -> None:
    circuit = random_circuit(tmp_path, 3, 6, 1)
    sym = tmp_path / "circuit.sym"
    lines = [f"{wire},{wire},{wire % 3},main.part[{wire}].value" for wire in range(1, 11)]
    sym.write_text("\n".join([*lines, "99,-1,0,main.removed", ""]))
    witness = bytearray(circuit.witness)
    witness[-32] ^= 1
    (failure,) = native.check_r1cs(circuit.r1cs, bytes(witness), sym)
    assert "main.part[10].value" in failure["c"]
    assert failure["component"].startswith("main")
    sym.write_text("1,x,3,name")
    with pytest.raises(native.NativeFormatError, match="line 1"):
        native.check_r1cs(circuit.r1cs, circuit.witness, sym)


def test_limit(native: ModuleType, circuit: Circuit) -> None:
    witness = bytearray(circuit.witness)
    for wire in range(4, 40):
        witness[-32 * wire] ^= 1
    assert len(native.check_r1cs(circuit.r1cs, bytes(witness), None, 2)) == 2
