"""Witnesses, computed in this process by the circuit's own WebAssembly module.

The module is the one that the circuit compiler writes; its interface is circom 2's. Two loops, in a small
module of our own beside it, move inputs and witness between the two, because a call from Python for every
word would take longer than the witness itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import struct
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import wasmtime

from verifier.errors import EnvironmentFault, FormatError, InvalidError, ZkSolvencyError
from verifier.field import R
from verifier.files import write_atomic

from .circom import Compiled
from .rules import failed_rule, places
from .workspace import workspace

__all__ = ["Generator", "generator", "input_hash", "witness_file"]

_WORDS = 8
_ELEMENT = 32
_PAGE = 65536
_MESSAGE_LIMIT = 4096

# Input and witness values are 32 bytes each, least significant first, from address 0 of its own memory.
_LOOPS = """
(module
  (import "circuit" "getWitness" (func $get (param i32)))
  (import "circuit" "readSharedRWMemory" (func $read (param i32) (result i32)))
  (import "circuit" "writeSharedRWMemory" (func $write (param i32 i32)))
  (import "circuit" "setInputSignal" (func $set (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "fill") (param $high i32) (param $low i32) (param $count i32)
    (local $i i32) (local $word i32)
    (block $done
      (loop $values
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (local.set $word (i32.const 0))
        (loop $words
          (call $write (local.get $word)
            (i32.load (i32.add (i32.shl (local.get $i) (i32.const 5))
                               (i32.shl (local.get $word) (i32.const 2)))))
          (local.set $word (i32.add (local.get $word) (i32.const 1)))
          (br_if $words (i32.lt_u (local.get $word) (i32.const 8))))
        (call $set (local.get $high) (local.get $low) (local.get $i))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $values))))
  (func (export "collect") (param $count i32)
    (local $i i32) (local $word i32)
    (block $done
      (loop $values
        (br_if $done (i32.ge_u (local.get $i) (local.get $count)))
        (call $get (local.get $i))
        (local.set $word (i32.const 0))
        (loop $words
          (i32.store (i32.add (i32.shl (local.get $i) (i32.const 5))
                              (i32.shl (local.get $word) (i32.const 2)))
            (call $read (local.get $word)))
          (local.set $word (i32.add (local.get $word) (i32.const 1)))
          (br_if $words (i32.lt_u (local.get $word) (i32.const 8))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $values)))))
"""

# What the generator stops with; 4 is a rule that does not hold.
_STOPS = {
    1: "there is no such input",
    2: "there are too many inputs",
    3: "an input is set twice",
    5: "there is not enough memory",
    6: "an input has too many values",
}
_ASSERTION = 4


class _Stopped(Exception):
    """Raised inside the generator's call to leave it."""

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(code)


@cache
def _engine() -> wasmtime.Engine:
    return wasmtime.Engine()


class Generator:
    """The witness generator of one compiled circuit; each witness gets a memory of its own.

    Parameters
    ----------
    wasm
        The circuit's module. A compiled form is kept beside it, named by its hash and wasmtime's version.
    sources
        Directories of circuit sources, to name the rule that fails.
    """

    def __init__(self, wasm: Path, sources: Sequence[Path] = ()) -> None:
        self._wasm = wasm
        self._sources = sources

    def prepare(self) -> None:
        """Compile the module for this machine (seconds), so that the first witness need not wait for it."""
        _ = self._module

    def witness(self, inputs: Mapping[str, Any]) -> bytes:
        """Every wire's value, 32 bytes each, least significant first.

        Parameters
        ----------
        inputs
            Field elements by signal name; arrays as nested sequences in the order of the declaration.

        Raises
        ------
        FormatError
            When an input is missing, unknown, or has another number of values than the circuit.
        InvalidError
            When the inputs break a rule of the circuit; names the rule, never a value.
        EnvironmentFault
            When the module cannot be run.
        """
        store = wasmtime.Store(_engine())
        messages: list[str] = []
        try:
            circuit = wasmtime.Instance(store, self._module, self._host(store, messages))
            call: Any = _Calls(store, circuit)
            loops = self._loops(store, circuit)
            call.init(0)
            self._check_prime(call)
            self._set(store, call, loops, inputs)
            count = call.getWitnessSize()
            memory = _reserve(store, loops, count * _ELEMENT)
            loops.exports(store)["collect"](store, count)  # type: ignore[operator]
            return bytes(memory.read(store, 0, count * _ELEMENT))
        except _Stopped as stop:
            raise self._explained(stop, messages) from None
        except (wasmtime.WasmtimeError, wasmtime.Trap):
            # Its text would be a dump of addresses.
            raise EnvironmentFault(
                f"{self._wasm}: the witness generator broke off. Make it again: zksolvency setup"
            ) from None

    def _set(
        self, store: wasmtime.Store, call: Any, loops: wasmtime.Instance, inputs: Mapping[str, Any]
    ) -> None:
        flat = {name: list(_flat(value)) for name, value in inputs.items()}
        for name, values in flat.items():
            wanted = call.getInputSignalSize(*input_hash(name))
            if wanted <= 0:
                raise FormatError(name, "is no input of the circuit")
            if wanted != len(values):
                raise FormatError(name, f"has {len(values)} values, and the circuit takes {wanted}")
        total = sum(map(len, flat.values()))
        if total != call.getInputSize():
            raise FormatError("inputs", f"are {total} values, and the circuit takes {call.getInputSize()}")
        fill: Any = loops.exports(store)["fill"]
        for name, values in flat.items():
            memory = _reserve(store, loops, len(values) * _ELEMENT)
            memory.write(store, b"".join((value % R).to_bytes(_ELEMENT, "little") for value in values), 0)
            fill(store, *input_hash(name), len(values))

    def _check_prime(self, call: Any) -> None:
        call.getRawPrime()
        words = [call.readSharedRWMemory(word) & 0xFFFFFFFF for word in range(call.getFieldNumLen32())]
        if int.from_bytes(struct.pack(f"<{len(words)}I", *words), "little") != R:
            raise EnvironmentFault(f"{self._wasm}: is not over the scalar field of BN254")

    def _explained(self, stop: _Stopped, messages: list[str]) -> ZkSolvencyError:
        if stop.code == _ASSERTION:
            rule = failed_rule(places("\n".join(messages)), self._sources)
            return InvalidError(f"the inputs break a rule of the circuit: {rule}")
        reason = _STOPS.get(stop.code, f"code {stop.code}")
        return EnvironmentFault(f"{self._wasm}: the witness generator stopped: {reason}")

    def _host(self, store: wasmtime.Store, messages: list[str]) -> list[wasmtime.Func]:
        """What the generator calls: to stop, and to say where."""

        def stop(code: int) -> None:
            raise _Stopped(code)

        def message(caller: wasmtime.Caller) -> None:
            following: Any = caller["getMessageChar"]
            text = bytearray()
            while len(text) < _MESSAGE_LIMIT and (character := following(caller)):
                text.append(character & 0xFF)
            messages.append(text.decode("utf-8", "replace"))

        def ignored() -> None:
            # Values that a circuit logs, for its author; private ones, so nobody sees them.
            return None

        i32 = wasmtime.ValType.i32()
        made = {
            "exceptionHandler": wasmtime.Func(store, wasmtime.FuncType([i32], []), stop),
            "printErrorMessage": wasmtime.Func(store, wasmtime.FuncType([], []), message, access_caller=True),
        }
        other = wasmtime.Func(store, wasmtime.FuncType([], []), ignored)
        return [made.get(str(each.name), other) for each in self._module.imports]

    def _loops(self, store: wasmtime.Store, circuit: wasmtime.Instance) -> wasmtime.Instance:
        module = _loops_module()
        exports: Any = circuit.exports(store)
        return wasmtime.Instance(store, module, [exports[str(each.name)] for each in module.imports])

    @cached_property
    def _module(self) -> wasmtime.Module:
        try:
            content = self._wasm.read_bytes()
        except OSError:
            raise EnvironmentFault(f"{self._wasm}: is missing. Make it: zksolvency setup") from None
        digest = hashlib.sha256(content).hexdigest()[:16]
        version = importlib.metadata.version("wasmtime")
        kept = self._wasm.with_suffix(f".{digest}.wasmtime-{version}")
        if kept.is_file():
            # Another processor or configuration made it; then it is made again.
            with contextlib.suppress(wasmtime.WasmtimeError):
                return wasmtime.Module.deserialize_file(_engine(), str(kept))
        try:
            module = wasmtime.Module(_engine(), content)
        except wasmtime.WasmtimeError:
            raise EnvironmentFault(f"{self._wasm}: is damaged. Make it again: zksolvency setup") from None
        for old in self._wasm.parent.glob(f"{self._wasm.stem}.*.wasmtime-*"):
            old.unlink(missing_ok=True)
        # Only to be quick the next time: a directory that cannot be written to is no reason to stop.
        with contextlib.suppress(EnvironmentFault):
            write_atomic(kept, bytes(module.serialize()))
        return module


class _Calls:
    """The module's functions as methods."""

    def __init__(self, store: wasmtime.Store, instance: wasmtime.Instance) -> None:
        self._store = store
        self._exports: Any = instance.exports(store)

    def __getattr__(self, name: str) -> Any:
        function = self._exports[name]
        return lambda *values: function(self._store, *values)


@cache
def _loops_module() -> wasmtime.Module:
    return wasmtime.Module(_engine(), _LOOPS)


def _reserve(store: wasmtime.Store, loops: wasmtime.Instance, size: int) -> wasmtime.Memory:
    """The loops' memory, at least so large."""
    memory: Any = loops.exports(store)["memory"]
    missing = size - memory.data_len(store)
    if missing > 0:
        memory.grow(store, -(-missing // _PAGE))
    found: wasmtime.Memory = memory
    return found


def input_hash(name: str) -> tuple[int, int]:
    """FNV-1a (64 bits) of an input's name as two signed halves: how the module finds its inputs."""
    digest = 0xCBF29CE484222325
    for byte in name.encode():
        digest = (digest ^ byte) * 0x100000001B3 % (1 << 64)
    high, low = struct.unpack(">ii", digest.to_bytes(8, "big"))
    return high, low


def _flat(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    else:
        for inner in value:
            yield from _flat(inner)


@cache
def generator(wasm: Path) -> Generator:
    """The generator of a circuit of the workspace; modules stay loaded for the life of the process."""
    where = workspace()
    return Generator(wasm, (where.circuits, where.node_modules / "circomlib" / "circuits"))


def witness_file(circuit: Compiled, inputs: Mapping[str, Any]) -> bytes:
    """The witness as the content of a wtns file, in memory only; raises as `Generator.witness`."""
    values = generator(circuit.wasm).witness(inputs)
    header = struct.pack("<I", _ELEMENT) + R.to_bytes(_ELEMENT, "little")
    header += struct.pack("<I", len(values) // _ELEMENT)
    return b"".join(
        [
            b"wtns",
            struct.pack("<II", 2, 2),
            struct.pack("<IQ", 1, len(header)),
            header,
            struct.pack("<IQ", 2, len(values)),
            values,
        ]
    )
