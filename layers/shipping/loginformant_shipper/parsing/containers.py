r"""Unwrap messages that a container driver, a log router or syslog has wrapped.

`unwrap` returns the original message of the program, and the wrapper's fields with the names of the semantic
conventions of OpenTelemetry (registry of attributes: container, k8s, aws.ecs, host; "Data Model Appendix" for
syslog):

| wrapper | format |
|---|---|
| ECS FireLens | `{"container_name": …, "source": "stdout", "log": "…", "ecs_task_arn": …}` |
| Fluent Bit and fluentd on Kubernetes | `{"log": "…", "stream": "stderr", "kubernetes": {…}}` |
| Docker's json-file | `{"log": "…", "stream": "stdout", "time": "…"}` |
| CRI (containerd, CRI-O) | `2026-01-01T10:00:00.123456789Z stderr F …` |
| Docker Compose | `web_1  \| …` |
| syslog (RFC 3164, RFC 5424; Beanstalk, journalctl) | `Jan  1 10:00:00 ip-10-0-0-1 web[1234]: …` |
| the journal of systemd | `{"MESSAGE": "…", "PRIORITY": "3", "_HOSTNAME": …}` |
| PHP-FPM | `NOTICE: PHP message: …`, `WARNING: [pool www] child 7 said into stderr: "…"` |
| Rails, tagged with the request | `[7f8f84ce-d134-4b77-88dc-bac10b54a410] …` |
| `kubectl logs --prefix` | `[pod/orders-1/orders] …` |
| `mpirun --tag-output` (Open MPI, as in SageMaker) | `[1,0]<stdout>:…`, `[1,mpirank:0,algo-1]<stderr>:…` |

Wrappers may be nested, such as a line of CRI in an object of FireLens.
"""

import re
from collections.abc import Callable
from typing import Any

import orjson
from msgspec import Struct

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.json_objects import json_members, json_object

Fields = dict[str, Any]


class Partial(Struct, frozen=True, gc=False):
    """A part of a line that a container driver split. Docker and containerd split lines after 16 KiB."""

    identifier: str
    """The id that the parts of a line share; often empty."""
    is_last: bool


class Unwrapped(Struct, frozen=True, gc=False):
    """The content and the properties of a wrapper."""

    text: str
    """The original message of the program."""
    fields: Fields | None
    """The fields of the program if the router has already parsed its message, else None."""
    properties: Fields
    """The fields of the wrapper."""
    writer: tuple[str, ...] = ()
    """Container and stream, or host and process. Lines of different writers are never joined. Empty if
    unknown."""
    partial: Partial | None = None
    level: Level | None = None
    """The level of the wrapper, such as syslog's severity, which is used if the text has none."""
    members: tuple[Fields, Fields | None] | None = None
    """What `json_members` returns for `text`, if that was parsed to separate the fields of the program from
    those of the wrapper. None if there are `fields`."""


MAX_WRAPPERS = 4
"""The maximum number of nested wrappers."""


def may_be_wrapped(message: str) -> bool:
    """Return whether a message may be wrapped, to exclude most messages quickly."""
    if message[:1] == "{":
        # Every record of `kubernetes` has a container's name in it.
        return '"log"' in message or '"container_name"' in message or '"MESSAGE"' in message
    return _LOOKS_WRAPPED.match(message) is not None


def unwrap(message: str) -> Unwrapped | None:
    """Return the content and the fields of a wrapper, or None if there is none. Nothing is raised."""
    found = _without_one_wrapper(message)
    return None if found is None else innermost(found)


def unwrap_record(record: Fields, message: str) -> Unwrapped | None:
    """Return the same for a message that was parsed as a JSON object with the members `record`."""
    found = _out_of_named_record(record, message)
    return None if found is None else innermost(found)


