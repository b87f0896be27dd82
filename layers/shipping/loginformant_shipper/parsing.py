"""Each log event is parsed once: text, or text and fields."""

from typing import Any, NamedTuple


class RuntimePrefix(NamedTuple):
    """What a Lambda runtime puts before the text that a function logs."""

    level: str | None
    request_id: str | None


class ParsedMessage(NamedTuple):
    text: str
    """The whole message, trailing white space removed, its runtime prefix included."""
    body: str
    """What stands behind the runtime prefix; the same as `text` where there is none."""
    fields: dict[str, Any] | None = None
    """The members of `body` where it is a JSON object."""
    prefix: RuntimePrefix | None = None
