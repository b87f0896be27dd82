"""Samples are taken at an interval and at the end, and growth over time is named."""

from tests.soak.samples import Sample, growth, halves, sampling


def samples(memory_of_second_half: float = 100.0, threads: int = 6, sockets: int = 4) -> list[Sample]:
    warming_up = [Sample(float(number), 400.0, 40, 40, 0) for number in range(10)]
    first = [Sample(float(number), 100.0, 6, 4, 0) for number in range(10, 55)]
    second = [Sample(float(number), memory_of_second_half, threads, sockets, 0) for number in range(55, 100)]
    return warming_up + first + second


def test_flat_samples_show_no_growth_and_the_start_is_ignored() -> None:
    assert growth(halves(samples())) == []
    assert growth(halves(samples(memory_of_second_half=112.0, threads=7, sockets=5))) == []


def test_memory_threads_and_sockets_that_grow_are_named() -> None:
    assert growth(halves(samples(memory_of_second_half=114.0))) == ["memory grew from 100 to 114 MiB"]
    assert growth(halves(samples(threads=8, sockets=6))) == [
        "threads grew from 6 to 8",
        "sockets grew from 4 to 6",
    ]


def test_the_last_sample_is_taken_at_the_end() -> None:
    delivered = 0
    with sampling(lambda: delivered, every=3600.0) as taken:
        delivered = 500
    assert [sample.delivered for sample in taken] == [500]
