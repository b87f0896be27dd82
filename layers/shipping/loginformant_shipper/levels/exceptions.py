"""Rules `crash` and `exception`: text that has the shape of what a runtime writes about a fault."""

import re

from .vocabulary import Decision, Level

_CRASH = re.compile(
    r"^(?:panic: |fatal error: |goroutine \d{1,9} \[|terminate called |(?:PHP )?Fatal error: |FATAL EXCEPTION"
    r"|thread '[^'\n]{0,200}' (?:\(\d{1,12}\) )?panicked at )"
    r"|SIGSEGV|SIGABRT|Segmentation fault|core dumped"
    r"|java\.lang\.OutOfMemoryError|OOMKilled|Out of memory: Kill",
    re.M,
)
_EXCEPTION = re.compile(
    r"^(?:Traceback \(most recent call last\)|Exception in thread |Caused by: "
    r"|[Uu]nhandled ?(?:exception|[Pp]romise)|[Uu]ncaught |[ \t]{1,8}at [\w.$<>]{2,200}[ (:]"
    r"|Node\.js v\d{1,3}\.|\*\* \([A-Z]\w{0,80}\) "
    r"|(?:\[[^\]\n]{0,80}\] )?[\w.$\\]{0,200}(?:::\w{1,80})?(?:Exception$|(?:Exception|Error)(?=:| \())"
    r"|\S{1,200}:\d{1,6}:in [`'][^\n]{1,400}\([A-Z][\w:]{1,80}\)$)"
    r"|(?<![\w.])[a-z]\w{0,40}(?:\.[a-z]\w{0,40}){1,6}\.[A-Z]\w{0,80}(?:Exception|Error)(?=:|$)",
    re.M,
)
_WARNING = re.compile(r"(?:^|[: ])\w{0,40}Warning: ")
_MARKS = re.compile(
    r"Error|xception|Traceback|Caused by|\n\s{1,8}at |anic|atal|ncaught|nhandled|Node\.js v|:in [`']"
    r"|Warning: |SIG|core dumped|ault|terminate|goroutine|Out of memory|OOM|\*\* \("
)
"""One search that most texts end with: none of the shapes is without one of these."""


def decide_by_exception(text: str) -> Decision | None:
    """Fatal for a crash of the process, Error for an exception, Warning for one that only warns."""
    if not _MARKS.search(text):
        return None
    if _CRASH.search(text):
        return Decision(Level.FATAL, "crash")
    if _EXCEPTION.search(text):
        return Decision(Level.ERROR, "exception")
    if "Warning: " in text and _WARNING.search(text):
        return Decision(Level.WARNING, "exception")
    return None
