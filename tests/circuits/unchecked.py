"""A circuit's own witness generator with its assertions taken out, so that it completes any witness.

A generator computes every wire from the inputs and stops with "Assert Failed" at the first constraint that
does not hold. A test of the failing side needs the finished witness, to evaluate the whole r1cs on it. So the
file's assertions, and nothing else, are made into no-ops: each ends its block with ``i32.const 4; return;
end``, and the first two instructions are overwritten. Wires are computed by the very code that provers run.

Whether a witness is good is decided by the r1cs alone.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType

from prover.r1cs import R1cs, read_r1cs, write_witness
from prover.toolchain.circom import compile_instance
from prover.toolchain.wasm import Generator
from prover.toolchain.workspace import workspace
from verifier.circuits import Instance
from verifier.files import write_atomic

from .accounts import Inputs

_CODE_SECTION = 10
_ASSERTION = bytes([0x41, 4, 0x0F, 0x0B])  # i32.const 4; return; end
_NO_ASSERTION = bytes([1, 1, 1, 0x0B])  # nop; nop; nop; end
_ELEMENT = 32


def without_assertions(module: bytes) -> tuple[bytes, int]:
    """The module with every assertion made into a no-op, and how many there were."""
    at = 8
    while at < len(module):
        kind = module[at]
        size, start = _number(module, at + 1)
        if kind == _CODE_SECTION:
            code = module[start : start + size]
            edited = code.replace(_ASSERTION, _NO_ASSERTION)
            return module[:start] + edited + module[start + size :], code.count(_ASSERTION)
        at = start + size
    raise ValueError("no code section")


def _number(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


class Unchecked:
    """One instance: its constraints, and a generator that completes every witness."""

    def __init__(self, r1cs: Path, wasm: Path) -> None:
        self._r1cs_file = r1cs
        self.r1cs: R1cs = read_r1cs(r1cs)
        module, self.assertions = without_assertions(wasm.read_bytes())
        if not self.assertions:
            raise ValueError("the witness generator has no assertions of the expected form")
        edited = workspace().build / "test-circuits" / "unchecked" / wasm.name
        edited.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(edited, module)
        self._generator = Generator(edited)

    def satisfied(self, inputs: Inputs) -> bool:
        """Whether the witness that these inputs lead to satisfies every constraint."""
        return self.r1cs.satisfied(self.witness(inputs))

    def satisfied_by_kernel(self, inputs: Inputs, kernel: ModuleType, *, also_here: bool) -> bool:
        """The same, evaluated by the native kernel, and here as well when asked; they must agree."""
        witness = self.witness(inputs)
        found: bool = not kernel.check_r1cs(str(self._r1cs_file), write_witness(witness), None, 1)
        if also_here and self.r1cs.satisfied(witness) != found:
            raise AssertionError("the native kernel and the Python evaluator differ")
        return found

    def witness(self, inputs: Inputs) -> list[int]:
        """The witness, complete, true or not."""
        values = self._generator.witness(inputs)
        return [
            int.from_bytes(values[at : at + _ELEMENT], "little") for at in range(0, len(values), _ELEMENT)
        ]


@cache
def unchecked(instance: Instance) -> Unchecked:
    """The instance, compiled when it is not yet."""
    built = compile_instance(instance)
    return Unchecked(built.r1cs, built.wasm)
