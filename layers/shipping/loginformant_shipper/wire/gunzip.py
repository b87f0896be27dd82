"""Gunzip of data that nobody vouches for: some bytes at a time, and no more than a limit."""

import zlib
from collections.abc import Iterator

GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""zlib's way of saying: a gzip header must be there."""

COMPRESSED_PIECE = 16 * 1024
"""zlib copies what is behind a piece of its output and behind a member, and there may be tens of thousands of
members: so it never gets more than this to copy."""


class TooLarge(Exception):
    """The data inflates to more than the limit."""


def gunzip(compressed: bytes, limit: int, at_once: int) -> Iterator[bytes]:
    """Inflate, members one behind the other included, at most `at_once` bytes at a time.

    Raises `TooLarge` instead of giving what is beyond `limit` bytes, `zlib.error` where the data is no gzip,
    and `EOFError` where it ends too early.
    """
    room = limit
    inflater = None
    for start in range(0, len(compressed), COMPRESSED_PIECE):
        piece = compressed[start : start + COMPRESSED_PIECE]
        while piece:
            inflater = inflater or zlib.decompressobj(GZIP_WINDOW)
            inflated = inflater.decompress(piece, at_once)
            room -= len(inflated)
            if room < 0:
                raise TooLarge
            if inflated:
                yield inflated
            piece = inflater.unconsumed_tail
            if inflater.eof:
                piece, inflater = inflater.unused_data, None
    if inflater is not None:
        raise EOFError("the data ends too early")


def inflated_size(compressed: bytes) -> int:
    """Bytes that the last member inflates to, as it says itself, if it is gzip (RFC 1952, 2.3.1: ISIZE)."""
    return int.from_bytes(compressed[-4:], "little")
