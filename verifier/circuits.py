"""What `circuits/circuits.json` defines once: tags, packings, layouts and circuit instances.

Python, Solidity and the generated Circom constants all read that file; nothing here repeats a number
of it. The names are those of the design's glossary.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .canonical import object_hash

__all__ = [
    "EXTENSIONS",
    "SUBNODES",
    "Field",
    "Instance",
    "Layout",
    "circuits_file",
    "instance",
    "instances",
    "layout",
    "layouts",
    "packing",
    "scale",
    "table",
    "tag",
    "text_tag",
    "width",
]


def circuits_file() -> Path:
    """Where circuits.json is: inside an installed wheel, or beside this package in a checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "data" / "circuits.json"
    return packaged if packaged.is_file() else here.parent / "circuits" / "circuits.json"


@cache
def table() -> dict[str, Any]:
    """The whole of circuits.json."""
    loaded: dict[str, Any] = json.loads(circuits_file().read_text())
    return loaded


def tag(name: str) -> int:
    """The number that a Poseidon hash of this use starts with."""
    return int(table()["hash_tags"][name]["tag"])


def text_tag(name: str) -> str:
    """The text that a keccak hash of a public object of this kind starts with."""
    return str(table()["text_tags"][name])


def scale(name: str) -> int:
    """Decimal places of ``size``, ``value`` or ``cash``."""
    return int(table()["scales"][name])


def width(name: str) -> int:
    """Bits of the magnitude of ``size``, ``value``, ``deduction`` or ``cash``."""
    return int(table()["widths"][name])


@dataclass(frozen=True)
class Field:
    """One field of a packed number: its bits start at `offset` above the least significant."""

    name: str
    bits: int
    offset: int


@cache
def packing(name: str) -> tuple[Field, ...]:
    """The fields of ``slot``, ``clock``, ``stamp`` or ``terms``, most significant first."""
    return tuple(Field(**entry) for entry in table()["packings"][name])


EXTENSIONS = ("charges", "subgroups", "isolated", "alternatives")
"""What a row may have beside the plain columns, in the order of its columns."""

SUBNODES = 2
"""Nodes of a subgroup."""


@dataclass(frozen=True)
class Layout:
    """The shape of a market table: rows of the same layout, and only those, share a tree.

    Attributes
    ----------
    nodes, brackets, depth
        Scenario nodes, brackets and levels of the tree.
    version
        Changes when the same columns come to mean something else.
    extensions
        Those of `EXTENSIONS` that rows have columns for, in that order.
    """

    name: str
    nodes: int
    brackets: int
    depth: int
    version: int
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Extensions in any other order, or of another name, would be other columns than they seem."""
        if self.extensions != tuple(each for each in EXTENSIONS if each in self.extensions):
            raise ValueError(f"layout {self.name}: extensions are not some of {EXTENSIONS} in that order")
        if "alternatives" in self.extensions and "subgroups" not in self.extensions:
            raise ValueError(f"layout {self.name}: alternatives are those of subgroups, which it has not")

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order in which a row's leaf hashes them."""
        names = ["group", "mark", *(f"node_{s}" for s in range(self.nodes)), "addon_long", "addon_short"]
        for k in range(self.brackets):
            names += [f"rate_{k}", f"deduction_{k}", f"upper_{k}"]
        further = {
            "charges": ("charge_long", "charge_short"),
            "subgroups": ("subgroup", *(f"subnode_{t}" for t in range(SUBNODES))),
            "isolated": ("isolated_long", "isolated_short"),
            "alternatives": tuple(f"alternative_{s}" for s in range(self.nodes)),
        }
        for extension in self.extensions:
            names += further[extension]
        return tuple(names)

    @property
    def capacity(self) -> int:
        """Rows that the quaternary tree has room for."""
        return int(4**self.depth)

    @property
    def id(self) -> int:
        """keccak256(tag ‖ canonical JSON) >> 8; a circuit carries its own layout's as a constant."""
        return object_hash(
            text_tag("layout"),
            {
                "nodes": self.nodes,
                "brackets": self.brackets,
                "depth": self.depth,
                "columns": list(self.columns),
                "version": self.version,
            },
        )


@cache
def layouts() -> dict[str, Layout]:
    """Every layout by name."""
    return {
        name: Layout(name=name, **{**shape, "extensions": tuple(shape.get("extensions", ()))})
        for name, shape in table()["layouts"].items()
    }


def layout(name: str) -> Layout:
    """The layout called `name`; KeyError when there is none."""
    return layouts()[name]


@dataclass(frozen=True)
class Instance:
    """One circuit instance: a template with parameters, its layout and its public signals in order."""

    name: str
    size: str
    file: str
    template: str
    slots: int
    nodes: int
    groups: int
    brackets: int
    depth: int
    layout: Layout
    public: tuple[str, ...]
    max_constraints: int
    constraints: int | None


@cache
def instances() -> dict[str, Instance]:
    """Every circuit instance by name, smallest first."""
    found = {}
    for name, entry in table()["circuits"].items():
        found[name] = Instance(
            name=name,
            size=entry["size"],
            file=entry["file"],
            template=entry["template"],
            **entry["params"],
            layout=layout(entry["layout"]),
            public=tuple(entry["public"]),
            max_constraints=entry["max_constraints"],
            constraints=entry["constraints"],
        )
    return found


def instance(name: str) -> Instance:
    """The instance called `name`, or of that size (such as ``8-2``); KeyError when there is none."""
    for candidate in instances().values():
        if name in (candidate.name, candidate.size):
            return candidate
    raise KeyError(name)
