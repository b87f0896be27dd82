"""Decompress untrusted gzip data in chunks, up to a limit."""

import zlib
from collections.abc import Iterator

GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""The value with which zlib requires a gzip header."""

COMPRESSED_PIECE = 16 * 1024
"""The size of the input chunks. zlib copies the unused rest of a chunk after each output chunk and each
member, and there may be tens of thousands of members."""


class TooLarge(Exception):
    """The decompressed data is larger than the limit."""


def gunzip(compressed: bytes, limit: int, at_once: int) -> Iterator[bytes]:
    """Decompress gzip data with one or more members.

    Args:
        compressed: The gzip data.
        limit: The maximum number of decompressed bytes.
        at_once: The maximum size of each yielded chunk in bytes.

    Raises:
        TooLarge: The decompressed data is larger than `limit`.
        zlib.error: The data is not gzip.
        EOFError: The data is truncated.
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
        raise EOFError("the data is truncated")


def inflated_size(compressed: bytes) -> int:
    """Return the decompressed size of the last member according to its ISIZE field (RFC 1952, 2.3.1)."""
    return int.from_bytes(compressed[-4:], "little")
