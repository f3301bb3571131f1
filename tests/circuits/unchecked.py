"""A circuit's own witness generator with its assertions taken out, so that it completes any witness.

A generator computes every wire from the inputs and stops with "Assert Failed" at the first constraint that
does not hold. A test of the failing side needs the finished witness, to evaluate the whole r1cs on it. So the
file's assertions, and nothing else, are made into no-ops: each ends its block with ``i32.const 4; return;
end``, and the first two instructions are overwritten. Wires are computed by the very code that provers run.

Whether a witness is good is decided by the r1cs alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import wasmtime

from prover.r1cs import R1cs, read_r1cs
from prover.toolchain.circom import compile_instance
from verifier.circuits import Instance
from verifier.field import R

from .accounts import Inputs

_CODE_SECTION = 10
_ASSERTION = bytes([0x41, 4, 0x0F, 0x0B])  # i32.const 4; return; end
_NO_ASSERTION = bytes([1, 1, 1, 0x0B])  # nop; nop; nop; end
_NUMBER = rb"([\x80-\xff]{0,4}[\x00-\x7f])"
_GET_WITNESS = re.compile(
    rb"\x41" + _NUMBER + rb"\x20\x00\x41\x02\x74\x6a\x28..\x41\x28\x6c\x41" + _NUMBER + rb"\x6a", re.DOTALL
)
"""signal address = memory[list + 4·place]·40 + signals: how the generator itself finds a witness value."""

_SIGNAL = 40  # bytes of a signal: a short value, its type, and eight 32-bit limbs
_LONG, _MONTGOMERY = 1 << 31, 1 << 30
_FROM_MONTGOMERY = pow(1 << 256, -1, R)


def without_assertions(module: bytes) -> tuple[bytes, int]:
    """The module with every assertion made into a no-op, and how many there were."""
    start, end = _code(module)
    code = module[start:end]
    return module[:start] + code.replace(_ASSERTION, _NO_ASSERTION) + module[end:], code.count(_ASSERTION)


def _code(module: bytes) -> tuple[int, int]:
    """Where the code section's content starts and ends."""
    at = 8
    while at < len(module):
        kind = module[at]
        size, start = _unsigned(module, at + 1)
        if kind == _CODE_SECTION:
            return start, start + size
        at = start + size
    raise ValueError("no code section")


def _unsigned(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _signed(data: bytes) -> int:
    value, _ = _unsigned(data, 0)
    return value - (1 << 7 * len(data)) if data[-1] & 0x40 else value


class Unchecked:
    """One instance: its constraints, and a generator that completes every witness."""

    def __init__(self, r1cs: Path, wasm: Path) -> None:
        self.r1cs: R1cs = read_r1cs(r1cs)
        module, self.assertions = without_assertions(wasm.read_bytes())
        found = _GET_WITNESS.search(module, *_code(module))
        if not self.assertions or found is None:
            raise ValueError("the witness generator is not built as this module expects")
        self._list, self._signals = _signed(found[1]), _signed(found[2])
        self._engine = wasmtime.Engine()
        self._module = wasmtime.Module(self._engine, module)

    def satisfied(self, inputs: Inputs) -> bool:
        """Whether the witness that these inputs lead to satisfies every constraint."""
        return self.r1cs.satisfied(self.witness(inputs))

    def witness(self, inputs: Inputs) -> list[int]:
        """The witness, complete, true or not."""
        store = wasmtime.Store(self._engine)
        instance = wasmtime.Instance(store, self._module, self._host(store))
        calls: dict[str, Any] = dict(instance.exports(store))
        memory = calls["memory"]
        calls["init"](store, 0)
        shared = calls["getSharedRWMemoryStart"](store)
        for name, value in inputs.items():
            high, low = _input_hash(name)
            for place, number in enumerate(_flat(value)):
                memory.write(store, (number % R).to_bytes(32, "little"), shared)
                calls["setInputSignal"](store, high, low, place)
        count = calls["getWitnessSize"](store)
        places = struct.unpack(f"<{count}I", memory.read(store, self._list, self._list + 4 * count))
        return self._values(
            memory.read(store, self._signals, self._signals + _SIGNAL * (max(places) + 1)), places
        )

    @staticmethod
    def _values(signals: bytes, places: tuple[int, ...]) -> list[int]:
        values = []
        for place in places:
            at = _SIGNAL * place
            short, kind = struct.unpack_from("<iI", signals, at)
            if not kind & _LONG:
                values.append(short % R)
                continue
            value = int.from_bytes(signals[at + 8 : at + _SIGNAL], "little")
            values.append(value * _FROM_MONTGOMERY % R if kind & _MONTGOMERY else value)
        return values

    def _host(self, store: wasmtime.Store) -> list[wasmtime.Func]:
        """What the generator calls back: errors other than assertions are errors of the test."""

        def stop(code: int) -> None:
            raise RuntimeError(f"the witness generator stopped with code {code}")

        def ignore() -> None:
            pass

        with_code = wasmtime.FuncType([wasmtime.ValType.i32()], [])
        plain = wasmtime.FuncType([], [])
        return [
            wasmtime.Func(store, with_code, stop)
            if each.name == "exceptionHandler"
            else wasmtime.Func(store, plain, ignore)
            for each in self._module.imports
        ]


def _input_hash(name: str) -> tuple[int, int]:
    """FNV-1a of an input's name in two signed halves, as the generator looks inputs up."""
    digest = 0xCBF29CE484222325
    for byte in name.encode():
        digest = (digest ^ byte) * 0x100000001B3 % (1 << 64)
    high, low = struct.unpack(">ii", digest.to_bytes(8, "big"))
    return high, low


def _flat(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for inner in value:
            yield from _flat(inner)
    else:
        yield value


@cache
def unchecked(instance: Instance) -> Unchecked:
    """The instance, compiled when it is not yet."""
    built = compile_instance(instance)
    return Unchecked(built.r1cs, built.wasm)
