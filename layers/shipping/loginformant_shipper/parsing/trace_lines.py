"""Recognize lines of stack traces of Python, Java, JavaScript, .NET, Go, Ruby, PHP, Rust and others.

A trace is found by a characteristic line, its mark (a frame, "Traceback (most recent call last):", "goroutine
1 [running]:" …). It extends upwards to the line that names the exception and to the log line above, and
downwards while lines continue it. The message of an exception may have several lines: lines between the name
and the frames belong to it, unless they have a header.

The log line above belongs to a trace if its level is Warning or worse, or if it is unfinished. Any other line
stays a separate log, since it would hide the level of the exception.

The patterns are matched only at the beginning of a line, and their repetitions are bounded, so the time for a
line is at most proportional to its length.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from loginformant_shipper.names import Level
from loginformant_shipper.parsing.headers.header import (
    find_level,
    find_plain_level,
    level_on_second_line,
    read_header,
)

Lines = Sequence[str]


class Trace(NamedTuple):
    """The position of a trace: from the line `first` to before the line `end`."""

    first: int
    """The log line with which the trace was written, or the line that names the exception."""
    exception: int
    """The line that names the exception …"""
    column: int
    """… and where in it: a log line may name it after its own text."""
    end: int
    headless: bool
    """Whether there are only frames, without a line that names the exception."""


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
        r"|[ \t]{0,40}(?:ClientConnectionId:|Error Number:\d)"  # SqlClient, after its frames
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)

# The lines that may follow the last line of Python's traces: another trace, or more of the message.
_LINK = re.compile(
    r"During handling of the above exception, another exception occurred:"
    r"|The above exception was the direct cause of the following exception:"
)
_MORE_OF_A_MESSAGE = re.compile(
    r"\[(?:SQL|parameters): |\(Background on this error at: "  # SQLAlchemy
    r"|(?:DETAIL|HINT|CONTEXT|LINE \d{1,6}): "  # PostgreSQL, through psycopg
)
_LINK_OR_MORE = re.compile(f"{_LINK.pattern}|{_MORE_OF_A_MESSAGE.pattern}")
_CARET = re.compile(r" {4,200}\^$")
"""PostgreSQL's, below LINE."""

