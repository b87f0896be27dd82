import pytest
from loginformant_shipper.levels.words import decide_by_words


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("order 7 failed", "Error"),
        ("3 errors in orders.csv", "Error"),
        ("Failed to take order 7", "Error"),
        ("a fatal mistake in order 7", "Fatal"),
        ("order 7 uses a deprecated field", "Warning"),
        ("a warning, then an error", "Error"),
        ("0 errors yesterday; order 7 failed today", "Error"),
        ("errors: 3", "Error"),
        ("error_rate=0.7 error in order 7", "Error"),
        ("kernel panic in machine 7", "Fatal"),
        ("SECURITY ALERT: forged host header", "Warning"),
        ("mount options: errors=3", "Error"),
    ],
)
def test_the_worst_word_counts(text: str, level: str) -> None:
    assert decide_by_words(text) == (level, "words")


@pytest.mark.parametrize(
    "text",
    [
        "finished with 0 errors and 0 warnings",
        "0 errors, 0 failures",
        "no failures in 7 orders",
        "No fatal or critical errors",
        "done without errors",
        "none failed",
        "errorCount: 0",
        "errors: none",
        "error=null failed=false",
        "error_rate=0",
        "error rate: 0.00",
        '"errors": []',
        "7 done, failed 0",
        "recovered from a failure",
        "up again after the previous crash",
        "an error-free week",
        "error handling is on",
        "error budget at 97 %",
        "fatal-error-handler loaded",
        "GET /errors/404",
        "wrote /var/log/error.log",
        'answer was {"status":"error"}',
        "mail sent to error@example.org",
        "terror and mirrors",
        "the panic button works",
        "failure domain 7",
        "the log level is set to ERROR",
        "mounted filesystem. Opts: errors=remount-ro",
        "read with errors=ignore",
        "no security alerts today",
        "the security alerting team",
        "started with --log-level=error",
        "if an error occurs, call 7",
        "stock is low",
        "",
    ],
)
def test_a_word_counts_only_in_its_context(text: str) -> None:
    assert decide_by_words(text) is None