def out_of_line(line: str, first: str) -> Unwrapped | None:
    """Return the content of the outermost wrapper of a message that is not a JSON object, or None.

    Args:
        line: The message.
        first: Its first character.
    """
    read = _READERS.get(first, _of_iso_time)
    if read is not None:
        found = read(line)
        if found is not None:
            return found
    return _behind(_COMPOSE.match(line), "container.name") if "|" in line and " |" in line else None


def innermost(found: Unwrapped) -> Unwrapped:
    """Return the content of the innermost wrapper inside another one, with the properties of all."""
    for _ in range(MAX_WRAPPERS - 1):
        if found.fields is not None:
            break
        if found.members is not None:
            inner = _out_of_named_record(found.members[0], found.text)
        else:
            inner = _without_one_wrapper(found.text)
        if inner is None:
            break
        found = Unwrapped(
            inner.text,
            inner.fields,
            found.properties | inner.properties,
            found.writer + inner.writer,
            inner.partial or found.partial,
            inner.level or found.level,
            inner.members,
        )
    return found


def rewrap(message: str, text: str) -> str:
    """Return a wrapped message with another, complete text.

    It is used for the first of several partial lines whose joined text was redacted. A wrapper that is
    nested too deep to be written is left out.
    """
    if message[:1] == "{" and (record := json_object(message)) is not None:
        kept = {name: value for name, value in record.items() if name not in _OF_PARTIALS}
        for name in ("log", "MESSAGE"):
            if name in kept:
                try:
                    return orjson.dumps(kept | {name: text}).decode()
                except TypeError:  # nested too deep for orjson to write
                    return text
    if line := _CRI.match(message):
        return f"{message[: line.start('flag')]}F {text}"
    return text


def _without_one_wrapper(message: str) -> Unwrapped | None:
    if message[:1] == "{":
        if not may_be_wrapped(message) or (record := json_object(message.rstrip())) is None:
            return None
        return _out_of_record(record)
    return out_of_line(message, message[:1])


def _out_of_named_record(record: Fields, message: str) -> Unwrapped | None:
    return _out_of_record(record) if has_wrapper_name(record) and may_be_wrapped(message) else None


def has_wrapper_name(record: Fields) -> bool:
    """Return whether an object has one of the members without which it is no wrapper."""
    return (
        "log" in record
        or "log_processed" in record
        or "container_name" in record
        or "kubernetes" in record
        or "MESSAGE" in record
    )


# --- records: JSON objects of FireLens, Fluent Bit, fluentd, Docker ---

_STREAMS = ("stdout", "stderr")
"""A tuple, since what is looked for in it may be a list or an object, which have no hash."""

# Docker's drivers `fluentd` and `json-file`, ECS FireLens ("Under the hood: FireLens"), the filter
# `kubernetes` of Fluent Bit and the plugin kubernetes_metadata of fluentd.
_RENAMED = {
    "container_id": "container.id",
    "container_name": "container.name",
    "ecs_task_arn": "aws.ecs.task.arn",
    "ec2_instance_id": "host.id",
}
_KUBERNETES = {
    "pod_name": "k8s.pod.name",
    "pod_id": "k8s.pod.uid",
    "pod_ip": "k8s.pod.ip",
    "namespace_name": "k8s.namespace.name",
    "container_name": "k8s.container.name",
    "container_image": "container.image.name",
    "docker_id": "container.id",
    "host": "k8s.node.name",
}
_KUBERNETES_GROUPS = {"labels": "k8s.pod.label.", "annotations": "k8s.pod.annotation."}

_OF_PARTIALS = frozenset(
    {"_p", "logtag", "partial_message", "partial_id", "partial_ordinal", "partial_last"}
    | {"CONTAINER_PARTIAL_MESSAGE"}
)
"""Fields about the splitting of lines."""

_NOT_PROPERTIES = _OF_PARTIALS | {"log", "log_processed"}
"""Fields of a wrapper that are read for themselves."""

