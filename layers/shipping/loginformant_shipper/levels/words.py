"""Rule `words`: the level of words in their context ("0 errors" is not an error), and of `could not connect`.

Such a phrase has no word that is bad news alone. What a program does instead makes it a Warning.
"""

import re
from collections.abc import Set as AbstractSet

from loginformant_shipper.levels.vocabulary import Decision, decided
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.level_words import encoded

_WORD = re.compile(
    r"(?:fatal|panicked|kernel panic|(?:error(?:ed)?|exception|fail(?:ed|ure)?|crash(?:ed)?)s?"
    r"|(?<=\d )failing|warn(?:ing)?s?|deprecated|caution|slow (?:sql|quer(?:y|ies))|(?<=query is )slow"
    r"|security alert(?=:))"
    r"(?![\w/@-]|\.\w)",
    re.I,
)
_PART_OF_A_NAME = frozenset("\"'./@-_$")
_NOTHING_BEFORE = re.compile(
    r"[NnZz0WwAaIi\u0130\u0131OoPpRr](?<![=:\w].)(?<=(?="
    r"(?i:no|not|none|never|0|zero|without|any|if|on|of|ignor(?:e|ed|ing)|previous|recovered)"
    r"\b[\s\w,/]{0,24}\Z).)"
    r"|[Ll](?<=(?=(?i:level)\b[\s\w:=]{0,12}\Z).)"  # the level is set to ERROR
)
"""A word before another one. The pattern begins with its first character, which is found fastest."""
_NOTHING_AFTER = re.compile(
    r"(?:[ _-]?(?:count|rate|total|s))?[\"']?\s?[=:]\s?[\"'<]?"  # errors: 0; error_rate=0; "error": null
    r"(?:0\b(?!\.\d{0,9}[1-9])|none|null|nil|false|no\b|\[\]|\"\"|-(?:\s|$))"
    r"|\s?\((?:0|s\))|\s0\b|:[ \t]{2,12}0\b(?!\.\d)"  # 5 done, failed 0; in a column: Failed:     0
    r"|=(?:remount-ro|continue|panic|strict|ignore|replace)\b"  # errors=remount-ro of mount(8); of codecs
    r"|[- ](?:free|domain|lists?|pages?|count|rate|budget|handlers?|handling|threshold|report)\b"
    r"|[- ](?:log(?:s|ging)?|reporting|level|mode|tracking|boundary|recovery|limit)\b",
    re.I,
)


_ENDS = frozenset(",;.)]")
"""Characters behind a word with which none of these begins."""

_Stems = tuple[Level, tuple[str, ...], frozenset[bytes]]
_SEVERE_STEMS: tuple[_Stems, ...] = (
    (Level.FATAL, ("fatal", "panicked", "kernel panic"), encoded(("fatal", "panicked", "panic"))),
    (
        Level.ERROR,
        ("error", "exception", "fail", "crash"),
        encoded(
            f"{word}{plural}"
            for word in (
                *("error", "errored", "exception", "fail", "failed", "failing", "failure"),
                *("crash", "crashed"),
            )
            for plural in ("", "s")
        ),
    ),
)
_MILD_STEMS: tuple[_Stems, ...] = (
    (
        Level.WARNING,
        ("warn", "deprecated", "caution", "slow", "security alert"),
        encoded(("warn", "warns", "warning", "warnings", "deprecated", "caution", "slow", "alert")),
    ),
)
"""The stems and the words that count, in lower case, from the most severe level to the least."""

# --- phrases ---

