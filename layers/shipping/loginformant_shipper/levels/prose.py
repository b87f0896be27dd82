"""What may stand before a level: names of hosts, threads and loggers, but no sentence."""

import re

_GROUPS = re.compile(r"\[[^\[\]]*+\]|\([^()]*+\)|<[^<>]*+>")
_PLAIN_WORD = re.compile(r"(?<!\S)[A-Za-z']+[,;]?(?!\S)")
_MAX_PLAIN_WORDS = 2
_CAPITALS_AT_THE_END = re.compile(r"[A-Z][ \t]{0,20}\Z")


def is_prose(left: str) -> bool:
    """Whether this is running text.

    A host and a program, or a thread and a logger, may be plain words; more are a sentence.
    """
    return len(_PLAIN_WORD.findall(_GROUPS.sub("", left))) > _MAX_PLAIN_WORDS


def ends_a_header(left: str) -> bool:
    """Whether a level in capitals may follow: behind a space, not behind other capitals (`SERVICE ALERT`)."""
    return left[-1:] in " \t" and not _CAPITALS_AT_THE_END.search(left[-22:]) and not is_prose(left)
