"""Detect AWS access key ids, secret access keys, session tokens and API keys of Amazon Bedrock."""

import re
from collections.abc import Iterator, Set
from string import ascii_letters, digits

from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors.detection import Detection
from loginformant_shipper.redaction.spans import Cut, Span, cut_at, merged

# "IAM identifiers", AWS IAM user guide: AKIA is a user's key, ASIA a temporary one, ABIA a bearer token of
# STS, ACCA a credential of one service. Those of users (AIDA) and roles (AROA) are names, not credentials.
_KEY_ID = re.compile(r"(A(?<![A-Za-z0-9]A)(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9]))")
# Session tokens of STS have the same beginning.
_SESSION_TOKEN = re.compile(r"((?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)[A-Za-z0-9+/=_-]{40,}+)")
# "API keys for Amazon Bedrock", IAM user guide: long-term ones, and short-term ones, which are a signed URL
# in base64 that begins with the host of the service (awslabs/git-secrets#264 and #269).
_BEDROCK_KEY = re.compile(r"(ABSK(?<![A-Za-z0-9+/]ABSK)[A-Za-z0-9+/]{100,}+={0,2})")
_HOST_OF_BEDROCK = "YmVkcm9jay5hbWF6b25hd3MuY29t"
_SHORT_TERM_BEDROCK_KEY = re.compile(rf"(bedrock-api-key-{_HOST_OF_BEDROCK}[A-Za-z0-9+/_-]*+={{0,2}})")

# --- secret access keys ---
#
# 40 characters that look like many other things. They are a secret
#
# 1. directly after a name that identifies it: `aws_secret_access_key=…`, `"SecretAccessKey": ["…"`;
# 2. near such a name, or near the id of a key, in the same object or item of a list, if they look random:
#    `{"name": "AWS_SECRET_ACCESS_KEY", "type": "PLAINTEXT", "value": "…"}` (ECS, CodeBuild, Kubernetes).

_KIND_OF = bytes(
    ord("=" if code == ord("=") else "a" if chr(code) in f"{ascii_letters}{digits}/+" else "-")
    for code in range(256)
)
_SECRET = re.compile(rb"-%s(?![a=])|=%s(?![a=])" % (b"a" * 40, b"a" * 40))
"""The pattern for a text whose characters are replaced by their kinds, to search for fixed strings."""
_MIXED = re.compile(r"(?=[^a-z]*+[a-z])(?=[^A-Z]*+[A-Z])[A-Za-z]*+[0-9/+]")
"""Both cases and a digit or sign, unlike hashes and most names in programs. One key in 5,000 has no digit."""

_NAME = (
    r"(?:secret[ _.-]?access[ _.-]?key|secret[ _.-]?key|aws[ _.-]?secret|aws[ _.-]?(?:access[ _.-]?)?key)s?"
)
_SOME_LOWER_NAME = re.compile(r"ws[ _.-]?(?:[Aa]ccess|ACCESS|[Kk]ey|KEY)")
_SOME_UPPER_NAME = re.compile(r"WS[ _.-]?(?:[Aa]ccess|ACCESS|[Kk]ey|KEY)")
_NAMED = re.compile(_NAME)
_ID = re.compile(r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}")
_RIGHT_BEHIND_NAME = re.compile(
    rf"{_NAME}[\"'\\ \t:=,;|>(\[-]{{1,16}}([A-Za-z0-9/+]{{40}})", re.IGNORECASE | re.ASCII
)
"""Most keys with a name. Other spellings of the name take longer to find."""
_MIN_MANY = 16
_BETWEEN = re.compile(r"[\"'\\\s:=,;|>(\[-]{1,16}\Z")
_NAME_BEHIND = re.compile(
    rf"[\s\"'](?:\w{{0,20}}name|\w{{0,20}}key)[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"']?{_NAME}", re.IGNORECASE
)
_ITEM_ENDS = re.compile(r"\}|\n[ \t]*- ")
_MAX_DISTANCE, _MAX_NEAR_DISTANCE = 160, 48
"""The maximum distances from a name or an id to a secret, in characters."""


def find_aws_key(text: str, has_some_name: bool) -> Cut:
    """Split a text at access key ids, secret access keys, session tokens and API keys of Amazon Bedrock."""
    ids = _KEY_ID.split(text) if "A" in text else [text]
    cuts: list[Cut] = []
    if len(ids) > 1 or has_some_name:
        cuts.append(cut_at(text, _named_secrets(text)))
    if "Z" in text and ("oJb3JpZ2lu" in text or "oGZXIvYXdz" in text):
        cuts.append(_SESSION_TOKEN.split(text))
    if "K" in text and "ABSK" in text:
        cuts.append(_BEDROCK_KEY.split(text))
    if "Y" in text and _HOST_OF_BEDROCK in text:
        cuts.append(_SHORT_TERM_BEDROCK_KEY.split(text))
    return merged(text, ids, *cuts) if cuts else ids


def _has_some_name(text: str) -> bool:
    return (
        ("c" in text and "ecret" in text)
        or ("C" in text and "ECRET" in text)
        or ("w" in text and _SOME_LOWER_NAME.search(text) is not None)
        or ("W" in text and _SOME_UPPER_NAME.search(text) is not None)
    )


def _named_secrets(text: str) -> list[Span]:
    secrets = list(_secrets(text))
    right_behind: Set[int] = frozenset()
    if len(secrets) >= _MIN_MANY:
        right_behind = {found.start(1) for found in _RIGHT_BEHIND_NAME.finditer(text)}
    return [span for span in secrets if span[0] in right_behind or _is_named(text, *span)]


def _secrets(text: str) -> Iterator[Span]:
    """Return the spans of texts that look like a secret access key."""
    kinds = b"-" + text.encode("latin-1", "replace").translate(_KIND_OF)
    for match in _SECRET.finditer(kinds):
        yield match.start(), match.end() - 1


def _is_named(text: str, start: int, end: int) -> bool:
    """Return whether a name or an id before or after a text identifies it as a secret access key."""
    is_random = _MIXED.match(text, start, end) is not None
    before = text[max(0, start - (_MAX_DISTANCE if is_random else _MAX_NEAR_DISTANCE)) : start]
    if "}" in before or "\n" in before:
        before = _ITEM_ENDS.split(before)[-1]
    name_end = max(_end_of_last_name(before.lower()), _end_of_last_id(before))
    if name_end and (is_random or _BETWEEN.match(before, name_end)):
        return True
    if not is_random:
        return False
    behind = _ITEM_ENDS.split(text[end : end + _MAX_DISTANCE], maxsplit=1)[0]
    return _NAME_BEHIND.search(behind) is not None


def _end_of_last_name(text: str) -> int:
    """Return the end of the last name of a secret access key, or 0."""
    secret, aws = text.rfind("secret"), text.rfind("aws")
    if secret < 0 and aws < 0:
        return 0
    if name := _NAMED.match(text, max(secret, aws)):
        return name.end()
    if 0 <= aws < secret and (name := _NAMED.match(text, aws)) and name.end() > secret:
        return name.end()
    return max((name.end() for name in _NAMED.finditer(text)), default=0)


def _end_of_last_id(text: str) -> int:
    return max((found.end() for found in _ID.finditer(text)), default=0) if "A" in text else 0


AWS_KEY = Detection(
    Detector.AWS_KEY,
    "ids of access keys (`AKIA…`, `ASIA…`, `ABIA…`, `ACCA…`), session tokens, API keys of Amazon Bedrock, "
    "and secret access keys where something says what they are",
    find_aws_key,
    looks_far_where=_has_some_name,
)
