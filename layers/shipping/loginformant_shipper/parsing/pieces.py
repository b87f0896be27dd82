"""Cut the events of a log stream into pieces that are worked on one after the other.

A payload may inflate to 60 MiB, and the time of the function may be up before all of it is parsed. So it is
parsed a piece at a time, and a piece ends where no stack trace goes on, and no line that was cut.
"""

from collections.abc import Iterable, Iterator

from loginformant_shipper.events import LogEvent
from loginformant_shipper.parsing.containers import may_be_wrapped, unwrap
from loginformant_shipper.parsing.trace_lines import hold_a_trace

MIN_PIECE_CHARACTERS = 256 * 1024
"""A piece is at least as large, but for the last one: hundreds of log events, so that looking for its end
costs next to nothing, and yet less than a second of work."""

MAX_SEARCHED_EVENTS = 2000
"""If among so many events more there is no place to cut at, a trace or a line is cut."""

NEIGHBOURS = 20
"""A piece ends between events that have nothing of a trace for so many events on either side."""

MAX_LINE_CHARACTERS = 16 * 1024
"""A longer message is no line of a trace that is written event by event."""


def pieces(events: Iterable[LogEvent]) -> Iterator[tuple[LogEvent, ...]]:
    """Cut the events of one log stream into pieces that can be joined and parsed independently of each other.

    Args:
        events: In the order in which they were written; asked for one at a time.
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
    """Return the number of events that the piece is to have; 0 where it needs more to tell."""
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
    """Whether the message is of several lines, or longer than a line."""
    return len(message) > MAX_LINE_CHARACTERS or "\n" in message.rstrip()


def _written(message: str) -> tuple[str, bool]:
    """Return what the program wrote, and whether a driver put the rest of the line into another event."""
    unwrapped = unwrap(message) if may_be_wrapped(message) else None
    if unwrapped is None:
        return message, False
    return unwrapped.text, unwrapped.partial is not None and not unwrapped.partial.is_last
