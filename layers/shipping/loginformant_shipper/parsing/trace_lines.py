"""The shapes of the lines of stack traces: Python, Java, JavaScript, .NET, Go, Ruby, PHP and Rust.

A trace is found by a line that hardly anything else looks like (a frame, "Traceback (most recent call
last):", "goroutine 1 [running]:" …) and grows from there: upwards to the line that names the exception and to
the log line above that, downwards while lines continue it. The patterns are tried at the beginning of a line
only, and their repetitions are bounded, so each line costs at most a fixed multiple of its length.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

Lines = Sequence[str]


class Trace(NamedTuple):
    """Where a trace stands among lines: from `first` to before `end`."""

    first: int
    """The log line that the trace was written with, or the line that names the exception."""
    exception: int
    """The line that names the exception …"""
    column: int
    """… and where in it: a log line may name it after its own text."""
    end: int
    headless: bool
    """There are only frames; the line that names the exception is not among the lines."""


class _Shape(NamedTuple):
    mark: re.Pattern[str]
    """The line by which a trace is found."""
    opens: bool
    """Whether a trace may begin with the mark. If not, a line that names the exception is above it."""
    above: re.Pattern[str]
    """Lines of the trace between the one that names the exception and the mark, or that one itself."""
    line: re.Pattern[str]
    """Any further line."""
    last: re.Pattern[str]
    """The line that ends the trace …"""
    resumes: re.Pattern[str]
    """… unless such a line follows."""


_NOTHING = re.compile(r"(?!)")

_JAVA_OR_DOTNET_FRAME = r"[^\s().]{1,200}\.[^\s()]{1,400}\(|lambda_method\d{0,6}\("
_JAVASCRIPT_PLACE = r"[^()\s]{1,400}:\d{1,9}:\d{1,9}"
_JAVASCRIPT_FRAME = (
    r"(?:async |new ){0,2}[^\s()]{1,300} (?:\[as [^\]]{1,100}\] )?"
    r"\((?:[^()]{1,400}:\d{1,9}:\d{1,9}\)|<anonymous>\)|native\)|index \d{1,9}\)|eval at )"
    rf"|(?:async )?{_JAVASCRIPT_PLACE}(?: \{{)?$|<anonymous>$"
)

_FRAME = rf"[ \t]{{1,40}}at (?:{_JAVA_OR_DOTNET_FRAME}|{_JAVASCRIPT_FRAME})"

_JAVA_JAVASCRIPT_DOTNET = _Shape(
    mark=re.compile(_FRAME),
    opens=False,
    above=re.compile(r"[ \t]{1,40}---> "),
    line=re.compile(
        rf"{_FRAME}"
        r"|[ \t]{1,40}\.\.\. \d{1,6} (?:more|common frames omitted)"  # Java
        r"|[ \t]{0,40}(?:Caused by|Suppressed|Wrapped by): "
        r"|[ \t]{1,40}---> "  # .NET
        r"|[ \t]{0,40}--- End of (?:inner exception |)stack trace"
        r"|[ \t]{1,40}\[(?:cause|errors)\]: "  # JavaScript
        r"|Node\.js v\d"
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)

_PYTHON = _Shape(
    # AWS Lambda writes no-break spaces for the indentation (awslambdaric, bootstrap.py).
    mark=re.compile(r"[ \xa0]{0,40}(?:\+ Exception Group )?Traceback \(most recent call last\):"),
    opens=True,
    above=_NOTHING,
    line=re.compile(r"[ \xa0]{2,100}\S"),
    last=re.compile(
        r"(?!(?:INFO|DEBUG|WARN|WARNING|ERROR|CRITICAL|FATAL|TRACE|NOTICE)\b)"
        r"(?:[A-Z]\w{0,200}(?:: |:$)"
        r"|[A-Z]\w{0,200}(?:Error|Exception|Exit|Interrupt|Iteration|Timeout|Warning)$"
        r"|[A-Za-z_]\w{0,100}(?:\.\w{1,100}){1,20}(?:: |:?$)"
        r"| {2,100}\+-{30,40}$)"  # an exception group
    ),
    resumes=re.compile(
        r"During handling of the above exception, another exception occurred:"
        r"|The above exception was the direct cause of the following exception:"
        r"|Traceback \(most recent call last\):"
    ),
)

_PYTHON_FRAMES = _PYTHON._replace(mark=re.compile(r'[ \xa0]{2,40}File "[^"]{1,500}", line \d'), opens=False)

_GO = _Shape(
    mark=re.compile(r"goroutine \d{1,12} [^\[]{0,80}\[[^\]]{1,100}\]:"),
    opens=True,
    above=re.compile(
        r"\s{0,8}$|(?:panic|fatal error|runtime|unexpected fault address|SIGABRT|SIGQUIT)\b.{0,8}: ?"
        r"|\tpanic: |\[signal |\[recovered\]|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d .{0,40}panic serving "
    ),
    line=re.compile(
        r"\t\S{1,400}:\d|goroutine \d|created by \S|[^\s(]{1,300}\(.*\)$|exit status \d"
        r"|\.\.\.(?:additional|\d{1,9}) frames elided|[a-z0-9]{2,6} {1,8}0x[0-9a-f]"
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)

_RUBY = _Shape(
    mark=re.compile(
        r"[ \t]{1,40}from [^\s:]{1,400}:\d{1,9}:in "
        r"|[ \t]{0,40}(?:from )?(?:/|\./|app/|lib/|config/|bin/|<internal:)[^\s:]{1,400}:\d{1,9}:in [`']"
    ),
    opens=False,
    above=_NOTHING,
    line=re.compile(r"[ \t]{0,40}(?:from )?[^\s:]{1,400}:\d{1,9}:in |[ \t]{1,40}\.\.\. \d{1,9} levels\.\.\."),
    last=_NOTHING,
    resumes=_NOTHING,
)

_PHP_FRAME = (
    r"#\d{1,4} (?:[^\s()]{1,400}\(\d{1,9}\): |\{main\}|\[internal function\]: )"
    r"|(?:PHP )?Stack trace:$|\[stacktrace\]$"
)

_PHP = _Shape(
    mark=re.compile(_PHP_FRAME),
    opens=False,
    above=re.compile(r"(?:PHP )?Stack trace:$|\[stacktrace\]$"),
    line=re.compile(
        rf"{_PHP_FRAME}|PHP {{1,8}}\d{{1,4}}\. | {{1,8}}thrown in \S|Next [\w\\]{{1,200}}: "
        r'|\[previous exception\]|"\}'
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)

_RUST = _Shape(
    mark=re.compile(r"thread '[^']{0,200}' (?:\(\d{1,12}\) )?panicked at |[Ss]tack backtrace:$"),
    opens=True,
    above=_NOTHING,
    line=re.compile(
        r" {1,12}\d{1,6}: {1,8}\S| {4,40}at \S|note: |[Ss]tack backtrace:$| {1,8}(?:left|right): |Caused by:$"
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)

_SHAPES_BY_FIRST_CHARACTER: dict[str, tuple[_Shape, ...]] = {
    " ": (_JAVA_JAVASCRIPT_DOTNET, _PYTHON_FRAMES, _PYTHON, _RUBY),
    "\t": (_JAVA_JAVASCRIPT_DOTNET, _RUBY),
    "\xa0": (_PYTHON_FRAMES,),
    "T": (_PYTHON,),
    "g": (_GO,),
    "t": (_RUST,),
    "s": (_RUST,),
    "S": (_PHP, _RUST),
    "P": (_PHP,),
    "#": (_PHP,),
    "[": (_PHP,),
    **dict.fromkeys("/.albc<", (_RUBY,)),
}

LOOKS_LIKE_A_MARK = (
    r"[ \t\xa0]|Traceback|goroutine |thread '|[sS]tack |PHP |#\d|\[stack"
    r"|(?:/|\./|app/|lib/|config/|bin/|<internal:)[^\s:]{1,400}+:\d"
)
"""What the marks of all shapes begin with, and some other lines."""

# The name of an exception, where it stands in a line.
_EXCEPTION_NAME = re.compile(
    r"(?<![\w$.:\\/-])(?:[A-Za-z_$][\w$]{0,100}(?:\.|::|\\)){0,20}"
    r"(?:[A-Za-z_$][\w$]{0,100})?(?:Error|Exception|Throwable|Fault|Failure)(?![\w$.\\/-])"
)
# Rails: `ActiveRecord::RecordNotFound (Couldn't find Order with 'id'=17):`, and nothing behind it.
_RAILS_EXCEPTION = re.compile(r"(?<![\w:])[A-Z]\w{0,100}(?:::[A-Z]\w{0,100}){0,20} \(")

# A line that is nothing but an exception, whatever its name: `Shop.OutOfStock: no more hats`.
_EXCEPTION_LINE = re.compile(
    r"[ \t]{0,40}(?:Caused by: |Suppressed: |---> )?(?:[A-Za-z_$][\w$]{0,100}(?:\.|::|\\)){0,20}"
    r"[A-Z][\w$]{1,100}(?:: |$)"
)
_BAD_NEWS = re.compile(
    r"error|exception|fail|fatal|severe|crit|unhandled|uncaught|warn|abort|could not|cannot",
    re.IGNORECASE,
)
"""What a log line says that an exception is written with."""

_NEVER_ABOVE_A_TRACE = ("{", "START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START ")
"""Structured logs are complete in themselves, and the platform writes no traces."""

_LOOKED_AT = 2048
"""Characters of a line in which an exception's name or bad news are looked for."""

