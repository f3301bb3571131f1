"""Prices from several sources: the median of those that count, and a refusal that says who is at odds."""

from __future__ import annotations

import random
import statistics
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.sources import PriceSources, aggregate, funding_from_sources, prices_from_sources
from verifier.errors import FormatError

NOW = 1_790_000_000
RELATIVE = {
    "max_age": 60,
    "outlier": "relative",
    "outlier_limit": "0.02",
    "max_divergence": "0.01",
    "min_sources": 2,
}
MAD = {**RELATIVE, "outlier": "mad", "outlier_limit": "5", "outlier_floor": "0.001"}


def quotes(*prices: str, ages: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    ages = ages or (0,) * len(prices)
    names = "abcdefghijklmnop"
    return [{"source": names[i], "time": NOW - ages[i], "price": price} for i, price in enumerate(prices)]


def document(said: list[dict[str, Any]], limits: dict[str, Any] = RELATIVE, **more: Any) -> PriceSources:
    feed = {"id": "BTC-USD", "kind": "index", "underlying": "BTC", "band": "0.05", "quotes": said}
    body = {"schema": PriceSources.SCHEMA, "time": NOW, "limits": limits, "feeds": [feed], **more}
    return PriceSources.parse(body)


def test_the_median_of_those_that_count() -> None:
    feed = prices_from_sources(document(quotes("60010", "60000", "60050.5")))[0]
    assert (feed.id, feed.kind, feed.underlying, feed.price, feed.band) == (
        "BTC-USD",
        "index",
        "BTC",
        "60010",
        "0.05",
    )
    assert prices_from_sources(document(quotes("1.1", "1.1003")))[0].price == "1.10015"


def test_stale_future_and_outlying_sources_do_not_count() -> None:
    said = quotes("100", "100.2", "100.1", "105", "99.9", "100", ages=(0, 60, 61, 0, 0, -1))
    found = aggregate(document(said))[0]
    assert found.used == ("a", "b", "e") and found.value == 100
    reasons = {each.source: each.reason for each in found.rejected}
    assert set(reasons) == {"c", "d", "f"}
    assert "61 s old" in reasons["c"] and "1 s ahead" in reasons["f"]
    assert "says 105" in reasons["d"] and "0.02 are allowed" in reasons["d"]


def test_robust_deviations() -> None:
    spread = quotes("100", "100.1", "100.2", "99.9", "99.8", "100.7")
    assert "f" in aggregate(document(spread, MAD | {"outlier_limit": "3"}))[0].used
    far = quotes("100", "100.1", "100.2", "99.9", "99.8", "101.7")
    assert [each.source for each in aggregate(document(far, MAD))[0].rejected] == ["f"]
    # Most agree to the last digit: the deviation is 0, and the floor keeps a tick from being an outlier.
    tick = quotes("100", "100", "100", "100.01")
    assert aggregate(document(tick, MAD))[0].rejected == ()
    assert len(aggregate(document(tick, MAD | {"outlier_floor": "0"}))[0].rejected) == 1


def test_two_camps_make_no_price() -> None:
    with pytest.raises(FormatError) as caught:
        prices_from_sources(document(quotes("100", "110")))
    text = str(caught.value)
    assert text.startswith("feeds[0] (BTC-USD): has 0 sources that agree and needs 2")
    assert "a says 100, 0.047619048 from the median 105" in text and "b says 110" in text
    with pytest.raises(FormatError, match="has 2 sources that agree and needs 3"):
        aggregate(
            document(quotes("100", "100", "100.5", "97", "103.4"), RELATIVE | {"outlier_limit": "0.001"})
        )


def test_divergence_names_the_ends() -> None:
    with pytest.raises(
        FormatError, match=r"0\.014925373 apart, more than max_divergence 0\.01: c says 99\.5.*b"
    ):
        aggregate(document(quotes("100.5", "101", "99.5")))


def test_too_few_and_none() -> None:
    with pytest.raises(FormatError, match="has 1 sources that agree and needs 2"):
        aggregate(document(quotes("100")))
    with pytest.raises(FormatError, match="no fresh source: a is 100 s old, 60 are allowed; b is 101 s old"):
        aggregate(document(quotes("100", "100", ages=(100, 101))))


def test_limits_of_a_feed_come_first() -> None:
    body = document(quotes("100", "103")).to_json()
    body["feeds"][0]["limits"] = RELATIVE | {"outlier_limit": "0.1", "max_divergence": "0.05"}
    assert aggregate(PriceSources.parse(body))[0].value == Fraction(203, 2)


prices = st.lists(st.integers(90_000, 110_000), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(prices, st.sampled_from([RELATIVE, MAD]), st.randoms(use_true_random=False))
def test_a_price_lies_among_honest_sources(
    values: list[int], limits: dict[str, Any], rng: random.Random
) -> None:
    """Whoever counts is close to whoever else counts, and order does not matter."""
    said = quotes(*(f"{value / 1000:.3f}" for value in values))
    try:
        found = aggregate(document(said, limits))[0]
    except FormatError:
        found = None
    mixed = said[:]
    rng.shuffle(mixed)
    if found is None:
        with pytest.raises(FormatError):
            aggregate(document(mixed, limits))
        return
    assert aggregate(document(mixed, limits))[0].value == found.value
    used = [Fraction(quote["price"]) for quote in said if quote["source"] in found.used]
    assert found.value == statistics.median(used) and 2 * len(used) > len(values) and len(used) >= 2
    assert max(used) - min(used) <= Fraction("0.01") * found.value
    assert {*found.used, *(each.source for each in found.rejected)} == {quote["source"] for quote in said}


@settings(max_examples=200, deadline=None)
@given(st.integers(3, 9), st.integers(1, 10**7), st.sampled_from([RELATIVE, MAD]))
def test_a_lying_minority_stays_without_effect(honest: int, lie: int, limits: dict[str, Any]) -> None:
    """Fewer than half lie, all the same lie: the price is one of the honest, or there is none."""
    good = [f"{100 + n / 100}" for n in range(honest)]
    liars = [f"{lie / 1000:.3f}"] * ((honest - 1) // 2)
    try:
        value = aggregate(document(quotes(*good, *liars), limits))[0].value
    except FormatError:
        return
    assert Fraction(good[0]) <= value <= Fraction(good[-1])


def funding(*sources: list[tuple[int, str]], window: int = 3600, **limits: Any) -> dict[str, str]:
    own = RELATIVE | {"max_age": 3600, "outlier_limit": "0.001", "max_divergence": "0.0005"} | limits
    listed = [
        {"source": f"s{n}", "samples": [{"time": NOW - ago, "rate": rate} for ago, rate in samples]}
        for n, samples in enumerate(sources)
    ]
    more = [{"id": "BTC-PERP", "window": window, "limits": own, "sources": listed}]
    return funding_from_sources(document(quotes("100", "100"), funding=more))


def test_funding_is_weighted_by_time() -> None:
    a = [(4000, "0.0001"), (900, "0.0005")]
    b = [(3600, "0.0002")]
    assert funding(a, b) == {"BTC-PERP": "0.0002"}
    c = [(5000, "-0.0003"), (3600, "0.0003"), (1800, "-0.0001")]
    assert funding(c, b, b) == {"BTC-PERP": "0.0002"}
    assert funding(c, c) == {"BTC-PERP": "0.0001"}
    assert funding([(3, "0.0001"), (2, "0.0002")], [(3, "0.0001"), (2, "0.0002")], window=3) == {
        "BTC-PERP": "0.000166666666666667"
    }


def test_funding_without_a_start_or_in_disagreement() -> None:
    with pytest.raises(FormatError, match="has no rate of s0 at the start of its window of 3600"):
        funding([(3599, "0.0001")], [(4000, "0.0001")])
    with pytest.raises(FormatError, match=r"funding\[0\] \(BTC-PERP\).*0\.0006 apart"):
        funding([(3600, "-0.0001")], [(3600, "0.0005")])
    with pytest.raises(FormatError, match="no fresh source"):
        funding([(4000, "0.0001")], [(4000, "0.0001")])


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (("limits", "min_sources"), 0, "min_sources"),
        (("limits", "outlier_floor"), "0.1", "outlier_floor"),
        (("limits", "max_divergence"), "-1", "max_divergence"),
        (("feeds", 0, "quotes", 1, "source"), "a", r"quotes\[1\]\.source"),
        (("feeds", 0, "quotes", 1, "price"), "0", "price"),
        (("feeds", 0, "quotes", 1, "price"), "1e5", "price"),
        (("feeds", 0, "kind"), "rumour", "kind"),
    ],
)
def test_malformed(path: tuple[Any, ...], value: Any, word: str) -> None:
    body: Any = document(quotes("100", "100")).to_json()
    inner = body
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    with pytest.raises(FormatError, match=word):
        PriceSources.parse(body)
