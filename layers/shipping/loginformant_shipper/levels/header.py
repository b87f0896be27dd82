"""Rules `header`, `letter`, `bare-word` …: the level that the header of a line names.

This comes before every rule on text. Two things come between a header and its level:

- A wrapper writes a header of its own around a line that another program wrote: a priority of syslog,
  PHP-FPM, Celery's standard output, Airflow's relayed output, a plugin's relay, Maven. A header inside takes
  precedence over that of the wrapper; nothing else inside does.
- A word that the text could begin with, as in `web orders INFO desk closed [ERROR]` or `10:20:30 Error page
  built (INFO)`, is the level only if there is no level at the end of the line, and no word has a colour.
"""

import re
from collections.abc import Set as AbstractSet

from loginformant_shipper.levels.vocabulary import SYSLOG, Decision, decided
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.header import find_level, level_on_second_line, translated_level
from loginformant_shipper.parsing.headers.level_marks import LevelMark
from loginformant_shipper.parsing.headers.level_words import TRANSLATED_IN_ASCII


def decide_by_header(
    text: str, line: str, words: AbstractSet[bytes] | None = None
) -> LevelMark | Decision | None:
    """Return the level in the header of a message.

    Args:
        text: The message, without terminal colours and without white space around it.
        line: Its first line.
        words: The words of the text; words that are not in `TELLING_WORDS` may be missing. None if they are
            not known.

    Returns:
        A decision; a mark that is not certain, which the end of the line may overrule; or None if the header
        names no level.
    """
    first = line[:1]
    if (first == "<" or (first.isdigit() and "," in line[1:4])) and (priority := _PRIORITY.match(line)):
        inside = decide_inside(line[priority.end() :].lstrip())
        return inside or syslog_priority(priority[1] or priority[2])
    if first == '"' and '","' in line:  # comma-separated values, all of them quoted
        line = line[:_QUOTED].replace('"', "")
        words = None
    mark = find_level(line, words if len(text) == len(line) else None)
    if mark is None:
        if len(text) > len(line):
            if line[-1:] == ":" and line in _WARNINGS_OF_R:
                return decided(Level.WARNING, "header")
            if second := level_on_second_line(text, len(line)):
                return decided(second.level, second.rule)
        if words is None or not line.isascii() or not TRANSLATED_IN_ASCII.isdisjoint(words):
            mark = translated_level(line)
        return decided(mark.level, mark.rule) if mark else None
    if not mark.certain:
        return mark
    if mark.level in LEVELS_OF_WRAPPERS and (inner := _wrapped(line)):
        return decide_inside(inner) or decided(mark.level, mark.rule)
    return decided(mark.level, mark.rule)


DECISIONS: dict[tuple[Level, str], Decision] = {
    (level, rule): decided(level, rule) for level in Level for rule in ("header", "letter", "bare-word")
}
"""The most frequent decisions, which are created once."""


def may_be_wrapped(level: Level, line: str) -> bool:
    """Return whether a line with this level in its header may be one of those that wrap another's."""
    return level in LEVELS_OF_WRAPPERS and _wrapped(line) is not None


_WARNINGS_OF_R = frozenset(
    f"{before}Warning message{plural}:" for before in ("", "In addition: ") for plural in ("", "s")
)
"""The line that R writes before its warnings (printDeferredWarnings), whose text may quote an error."""

_QUOTED = 600
"""The number of characters of comma-separated values that are read for a header, with quotation marks."""


def decide_inside(line: str) -> Decision | None:
    """Return the level in the innermost header within a wrapper, or None.

    A word without a header is not sufficient. At most `MAX_WRAPPERS` nested wrappers are read, since each of
    them takes as long as a header, and a hostile line can have thousands.
    """
    decision = None
    inner: str | None = line
    for _ in range(MAX_WRAPPERS):
        if not inner:
            break
        if inner[0] == "<" and (priority := _PRIORITY.match(inner)):
            inner = inner[priority.end() :].lstrip()
        mark = find_level(inner)
        if mark is None or not mark.certain or mark.rule == "bare-word" or inner.startswith("info "):
            break
        decision = decided(mark.level, mark.rule)
        inner = _wrapped(inner)
    return decision


MAX_WRAPPERS = 16
"""The maximum number of nested wrappers that are read, more than programs nest."""


# --- wrappers ---

_PRIORITY = re.compile(r"<(\d{1,3})>|(\d{1,3}),\d{1,12},\d{1,16},[-c][^;\n]{0,40};")
"""syslog's, and that of a record of /dev/kmsg: `3,1234,5678901,-;text` (Linux, dev-kmsg)."""
LEVELS_OF_WRAPPERS = frozenset((Level.DEBUG, Level.INFORMATION, Level.WARNING))

_PHP_FPM = re.compile(
    r"(?:\[[^\]]{1,40}\] )?(?:WARNING: \[pool [^\]]{1,40}\] child \d{1,10} said into std(?:out|err): \"|)"
    r"(?:NOTICE: PHP message: )?"
)
_MAVEN = re.compile(r"\[INFO\] (?=\[[A-Z]{4,8}\])")
_CELERY = re.compile(r"\[[^\]]{10,40}: WARNING/\w{0,20}Worker-\d{1,5}\] ")
"""Celery logs what a task prints as WARNING (worker_redirect_stdouts_level), in the process of a worker."""
_AIRFLOW = re.compile(
    r"\[[^\]]{10,45}\] \{+(?:subprocess|bash|bash_operator|pod_manager|docker|ssh|logging_mixin"
    r"|base_task_runner|spark_submit|spark_submit_hook|python|ecs|lambda_function)\.py:\d{1,5}\}+ INFO - "
    r"(?:Job \d{1,9}: Subtask \S{1,200} )?"
)
"""Airflow logs what a subprocess, a container or a task prints as INFO, from these files."""
_PLUGIN = re.compile(r"\S{10,40} \[DEBUG\]\s{1,2}\S{0,80}plugin\S{0,80}: ")
"""go-plugin relays what a plugin writes as DEBUG (log_stderr of hashicorp/go-plugin)."""


def _wrapped(line: str) -> str | None:
    """Return the content of a wrapper, or None if the line is not a wrapper."""
    wrapper = None
    first = line[:1]
    if first == "[":
        if line[1:2].isalpha():
            wrapper = _MAVEN.match(line)
        elif "WARNING/" in line:
            wrapper = _CELERY.match(line)
        elif ".py:" in line:
            wrapper = _AIRFLOW.match(line)
        elif "PHP message" in line or " said into " in line:
            wrapper = _PHP_FPM.match(line)
    elif first in "NW":
        if "PHP message" in line or " said into " in line:
            wrapper = _PHP_FPM.match(line)
    elif "plugin" in line:
        wrapper = _PLUGIN.match(line)
    return line[wrapper.end() :] if wrapper and wrapper.end() else None


def syslog_priority(priority: str) -> Decision:
    """Return the level of a syslog priority: the severity is the priority modulo 8 (RFC 5424, 6.2.1)."""
    return decided(SYSLOG.level(int(priority) & 7) or Level.DEBUG, "syslog-priority")
