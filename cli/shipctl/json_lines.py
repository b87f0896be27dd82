"""Logs as JSON lines on standard output, for programs; nothing else is written there."""

import sys
from collections.abc import Iterable
from typing import TextIO

import orjson
from loginformant_shipper.events import Undecodable

from shipctl.preview.arrivals import Arrival
from shipctl.terminal import one_line, visible_json


class JsonLines:
    """Write each log as the object that the ingest API would get, with `rule` and `filteredBy`, in UTF-8."""

    def write(self, arrivals: Iterable[Arrival]) -> None:
        """Write logs, each as it comes."""
        output = sys.stdout.buffer
        for arrival in arrivals:
            why = {"filteredBy": arrival.cause} if arrival.cause else {}
            line = orjson.dumps({**arrival.document, "rule": arrival.rule, **why}).decode()
            output.write(visible_json(line).encode() + b"\n")
        output.flush()

    def write_undecodable(self, undecodable: Undecodable) -> None:
        """Say what could not be decoded, on standard error."""
        detail = one_line(undecodable.detail)
        print(f"shipctl: cannot be decoded: {undecodable.reason}: {detail}", file=sys.stderr)


def print_json(document: object, to: TextIO | None = None) -> None:
    """Print one JSON document on a line of its own, at once; nothing in it is obeyed by a terminal."""
    print(visible_json(orjson.dumps(document).decode()), file=to, flush=True)