_PYTHON = _Shape(
    # AWS Lambda writes no-break spaces for the indentation (awslambdaric, bootstrap.py).
    mark=re.compile(r"[ \xa0]{0,40}(?:\+ Exception Group )?Traceback \(most recent call last\):"),
    opens=True,
    above=_NOTHING,
    # loguru marks the frame that caught the exception (Delgan/loguru issue 5).
    line=re.compile(r'[ \xa0]{2,100}\S|> File "[^"]{1,500}", line \d'),
    last=re.compile(
        r"(?!(?:INFO|DEBUG|WARN|WARNING|ERROR|CRITICAL|FATAL|TRACE|NOTICE)\b)"
        r"(?:[A-Z]\w{0,200}(?:: |:$)"
        r"|[A-Z]\w{0,200}(?:Error|Exception|Exit|Interrupt|Iteration|Timeout|Warning)$"
        r"|[A-Za-z_]\w{0,100}(?:\.\w{1,100}){1,20}(?:: |:?$)"
        r"| {2,100}\+-{30,40}$)"  # an exception group
    ),
    resumes=re.compile(rf"{_LINK.pattern}|Traceback \(most recent call last\):"),
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

_GO_FUNCTION = re.compile(r"[A-Za-z_](?=[^\s.]{0,300}\.)[\w/~@%.()*\[\],-]{2,600}+$")
# Frames without a goroutine, each below its function: of zap's console encoder (kubernetes-sigs/kubebuilder
# issue 1593), and of an error that is written with `%+v` (pkg/errors pull request 175).
_GO_FRAMES = _Shape(
    mark=re.compile(r"\t[^\s/]{0,300}/\S{0,400}\.(?:go|s):\d{1,9}$"),
    opens=False,
    above=_GO_FUNCTION,
    line=_NOTHING,
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
    line=re.compile(
        r"[ \t]{0,40}(?:from )?[^\s:]{1,400}:\d{1,9}:in |[ \t]{1,40}\.\.\. \d{1,9} levels\.\.\."
        r"|Did you mean\?  \S"
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)
_RUBY_ERROR = re.compile(r"[^\s:]{1,400}:\d{1,9}:in [`'][^\n]{0,2000}\([A-Z][\w:]{0,200}\)$")
"""The first line of an uncaught exception. More lines of its message may follow, then the source with carets
under it (since Ruby 3.1; README of ruby/error_highlight), then its callers."""
_RUBY_CALLER = re.compile(r"[ \t]{1,40}from [^\s:]{1,400}:\d{1,9}:in ")

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
        r" {1,12}\d{1,6}: {1,8}\S| {4,40}\S|note: |[Ss]tack backtrace:$| {1,8}(?:left|right): |Caused by:$"
        r"|Location:$"
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)
# An error of anyhow or eyre with its causes, as main returns it (README of dtolnay/anyhow); also in a panic
# (mollyim/mollysocket issue 72).
_RUST_CAUSES = _RUST._replace(mark=re.compile(r"Caused by:$"), opens=False)

_ELIXIR = _Shape(
    mark=re.compile(r" {4,8}(?:\([\w-]{1,60}(?: [^)\s]{1,40})?\) )?[^\s:]{1,300}\.(?:exs?|erl):\d{1,9}: "),
    opens=False,
    above=re.compile(r" {4}\*\* \("),
    line=re.compile(
        r" {4,8}(?:\([\w-]{1,60}(?: [^)\s]{1,40})?\) )?[^\s:]{1,300}(?::\d{1,9})?: "
        r"|(?:Last message|State|Client)\b"
    ),
    last=_NOTHING,
    resumes=_NOTHING,
)

_DART = _Shape(
    mark=re.compile(r"#\d{1,4} {2,8}[^\s(][^(]{0,300}\((?:package|file|dart|https?):[^)]{1,400}\)"),
    opens=False,
    above=_NOTHING,
    line=re.compile(r"#\d{1,4} {2,8}\S|<asynchronous suspension>|\.\.\.$"),
    last=_NOTHING,
    resumes=_NOTHING,
)

_PERL = _Shape(
    mark=re.compile(r"\t[^\s(][^\t]{0,300}? called at \S{1,400} line \d"),
    opens=False,
    above=re.compile(r".{0,400} at \S{1,400} line \d{1,9}\.?$"),
    line=re.compile(r"\t[^\s(][^\t]{0,300}? called at \S{1,400} line \d"),
    last=_NOTHING,
    resumes=_NOTHING,
)

_SWIFT = _Shape(
    mark=re.compile(r"Current stack trace:$"),
    opens=True,
    above=re.compile(r"(?:\S{1,300}: )?(?:Fatal error|Precondition failed|Assertion failed)(?:: |$)"),
    line=re.compile(r"\d{1,4} {1,8}\S{1,200} {1,40}0x[0-9a-f]"),
    last=_NOTHING,
    resumes=_NOTHING,
)

_LUA = _Shape(
    mark=re.compile(r"stack traceback:$"),
    opens=True,
    above=re.compile(r"[^\n]{0,400}\.lua:\d{1,9}: "),
    line=re.compile(r"\t\S[^\n]{0,400}(?: in |\?$)|coroutine \d{1,6}:$"),
    last=_NOTHING,
    resumes=_NOTHING,
)

_SHAPES_BY_FIRST_CHARACTER: dict[str, tuple[_Shape, ...]] = {
    " ": (_JAVA_JAVASCRIPT_DOTNET, _PYTHON_FRAMES, _PYTHON, _RUBY, _ELIXIR),
    "\t": (_JAVA_JAVASCRIPT_DOTNET, _RUBY, _PERL, _GO_FRAMES),
    "\xa0": (_PYTHON_FRAMES,),
    "T": (_PYTHON,),
    "g": (_GO,),
    "t": (_RUST,),
    "s": (_RUST, _LUA),
    "S": (_PHP, _RUST),
    "P": (_PHP,),
    "#": (_PHP, _DART),
    "C": (_SWIFT, _RUST_CAUSES),
    "[": (_PHP,),
    **dict.fromkeys("/.albc<", (_RUBY,)),
}

LOOKS_LIKE_A_MARK = (
    r"[ \t\xa0]|Traceback|goroutine |thread '|[sS]tack |PHP |#\d|\[stack|Current stack|Caused by:"
    r"|(?:/|\./|app/|lib/|config/|bin/|<internal:)[^\s:]{1,400}+:\d"
)
"""The beginnings of all lines that mark a trace. Some other lines match, too."""

# The name of an exception, at any position in a line.
_EXCEPTION_NAME = re.compile(
    r"(?<![\w$.:\\/-])(?:[A-Za-z_$][\w$]{0,100}(?:\.|::|\\)){0,20}"
    r"(?:[A-Za-z_$][\w$]{0,100})?(?:Error|Exception|Throwable|Fault|Failure)(?![\w$.\\/-])"
)
# Rails: `ActiveRecord::RecordNotFound (Couldn't find Order with 'id'=17):`, and nothing after it.
_RAILS_EXCEPTION = re.compile(r"(?<![\w:])[A-Z]\w{0,100}(?:::[A-Z]\w{0,100}){0,20} \(")

# A line that consists of an exception of any name: `Shop.OutOfStock: no more hats`.
_EXCEPTION_LINE = re.compile(
    r"[ \t]{0,40}(?:Caused by: |Suppressed: |---> )?(?:[A-Za-z_$][\w$]{0,100}(?:\.|::|\\)){0,20}"
    r"[A-Z][\w$]{1,100}(?:: |$)"
    r"|\*\* \([A-Za-z]"  # Elixir
)
# The beginning of a line that names an exception whose message may go on below.
_NAMED_FIRST = re.compile(
    r"[ \t]{0,40}(?:Caused by: |Suppressed: |Wrapped by: |---> |\[ERROR\] |Uncaught |Unhandled exception[.:] "
    r"|Exception in thread \"[^\"]{0,200}\" )?"
    r"(?:(?:[A-Za-z_$][\w$]{0,100}(?:\.|::|\\)){0,20}"
    r"(?:[A-Za-z_$][\w$]{0,100})?(?:Error|Exception|Throwable|Fault|Failure)"
    r"|(?:[A-Za-z_$][\w$]{0,100}(?:\.|::|\\)){1,20}[A-Z][\w$]{1,100}"
    r"|[A-Z][a-z0-9]{1,60}[A-Z][\w$]{1,100}(?=: ))"
    r"(?::|$| \(0x| \[)"
)
_UNFINISHED = re.compile(r"(?::|\.\.\.|…)$|\b(?:[Uu]nhandled|[Uu]ncaught) [a-z]{4,20}(?: [a-z]{4,20})?$")
"""The ends of log lines that continue with the exception in the next line."""

_WORSE = frozenset({Level.WARNING, Level.ERROR, Level.FATAL})

_NEVER_ABOVE_A_TRACE = ("{", "START RequestId: ", "END RequestId: ", "REPORT RequestId: ", "INIT_START ")
"""Structured logs are complete in themselves, and the platform writes no traces."""

_LOOKED_AT = 2048
"""Characters of a line in which an exception's name is looked for."""

_COLOURS = re.compile(r"\x1b\[[0-9;]{0,20}m")
_IN_THREAD = re.compile(r"Exception in thread \"([^\"]{1,200})\" ")

_DOTNET_CONSOLE = re.compile(r"(?:trce|dbug|info|warn|fail|crit): \S")
_DOTNET_CONSOLE_TROUBLE = re.compile(r"(?:warn|fail|crit): \S")
_DOTNET_CONSOLE_TEXT = re.compile(r" {6}\s*\S")
_CARETS = re.compile(r"[ \t]{0,400}\^{1,400}$")
_JAVASCRIPT_SOURCE = re.compile(r"[^\s:][^\n]{0,400}:\d{1,9}$")

# AWS Lambda writes the exception above the trace instead of below it (awslambdaric, bootstrap.py).
_LAMBDA_PYTHON_ERROR = re.compile(r"\[ERROR\] [\w.]{1,200}(?:: |$)")

_PYTHON_IN_JAVA = "Traceback (most recent call last):"
"""After the name of PySpark's PythonException; Java's own frames follow."""
_VALIDATION_ERRORS = re.compile(r"\S{0,200}ValidationError: \d{1,6} validation errors? for ")
_VALIDATED_FIELD = re.compile(r"\S[^\n]{0,200}$")
_VALIDATION_ERROR = re.compile(r" {2}\S.{0,1000}[\[(]type=| {4}For further information visit ")
"""pydantic writes a line for the field, and below it the error."""

_MAX_HEAD = 60
"""Lines above a mark that may belong to its trace."""
_MAX_MESSAGE = 30
"""Lines of a message that has several, within a trace."""


def traces(lines: Lines, together: Callable[[int], bool]) -> Iterator[Trace]:
    """Find the stack traces among lines of several log events, in order; they do not overlap.

    Args:
        lines: The lines without line feeds.
        together: Returns whether line `i` was written together with line `i - 1`; called only near a trace.
    """
    end = 0
    for mark, line in enumerate(lines):
        if line[:1] in _SHAPES_BY_FIRST_CHARACTER and mark >= end and (shape := _shape(line)):
            trace = _Growing(lines, together, False, mark, end).trace(shape)
            end = trace.end
            yield trace


def exception_in_one_log(lines: Lines) -> tuple[int, int] | None:
    """Return the line and the column at which the exception of the first stack trace begins, or None.

    Args:
        lines: The lines of one log event without line feeds. None of them is a separate log.
    """
    for mark, line in enumerate(lines):
        if line[:1] in _SHAPES_BY_FIRST_CHARACTER and (shape := _shape(line)):
            return _Growing(lines, lambda _: True, True, mark, 0).position(shape)
    return None


def hold_a_trace(lines: Iterable[str]) -> bool:
    """Return whether there may be a stack trace in `lines`, to exclude most lines quickly."""
    return any(map(_shape, lines))


def _shape(line: str) -> _Shape | None:
    for shape in _SHAPES_BY_FIRST_CHARACTER.get(line[:1], ()):
        if shape.mark.match(line):
            return shape
    return None


class _Growing:
    """Extends a trace from its mark."""

    def __init__(
        self, lines: Lines, together: Callable[[int], bool], one_log: bool, mark: int, floor: int
    ) -> None:
        self.lines = lines
        self.together = together
        self.one_log = one_log
        self.mark = mark
        self.floor = floor

    def trace(self, shape: _Shape) -> Trace:
        exception, named = self._exception(shape)
        first = exception
        line = self.lines[exception]
        if not named or shape is _PYTHON or _EXCEPTION_LINE.match(line) or _NAMED_FIRST.match(line):
            first = self._log_line(exception, named)
        if self._names_in_log_line(shape, first, exception, named):
            exception, named = first, True
        column = _column(self.lines[exception], shape) if named else 0
        return Trace(first, exception, column, self._end(shape, first, exception), headless=not named)

    def position(self, shape: _Shape) -> tuple[int, int]:
        """Return `exception` and `column` of `trace`, without what only its other fields need."""
        exception, named = self._exception(shape)
        if not named or shape is _PYTHON:
            first = self._log_line(exception, named)
            if self._names_in_log_line(shape, first, exception, named):
                exception, named = first, True
        return exception, _column(self.lines[exception], shape) if named else 0

    def _names_in_log_line(self, shape: _Shape, first: int, exception: int, named: bool) -> bool:
        """Return whether the log line `first` above the exception names it."""
        return first < exception and (
            not named or (shape is _PYTHON and _LAMBDA_PYTHON_ERROR.match(self.lines[first]) is not None)
        )

    def _above(self, line: int) -> str | None:
        """Return the line above if it may belong to the trace."""
        if line <= max(self.floor, self.mark - _MAX_HEAD) or not self.together(line):
            return None
        above = self.lines[line - 1]
        return None if above.startswith(_NEVER_ABOVE_A_TRACE) and not self.one_log else above

    # --- upwards: the line that names the exception, and the log line ---

    def _exception(self, shape: _Shape) -> tuple[int, bool]:
        """Return the line that names the exception, and whether it does: else it is the first frame."""
        exception = self.mark
        while (line := self._above(exception)) is not None and shape.above.match(line):
            exception -= 1
            if shape is _GO_FRAMES:
                break  # a frame has one function
        if shape.opens or (shape is _PERL and exception < self.mark):
            return exception, True
        if shape is _RUBY and _names_exception(self.lines[self.mark], shape):
            return exception, True
        over = exception
        while (line := self._above(over)) is not None and not line.strip():
            over -= 1
        if line is None:
            return exception, False
        if shape in (_GO_FRAMES, _RUST_CAUSES):  # below any error, whose message names no type
            is_error = not line[0].isspace() and _level_of(_COLOURS.sub("", line)) is None
            return (over - 1, True) if is_error else (exception, False)
        if not _names_first(line, shape) and (named := self._named_above(over, shape)) is not None:
            return named, True
        if _names_exception(line, shape):
            return over - 1, True
        return exception, False

    def _named_above(self, below: int, shape: _Shape) -> int | None:
        """Return the line that names the exception, above a message of several lines, above `below`."""
        while (line := self._above(below)) is not None:
            if _names_first(line, shape):
                return below - 1
            if not self.one_log and not _is_plain(line):
                trouble = _level_of(_COLOURS.sub("", line)) in _WORSE and _names_exception(line, shape)
                return below - 1 if trouble and _column(line, shape) else None
            below -= 1
        return None

    def _log_line(self, exception: int, named: bool) -> int:
        """Return the line with which the trace was logged, or the line of the exception if there is none."""
        line = self._above(exception)
        if line is None:
            return exception
        if _DOTNET_CONSOLE_TEXT.match(self.lines[exception]):
            return self._dotnet_console(exception)
        if not line.strip() or _CARETS.match(line):
            over = exception if line.strip() else exception - 1
            carets, source = self._above(over), self._above(over - 2)
            shown = carets is not None and source is not None and self._above(over - 1) is not None
            if shown and _CARETS.match(carets or "") and _JAVASCRIPT_SOURCE.match(source or ""):
                return over - 3
            if over == exception:
                return exception
            line = self._above(over)  # Spring Boot writes a blank line in between
            return over - 1 if line is not None and self._is_own(line, exception, named) else exception
        if not self._is_own(line, exception, named):
            return exception
        over_line = self._above(exception - 1)
        if over_line is not None and level_on_second_line(f"{over_line}\n{line}", len(over_line)):
            return exception - 2  # java.util.logging
        return exception - 1

    def _dotnet_console(self, exception: int) -> int:
        """Return the line with the level, above lines that are all indented."""
        over = exception
        while (line := self._above(over)) is not None and _DOTNET_CONSOLE_TEXT.match(line):
            over -= 1
        return over - 1 if line is not None and _DOTNET_CONSOLE_TROUBLE.match(line) else exception

    def _is_own(self, line: str, exception: int, named: bool) -> bool:
        """Return whether a log line belongs to the trace: its level is Warning or worse, or it is unfinished.

        An unfinished line does not belong to frames without an exception (`Call stack:`).
        """
        if line[:1].isspace():
            return False
        line = _COLOURS.sub("", line)
        level = _level_of(line)
        if level is None:
            return named and _UNFINISHED.search(line, max(0, len(line) - 200)) is not None
        if level not in _WORSE:
            return False
        thread = _IN_THREAD.match(self.lines[exception])
        return thread is None or read_header(line).thread in (None, thread[1])

    # --- downwards ---

    def _end(self, shape: _Shape, first: int, exception: int) -> int:
        """Return the index after the last line of the trace."""
        lines, mark = self.lines, self.mark
        end = index = mark + 1
        complete = validated = False
        in_braces = lines[mark].endswith("{")
        resumes = _RUBY_CALLER if shape is _RUBY else shape.mark
        in_message = shape is _RUBY and _RUBY_ERROR.match(lines[mark]) is not None
        in_console = _DOTNET_CONSOLE.match(lines[first]) is not None
        python_in_java = shape is _PYTHON_FRAMES and lines[exception].endswith(_PYTHON_IN_JAVA)
        while index < len(lines) and self.together(index):
            line = lines[index]
            index += 1
            if not line.strip():
                continue  # part of the trace if more of it follows
            if complete:
                if python_in_java and _JAVA_JAVASCRIPT_DOTNET.mark.match(line):
                    shape, complete = _JAVA_JAVASCRIPT_DOTNET, False
                elif _LINK.match(line):
                    complete = False
                elif not (
                    _MORE_OF_A_MESSAGE.match(line)
                    or (_CARET.match(line) and lines[index - 2].startswith("LINE "))
                    or (validated and self._is_validation_error(index - 1))
                ):
                    if not (resumed := self._resumed(index, _LINK_OR_MORE)):
                        break
                    index, complete = resumed, not _LINK.match(lines[resumed - 1])
            elif in_braces and line[0] in " \t}":
                in_braces = line[0] != "}"
            elif shape.last.match(line):
                complete, validated = True, _VALIDATION_ERRORS.match(line) is not None
            elif shape.line.match(line) or shape.resumes.match(line):
                in_braces = line.endswith("{")
                may_go_on = shape is _RUBY or not (shape is _RUST_CAUSES or shape.mark.match(line))
                in_message = may_go_on and _names_first(line, shape)
            elif in_console and _DOTNET_CONSOLE_TEXT.match(line):
                pass
            elif shape is _GO_FRAMES and (resumed := self._after_go_frame(index)):
                index = resumed
            elif in_message and (resumed := self._resumed(index, resumes)):
                index, in_message = resumed, False
            elif in_message and shape is _RUBY and self._has_carets_below(index - 1):
                index += 1
            elif not (shape is _RUST and index == mark + 2 and lines[mark].rstrip().endswith(":")):
                break  # the message of a panic is below "thread 'main' panicked at src/main.rs:4:5:"
            end = index
        return end

    def _after_go_frame(self, index: int) -> int:
        """Return the index after Go's next frame, or 0 if the line before `index` does not belong to it.

        That line is the function, or above the function the message of an outer error.
        """
        line = index - 1
        if self._is_go_function(line):
            return line + 2
        if index < len(self.lines) and self.together(index) and self._is_go_function(index):
            return index + 2 if _is_plain(self.lines[line]) else 0
        return 0

    def _is_go_function(self, index: int) -> bool:
        """Return whether a line is the function of the frame below it."""
        below = index + 1
        return (
            below < len(self.lines)
            and _GO_FUNCTION.match(self.lines[index]) is not None
            and _GO_FRAMES.mark.match(self.lines[below]) is not None
            and self.together(below)
        )

    def _is_validation_error(self, index: int) -> bool:
        """Return whether a line is an error of pydantic, or the name of the field above it."""
        if _VALIDATION_ERROR.match(self.lines[index]):
            return True
        below = index + 1
        return (
            _VALIDATED_FIELD.match(self.lines[index]) is not None
            and below < len(self.lines)
            and self.together(below)
            and _VALIDATION_ERROR.match(self.lines[below]) is not None
        )

    def _resumed(self, index: int, resumes: re.Pattern[str]) -> int:
        """Return the index after the line that continues the trace below a message of several lines, or 0."""
        for below in range(index - 1, min(index + _MAX_MESSAGE, len(self.lines))):
            line = self.lines[below]
            if not self.together(below):
                return 0
            if resumes.match(line):
                return below + 1
            if (
                _PYTHON.mark.match(line)
                or _RUBY_ERROR.match(line)
                or (not self.one_log and not _is_plain(line))
            ):
                return 0
        return 0

    def _has_carets_below(self, index: int) -> bool:
        """Return whether a line is source, with carets under it."""
        below = index + 1
        return (
            below < len(self.lines)
            and self.together(below)
            and _CARETS.match(self.lines[below]) is not None
            and _is_plain(self.lines[index])
        )


def _is_plain(line: str) -> bool:
    """Return whether a line is not a separate log, since it has no header."""
    if line.startswith(_NEVER_ABOVE_A_TRACE):
        return False
    line = _COLOURS.sub("", line)
    return _level_of(line) is None and read_header(line).time is None


def _level_of(line: str) -> Level | None:
    """Return the level in the header of a line without colours."""
    if line[:1].isspace():
        return None
    level = find_plain_level(line) or find_level(line)
    return level.level if level else None


def _column(line: str, shape: _Shape) -> int:
    """Return where the name of the exception begins if only the exception follows."""
    if shape is _RUBY:
        name = _rails_exception(line)
        return name.start() if name and not (shape.mark.match(line) or _RUBY_ERROR.match(line)) else 0
    if shape in (_GO, _GO_FRAMES, _RUST, _ELIXIR, _PERL, _SWIFT, _LUA):
        return 0
    for name in _EXCEPTION_NAME.finditer(line, 0, _LOOKED_AT):
        if _BEHIND_A_NAME.match(line, name.end()):
            return name.start()
    return 0


_BEHIND_A_NAME = re.compile(r":|$| \(0x")


def _names_first(line: str, shape: _Shape) -> bool:
    """Return whether a line begins with the name of an exception, or has it directly before its message."""
    if _NAMED_FIRST.match(line) or (shape is _RUBY and _is_ruby_exception(line)):
        return True
    if shape is _RUBY or not _may_name_before_colon(line):
        return False
    return any(line.startswith(":", name.end()) for name in _EXCEPTION_NAME.finditer(line, 0, _LOOKED_AT))


def _may_name_before_colon(line: str) -> bool:
    """Return whether the name of an exception may be before a colon, to exclude most lines quickly."""
    return (
        "Error:" in line
        or "Exception:" in line
        or "Failure:" in line
        or "Throwable:" in line
        or "Fault:" in line
    )


def _names_exception(line: str, shape: _Shape) -> bool:
    return bool(
        _EXCEPTION_LINE.match(line)
        or _EXCEPTION_NAME.search(line, 0, _LOOKED_AT)
        or (shape is _RUBY and _is_ruby_exception(line))
    )


def _is_ruby_exception(line: str) -> bool:
    return _RUBY_ERROR.match(line) is not None or _rails_exception(line) is not None


def _rails_exception(line: str) -> re.Match[str] | None:
    return _RAILS_EXCEPTION.search(line, 0, _LOOKED_AT) if line.endswith((")", "):")) else None
