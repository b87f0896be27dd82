"""Logs as JSON lines on standard output. Commands write everything else to standard error."""

import sys
from collections.abc import Iterable
from typing import TextIO

import orjson
from loginformant_shipper.events import Undecodable

from shipctl.preview.arrivals import Arrival
from shipctl.terminal import one_line, visible_json


class JsonLines:
    """Writes each log as the object that the ingest API would get, with `rule` and `filteredBy`, in UTF-8."""

    def write(self, arrivals: Iterable[Arrival]) -> None:
        """Write each log as soon as it is available."""
        output = sys.stdout.buffer
        for arrival in arrivals:
            why = {"filteredBy": arrival.cause} if arrival.cause else {}
            line = orjson.dumps({**arrival.document, "rule": arrival.rule, **why}).decode()
            output.write(visible_json(line).encode() + b"\n")
        output.flush()

    def write_undecodable(self, undecodable: Undecodable) -> None:
        """Report a payload that cannot be decoded on standard error."""
        detail = one_line(undecodable.detail)
        print(f"shipctl: cannot be decoded: {undecodable.reason}: {detail}", file=sys.stderr)


def print_json(document: object, to: TextIO | None = None) -> None:
    """Print a JSON document on one line in UTF-8 and flush. Control characters are escaped for terminals."""
    output = to or sys.stdout
    output.flush()
    output.buffer.write(visible_json(orjson.dumps(document).decode()).encode() + b"\n")
    output.buffer.flush()
