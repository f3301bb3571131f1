"""Several small numbers in one field element, by the tables of circuits.json."""

from __future__ import annotations

from collections.abc import Mapping

from .circuits import packing
from .errors import FormatError

__all__ = ["pack", "unpack"]


def pack(name: str, values: Mapping[str, int]) -> int:
    """Pack `values`, one non-negative integer a field, into the number called `name`.

    Raises
    ------
    FormatError
        When a value does not fit its field.
    """
    packed = 0
    for field in packing(name):
        value = values[field.name]
        if not 0 <= value < 1 << field.bits:
            raise FormatError(
                field.name,
                f"does not fit {field.bits} bits",
                value=value,
                mend=f"It must be from 0 to {(1 << field.bits) - 1}",
            )
        packed |= value << field.offset
    return packed


def unpack(name: str, packed: int) -> dict[str, int]:
    """The fields of a packed number; FormatError when it has bits beyond the highest field."""
    fields = packing(name)
    top = fields[0]
    if not 0 <= packed < 1 << (top.offset + top.bits):
        raise FormatError(name, f"has more than {top.offset + top.bits} bits", value=packed)
    return {field.name: (packed >> field.offset) & ((1 << field.bits) - 1) for field in fields}
