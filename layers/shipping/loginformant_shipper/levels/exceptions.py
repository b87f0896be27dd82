"""Rules `crash`, `exception` and `failure`: text in the format in which runtimes report faults."""

import re
from collections.abc import Set as AbstractSet

from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.levels.words import WENT_ON
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.header import read_header
from loginformant_shipper.parsing.headers.level_words import encoded

_KILLED = ("Killed", "Aborted", "Bus error", "Illegal instruction")
"""What a shell writes, perhaps as the whole line, of a process that a signal ended."""
_CRASH_FIRST = re.compile(
    r"\n(?:panic: |fatal error: |goroutine \d{1,9} \[|terminate called |(?:PHP )?Fatal error: "
    r"|thread '[^'\n]{0,200}' (?:\(\d{1,12}\) )?panicked at |Oops: \d{4}"
    r"|FATAL ERROR: [A-Z]"  # V8: FATAL ERROR: Reached heap limit Allocation failed
    # glibc: free(): invalid pointer
    r"|(?:malloc(?:_consolidate)?|free|realloc|munmap_chunk)\(\): (?:invalid|corrupted|memory corruption"
    r"|double free|unaligned|unsorted|mismatching|smallbin|largebin|too many)"
    r"|double free or corruption "
    r"|\*\*\* (?:stack smashing|buffer overflow) detected \*\*\*|\*\*\* Error in [`']"
    r"|SIG[A-Z]{3,5}: [a-z :]{3,40}\nPC="  # Go
    # .NET: Environment.FailFast, with its message and a trace, or what the runtime itself says
    r"|Process terminated\. (?:Couldn't find |Assertion failed\b|[^\n]{0,1000}\n {1,8}at )"
    r"|(?:\{\")?Kernel pid terminated\b"  # Erlang
    # a shell, of a process that a signal ended: run.sh: line 7:    77 Killed                  node app.js
    rf"|\S{{1,200}}: line \d{{1,6}}: {{1,8}}\d{{1,10}} (?:{'|'.join(_KILLED)}) )"
)
"""The beginnings of lines of a crash. Line breaks are found faster than what `^` matches."""
_EXCEPTION_FIRST = re.compile(
    r"\n(?:Traceback \(most recent call last\)|[ \t\xa0]{0,8}File \"[^\"\n]{1,300}\", line \d"  # Python
    r"|(?:http2?: )?panic serving |Exception in thread |Caused by: "
    r"|[ \t]{0,8}triggerUncaughtException\("  # Node.js
    r"|[Uu]nhandled ?(?:exception|[Pp]romise)|[Uu]ncaught |[ \t]{1,8}at [\w.$<>]{2,200}[ (:]"
    r"|Node\.js v\d{1,3}\.|\*\* \([A-Z]\w{0,80}\) "
    r"|(?:\[[^\]\n]{0,80}\] )?[\w.$\\]{0,200}(?:::\w{1,80})?(?:Exception$|(?:Exception|Error)(?=:| \())"
    r"|(?:\[[^\]\n]{0,80}\] )?[A-Z]\w{0,60}(?:::[A-Z]\w{0,60}){1,5} \([^\n]{1,1000}\):$"  # Rails
    r"|In [\w-]{1,80}\.php line \d{1,6}:$"  # Symfony's console, and so Laravel's
    r"|(?:Memory|Assertion|NotImplemented|Recursion|Timeout)Error$"  # the last line of Python's trace
    r"|! (?:Undefined control sequence|Emergency stop|Missing [^\n]{1,40}inserted)\."  # TeX
    r"|! (?:LaTeX|Package|Class)\b"
    r"|\S{1,200}:\d{1,6}:in [`'][^\n]{1,400}\([A-Z][\w:]{1,80}\)$)",
    re.M,
)
_QUALIFIED_NAME = re.compile(
    r"(?<![\w.])[a-z]\w{0,40}(?:\.[a-z]\w{0,40}){1,6}\.[A-Z]\w{0,80}(?:Exception|Error)(?=:|$)", re.M
)
_END_OF_QUALIFIED_NAME = re.compile(r"\.[A-Z]\w{0,80}(?:Exception|Error)(?=:|$)", re.M)
_BEHIND_A_BAR = re.compile(r"\|[A-Z][\w\\]{0,80}(?:Exception|Error): ")
"""Drupal's syslog: `drupal: https://…|1772360430|php|10.0.0.7|…||0||PDOException: …`."""
_INSPECTED = re.compile(r"#<(?:[A-Z]\w{0,60}::){0,6}[A-Z]?\w{0,80}(?:Error|Exception)(?=[:>])")
"""An exception as Ruby prints it: `#<RuntimeError: no stock>`."""
_STRERROR = re.compile(  # strerror(3), at the end of a line, perhaps with its number or with pairs behind it
    r": (?:\[Errno \d{1,3}\] )?"
    r"(?i:command not found|No such file or directory|Permission denied|Operation not permitted"
    r"|No space left on device|Read-only file system|Input/output error|Too many open files"
    r"|Cannot allocate memory|Address already in use|Connection refused|No route to host"
    r"|(?:Network|Host) is unreachable|(?:Connection|Operation) timed out"
    r"|Device or resource busy|Resource temporarily unavailable|Disk quota exceeded|Stale file handle"
    r"|Name or service not known"
    r"|i/o timeout|context deadline exceeded"  # Go's net and context
    r"|executable file not found in \$PATH"  # Go's os/exec
    # dash and BusyBox: `sh: 1: next: not found`, `/bin/sh: pip: not found`
    r"|(?:(?<=\bsh: )|(?<=\bash: ))(?:(?:line )?\d{1,6}: )?(?:exec: )?[\w./-]{1,200}: not found)"
    r"(?:\.| \((?:os error |errno |error )?\d{1,3}\)| \[[\w./-]{1,60} line \d{1,6}\]"  # uWSGI's source
    r"|: \w{1,20}=\S{1,60}(?: \w{1,20}=\S{1,60}){0,3})?$",
    re.M,
)
_REACTION = re.compile(r"[,;] (?:and )?" + WENT_ON.pattern + r"| defer \(-?\d{1,3}\)$")
"""Exim, of an email that it sends later (`… T=remote_smtp defer (110): Connection timed out`), or what the
program does instead, before the phrase: `no config, using defaults: open a: No such file …`."""
_SYSTEMD = re.compile(r"\bstatus=\d{1,3}/[A-Z]{4,12}\b|\bcode=(?:killed|dumped)\b")
_EXIT = re.compile(r"\b[Ee]xit(?:ed)?(?: with| at)? (?:code|status)[ :=]{1,2}\[?[1-9]\d{0,2}\b")
_NON_ZERO = re.compile(r"non-zero (?:exit )?(?:code|status|value)[ :=]{1,2}-?[1-9]\d{0,2}\b")
"""Docker, of a command of a Dockerfile: `… returned a non-zero code: 127`; Gradle, of a process."""
_BY_SIGNAL = re.compile(
    r"\b(?:killed|terminated|exited)(?: due)? (?:by|with|on|from|to) (?:signal[ :]{1,2}(?:SIG)?|SIG)"
    r"(?:[46-9]|11|ILL|ABRT|BUS|FPE|KILL|SEGV)\b"
    r"|\bwas sent SIGKILL\b"  # Gunicorn
)
"""A process that a signal ended which no one sends to stop a program in order, as SIGTERM is."""
_CONDITION = re.compile(r"\b(?i:if|when|unless)\b")
_RAKE = re.compile(r"^(?:rake|rails|bin/rails|cap) aborted!$", re.M)
_LINKER = re.compile(r": version [`'][\w.]{1,80}' not found \(required by ")  # ld.so(8)
_GO_BUILD = re.compile(r"^(?:vet: )?(?:[\w.-]{0,80}/){1,12}[\w.-]{1,80}\.go:\d{1,6}:\d{1,4}: \S", re.M)
"""What Go's compiler and `go vet` report: `./orders.go:7:2: undefined: take`. Loggers write no column."""
_ERRNO = re.compile(r"\berrno ?[:=] ?-?[1-9]\d{0,2}\b")
_REPORT = re.compile(r"^(?:stack traceback:$| {0,4}\*\* \(EXIT\) )", re.M)  # Lua, Elixir
_NOT_OK = re.compile(r"^not ok \d{1,6}\b(?![^\n]{0,400}# ?(?i:todo|skip))", re.M)
"""A failed test in the Test Anything Protocol. Tests that are marked TODO or SKIP do not count."""
_WARNING = re.compile(r"(?:^|[: ])\w{0,40}Warning: ")