_ONLY_WRAPPERS_HAVE = frozenset(
    {"kubernetes", "log_processed", "container_id", "container_name", "ecs_task_arn", "ecs_cluster"}
    | {"partial_message", "logtag", "_p"}
)
_SAYS_MORE_THAN_A_WRAPPER = frozenset(
    {"level", "severity", "levelname", "loglevel", "log_level", "log.level", "lvl", "message", "msg"}
)
"""Fields of a program that a router's parser may merge with those of the wrapper (`Merge_Log On`)."""


def _out_of_record(record: Fields) -> Unwrapped | None:
    if isinstance(record.get("MESSAGE"), str) and not _OF_JOURNAL.isdisjoint(record):
        return _out_of_journal(record)
    log = record.get("log")
    if isinstance(log, str | dict):
        if not _is_wrapper(record):
            return None
    elif log is not None or not _is_merged(record):
        return None
    own: Fields = {}
    others: Fields = {}
    for name, value in record.items():
        if renamed := _RENAMED.get(name):
            own[renamed] = value
        elif name in _NOT_PROPERTIES:
            pass
        elif name == "kubernetes" and isinstance(value, dict):
            own |= _of_kubernetes(value)
        elif name in ("stream", "source") and value in _STREAMS:
            own["stream"] = value
        elif name == "ecs_task_definition" and isinstance(value, str):
            family, _, revision = value.partition(":")
            own["aws.ecs.task.family"] = family
            if revision:
                own["aws.ecs.task.revision"] = revision
        elif name == "docker" and isinstance(value, dict) and value.keys() == {"container_id"}:
            own["container.id"] = value["container_id"]
        elif name.startswith("ecs_"):
            own[name] = value
        else:
            others[name] = value
    return _with_program_fields(record, own, others)


# systemd.journal-fields(7), "Trusted Journal Fields" and "User Journal Fields"; Docker's driver `journald`.
_OF_JOURNAL = frozenset({"_HOSTNAME", "_SYSTEMD_UNIT", "_TRANSPORT", "_PID", "__REALTIME_TIMESTAMP"})
_OF_JOURNAL_RENAMED = {
    "_HOSTNAME": "host.name",
    "_PID": "process.pid",
    "SYSLOG_IDENTIFIER": "service.name",
    "CONTAINER_NAME": "container.name",
    "CONTAINER_ID_FULL": "container.id",
}
_NOT_OF_THE_LOG = frozenset({"MESSAGE", "PRIORITY", "CONTAINER_PARTIAL_MESSAGE"})


def _out_of_journal(record: Fields) -> Unwrapped:
    properties = {
        _OF_JOURNAL_RENAMED.get(name, name): value
        for name, value in record.items()
        if name not in _NOT_OF_THE_LOG
    }
    writer = (str(record.get("_HOSTNAME")), str(record.get("_PID")), str(record.get("CONTAINER_ID_FULL")))
    priority = str(record.get("PRIORITY", ""))
    level = _SEVERITIES[int(priority)] if len(priority) == 1 and priority in "01234567" else None
    partial = None
    if "CONTAINER_ID_FULL" in record:
        partial = Partial("", str(record.get("CONTAINER_PARTIAL_MESSAGE")).lower() != "true")
    return Unwrapped(record["MESSAGE"], None, properties, writer, partial, level)


