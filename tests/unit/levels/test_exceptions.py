import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.levels.exceptions import (
    WORDS_OF_EXCEPTIONS,
    decide_by_exception,
    may_be_exception,
)
from loginformant_shipper.parsing.headers.level_words import words_of


@pytest.mark.parametrize(
    "text",
    [
        "Traceback (most recent call last):\n  File \"/srv/o.py\", line 7, in <module>\nKeyError: 'id'",
        'Exception in thread "main" java.lang.IllegalStateException: x\n\tat shop.Orders.take(Orders.java:7)',
        "shop.OutOfStock: item 7\n\tat shop.Orders.take(Orders.java:7)",
        "late\nCaused by: shop.OutOfStock: item 7",
        "System.InvalidOperationException: closed\n   at Shop.Orders.Take() in /srv/Orders.cs:line 7",
        "Unhandled exception. Shop.OutOfStock: item 7",
        "/srv/o.js:7\nthrow new TypeError('x')\n^\n\nTypeError: x\n    at take (/srv/o.js:7:7)",
        "/srv/o.js:7\nthrow {code: 7}\n^\n\n{ code: 7 }\n\nNode.js v22.1.0",
        "UnhandledPromiseRejection: item 7",
        "node:internal/process/promises:394\n      triggerUncaughtException(err, true /* fromPromise */);",
        "o.rb:7:in `take': item 7 (Errno::ENOENT)\n\tfrom o.rb:8:in `<main>'",
        "[req-7] ActionController::RoutingError (No route matches)",
        "Uncaught OutOfStock: item 7",
        "** (RuntimeError) item 7\n    o.exs:7: (file)",
        "10:20:30 main    R shop.orders.NoStockException: item 7",
        "order 7: java.net.SocketTimeoutException",
        "drupal: https://a.example|1772360430|php|10.0.0.7|https://a.example/||0||PDOException: item 7",
        "could not answer (10.0.0.7): #<Shop::OutOfStockError: item 7>",
        "ActiveRecord::RecordNotFound (Couldn't find Order with 'id'=7):",
        "MemoryError",
        "In Orders.php line 7:\n\n  no stock",
        "[req-7] Faraday::ConnectionFailed (execution expired):\n\n[req-7] app/orders.rb:7:in `take'",
    ],
)
def test_an_exception_is_an_error(text: str) -> None:
    assert decide_by_exception(text) == ("Error", "exception")


@pytest.mark.parametrize(
    "text",
    [
        "panic: runtime error: index out of range\n\ngoroutine 7 [running]:",
        "fatal error: all goroutines are asleep - deadlock!",
        "thread 'main' panicked at src/main.rs:7:7:\nitem 7",
        "thread 'main' (77) panicked at src/main.rs:7:7:\nitem 7",
        "terminate called after throwing an instance of 'std::logic_error'",
        "PHP Fatal error:  Uncaught Exception: item 7 in /srv/o.php:7",
        "Segmentation fault (core dumped)",
        "Program received signal SIGSEGV",
        "[    7.123456] BUG: unable to handle page fault for address: 0000",
        "[    7.123456] kernel BUG at fs/ext4/inode.c:77!",
        "java.lang.OutOfMemoryError: Java heap space",
        "Mar  1 10:20:30 v1 varnishd[7]: Child (77) Panic at: Sun, 01 Mar 2026 10:20:30 GMT",
        "<--- Last few GCs --->\n\n[7:0x5] 77 ms: Scavenge 7 (7) MB\n\nFATAL ERROR: Reached heap limit",
        "malloc(): corrupted top size",
        "free(): invalid pointer",
        "double free or corruption (out)",
        "*** stack smashing detected ***: terminated",
        "*** stack smashing detected ***",
        "*** Error in `/srv/orders': double free or corruption (fasttop): 0x7 ***",
        "SIGQUIT: quit\nPC=0x46a m=0 sigcode=0",
        "Process terminated. Couldn't find a valid ICU package",
        "Process terminated. no stock\n   at System.Environment.FailFast(System.String)",
        "malloc_consolidate(): unaligned fastbin chunk detected",
        '{"Kernel pid terminated",application_controller,"{application_start_failure,shop,x}"}',
        "run.sh: line 7:    77 Killed                  node orders.js",
        "Killed",
        "Memory cgroup out of memory: Killed process 77 (node)",
        "[   77.123456] Killed process 77 (node) total-vm:777kB, anon-rss:77kB, file-rss:7kB",
        "Killed process 77, UID 7, (mysqld) total-vm:777kB, anon-rss:77kB",
    ],
)
def test_a_crash_of_the_process_is_fatal(text: str) -> None:
    assert decide_by_exception(text) == ("Fatal", "crash")