_DOTNET_CONSOLE = re.compile(r"(?:trce|dbug|info|warn|fail|crit): \S")
_DOTNET_CONSOLE_TEXT = re.compile(r" {6}\S")
_JAVASCRIPT_CARETS = re.compile(r"[ \t]{0,400}\^{1,400}$")
_JAVASCRIPT_SOURCE = re.compile(r"[^\s:][^\n]{0,400}:\d{1,9}$")

# AWS Lambda tells the exception above the trace instead of below it (awslambdaric, bootstrap.py).
_LAMBDA_PYTHON_ERROR = re.compile(r"\[ERROR\] [\w.]{1,200}(?:: |$)")

_MAX_HEAD = 20
"""Lines above a mark that may belong to its trace."""


def traces(lines: Lines, together: Callable[[int], bool]) -> Iterator[Trace]:
    """The stack traces among `lines` (each without line feed), in order; they do not overlap.

    `together(i)` tells whether line `i` was written together with line `i - 1`; asked only near a trace.
    """
    end = 0
    for mark, line in enumerate(lines):
        if mark >= end and (shape := _shape(line)):
            trace = _grown(lines, mark, shape, end, together)
            end = trace.end
            yield trace


def hold_a_trace(lines: Iterable[str]) -> bool:
    """Whether there is a stack trace among `lines`; most have none, and are done with here."""
    return any(map(_shape, lines))


