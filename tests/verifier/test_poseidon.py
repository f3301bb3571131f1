"""Poseidon: published vectors, circomlib's own constants, and the two forms against each other."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifier.errors import FormatError
from verifier.field import R
from verifier.poseidon import FULL_ROUNDS, PARTIAL_ROUNDS, parameters, permute_plain, poseidon

ELEMENT = st.one_of(st.integers(min_value=0, max_value=R - 1), st.sampled_from([0, 1, R - 1, R // 2]))


def test_published_vectors(vectors: Path) -> None:
    table = json.loads((vectors / "crypto" / "poseidon_bn254.json").read_text())
    assert len(table["vectors"]) == 14
    for case in table["vectors"]:
        inputs = [int(text) for text in case["inputs"]]
        outputs = [int(text) for text in case["outputs"]]
        assert permute_plain([int(case["initState"]), *inputs])[: len(outputs)] == outputs
        if case["initState"] == "0":
            assert poseidon(inputs) == outputs[0]


def test_published_refusals(vectors: Path) -> None:
    table = json.loads((vectors / "crypto" / "poseidon_bn254.json").read_text())
    for case in table["reject"]:
        with pytest.raises(FormatError):
            poseidon([int(text) for text in case["inputs"]])


@pytest.mark.parametrize("inputs", [[], [-1], [R], [1, R - 1, R + 1], [0] * 17])
def test_only_one_to_sixteen_elements_are_hashed(inputs: list[int]) -> None:
    with pytest.raises(FormatError):
        poseidon(inputs)


@pytest.mark.parametrize("count", range(1, 17))
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_fast_form_equals_the_definition(count: int, data: st.DataObject) -> None:
    inputs = data.draw(st.lists(ELEMENT, min_size=count, max_size=count))
    assert poseidon(inputs) == permute_plain([0, *inputs])[0]


@pytest.mark.parametrize("width", range(2, 18))
def test_constants_are_those_that_circuits_compile_in(width: int, root: Path) -> None:
    """circomlib ships its constants in the plain form too; ours are generated, so both must agree."""
    file = root / "node_modules" / "circomlib" / "circuits" / "poseidon_constants_old.circom"
    if not file.is_file():
        pytest.skip("skipped: circomlib is not installed (npm ci)")
    constants_text, matrix_text = file.read_text().split("function POSEIDON_M")
    ours = parameters(width)
    assert _numbers_of(constants_text, width) == list(ours.constants)
    numbers = _numbers_of(matrix_text, width)
    rows = [numbers[i * width : (i + 1) * width] for i in range(width)]
    assert rows == [list(row) for row in ours.matrix]


def _numbers_of(text: str, width: int) -> list[int]:
    """The numbers that stand after `t == width` and before the next branch."""
    branch = re.split(r"t\s*==\s*(\d+)\s*\)", text)
    body = branch[branch.index(str(width)) + 1]
    body = body.split("else")[0]
    return [int(number, 0) for number in re.findall(r"0x[0-9a-f]{50,}|\d{60,}", body)]


@pytest.mark.parametrize("width", range(2, 18))
def test_constants_hold_what_poseidon_asks_of_them(width: int) -> None:
    given_ = parameters(width)
    assert len(given_.constants) == width * (FULL_ROUNDS + PARTIAL_ROUNDS[width - 2])
    assert len(set(given_.constants)) == len(given_.constants)
    assert all(0 <= constant < R for constant in given_.constants)
    assert len({x for row in given_.matrix for x in row}) == width * width
    # MDS: every square submatrix is invertible. All of size 2 here; larger ones follow from Cauchy's form.
    for i in range(width):
        for j in range(i):
            for k in range(width):
                for m in range(k):
                    top, bottom = given_.matrix[i], given_.matrix[j]
                    assert (top[k] * bottom[m] - top[m] * bottom[k]) % R


@pytest.mark.parametrize("width", [-1, 0, 1, 18])
def test_other_widths_are_refused(width: int) -> None:
    with pytest.raises(FormatError):
        parameters(width)
