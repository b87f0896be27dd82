"""The words and numbers that loggers write for a level, and the level that each means."""

from functools import cache
from typing import NamedTuple

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import BRACKETED_WORDS


class Decision(NamedTuple):
    """A level, and the rule that decided it."""

    level: Level
    rule: str
    """The name of the rule that decided."""


@cache
def decided(level: Level, rule: str) -> Decision:
    """Return a decision. Decisions are cached, since there are few different ones."""
    return Decision(level, rule)


def _levels(**words: str) -> dict[str, Level]:
    return {word: Level[name] for name, line in words.items() for word in line.split()}


FIELD_WORDS = BRACKETED_WORDS | _levels(
    DEBUG="spam input all t d v mute entry exit",
    INFORMATION="i n s default help data prompt notset unknown any event start ready done complete low"
    " box print timing indeterminate",
    WARNING="w minor medium moderate deprecated warns",
    ERROR="e high major",
    FATAL="f c blocker disaster",
)
"""Words that are a level only as the value of a field that is named for one: winston's `help` and `data`,
consola's `start` and `ready`, letters, and the severities of security findings (`low`, `high`). `major` and
`minor` are severities of alarms, where they are worse (`CUT_WORDS`), and of code analysers, where they are
not as bad."""

SEVERITY_WORDS = frozenset(
    {"trace", "debug", "info", "information", "notice", "warn", "warning", "error"}
    | {"critical", "alert", "emerg", "emergency", "fatal"}
)
"""Words that are a level even in a field that often contains something else: `priority`, `status`, `type`."""


# --- numbers ---


class Scale(NamedTuple):
    """A numeric scale: the lowest number, and the highest number of each level."""

    lowest: float
    steps: tuple[tuple[float, Level], ...]

    def level(self, number: float) -> Level | None:
        """Return the level of a number, or None if it is not on this scale."""
        if number >= self.lowest:
            for highest, level in self.steps:
                if number <= highest:
                    return level
        return None


def _scale(
    lowest: float, debug: float, information: float, warning: float, error: float, fatal: float
) -> Scale:
    return Scale(lowest, tuple(zip((debug, information, warning, error, fatal), Level, strict=True)))


SYSLOG = Scale(
    0, ((2, Level.FATAL), (3, Level.ERROR), (4, Level.WARNING), (6, Level.INFORMATION), (7, Level.DEBUG))
)
"""RFC 5424, section 6.2.1; GELF and the journal use it too."""
WINDOWS = Scale(
    1, ((1, Level.FATAL), (2, Level.ERROR), (3, Level.WARNING), (4, Level.INFORMATION), (5, Level.DEBUG))
)
"""Windows event log and ETW: 1 critical … 5 verbose."""
AZURE = Scale(
    0, ((0, Level.DEBUG), (1, Level.INFORMATION), (2, Level.WARNING), (3, Level.ERROR), (4, Level.FATAL))
)
"""SeverityLevel of Application Insights: 0 verbose … 4 critical."""
DOTNET = Scale(
    0,
    (
        *((1, Level.DEBUG), (2, Level.INFORMATION), (3, Level.WARNING)),
        *((4, Level.ERROR), (5, Level.FATAL)),
    ),
)
"""LogLevel of Microsoft.Extensions.Logging: 0 trace, 1 debug … 5 critical; LogEventLevel of Serilog is the
same."""
OCSF = Scale(0, ((2, Level.INFORMATION), (3, Level.WARNING), (4, Level.ERROR), (6, Level.FATAL)))
"""severity_id of the Open Cybersecurity Schema Framework, which Security Lake and Verified Access write: 0
unknown, 1 informational, 2 low, 3 medium, 4 high, 5 critical, 6 fatal."""
NXLOG = Scale(
    1, ((1, Level.DEBUG), (2, Level.INFORMATION), (3, Level.WARNING), (4, Level.ERROR), (5, Level.FATAL))
)
"""SeverityValue of NXLog: 1 debug, 2 info, 3 warning, 4 error, 5 critical (nx_loglevel_t in the source of
NXLog Community Edition)."""
WAZUH = Scale(0, ((6, Level.INFORMATION), (11, Level.WARNING), (14, Level.ERROR), (16, Level.FATAL)))
"""The level of a rule of Wazuh and OSSEC, cut as the overview of Wazuh's dashboard does: 0 to 6 is low
severity, 7 to 11 medium, 12 to 14 high, 15 and higher critical. What each level means: Wazuh documentation,
"Rules classification"."""
SURICATA = Scale(1, ((1, Level.ERROR), (2, Level.WARNING), (255, Level.INFORMATION)))
"""The severity of an alert of Suricata, the priority of one of Snort: 1 is the most severe."""
FOUNDATIONDB = _scale(1, 9, 19, 39, 40, 1000)
"""The Severity of FoundationDB's trace events: SevDebug 5, SevInfo 10, SevWarn 20, SevWarnAlways 30, SevError
40 (flow/Trace.h)."""
LAGER = {128: Level.DEBUG, 64: Level.INFORMATION, 32: Level.INFORMATION, 16: Level.WARNING, 8: Level.ERROR}
"""The bits that lager (Erlang) uses for a level; 4, 2 and 1 are on syslog's scale, too, and are as bad
there."""
NEXTCLOUD = AZURE
"""ownCloud and Nextcloud: 0 debug … 4 fatal."""
PYTHON = _scale(1, 19, 29, 39, 49, 100)
"""logging: DEBUG 10, INFO 20, WARNING 30, ERROR 40, CRITICAL 50."""
TENS = _scale(1, 29, 39, 49, 59, 99)
"""pino and bunyan: trace 10, debug 20, info 30, warn 40, error 50, fatal 60."""
MONOLOG = _scale(100, 199, 299, 399, 499, 600)
"""DEBUG 100, INFO 200, NOTICE 250, WARNING 300, ERROR 400, CRITICAL 500, ALERT 550, EMERGENCY 600."""
GOOGLE = _scale(0, 199, 399, 499, 599, 800)
"""LogSeverity: DEBUG 100, INFO 200, NOTICE 300, WARNING 400, ERROR 500, CRITICAL 600, EMERGENCY 800."""
JAVA_UTIL = _scale(300, 799, 899, 999, 1000, 1000)
"""java.util.logging: FINEST 300, FINE 500, CONFIG 700, INFO 800, WARNING 900, SEVERE 1000."""
LOGBACK = _scale(5_000, 19_999, 29_999, 39_999, 49_999, 50_000)
"""Logback and log4j 1: TRACE 5000, DEBUG 10000, INFO 20000, WARN 30000, ERROR 40000, FATAL 50000."""
OPENTELEMETRY = _scale(1, 8, 12, 16, 20, 24)
"""SeverityNumber of the log data model: TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17, FATAL 21."""