def _with_program_fields(record: Fields, own: Fields, others: Fields) -> Unwrapped | None:
    """Separate the program's fields in `others` from the wrapper's; `own` belongs to the wrapper."""
    log, processed = record.get("log"), record.get("log_processed")
    if processed is not None and not isinstance(processed, dict):
        others["log_processed"], processed = processed, None
    text = log if isinstance(log, str) and not (processed and log.strip() == "{}") else ""
    has_text = text != "" and not text.isspace()
    members = _object_in(text)
    written = log if isinstance(log, dict) else members and members[0]
    if written is not None:
        fields: Fields | None = {**processed, **written} if processed else written
        own |= {name: value for name, value in others.items() if written.get(name, _NOTHING) != value}
    elif processed:
        fields = {"log": text.rstrip(), **processed} if has_text else processed
        own |= others
    elif log is None or not _SAYS_MORE_THAN_A_WRAPPER.isdisjoint(others):
        fields = {"log": text.rstrip(), **others} if has_text else others
    else:
        fields = None
        own |= others
    if isinstance(log, str) and fields is written and not processed:
        fields = None  # those of `text`, as with other messages of programs
    if fields is not None or not text.startswith("{"):
        members = None
    if not has_text and not isinstance(log, str) and not fields:
        return None
    if not has_text and fields:
        try:
            text = orjson.dumps(fields).decode()
        except TypeError:  # nested too deeply for orjson: left unchanged
            return None
    return Unwrapped(text, fields, own, _writer(own), _partial(record, text), None, members)


_NOTHING = object()


def _object_in(text: str) -> tuple[Fields, Fields | None] | None:
    """Return the members of an object that a program wrote, or None for other text or an empty object."""
    text = text.strip()
    fields, repeated = json_members(text) if text[:1] == "{" else (None, None)
    return (fields, repeated) if fields else None


def _is_wrapper(record: Fields) -> bool:
    """Return whether an object with `log` has no other members, or members that only wrappers have."""
    return (
        (len(record) == 1 and isinstance(record["log"], str))
        or record.get("stream") in _STREAMS
        or record.get("source") in _STREAMS
        or not _ONLY_WRAPPERS_HAVE.isdisjoint(record)
    )


def _is_merged(record: Fields) -> bool:
    """Return whether a program's fields are merged with the wrapper's (`Merge_Log On`, `Reserve_Data`)."""
    kubernetes = record.get("kubernetes")
    return (
        isinstance(record.get("log_processed"), dict)
        or (isinstance(kubernetes, dict) and "container_name" in kubernetes)
        or ("container_name" in record and "container_id" in record and record.get("source") in _STREAMS)
    )


def _of_kubernetes(described: Fields) -> Fields:
    properties: Fields = {}
    for name, value in described.items():
        if renamed := _KUBERNETES.get(name):
            properties[renamed] = value
        elif name in _KUBERNETES_GROUPS and isinstance(value, dict):
            group = _KUBERNETES_GROUPS[name]
            for key, inner in value.items():
                properties[group + key] = inner
        elif name == "container_hash":
            properties["container.image.repo_digests"] = [value]
        else:
            properties[f"kubernetes.{name}"] = value
    if "k8s.container.name" in properties:
        properties.setdefault("container.name", properties["k8s.container.name"])
    return properties


_WRITERS = ("k8s.pod.name", "container.id", "container.name", "stream")


def _writer(properties: Fields) -> tuple[str, ...]:
    return tuple([str(properties[name]) for name in _WRITERS if name in properties])


_DOCKER_CUTS_AFTER = 16 * 1024
"""Bytes (moby, daemon/logger/copier.go, `defaultBufSize`)."""
_JSON_FILE = frozenset({"log", "stream", "time"})


def _partial(record: Fields, text: str) -> Partial | None:
    if "partial_message" in record and str(record["partial_message"]).lower() == "true":
        # moby, daemon/logger/fluentd
        is_last = str(record.get("partial_last")).lower() == "true"
        return Partial(str(record.get("partial_id", "")), is_last)
    flag = record.get("_p", record.get("logtag"))  # Fluent Bit's parsers of CRI
    if flag in ("P", "F"):
        return Partial("", flag == "F")
    if record.keys() == _JSON_FILE:  # without a flag, a complete line ends with a line feed
        cut = not text.endswith("\n") and len(text.encode("utf-8", "replace")) >= _DOCKER_CUTS_AFTER - 3
        return Partial("", not cut)
    return None


