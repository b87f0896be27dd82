"""Split the events of a log stream into pieces that are processed one after the other.

A decompressed payload may have 60 MiB, and the time may be up before all of it is parsed. Therefore it is
parsed in pieces. A piece ends where neither a stack trace nor a line that was split continues.
"""

from collections.abc import Iterable, Iterator

from loginformant_shipper.events import LogEvent
from loginformant_shipper.parsing.containers import unwrap
from loginformant_shipper.parsing.trace_lines import hold_a_trace

MIN_PIECE_CHARACTERS = 256 * 1024
"""The minimum size of a piece, except the last one: hundreds of log events, so that searching its end is
cheap, but less than a second of work."""

MAX_SEARCHED_EVENTS = 2000
"""The number of further events that are searched for the end of a piece. After that, a trace or a line is
split."""

NEIGHBOURS = 20
"""The number of events on both sides of the end of a piece that must not be lines of a trace."""

MAX_LINE_CHARACTERS = 16 * 1024
"""The maximum length of a line of a stack trace that is written event by event."""


def pieces(events: Iterable[LogEvent]) -> Iterator[tuple[LogEvent, ...]]:
    """Split the events of one log stream into pieces that can be joined and parsed independently.

    Args:
        events: The events in the order in which they were written.
    """
    piece: list[LogEvent] = []
    size = full_at = 0
    for event in events:
        piece.append(event)
        size += len(event.message)
        if size < MIN_PIECE_CHARACTERS:
            continue
        full_at = full_at or len(piece)
        if place := _place_to_cut(piece, full_at):
            yield tuple(piece[:place])
            piece = piece[place:]
            size, full_at = sum(len(each.message) for each in piece), 0
    if piece:
        yield tuple(piece)


def _place_to_cut(piece: list[LogEvent], full_at: int) -> int:
    """Return the number of events in the piece, or 0 if more events are needed to decide."""
    if len(piece) - full_at >= MAX_SEARCHED_EVENTS:
        return len(piece)
    is_whole = _is_whole_log(piece[-1].message)
    if not is_whole and (len(piece) % NEIGHBOURS or len(piece) < 2 * NEIGHBOURS):
        return 0
    around = [_written(event.message) for event in piece[-2 * NEIGHBOURS :]]
    if any(goes_on for _, goes_on in around):
        return 0
    if is_whole and _is_whole_log(around[-1][0]):
        return len(piece)
    if len(piece) % NEIGHBOURS or hold_a_trace(text for text, _ in around):
        return 0
    return max(len(piece) - NEIGHBOURS, 0)


def _is_whole_log(message: str) -> bool:
    """Return whether the message has several lines, or is longer than a line of a trace."""
    return len(message) > MAX_LINE_CHARACTERS or "\n" in message.rstrip()


def _written(message: str) -> tuple[str, bool]:
    """Return the program's message, and whether its line continues in another event."""
    unwrapped = unwrap(message)
    if unwrapped is None:
        return message, False
    return unwrapped.text, unwrapped.partial is not None and not unwrapped.partial.is_last