_INABILITY = re.compile(
    r"(?:(?<![\w\"'`(/.@-])|(?<=[=:][\"'])|(?<=: [\"']))(?:(?<![A-Za-z,;(] )|(?-i:(?=[CTU])))"
    r"(?:could(?: not|n't)(?! be\b)|unable to(?! find image )|timed out waiting"
    r"|can(?:not|'t| not)(?! (?:be|contain|exceed|only)\b)) (?=[a-z])"
    r"(?P<rest>[^\n?]{0,200}+)(?!\?)",
    re.I,
)
"""`Could not connect …` at the beginning of a sentence that is no question, or of a quoted one after a name.
Docker pulls an image that it is `Unable to find … locally`. `Cannot be`, `contain` and `exceed` state rules,
and `can not only` no failure; `_PASSIVE` reads `could not be`."""
_PASSIVE = re.compile(
    r"(?<!\w)[Cc]ould(?: not|n't) be (?:[a-z]{2,12}ly )?"
    r"[a-z]{1,14}(?:ed|[ewk]n|[aeu]nt|nd|ad|[ui]lt|[ue]pt|one)\b(?P<rest>[^\n?]{0,200}+)(?!\?)"
)
"""`The host could not be resolved`, which need not begin a sentence."""
_CONDITION = re.compile(
    r"\b(?:if|when|whenever|whether|unless|until|in case|that|which|who|whose|where|why|because|any|those)\b"
    r"[^\n.;:!?]{0,160}\Z",
    re.I,
)
"""The words with which a sentence says that something could happen, or to what."""
_MAX_SUBJECT = 160
WENT_ON = re.compile(
    r"(?i:\b(?:using|instead|fall(?:ing|s)? back|retry(?:ing)?|try again|ignor(?:ed|ing)|skipp(?:ed|ing)"
    r"|skip it|continuing|anyway|assuming|defaulting|creating (?:it|one))\b)"
)
"""What a program does instead of what it could not do."""
_WORDS_OF_INABILITY = encoded(("could", "couldn", "unable", "cannot", "can", "timed"))

_TIMEOUT = re.compile(
    r"(?<![\w-])(?:timeout|timed out)(?: [^\n,;.?]{0,80}+)?[,;] "
    r"(?:aborting|resetting|retrying|reconnecting|restarting|skipping|disabling|falling back|will retry"
    r"|reset controller|disable controller|completion polled)(?!\w)",  # Linux, of a drive: an EBS volume
    re.I,
)
"""A timeout, with what the program does about it: `nvme1: I/O 5 QID 2 timeout, aborting`."""
_WORDS_OF_TIMEOUTS = encoded(("timeout", "timed"))

_SERVERS = "(?:server|backend|host|node|broker|upstream|worker|replica|instance)s?"
_NONE_LEFT = re.compile(
    rf"(?<![\w-])no (?:(?:healthy )?{_SERVERS} (?:(?:is|are) )?available|available {_SERVERS})(?![\w-])"
    r"(?P<rest>[^\n?]{0,200}+)(?!\?)",
    re.I,
)
"""`backend web has no server available!` of HAProxy, which is LOG_EMERG there."""
_DOWN = re.compile(
    r"(?<![\w-])is (?:DOWN(?![\w-])"
    r"|(?i:down(?=[,:;] (?:reconnecting|retrying|will retry|restarting|falling back)(?!\w))))"
)
"""`Server web/a is DOWN, reason: …` of HAProxy, and in small letters what the program reacts to, as Zabbix's
`database is down: reconnecting in 10 seconds`: a link that is down may be meant to be."""
_WORDS_OF_OUTAGES = encoded(("available", "down"))

WORDS_OF_PHRASES = _WORDS_OF_INABILITY | _WORDS_OF_TIMEOUTS | _WORDS_OF_OUTAGES
"""Words in lower case. Each phrase contains one of them."""

# --- both ---

BAD_NEWS = frozenset().union(*(words for _, _, words in (*_SEVERE_STEMS, *_MILD_STEMS)))
WORDS_OF_BAD_NEWS = BAD_NEWS | WORDS_OF_PHRASES
_LIKE_ASCII = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"})
"""The other characters that `re.IGNORECASE` matches with letters of ASCII."""


_PASSED = re.compile(r"(?:[^\n]*\S (?:PASSED|SKIPPED|\.\.\. (?:ok|skipped))\Z|ok \d{1,6} - [^\n]*\Z)")
"""A test that passed or was not run, whose name may have any words: `OrdersTest > fails() PASSED` of Gradle,
`test rejects_errors ... ok` of Cargo and Python's unittest, `ok 7 - failed order` of the Test Anything
Protocol."""


def may_have_bad_news(text: str, words: AbstractSet[bytes]) -> bool:
    """Return whether one of the words may be in a text, to exclude most texts quickly.

    Args:
        text: A text.
        words: The words of the text; words that are not in `WORDS_OF_BAD_NEWS` may be missing.
    """
    return not WORDS_OF_BAD_NEWS.isdisjoint(words) or (
        not text.isascii() and text != text.translate(_LIKE_ASCII)
    )