# --- lines ---

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|CRIT(?:ICAL)?|ALERT|EMERG|FATAL|PANIC|SEVERE)\b"

# cri-o and containerd: docs "Kubernetes CRI logging format".
_CRI = re.compile(rf"(?P<time>{_ISO}) (?P<stream>stdout|stderr) (?P<flag>[FP])(?: |$)")

# RFC 3164, as rsyslog and syslog-ng write it, and journalctl(1) with `-o short-precise`; and with rsyslog's
# own time stamps, or those of `-o short-iso`, where a process id tells it from a logger's line with a thread
# and a name in it.
_REDACTED = r"\[redacted:[a-z-]{1,40}\]"
_HOST_NAME = (
    r"(?>[A-Za-z0-9][\w.:-]{0,254}+(?= )"  # as nearly all are, and matched in one go
    rf"|(?:[A-Za-z0-9]|{_REDACTED})(?:[\w.:-]|{_REDACTED}){{0,254}})"
)
_NO_LEVEL = rf"(?=[^TDINWECAFPStdinwecafps]|(?!(?i:{_LEVEL})))"
"""Most names do not begin like a level."""
_HOST = rf"(?P<host>{_NO_LEVEL}{_HOST_NAME})"
_PROGRAM = rf"(?P<program>{_NO_LEVEL}[A-Za-z0-9_][\w./@()-]{{0,80}}+)"
_PRIORITY = r"(?:<(?P<priority>\d{1,3})>)?"
_END = r":(?: |$|(?=\{))"
_RFC3164 = re.compile(
    rf"{_PRIORITY}(?P<time>{_MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{{6}})?) {_HOST} {_PROGRAM}"
    rf"(?:\[(?P<pid>\d{{1,10}})\])?{_END}"
)
_RSYSLOG = re.compile(
    rf"{_PRIORITY}(?P<time>{_ISO}) (?P<host>{_HOST_NAME})"
    rf" (?P<program>[A-Za-z0-9_][\w./@()-]{{0,80}}+)\[(?P<pid>\d{{1,10}})\]{_END}"
)
_RFC5424 = re.compile(
    rf"<(?P<priority>\d{{1,3}})>1 (?P<time>{_ISO}|-) (?P<host>\S{{1,255}}) (?P<program>\S{{1,48}})"
    r" (?P<pid>\S{1,128}) (?P<id>\S{1,32}) "
    r"(?:-|(?P<data>(?:\[[^\s\]=\"]{1,32}(?: [^\s=\]\"]{1,32}=\"(?:[^\"\\\]]|\\.){0,1024}\"){0,50}\]){1,20}))"
    r"(?: \ufeff?|$)"
)

_COLOUR = r"(?:\x1b\[[0-9;]{1,20}m)?"
_COMPOSE = re.compile(
    rf"{_COLOUR}(?=[A-Za-z0-9][\w.-]{{0,90}}+ {{1,40}}+\|)"  # rules out most lines that have a bar
    r"([A-Za-z0-9][\w.-]{0,80}?(?:[_-]\d{1,4}|"
    rf"(?= {{1,40}}\|{_COLOUR} \{{\"))) {{1,40}}"
    rf"\|{_COLOUR}(?: |$)"
)

# PHP-FPM: fpm_stdio.c writes what a worker "said into" a stream; "PHP message: " is from main/fastcgi.
_PHP_TIME = r"(?:\[(?P<time>\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d)\] )?"
_PHP_SAID = re.compile(
    rf"{_PHP_TIME}(?P<level>WARNING|NOTICE): \[pool (?P<pool>[^\]]{{1,80}})\] child (?P<pid>\d{{1,10}}) said "
    r"into (?P<stream>stdout|stderr): \"(?P<text>.*)\"(?:, pipe is closed)?\s*\Z",
    re.DOTALL,
)
_PHP_LEVELS = {"WARNING": Level.WARNING, "NOTICE": Level.INFORMATION}
_PHP_MESSAGE = re.compile(rf"{_PHP_TIME}NOTICE: PHP message: ")