def _shape(line: str) -> _Shape | None:
    for shape in _SHAPES_BY_FIRST_CHARACTER.get(line[:1], ()):
        if shape.mark.match(line):
            return shape
    return None


def _grown(lines: Lines, mark: int, shape: _Shape, floor: int, together: Callable[[int], bool]) -> Trace:
    def above(line: int) -> str | None:
        """The line above, if it can belong to the trace."""
        usable = line > max(floor, mark - _MAX_HEAD) and together(line)
        return lines[line - 1] if usable and not lines[line - 1].startswith(_NEVER_ABOVE_A_TRACE) else None

    exception = mark
    while (line := above(exception)) is not None and shape.above.match(line):
        exception -= 1
    named = shape.opens or (shape is _RUBY and _names_exception(lines[mark], shape))
    if not shape.opens:
        over = exception
        while (line := above(over)) is not None and not line.strip():
            over -= 1
        if line is not None and not named and _names_exception(line, shape):
            exception, named = over - 1, True
    first = exception
    if not named or shape is _PYTHON or _EXCEPTION_LINE.match(lines[exception]):
        first = _log_line(exception, above)
    if first < exception and (not named or (shape is _PYTHON and _LAMBDA_PYTHON_ERROR.match(lines[first]))):
        exception, named = first, True
    column = _column(lines[exception], shape) if named else 0
    return Trace(first, exception, column, _end(lines, mark, shape, together), headless=not named)


