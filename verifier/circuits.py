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
    "GREEKS",
    "ONE_SIDED_NODES",
    "SUBNODES",
    "Field",
    "Instance",
    "Layout",
    "circuits_file",
    "every_instance",
    "instance",
    "instances",
    "layout",
    "layouts",
    "mandate_instances",
    "mandate_width",
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


def mandate_width(name: str) -> int:
    """Bits of a mandate's ``limit``, ``leverage`` or ``share``."""
    return int(table()["mandate"][name])


EXTENSIONS = ("charges", "subgroups", "isolated", "alternatives", "one_sided")
"""What a layout may have beside the plain rules, in the order of its columns (the last has none)."""

ONE_SIDED_NODES = 3
"""At how many nodes, the last ones, extension ``one_sided`` counts a subgroup's profit against it.

A pair of columns alone gives the worse of two sums. Derive's basis contingency is the worst of three (up,
down, nothing), and its skews are minus the size of the worse of two: these nodes take that worse sum, once
the pair has given it, as min(0, worse) at the first of them and as -|worse| at the other two.
"""

GREEKS = ("delta", "gamma", "vega", "theta")
"""The nodes of a table of Greeks, in their order."""

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
    kind
        ``margin``, or ``greeks``: then the nodes are `GREEKS` and the addons are gross notionals. Columns of
        other names give another id, so that neither kind of table is ever taken for the other.
    """

    name: str
    nodes: int
    brackets: int
    depth: int
    version: int
    extensions: tuple[str, ...] = ()
    kind: str = "margin"

    def __post_init__(self) -> None:
        """Extensions in any other order, or of another name, would be other columns than they seem."""
        if self.extensions != tuple(each for each in EXTENSIONS if each in self.extensions):
            raise ValueError(f"layout {self.name}: extensions are not some of {EXTENSIONS} in that order")
        if self.kind not in ("margin", "greeks"):
            raise ValueError(f"layout {self.name}: {self.kind!r} is no kind of table")
        if self.kind == "greeks" and (self.nodes, self.brackets, self.extensions) != (len(GREEKS), 1, ()):
            raise ValueError(f"layout {self.name}: a table of Greeks has {len(GREEKS)} nodes and 1 bracket")
        if "alternatives" in self.extensions and "subgroups" not in self.extensions:
            raise ValueError(f"layout {self.name}: alternatives are those of subgroups, which it has not")
        if "one_sided" in self.extensions and "alternatives" not in self.extensions:
            raise ValueError(f"layout {self.name}: one-sided nodes need alternatives, which it has not")

    @property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order in which a row's leaf hashes them."""
        sides = (
            ("notional_long", "notional_short") if self.kind == "greeks" else ("addon_long", "addon_short")
        )
        names = ["group", "mark", *self._node_names, *sides]
        for k in range(self.brackets):
            names += [f"rate_{k}", f"deduction_{k}", f"upper_{k}"]
        further = {
            "charges": ("charge_long", "charge_short"),
            "subgroups": ("subgroup", *(f"subnode_{t}" for t in range(SUBNODES))),
            "isolated": ("isolated_long", "isolated_short"),
            "alternatives": tuple(f"alternative_{s}" for s in range(self.nodes)),
        }
        for extension in self.extensions:
            names += further.get(extension, ())
        return tuple(names)

    @property
    def _node_names(self) -> list[str]:
        """Other names where a profit counts otherwise, so that such a layout has another id."""
        if self.kind == "greeks":
            return list(GREEKS)
        names = [f"node_{s}" for s in range(self.nodes)]
        if "one_sided" in self.extensions:
            kinds = zip(("loss", "magnitude", "magnitude"), range(self.nodes)[-ONE_SIDED_NODES:], strict=True)
            names[-ONE_SIDED_NODES:] = [f"{kind}_{s}" for kind, s in kinds]
        return names

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
    """One circuit instance: a template with parameters, its layout and its public signals in order.

    Attributes
    ----------
    slots, groups
        How many positions, and underlyings, it has room for.
    subgroups, cells
        How many subgroups, and pairs of a group and a subgroup; 0 where its layout has none.
    """

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
    subgroups: int = 0
    cells: int = 0

    @property
    def claims_mandate(self) -> bool:
        """Whether it claims that a mandate is kept, rather than solvency."""
        return "mandate" in self.public

    @property
    def parameters(self) -> dict[str, int]:
        """The template's parameters before the layout's id, by name and in order."""
        further = {"subgroups": self.subgroups, "cells": self.cells}
        return {
            "slots": self.slots,
            "nodes": self.nodes,
            "groups": self.groups,
            "brackets": self.brackets,
            "depth": self.depth,
            **{name: count for name, count in further.items() if count},
        }


def _instances(section: str) -> dict[str, Instance]:
    found = {}
    for name, entry in table()[section].items():
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


@cache
def instances() -> dict[str, Instance]:
    """Every circuit instance that claims solvency by name, smallest first."""
    return _instances("circuits")


@cache
def mandate_instances() -> dict[str, Instance]:
    """Every circuit instance that claims a mandate is kept, and nothing of a margin, by name."""
    return _instances("mandates")


def every_instance() -> dict[str, Instance]:
    """The instances of both claims by name."""
    return {**instances(), **mandate_instances()}


def instance(name: str) -> Instance:
    """The instance called `name`, or of that size (such as ``8-2``); KeyError when there is none."""
    for candidate in every_instance().values():
        if name in (candidate.name, candidate.size):
            return candidate
    raise KeyError(name)