_TAG = rf"\[(?:{_UUID}|\d{{1,3}}(?:\.\d{{1,3}}){{3}}|{_REDACTED})\]"
_TAGS = re.compile(rf"\[{_UUID}\](?: {_TAG}){{0,4}}(?: |$)")

_MPIRUN = re.compile(r"\[(1,[\w:,.-]{1,80})\]<(stdout|stderr|stddiag)>:")
"""The job, 1 if it is the only one, and the rank; SageMaker's Open MPI adds the name of the host."""
_KUBECTL = re.compile(r"\[pod/([a-z0-9.-]{1,253})/([a-z0-9-]{1,63})\](?: |$)")


def _of_iso_time(message: str) -> Unwrapped | None:
    """Read a wrapper that begins with a time: CRI, or syslog with rsyslog's own time stamps."""
    if not message.startswith("T", 10):
        return None
    end = message.find(" ", 20, 36)
    if end < 0:
        return None
    if message.startswith(" std", end) and message.startswith(_CRI_STREAMS, end):
        return _of_cri(message)
    line = _RSYSLOG.match(message) if "]:" in message else None
    return None if line is None else _of_syslog(line, message)


_CRI_STREAMS = (" stdout F", " stdout P", " stderr F", " stderr P")


def _of_cri(message: str) -> Unwrapped | None:
    line = _CRI.match(message)
    if line is None:
        return None
    properties = {"stream": line["stream"], "time": line["time"]}
    partial = Partial("", line["flag"] == "F")
    return Unwrapped(message[line.end() :], None, properties, (line["stream"],), partial)


_ESCAPED_TABS = re.compile(r"\A(?:#011)+(?=at |\.\.\. \d)")
"""rsyslog writes control characters as `#` and three octal digits; this is before a frame of Java."""


def _of_rfc3164(message: str) -> Unwrapped | None:
    line = _RFC3164.match(message) if message.startswith(" ", 3) else None
    return None if line is None else _of_syslog(line, message)