def _column(line: str, shape: _Shape) -> int:
    """Where in `line` the name of the exception begins, if it says nothing else from there on."""
    if shape is _RUBY:
        name = _rails_exception(line)
        return name.start() if name and not shape.mark.match(line) else 0
    if shape is _GO or shape is _RUST:
        return 0
    for name in _EXCEPTION_NAME.finditer(line, 0, _LOOKED_AT):
        if line[name.end() : name.end() + 1] in {":", ""}:
            return name.start()
    return 0


def _log_line(exception: int, above: Callable[[int], str | None]) -> int:
    """The line that the trace was logged with; that of the exception where nothing above belongs to it."""
    line = above(exception)
    if line is None:
        return exception
    if _DOTNET_CONSOLE_TEXT.match(line) or _DOTNET_CONSOLE.match(line):
        over = exception
        while (line := above(over)) is not None and _DOTNET_CONSOLE_TEXT.match(line):
            over -= 1
        return over - 1 if line is not None and _DOTNET_CONSOLE.match(line) else exception
    if not line.strip() or _JAVASCRIPT_CARETS.match(line):
        over = exception if line.strip() else exception - 1
        carets, source = above(over), above(over - 2)
        shown = carets is not None and source is not None and above(over - 1) is not None
        if shown and _JAVASCRIPT_CARETS.match(carets or "") and _JAVASCRIPT_SOURCE.match(source or ""):
            return over - 3
        line = above(over) if over < exception else None  # Spring Boot leaves a line blank above an exception
        return over - 1 if line is not None and _BAD_NEWS.search(line, 0, _LOOKED_AT) else exception
    return exception - 1 if _BAD_NEWS.search(line, 0, _LOOKED_AT) else exception


def _names_exception(line: str, shape: _Shape) -> bool:
    return bool(
        _EXCEPTION_LINE.match(line)
        or _EXCEPTION_NAME.search(line, 0, _LOOKED_AT)
        or (shape is _RUBY and _rails_exception(line))
    )


def _rails_exception(line: str) -> re.Match[str] | None:
    return _RAILS_EXCEPTION.search(line, 0, _LOOKED_AT) if line.endswith((")", "):")) else None


def _end(lines: Lines, mark: int, shape: _Shape, together: Callable[[int], bool]) -> int:
    """The index behind the last line of the trace."""
    end = index = mark + 1
    complete = False
    in_braces = lines[mark].endswith("{")
    while index < len(lines) and together(index):
        line = lines[index]
        index += 1
        if not line.strip():
            continue  # part of the trace if more of it follows
        if complete:
            if not shape.resumes.match(line):
                break
            complete = False
        elif in_braces and line[0] in " \t}":
            in_braces = line[0] != "}"
        elif shape.last.match(line):
            complete = True
        elif shape.line.match(line) or shape.resumes.match(line):
            in_braces = line.endswith("{")
        elif not (shape is _RUST and index == mark + 2 and lines[mark].rstrip().endswith(":")):
            break  # the message of a panic stands below "thread 'main' panicked at src/main.rs:4:5:"
        end = index
    return end
