"""The words and letters that loggers write for a level, and the level that each means."""

from collections.abc import Iterable

from loginformant_shipper.names import Level


def _levels(**words: str) -> dict[str, Level]:
    return {word: Level[name] for name, line in words.items() for word in line.split()}


LEVEL_WORDS = _levels(
    DEBUG="trace debug verbose finest finer fine silly trc trce trac dbg dbug debu debg vrb blat debugging"
    " blather heavydebug ddebug subdebug",
    INFORMATION="info information informational inf notice noti notic success",
    WARNING="warning warn wrn warnin deprecation",
    ERROR="error err erro eror fail failure severe",
    FATAL="fatal critical critic crit alert emergency emerg emer emrg aler alrt panic dpanic ftl fata fatl"
    " crt pani pnc",
)
"""Words in lower case that are levels in all positions: names and abbreviations of syslog, Python, log4j and
Logback, java.util.logging (`finer`, `severe`), .NET (`trce`, `dbug`, `fail`), Serilog (`VRB`), zerolog
(`FTL`), logrus (`ERRO`), zap (`dpanic`), npm (`silly`), supervisord (`BLAT`), Elasticsearch
(`DEPRECATION`), ArubaOS (`EMRG`), Barracuda (`ALER`), dnf (`DDEBUG`), go-logging cut to five or six letters
(`NOTIC`, `WARNIN`)."""

BRACKETED_WORDS = LEVEL_WORDS | _levels(
    DEBUG="config verb diag deb noise perf garbage profile",
    INFORMATION="note log system statement detail hint context query location audit ok normal http"
    " lifecycle quiet ntc notif pass skip cleared",
    WARNING="caution war warni fixme",
    ERROR="failed exception errors errs sever minor",
    FATAL="abort fault shout cri criti fat major",
)
"""Words that are a level only inside brackets, or in capitals before a colon; in a sentence they are just
words: java.util.logging's `CONFIG`, PostgreSQL's `LOG`, MySQL's `Note` and `System`, npm's `http`, Dart's
`SHOUT`; `PASS: ` and `SKIP: ` of test harnesses; and level words that a format cuts to three, four or five
letters."""

CUT_WORDS = frozenset(
    ("deb", "verb", "diag", "ntc", "notif", "war", "warni", "errs", "sever", "cri", "criti", "fat")
) | frozenset(("major", "minor", "cleared"))
"""Bracketed words that are cut, and severities of an alarm (ITU-T X.733), of which major is syslog's
critical, minor its error and cleared its notice (RFC 5674, table 1; Alcatel-Lucent, "7705 SAR to Syslog
Severity Level Mappings"). Before a colon they are names or words as often, as in `FAT: bread failed` of the
kernel; there they are levels only after a time."""

NAMES_TOO = frozenset(
    (
        *(
            "http",
            "system",
            "query",
            "location",
            "audit",
            "config",
            "context",
            "detail",
            "hint",
            "normal",
            "ok",
        ),
        *("lifecycle", "quiet"),
        *(
            "statement",
            "log",
            "exception",
            "failed",
            "errors",
            "verb",
            "diag",
            "deb",
            "war",
            "cri",
            "noise",
            "fat",
            "sever",
            "perf",
            "garbage",
            "profile",
            "pass",
            "skip",
            "major",
            "minor",
            "cleared",
        ),
    )
)
"""Bracketed words that name a thread, a logger or a topic as often: `[http] ERROR`. A later level counts
more."""

PLURALS = _levels(
    DEBUG="debugging",
    INFORMATION="informational notifications",
    WARNING="warnings",
    ERROR="errors",
    FATAL="critical alerts emergencies",
)
"""The names of syslog's severities in the configuration of routers, which FRR and Quagga write before a text
(`log record-priority`). In lower case before a colon; before a number they are counts."""

LETTERS = _levels(DEBUG="d t v", INFORMATION="i n", WARNING="w", ERROR="e", FATAL="f c")
"""Levels of one letter, in lower case: glog, Android, MongoDB, tornado, telegraf, capnslog (`N`)."""

TRANSLATED_WORDS = _levels(
    WARNING="WARNUNG AVERTISSEMENT ADVERTENCIA AVVERTENZA 警告",
    ERROR="SCHWERWIEGEND GRAVE FEHLER ERREUR 严重 重大",
    FATAL="PANIK",
)
"""Levels in the language of a process, exactly as they are written: by java.util.logging (the `logging_…`
files of OpenJDK's `sun.util.logging.resources`; in capitals by Java 6), and by PostgreSQL (`lc_messages`)."""

SYSLOG_LEVELS = (
    *(Level.FATAL, Level.FATAL, Level.FATAL, Level.ERROR),
    *(Level.WARNING, Level.INFORMATION, Level.INFORMATION, Level.DEBUG),
)
"""The levels of syslog's severities, from emergency (0) to debug (7): RFC 5424, section 6.2.1."""

_LETTERS_ALONE = bytes(
    ord(chr(code).lower()) if chr(code).isalpha() and code < 128 else 32 for code in range(256)
)
_LETTERS_AND_DIGITS = bytes(
    48 if chr(code) in "0123456789" else letter for code, letter in enumerate(_LETTERS_ALONE)
)


def words_of(text: str) -> list[bytes]:
    """Return the words of ASCII letters in a text, in lower case and as bytes, which is fastest."""
    return text.encode("utf-8", "replace").translate(_LETTERS_ALONE).split()


def holds_a_letter_alone(text: str) -> bool:
    """Return whether a text contains a letter that may be a level: alone, doubled, or with a digit.

    The letters among the digits of an identifier, as in `d2a6f8b1-3c4e`, are not alone.
    """
    words = text.encode("utf-8", "replace").translate(_LETTERS_AND_DIGITS).split()
    return not _LETTERS_AS_WORDS.isdisjoint(words)


def encoded(words: Iterable[str]) -> frozenset[bytes]:
    """Return words in the format of `words_of`."""
    return frozenset(word.encode() for word in words)


TRANSLATED_IN_ASCII = encoded(word.lower() for word in TRANSLATED_WORDS if word.isascii())
"""Those in ASCII, in lower case, as words of a line are compared."""
WORDS_ALONE = encoded(LEVEL_WORDS)
"""Words that may be a level without brackets, capitals or a colon."""
LETTERS_AND_DOUBLES = encoded((*LETTERS, *(2 * letter for letter in LETTERS)))
"""Formats double a letter, as in `(EE)`."""
_LETTERS_AS_WORDS = LETTERS_AND_DOUBLES | {word + b"0" for word in LETTERS_AND_DOUBLES}
