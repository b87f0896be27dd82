"""Rule `exception`: text that has the shape of a trace or of a crash."""

import re

from .vocabulary import Decision, Level

_CRASH = re.compile(
    r"^panic: |^fatal error: |^goroutine \d{1,9} \[|SIGSEGV|SIGABRT|Segmentation fault|core dumped"
    r"|^thread '[^'\n]{0,200}' (?:\(\d{1,12}\) )?panicked at |^terminate called |^PHP Fatal error: |^Fatal error: "
    r"|^FATAL EXCEPTION|java\.lang\.OutOfMemoryError|OOMKilled|Out of memory: Kill",
    re.M,
)
_TRACE = re.compile(
    r"Traceback \(most recent call last\)|^Exception in thread |^Caused by: |^Unhandled exception|^\s{1,8}at [\w.$<>]{2,200}[ (:]"
    r"|^[\w.$\\]{0,200}(?:Exception|Error)(?::|$)|\([A-Z]\w{0,60}(?:Error|Exception)\)$|^Node\.js v\d{1,3}\.\d|^\S{1,200}:\d{1,6}:in [`'][^\n]{1,400}\([A-Z][\w:]{1,80}\)$|^uncaught |^Uncaught ",
    re.M,
)
_WARNING = re.compile(r"(?:^|[: ])\w{0,40}Warning: ")


def decide_by_exception(text: str) -> Decision | None:
    """Fatal for a crash of the process, Error for an exception, Warning for one that is only a warning."""
    if _CRASH.search(text):
        return Decision(Level.FATAL, "crash")
    if _TRACE.search(text):
        return Decision(Level.ERROR, "exception")
    if "Warning: " in text and _WARNING.search(text):
        return Decision(Level.WARNING, "exception")
    return None