WORDS_OF_STRERROR = encoded(
    {"found", "such", "denied", "permitted", "space", "only", "output", "many", "allocate", "already"}
    | {"refused", "route", "unreachable", "timed", "busy", "temporarily", "quota", "stale", "known"}
    | {"timeout", "deadline"}
)
"""Words in lower case: one of each phrase of strerror(3)."""
WORDS_OF_SHAPES = encoded(
    {"traceback", "caused", "terminate", "goroutine", "killed", "dumped", "exit", "exited", "zero"}
    | {"aborted", "bus", "illegal", "corruption", "terminated"}
)
"""Words in lower case: those of the other patterns."""
WORDS_OF_EXCEPTIONS = WORDS_OF_STRERROR | WORDS_OF_SHAPES


def may_be_exception(text: str, words: AbstractSet[bytes]) -> bool:
    """Return whether any of the formats may be in a text, to exclude most texts quickly.

    Args:
        text: A text.
        words: The words of the text; words that are not in `WORDS_OF_EXCEPTIONS` may be missing.
    """
    # Written out, and most strings behind one of their characters, which is found in a fraction of the time.
    # One regular expression takes several times as long.
    return (
        (not WORDS_OF_EXCEPTIONS.isdisjoint(words) and (": " in text or not words <= WORDS_OF_STRERROR))
        or ("E" in text and ("Error" in text or "Exception" in text) and _NAMED.search(text) is not None)
        or ("G" in text and ("SIG" in text or "BUG" in text))
        or (
            "(" in text
            and (
                ") Panic at: " in text
                or "triggerUncaughtException(" in text
                or ("):" in text and ("::" in text or "(): " in text))
            )
        )
        or (
            "O" in text
            and (
                "OutOfMemoryError" in text
                or "OOMKilled" in text
                or "Out of memory: " in text
                or "Oops: " in text
            )
        )
        or (
            ":" in text
            and ("atal error: " in text or "Warning: " in text or ":in " in text or ".go:" in text)
        )
        or ('"' in text and '", line ' in text)
        or ("=" in text and "status=" in text)
        or ("*" in text and ("** (" in text or "*** Error in " in text or " detected ***" in text))
        or ("F" in text and "FATAL ERROR: " in text)
        or ("I" in text and ".php line " in text)
        or ("!" in text and (text[:2] == "! " or "\n! " in text))
        or ("N" in text and "Node.js v" in text)
        or ("C" in text and "CRASH REPORT" in text)
        or " fault" in text
        or "panic" in text
        or "ncaught " in text
        or "errno" in text
        or "nhandled" in text
        or "core dumped" in text
        or "not ok " in text
        or ("\n" in text and ("\tat " in text or " at " in text))
    )


