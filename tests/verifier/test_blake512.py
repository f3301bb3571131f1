"""BLAKE-512 against its specification's test values and around its block boundaries."""

from __future__ import annotations

from verifier.blake512 import blake512


def test_values_of_the_specification() -> None:
    """Appendix B of the proposal: one zero byte (one block) and 144 zero bytes (two)."""
    assert blake512(b"\0").hex() == (
        "97961587f6d970faba6d2478045de6d1fabd09b61ae50932054d52bc29d31be4"
        "ff9102b9f69e2bbdb83be13d4b9c06091e5fa0b48bd081b634058be0ec49beb3"
    )
    assert blake512(bytes(144)).hex() == (
        "313717d608e9cf758dcb1eb0f0c3cf9fc150b2d500fb33f51c52afc99d358a2f"
        "1374b8a38bba7974e7f6ef79cab16f22ce1e649d6e01ad9589c213045d545dde"
    )


def test_every_length_around_the_padding_has_its_own_hash() -> None:
    """One padding byte, a block of padding alone, and lengths that share neither."""
    hashes = {blake512(bytes(length)) for length in range(300)}
    assert len(hashes) == 300
    assert all(len(found) == 64 for found in hashes)
