import gzip
import os
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.wire.gunzip import COMPRESSED_PIECE, TooLarge, gunzip, inflated_size

MIB = 1024 * 1024
RANDOM = os.urandom(5 * COMPRESSED_PIECE)  # incompressible, so that it is read in many pieces


@given(
    st.lists(st.sampled_from([b"", b"order 17", b"\0" * 5000, RANDOM]), min_size=1, max_size=4),
    st.sampled_from([1000, 4096, MIB]),
)
def test_all_members_are_inflated_in_order_in_pieces_of_bounded_size(
    texts: list[bytes], at_once: int
) -> None:
    data = b"".join(map(gzip.compress, texts))
    pieces = list(gunzip(data, MIB, at_once))
    assert b"".join(pieces) == b"".join(texts)
    assert all(0 < len(piece) <= at_once for piece in pieces)


@pytest.mark.parametrize("text", [b"x" * 5000, RANDOM], ids=["one piece", "many pieces"])
@pytest.mark.parametrize("members", [1, 2])
def test_data_up_to_the_limit_is_inflated_and_one_byte_more_is_refused(text: bytes, members: int) -> None:
    data = gzip.compress(text) * members
    assert b"".join(gunzip(data, len(text) * members, 1000)) == text * members
    with pytest.raises(TooLarge):
        list(gunzip(data, len(text) * members - 1, 1000))


def test_nothing_beyond_the_limit_is_returned() -> None:
    pieces = gunzip(gzip.compress(b"x" * MIB), 10_000, 4096)
    assert [len(next(pieces)), len(next(pieces))] == [4096, 4096]
    with pytest.raises(TooLarge):
        next(pieces)


def test_empty_data_inflates_to_nothing() -> None:
    assert list(gunzip(b"", MIB, 1000)) == []
    assert list(gunzip(gzip.compress(b""), MIB, 1000)) == []


@pytest.mark.parametrize("end", [1, 8, 9, 20])
@pytest.mark.parametrize("text", [b"order 17 " * 20, RANDOM], ids=["one piece", "many pieces"])
def test_truncated_data_is_refused(text: bytes, end: int) -> None:
    with pytest.raises(EOFError):
        list(gunzip(gzip.compress(text)[:-end], MIB, 1000))


def test_a_truncated_second_member_is_refused() -> None:
    with pytest.raises(EOFError):
        list(gunzip(gzip.compress(b"x") + gzip.compress(b"y")[:-1], MIB, 1000))


@pytest.mark.parametrize(
    "data",
    [b"order 17", zlib.compress(b"order 17"), gzip.compress(b"x") + b"rubbish"],
    ids=["text", "zlib", "rubbish behind a member"],
)
def test_data_that_is_not_gzip_is_refused(data: bytes) -> None:
    with pytest.raises(zlib.error):
        list(gunzip(data, MIB, 1000))


def test_a_member_with_a_wrong_bit_is_refused() -> None:
    data = bytearray(gzip.compress(RANDOM))
    data[-6] ^= 1  # of the checksum
    with pytest.raises(zlib.error):
        list(gunzip(bytes(data), MIB, 1000))


@pytest.mark.parametrize("text", [b"", b"order 17", RANDOM], ids=["empty", "short", "long"])
def test_the_inflated_size_is_read_from_the_trailer(text: bytes) -> None:
    assert inflated_size(gzip.compress(b"another") + gzip.compress(text)) == len(text)


@pytest.mark.parametrize("data", [b"", b"x"])
def test_the_size_of_data_that_is_not_gzip_raises_nothing(data: bytes) -> None:
    assert inflated_size(data) >= 0


def test_the_time_for_many_members_grows_linearly() -> None:
    def seconds(members: int) -> float:
        data = gzip.compress(b"") * members
        start = time.thread_time()
        assert list(gunzip(data, MIB, 1000)) == []
        return time.thread_time() - start

    assert min(seconds(160_000) / seconds(20_000) for _ in range(3)) < 20  # 64 in quadratic time