_NAMED = re.compile(r"(?:Error|Exception)(?=[:>]| \(|$| in thread )", re.M)


def decide_by_exception(text: str, line: str = "") -> Decision | None:
    """Return Fatal for a crash, Error for an exception or a failure, Warning for a warning, or None.

    Args:
        text: A message.
        line: Its first line. The text after its header may be the beginning of such a format, too.
    """
    if text in _KILLED:
        return decided(Level.FATAL, "crash")
    if decision := _of_shape(text):
        return decision
    start = read_header(line).text_start
    return _of_shape(text[start:]) if start else None


def _of_shape(text: str) -> Decision | None:
    lines = f"\n{text}"
    if _is_crash(text) or _CRASH_FIRST.search(lines):
        return decided(Level.FATAL, "crash")
    if (
        _EXCEPTION_FIRST.search(lines)
        or (_END_OF_QUALIFIED_NAME.search(text) and _QUALIFIED_NAME.search(text))
        or ("|" in text and _BEHIND_A_BAR.search(text))
        or ("#<" in text and _INSPECTED.search(text))
    ):
        return decided(Level.ERROR, "exception")
    if ": " in text and (failure := _STRERROR.search(text)):
        line = text[text.rfind("\n", 0, failure.start()) + 1 : failure.start()]
        return decided(Level.WARNING if _REACTION.search(line) else Level.ERROR, "failure")
    if _is_failure(text):
        return decided(Level.ERROR, "failure")
    if "Warning: " in text and _WARNING.search(text):
        return decided(Level.WARNING, "exception")
    return None


def _is_crash(text: str) -> bool:
    """Return whether a text contains a string that only the report of a crash has."""
    return (
        (
            "G" in text
            and (
                "SIGSEGV" in text
                or "SIGABRT" in text
                or "BUG: unable to handle" in text  # Linux
                or "kernel BUG at " in text
            )
        )
        or (
            "O" in text
            and ("java.lang.OutOfMemoryError" in text or "OOMKilled" in text or "Out of memory: Kill" in text)
        )
        or (" fault" in text and ("Segmentation fault" in text or "general protection fault" in text))
        or "core dumped" in text
        or " out of memory: Kill" in text  # Linux, of a control group
        or ("Killed process " in text and " total-vm:" in text)  # Linux before 5.1, in a line of its own
        or ("(" in text and ") Panic at: " in text)  # Varnish
    )


def _is_killed(text: str) -> bool:
    """Return whether a signal ended a process, and not only what happens if one does."""
    killed = _BY_SIGNAL.search(text)
    return killed is not None and _CONDITION.search(text, 0, killed.start()) is None


def _is_failure(text: str) -> bool:
    return (
        (("status=" in text or "code=" in text) and _SYSTEMD.search(text) is not None)
        or ("xit" in text and _EXIT.search(text) is not None)
        or ("non-zero " in text and _NON_ZERO.search(text) is not None)
        or (("signal" in text or "SIGKILL" in text) and _is_killed(text))
        or (" aborted!" in text and _RAKE.search(text) is not None)
        or ("errno" in text and _ERRNO.search(text) is not None)
        or (".go:" in text and _GO_BUILD.search(text) is not None)
        or (" not found (required by " in text and _LINKER.search(text) is not None)
        or (("** (EXIT) " in text or "stack traceback:" in text) and _REPORT.search(text) is not None)
        or "=CRASH REPORT=" in text  # Erlang
        or ("not ok " in text and _NOT_OK.search(text) is not None)
    )
