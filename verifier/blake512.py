"""BLAKE-512, the SHA-3 candidate of 2010, which circomlib's key derivation uses (not BLAKE2b).

Source: "SHA-3 proposal BLAKE", version 1.3, sections 2.2 and 3. Python's hashlib has only its successor.
Its sixteen constants are the first digits of pi, computed below; the initial value is SHA-512's, the
first 64 bits of the fractional parts of the square roots of the first eight primes.
"""

from __future__ import annotations

from functools import cache
from math import isqrt

__all__ = ["blake512"]

_MASK = (1 << 64) - 1
_ROUNDS = 16
_BLOCK = 128

_SIGMA = (
    (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
    (14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3),
    (11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4),
    (7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8),
    (9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13),
    (2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9),
    (12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11),
    (13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10),
    (6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5),
    (10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0),
)

# The words of each G: four columns, then four diagonals.
_LINES = (
    (0, 4, 8, 12),
    (1, 5, 9, 13),
    (2, 6, 10, 14),
    (3, 7, 11, 15),
    (0, 5, 10, 15),
    (1, 6, 11, 12),
    (2, 7, 8, 13),
    (3, 4, 9, 14),
)


def blake512(data: bytes) -> bytes:
    """The 64-byte BLAKE-512 hash of `data`, without salt."""
    bits = 8 * len(data)
    # A 1 bit, zeros, a 1 bit, then the length in 128 bits: one byte holds both 1 bits when only one is left.
    zeros = (_BLOCK - 17 - len(data)) % _BLOCK
    padding = bytearray([0x80, *bytes(zeros)])
    padding[-1] |= 0x01
    padded = data + bytes(padding) + bits.to_bytes(16, "big")
    chain = list(_initial())
    for start in range(0, len(padded), _BLOCK):
        counted = min(bits, 8 * (start + _BLOCK))
        # A block without any bit of the message counts none.
        counter = 0 if bits <= 8 * start else counted
        chain = _compress(chain, padded[start : start + _BLOCK], counter)
    return b"".join(word.to_bytes(8, "big") for word in chain)


def _compress(chain: list[int], block: bytes, counter: int) -> list[int]:
    c = _pi()
    m = [int.from_bytes(block[i : i + 8], "big") for i in range(0, _BLOCK, 8)]
    low, high = counter & _MASK, counter >> 64
    v = [*chain, *c[:4], low ^ c[4], low ^ c[5], high ^ c[6], high ^ c[7]]
    for number in range(_ROUNDS):
        sigma = _SIGMA[number % len(_SIGMA)]
        for i, (a, b, d, e) in enumerate(_LINES):
            first, second = sigma[2 * i], sigma[2 * i + 1]
            v[a] = (v[a] + v[b] + (m[first] ^ c[second])) & _MASK
            v[e] = _rotate(v[e] ^ v[a], 32)
            v[d] = (v[d] + v[e]) & _MASK
            v[b] = _rotate(v[b] ^ v[d], 25)
            v[a] = (v[a] + v[b] + (m[second] ^ c[first])) & _MASK
            v[e] = _rotate(v[e] ^ v[a], 16)
            v[d] = (v[d] + v[e]) & _MASK
            v[b] = _rotate(v[b] ^ v[d], 11)
    return [chain[i] ^ v[i] ^ v[i + 8] for i in range(8)]


def _rotate(word: int, count: int) -> int:
    return (word >> count | word << (64 - count)) & _MASK


@cache
def _initial() -> tuple[int, ...]:
    return tuple(isqrt(prime << 128) & _MASK for prime in (2, 3, 5, 7, 11, 13, 17, 19))


@cache
def _pi() -> tuple[int, ...]:
    """The first sixteen 64-bit words of pi's fraction, by Machin's formula with spare bits."""
    bits, spare = 16 * 64, 64
    one = 1 << (bits + spare)

    def arctan_of_inverse(x: int) -> int:
        power = total = one // x
        square, divisor, sign = x * x, 1, 1
        while power:
            power //= square
            divisor += 2
            sign = -sign
            total += sign * (power // divisor)
        return total

    pi = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))
    fraction = (pi >> spare) & ((1 << bits) - 1)
    return tuple(fraction >> (bits - 64 * (i + 1)) & _MASK for i in range(16))