@pytest.mark.parametrize(
    "text",
    [
        "(node:7) DeprecationWarning: take() is old",
        "/srv/o.py:7: ResourceWarning: unclosed file\n  take()",
        "PHP Warning:  Undefined variable $id in /srv/o.php on line 7",
    ],
)
def test_a_warning_class_is_a_warning(text: str) -> None:
    assert decide_by_exception(text) == ("Warning", "exception")


@pytest.mark.parametrize(
    "text",
    [
        "no exception was thrown",
        "Error handling is on",
        "look at shop.Orders",
        "do not panic: it works",
        "default Error page built",
        "class java.io.IOException was loaded",
        "handles shop.orders.NoStockException, too",
        "the panic button",
        "Exceptional sale",
        "NoError",
        "not ok 2 - stock # TODO late",
        "#<Order: 7>",
        "order 7: Killed",
        "the free(): function",
        "free(): 7 MB are left",
        "malloc(): is traced",
        "Process terminated. Goodbye",
        "the bus was full, order terminated",
        "shop.MemoryError",
        "In Orders line 7:",
        "Shop::Orders (7)",
        "Shop::Orders (7): taken",
        "Orders (7):",
        "it is not ok 2 say",
        "it returned a non-zero code: 0",
        "a non-zero code ends it",
        "order 7: not found",
        "wash: order 7: not found",
        "",
    ],
)
def test_text_about_errors_is_no_exception(text: str) -> None:
    assert decide_by_exception(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "/srv/run.sh: line 7: orderctl: command not found",
        "cp: cannot stat 'orders': No such file or directory",
        "orderd: bind to port 80: Permission denied",
        "orderd: connect to port 80: Connection Refused",
        "orders.go:7: dial tcp 10.0.0.7:5432: connect: connection refused",
        "reading orders.toml: No such file or directory (os error 2)",
        "orderd: connect: Connection refused (111)",
        'cannot open "/var/log/orders": Permission denied: euid=0 egid=101',
        "orderd exited with code 1",
        "The command '/bin/sh -c take 7' returned a non-zero code: 127",
        "Process 'command 'take'' finished with non-zero exit value 1",
        "sh: 1: orderctl: not found",
        "/bin/sh: orderctl: not found",
        "./run.sh: line 7: exec: orderctl: not found",
        'exec: "orderctl": executable file not found in $PATH',
        "ssh: connect to host 10.0.0.7 port 22: Connection timed out",
        "2026/03/01 10:20:30 dial tcp 10.0.0.7:5432: i/o timeout",
        'Get "https://example.com/orders": context deadline exceeded',
        "umount: /orders: Device or resource busy",
        "run.sh: fork: retry: Resource temporarily unavailable",
        "write orders.json: Disk quota exceeded",
        "open orders.json: stale file handle",
        "getaddrinfo: Name or service not known",
        "bind(): Address already in use [core/socket.c line 769]",
        "worker 7 was killed by signal 9",
        "worker 7 (pid: 77) died, killed by signal 9 :( trying respawn ...",
        "worker 7 terminated due to signal: SIGKILL",
        "worker 7 exited on signal 9 (SIGKILL) after 7 s",
        "Worker (pid:7) was sent SIGKILL! Perhaps out of memory?",
        "rake aborted!",
        "TAP version 13\nok 1 - orders\nnot ok 2 - stock",
        "worker 7: exit status 137",
        "order service exit at code: 134",
        "Exit status: 2",
        "lua: orders.lua:7: no stock\nstack traceback:\n\torders.lua:7: in main chunk",
        "** (exit) exited in: GenServer.call(:orders, :take, 5000)\n    ** (EXIT) no process",
        "=CRASH REPORT==== 1-Mar-2026::10:20:30 ===",
        "INET/inet_error: read errno = 104, client host = app1",
        "{ code: 'ECONNREFUSED', errno: -111, syscall: 'connect' }",
        "python: can't open file '/srv/orders.py': [Errno 2] No such file or directory",
        "App [shop:0] exited with code [1] via signal [SIGINT]",
        "# example.com/shop\n./orders.go:7:2: undefined: take",
        "vet: cmd/shop/orders.go:7:2: undefined: take",
        "./orders: /lib64/libc.so.6: version `GLIBC_2.32' not found (required by ./orders)",
    ],
)
def test_the_failure_message_of_a_program_is_an_error(text: str) -> None:
    assert decide_by_exception(text) == ("Error", "failure")