def decide_by_words(text: str, words: AbstractSet[bytes] | None = None) -> Decision | None:
    """Return the worst level that a word of a text means in its context, or None.

    Args:
        text: A text.
        words: The words of the text, where they are known; words that are not in `WORDS_OF_BAD_NEWS` may be
            missing.
    """
    known = words if text.isascii() else None
    lower = (text if text.isascii() else text.translate(_LIKE_ASCII)).lower()
    level = (
        _level_of_stems(_SEVERE_STEMS, text, lower, known)
        or _level_of_phrase(text, known)
        or _level_of_stems(_MILD_STEMS, text, lower, known)
    )
    return decided(level, "words") if level and not _PASSED.match(text) else None


def _level_of_stems(
    levels: tuple[_Stems, ...], text: str, lower: str, words: AbstractSet[bytes] | None
) -> Level | None:
    for level, stems, telling in levels:
        if words is not None and telling.isdisjoint(words):
            continue
        for stem in stems:
            start = lower.find(stem)
            while start >= 0:
                word = _WORD.match(text, start)
                if word and not _is_harmless(text, word.span()):
                    return level
                start = lower.find(stem, start + 1)
    return None


def _level_of_phrase(text: str, words: AbstractSet[bytes] | None) -> Level | None:
    return _level_of_inability(text, words) or _level_of_outage(text, words) or _level_of_timeout(text, words)


def _level_of_inability(text: str, words: AbstractSet[bytes] | None) -> Level | None:
    """Return Error for what a program could not do, Warning if it says what it does instead, or None."""
    if words is not None and _WORDS_OF_INABILITY.isdisjoint(words):
        return None
    for inability in _INABILITY.finditer(text):
        if not _is_nothing_before(text, inability.start()):
            return _level_of_rest(inability["rest"])
    for passive in _PASSIVE.finditer(text) if " be " in text else ():
        start = passive.start()
        if not _is_nothing_before(text, start) and not _is_conditional(text, start):
            return _level_of_rest(passive["rest"])
    return None


def _level_of_rest(rest: str) -> Level:
    return Level.WARNING if WENT_ON.search(rest) else Level.ERROR


def _level_of_timeout(text: str, words: AbstractSet[bytes] | None) -> Level | None:
    """Return Warning for a timeout that the program reacts to, or None."""
    if words is not None and _WORDS_OF_TIMEOUTS.isdisjoint(words):
        return None
    timeout = _TIMEOUT.search(text)
    return Level.WARNING if timeout and not _is_nothing_before(text, timeout.start()) else None


def _level_of_outage(text: str, words: AbstractSet[bytes] | None) -> Level | None:
    """Return the level of a service without servers, Warning for a server that is down, or None."""
    if words is not None and _WORDS_OF_OUTAGES.isdisjoint(words):
        return None
    none_left = _NONE_LEFT.search(text)
    if none_left and not _is_conditional(text, none_left.start()):
        return _level_of_rest(none_left["rest"])
    down = _DOWN.search(text)
    return Level.WARNING if down and not _is_conditional(text, down.start()) else None


def _is_conditional(text: str, start: int) -> bool:
    """Return whether a sentence says only that a phrase, which begins at `start`, could come true."""
    return _CONDITION.search(text, max(0, start - _MAX_SUBJECT), start) is not None


def _is_harmless(text: str, span: tuple[int, int]) -> bool:
    start, end = span
    if start == 0:
        return _is_nothing(text, end)
    before = text[start - 1]
    if (
        before == "_"
        and text[start:end] == "FAILED"
        and _STATUS.search(text, max(0, start - _MAX_STATUS), end)
    ):
        return False
    return (
        before.isalnum()
        or before in _PART_OF_A_NAME
        or _is_nothing(text, end)
        or _is_nothing_before(text, start)
    )


def _is_nothing_before(text: str, start: int) -> bool:
    """Return whether what precedes a word, which begins at `start`, makes it harmless."""
    return _NOTHING_BEFORE.search(text[max(0, start - 32) : start]) is not None


_MAX_STATUS = 48
_STATUS = re.compile(r"(?<![\w.-])(?:CREATE|UPDATE|DELETE|IMPORT|ROLLBACK)(?:_ROLLBACK)?_FAILED\Z")
"""A status of a resource of CloudFormation, as the CDK and SAM print it in a table."""


def _is_nothing(text: str, end: int) -> bool:
    """Return whether what follows a word, which ends at `end`, makes it harmless."""
    return end < len(text) and text[end] not in _ENDS and _NOTHING_AFTER.match(text, end) is not None
