"""A broken constraint is named by the template and the line that make it."""

from __future__ import annotations

from pathlib import Path

import pytest

from prover.source_map import SourceMap, innermost

OUTER = """pragma circom 2.1.9;
include "inner.circom";

/* a template of
   two parts */
template Outer(N) {
    signal input a[N];
    signal output out; // component part = Wrong();
    signal inverse; signal input last;
    component part[N];
    for (var i = 0; i < N; i++) {
        part[i] = Inner();
        part[i].x <== a[i];
    }
    inverse <== a[0] * a[1];
    out <== Half()(
        part[0].y
    );
    out === last;
}
"""
INNER = """pragma circom 2.1.9;
template Half() {
    signal input in;
    signal output out;
    out <== in * in;
}
template Inner() {
    signal input x;
    signal output y;
    y <== x * (x - 1);
}
"""


@pytest.fixture
def sources(tmp_path: Path) -> SourceMap:
    files = {"outer.circom": OUTER, "inner.circom": INNER, "main.circom": "component main = Outer(2);\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return SourceMap(tmp_path / "main.circom", [tmp_path / name for name in files])


@pytest.mark.parametrize(
    ("component", "signals", "expected"),
    [
        ("main", ["main.inverse", "main.a[0]", "main.a[1]"], "template Outer, outer.circom:15"),
        ("main", ["main.out", "main.last"], "template Outer, outer.circom:19"),
        ("main", ["main.Half_16_290.in", "main.Half_16_290.out"], "template Outer, outer.circom:16"),
        ("main.part[1]", ["main.part[1].x", "main.part[1].y"], "template Inner, inner.circom:10"),
        ("main.Half_16_290", ["main.Half_16_290.in"], "template Half, inner.circom:5"),
        ("main.unknown.deeper", ["main.unknown.deeper.z"], "template Outer, outer.circom:6"),
    ],
)
def test_place(sources: SourceMap, component: str, signals: list[str], expected: str) -> None:
    assert str(sources.place(component, signals)) == expected


def test_no_main(tmp_path: Path) -> None:
    (tmp_path / "main.circom").write_text("component main = Elsewhere();")
    assert SourceMap(tmp_path / "main.circom", []).place("main", []) is None


def test_the_deepest_component_that_sees_all_wires() -> None:
    names = {
        1: ["main.a[0]", "main.part[0].x"],
        2: ["main.part[0].y", "main.part[0].deep.out"],
    }
    assert innermost(names) == ("main.part[0]", ("main.part[0].x", "main.part[0].y"))
    # Nothing sees both: what two paths have in common, and a wire without a name is still shown.
    apart = {1: ["main.p.q.r.s"], 2: ["main.p.t.u.v"], 9: ["wire 9"]}
    assert innermost(apart) == ("main.p", ("main.p.q.r.s", "main.p.t.u.v", "wire 9"))