@pytest.mark.parametrize(
    "text",
    [
        "orderd exited with code 0",
        "App [shop:0] exited with code [0] via signal [SIGINT]",
        "shop/orders.go:7: order 7 taken",
        "orders.go:7:2: order 7 taken",
        "version 7 not found (required by orders)",
        "exit status 0",
        "Exit status: 0",
        "Killed process 77 of order 7",
        "if Permission denied is the answer, call 7",
        "what to do about: Connection refused by 10.0.0.7",
        "what to do about: Connection refused (see page 7)",
        "the exit code of order 7",
        "publish: desk-7: not found",
        "git push: main: not found",
        "worker 7 was killed by signal 15",
        "worker 7 terminated by SIGTERM",
        "if a worker is killed by signal 9, another starts",
        "order 7: the connection timed out is what it says",
        "order 7 aborted!",
    ],
)
def test_text_about_failures_is_no_failure(text: str) -> None:
    assert decide_by_exception(text) is None


PIECES = st.sampled_from(
    [
        *("panic: ", "fatal error: ", "goroutine 7 [", "terminate called ", "PHP Fatal error: "),
        *("thread 'main' panicked at ", "SIGSEGV", "SIGABRT", "Segmentation fault", "core dumped"),
        *("java.lang.OutOfMemoryError", "OOMKilled", "Out of memory: Kill", "Exception in thread "),
        *("Traceback (most recent call last)", "Caused by: ", "Unhandled exception", "unhandled promise"),
        *("Uncaught ", "uncaught ", "  at shop.Orders(", "\tat shop.Orders.take(", "Node.js v22."),
        *("** (RuntimeError) ", "OrderException", "KeyError: ", "o.rb:7:in `take': x (Errno::ENOENT)"),
        *(
            ": Command Not Found",
            ": no such file or directory",
            ": PERMISSION DENIED",
            ": Connection refused",
        ),
        *(": operation not permitted", ": No space left on device", ": read-only file system"),
        *(": Input/output error", ": too many open files", ": Cannot allocate memory"),
        *(": address already in use", ": No route to host", ": Network is unreachable"),
        *("exited with code 7", "exit status: 7", "stack traceback:", "    ** (EXIT) ", "=CRASH REPORT="),
        *("DeprecationWarning: ", "order 7", "\n", " ", ": ", "."),
        *("Shop::OutOfStock (", "Net::ReadTimeout (x):"),
        *(
            "free(): invalid x",
            "Process terminated. X\n   at x",
            "In Orders.php line 7:",
            "FATAL ERROR: X",
            "*** Error in `",
        ),
        *("Killed", "[Errno 2] ", "MemoryError", ": version `X' not found (required by "),
        *("double free or corruption ", "run.sh: line 7:  77 Aborted  "),
        *("Killed process 7 (x)", " total-vm:7kB"),
        *(": Connection timed out", ": i/o timeout", ": context deadline exceeded"),
        *(": Device or resource busy", ": Resource temporarily unavailable", ": Disk quota exceeded"),
        *(": Stale file handle", ": Name or service not known", "exited on signal 9"),
        *("was sent SIGKILL", "killed by signal 9", "terminated by signal 9", "rake aborted!"),
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=5))
def test_the_prefilter_lets_every_exception_through(pieces: list[str]) -> None:
    text = "".join(pieces).strip()
    words = WORDS_OF_EXCEPTIONS.intersection(words_of(text))
    assert decide_by_exception(text) is None or may_be_exception(text, words)


@pytest.mark.parametrize(
    ("text", "level", "rule"),
    [
        ('  File "/var/runtime/bootstrap.py", line 60, in <module>\n    main()', "Error", "exception"),
        ("http: panic serving 10.0.0.7:77: boom", "Error", "exception"),
        ("orders.service: Main process exited, code=exited, status=1/FAILURE", "Error", "failure"),
        ("orders.service: Main process exited, code=killed, status=9/KILL", "Error", "failure"),
    ],
)
def test_other_forms_of_exceptions_and_failures_are_errors(text: str, level: str, rule: str) -> None:
    assert decide_by_exception(text) == (level, rule)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("found no orders.txt, skip it, err: open /srv/orders.txt: no such file or directory", "Warning"),
        ("1tabcd-0000002-Ab == anna@example.com T=remote_smtp defer (111): Connection refused", "Warning"),
        ("no orders.toml; using defaults: open orders.toml: permission denied", "Warning"),
        ("order 7 late, retrying\ndial tcp 10.0.0.7:77: connect: connection refused", "Error"),
        ("login using key 7: Permission denied", "Error"),
        ("using /srv/orders: Permission denied", "Error"),
    ],
)
def test_a_failure_after_which_the_program_goes_on_is_a_warning(text: str, level: str) -> None:
    assert decide_by_exception(text) == (level, "failure")


def test_an_exception_after_a_header_is_an_error() -> None:
    line = "Mar  1 10:20:30 web1 shop[7]: Traceback (most recent call last):"
    assert decide_by_exception(line) is None
    assert decide_by_exception(line, line) == ("Error", "exception")
