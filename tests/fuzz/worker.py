"""Fuzz one target in this process: `python -m tests.fuzz.worker TARGET SECONDS CORPUS FINDINGS`."""

import random
import sys
import time
from collections.abc import Callable
from hashlib import sha1
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MAX_MEMORY_MIB = 2048
MAX_SECONDS_FOR_ONE = 60
"""Wall-clock time that ends a hang. Slow code is found by its processor time (`targets.MAX_SECONDS`)."""
MAX_BYTES = 8192
"""Maximum bytes from which an input is drawn; the input itself may be much larger."""
SEEDS = 40


def main(name: str, seconds: str, corpus: str, findings: str) -> None:
    rng = random.Random(name)
    if not any(Path(corpus).iterdir()):
        for number in range(SEEDS):
            seed = rng.randbytes(rng.choice([60, 400, 2000, MAX_BYTES]))
            (Path(corpus) / f"seed-{number}").write_bytes(seed)
    if find_spec("atheris"):
        _follow_coverage(name, seconds, corpus, findings)
    else:
        _try_random_bytes(_target(name), int(seconds), Path(corpus), Path(findings))


def _target(name: str) -> Callable[[bytes], object]:
    from tests.fuzz.targets import TARGETS

    target: Any = TARGETS[name]
    one_input: Callable[[bytes], object] = target.hypothesis.fuzz_one_input
    return one_input


def _follow_coverage(name: str, seconds: str, corpus: str, findings: str) -> None:
    atheris: Any = import_module("atheris")  # not available for every Python and machine
    with atheris.instrument_imports(include=["loginformant_shipper"]):
        one_input = _target(name)
    atheris.Setup(
        [
            sys.argv[0],
            corpus,
            f"-max_total_time={seconds}",
            f"-max_len={MAX_BYTES}",
            f"-timeout={MAX_SECONDS_FOR_ONE}",
            f"-rss_limit_mb={MAX_MEMORY_MIB}",
            f"-artifact_prefix={findings}/",
        ],
        lambda data: one_input(data) and None,
    )
    atheris.Fuzz()


def _try_random_bytes(
    one_input: Callable[[bytes], object], seconds: int, corpus: Path, findings: Path
) -> None:
    seeds = [path.read_bytes() for path in sorted(corpus.iterdir())]
    end, runs, rng = time.monotonic() + seconds, 0, random.Random()
    while time.monotonic() < end:
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice([1, 4, 64])):
            start = rng.randrange(len(data))
            data[start : start + rng.choice([1, 8])] = rng.randbytes(rng.choice([1, 8]))
        runs += 1
        try:
            one_input(bytes(data))
        except BaseException:
            (findings / f"crash-{sha1(data).hexdigest()}").write_bytes(data)
            raise
    print(f"Done {runs} runs in {seconds} second(s)")


if __name__ == "__main__":
    main(*sys.argv[1:])