def _of_syslog(line: re.Match[str], message: str) -> Unwrapped:
    priority, time, host, program, pid = line.groups()
    properties = {"time": time, "host.name": host, "service.name": program}
    if pid:
        properties["syslog.procid"] = pid
    text = message[line.end() :]
    if text.startswith("#011"):
        text = _ESCAPED_TABS.sub(lambda tabs: "\t" * (len(tabs[0]) // 4), text)
    level = _severity(priority) if priority else None
    return Unwrapped(text, None, properties, (host, program, pid or ""), None, level)


def _of_priority(message: str) -> Unwrapped | None:
    """Read a line of syslog that begins with its priority."""
    if message.find(">", 2, 5) < 0:
        return None
    line = _RFC3164.match(message) or _RSYSLOG.match(message)
    return _of_syslog(line, message) if line else _of_rfc5424(message)


def _of_rfc5424(message: str) -> Unwrapped | None:
    line = _RFC5424.match(message)
    if line is None:
        return None
    named = {
        "time": line["time"],
        "host.name": line["host"],
        "service.name": line["program"],
        "syslog.procid": line["pid"],
        "syslog.msgid": line["id"],
        "syslog.structured_data": line["data"] or "-",
    }
    properties = {name: value for name, value in named.items() if value != "-"}
    writer = (line["host"], line["program"], line["pid"])
    return Unwrapped(message[line.end() :], None, properties, writer, None, _severity(line["priority"]))


_SEVERITIES = (
    *(Level.FATAL, Level.FATAL, Level.FATAL, Level.ERROR),
    *(Level.WARNING, Level.INFORMATION, Level.INFORMATION, Level.DEBUG),
)
"""RFC 5424, section 6.2.1: a priority is eight times the facility, and the severity."""


def _severity(priority: str | None) -> Level | None:
    return _SEVERITIES[int(priority) % 8] if priority else None


def _behind(tag: re.Match[str] | None, *names: str) -> Unwrapped | None:
    """Return the content behind a tag whose groups are the writer, and properties with these names."""
    if tag is None:
        return None
    return Unwrapped(tag.string[tag.end() :], None, dict(zip(names, tag.groups(), strict=True)), tag.groups())


def _of_php(message: str) -> Unwrapped | None:
    if line := _PHP_SAID.match(message):
        named = {"time": line["time"], "php.pool": line["pool"], "stream": line["stream"]}
        properties = {name: value for name, value in named.items() if value}
        inner = _PHP_MESSAGE.match(line["text"])
        if inner:
            return Unwrapped(line["text"][inner.end() :], None, properties)
        return Unwrapped(line["text"], None, properties, level=_PHP_LEVELS[line["level"]])
    if line := _PHP_MESSAGE.match(message):  # all output of PHP is logged as NOTICE
        return Unwrapped(message[line.end() :], None, {"time": line["time"]} if line["time"] else {})
    return None


def _of_notice(message: str) -> Unwrapped | None:
    """Read a wrapper that begins with N: a line of syslog in November, or a notice of PHP-FPM."""
    return _of_php(message) if message.startswith("NOTICE: ") else _of_rfc3164(message)


def _of_warning(message: str) -> Unwrapped | None:
    """Read a wrapper that begins with W: a warning of PHP-FPM."""
    return _of_php(message) if message.startswith("WARNING: [") else None


def _of_bracket(message: str) -> Unwrapped | None:
    """Read a wrapper that begins with a bracket: a time of PHP-FPM, tags of Rails, a pod, or a process."""
    if message.startswith("pod/", 1):
        return _behind(_KUBECTL.match(message), "k8s.pod.name", "k8s.container.name")
    if message.startswith("-", 9):
        return _of_tags(message)
    if message.startswith("1,", 1):
        return _behind(_MPIRUN.match(message), "mpi.process", "stream")
    return _of_php(message) if message.startswith("-", 3) else None


def _of_tags(message: str) -> Unwrapped | None:
    line = _TAGS.match(message)
    if line is None:
        return None
    tags = line[0].rstrip()
    text = message[line.end() :].replace(f"\n{tags} ", "\n")  # Rails writes them before each line of a trace
    return Unwrapped(text, None, {"tags": tags[1:-1].split("] [")}, (tags,))


_ISO_LOOSELY = r"\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:?\d\d)"
LOOKS_WRAPPED = (
    rf"{_ISO_LOOSELY} [^ ]+ [^ ]|<\d|{_MONTH} [ \d]\d |NOTICE: P|(?:WARNING|NOTICE): \[pool "
    r"|\[(?:\d\d-[A-Z]|[0-9a-f]{8}-[0-9a-f]{4}-|pod/|1,)"
)
"""The beginnings of lines in a wrapper without a bar, and of some others."""
LOOKS_WRAPPED_WITH_A_BAR = r"(?:\x1b\[[0-9;]{1,20}+m)?[A-Za-z0-9][\w.-]{0,90}+ {1,40}+\|"
"""The same for lines of Docker Compose."""
_LOOKS_WRAPPED = re.compile(rf"{LOOKS_WRAPPED}|{LOOKS_WRAPPED_WITH_A_BAR}")

_READERS: dict[str, Callable[[str], Unwrapped | None] | None] = {
    **dict.fromkeys(map(chr, range(128))),
    **dict.fromkeys("0123456789", _of_iso_time),
    **dict.fromkeys("JFMASOND", _of_rfc3164),
    "N": _of_notice,
    "W": _of_warning,
    "<": _of_priority,
    "[": _of_bracket,
}
"""The readers of wrappers by the first character of a line. None is for characters with which only a line of
Docker Compose may begin, and characters that are not listed may be digits of a time."""
