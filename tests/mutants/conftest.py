"""Planted bugs are prepared two at a time, ahead of the test that needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

Ahead = Callable[[Callable[[str], Any]], Callable[[str], Any]]


@pytest.fixture(scope="module")
def ahead(request: pytest.FixtureRequest) -> Iterator[Ahead]:
    """Start work for every ``name`` of this module's selected tests, and wait for one of them by name."""
    names = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.fspath == request.fspath and hasattr(item, "callspec") and "name" in item.callspec.params
    ]
    with ThreadPoolExecutor(2) as pool:

        def start(work: Callable[[str], Any]) -> Callable[[str], Any]:
            started: dict[str, Future[Any]] = {name: pool.submit(work, name) for name in names}
            return lambda name: started[name].result()

        yield start
        pool.shutdown(cancel_futures=True)
