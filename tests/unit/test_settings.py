from collections.abc import Callable

import pytest
from loginformant_shipper.names import Detector, Level
from loginformant_shipper.patterns import Pattern
from loginformant_shipper.settings import (
    KIB,
    MIB,
    QUEUE_WORST_CASE_SECONDS,
    RESERVE_MARGIN_SECONDS,
    Settings,
    SettingsError,
    load_settings,
)

from tests.unit.sample_data import ENVIRON, QUEUE_URL, settings


def error_of(**variables: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(**variables)
    assert "\n" not in str(caught.value)
    return str(caught.value)


DEFAULTS: dict[str, object] = {
    "ingest_url": "https://app.loginformant.com",
    "api_key_secret_arn": ENVIRON["API_KEY_SECRET_ARN"],
    "api_key_parameter_name": None,
    "dead_letter_queue_url": QUEUE_URL,
    "parked_queue_url": None,
    "max_replays": 3,
    "own_log_groups": frozenset(),
    "batch_max_logs": 500,
    "batch_max_bytes": MIB,
    "max_in_flight": 8,
    "request_timeout_seconds": 10,
    "max_decompressed_bytes": 64 * MIB,
    "default_level": Level.INFORMATION,
    "minimum_level": Level.DEBUG,
    "include_pattern": None,
    "exclude_pattern": None,
    "sample_percent": 100,
    "redact": (),
    "redact_pattern": None,
    "properties": {},
    "region": "eu-west-1",
    "proxy_url": None,
}


@pytest.mark.parametrize(("name", "value"), DEFAULTS.items())
def test_settings_have_their_documented_defaults(name: str, value: object) -> None:
    assert getattr(load_settings(ENVIRON), name) == value


NUMBERS: dict[str, tuple[Callable[[Settings], float], int, int]] = {
    "BATCH_MAX_LOGS": (lambda s: s.batch_max_logs, 1, 500),
    "BATCH_MAX_BYTES": (lambda s: s.batch_max_bytes, KIB, 64 * MIB),
    "MAX_IN_FLIGHT": (lambda s: s.max_in_flight, 1, 64),
    "REQUEST_TIMEOUT_SECONDS": (lambda s: s.request_timeout_seconds, 1, 600),
    "MAX_DECOMPRESSED_BYTES": (lambda s: s.max_decompressed_bytes, MIB, 1024 * MIB),
    "MAX_REPLAYS": (lambda s: s.max_replays, 1, 100),
}


@pytest.mark.parametrize(("name", "value_of", "least", "most"), [(n, *v) for n, v in NUMBERS.items()])
def test_numbers_have_limits_and_their_error_names_variable_value_and_limits(
    name: str, value_of: Callable[[Settings], float], least: int, most: int
) -> None:
    room = {"FUNCTION_TIMEOUT_SECONDS": "900"}
    assert value_of(settings(**room | {name: f" {least} "})) == least
    assert value_of(settings(**room | {name: str(most)})) == most
    for bad in (str(least - 1), str(most + 1), "1.5", "-1", "many", "１", "0" * 25 + "1", "9" * 5000):
        assert error_of(**room | {name: bad}) == (
            f"{name} is {bad!r}; it must be a whole number from {least} to {most}"
        )


TEXTS = [
    *["DEFAULT_LEVEL", "INGEST_URL", "PARKED_QUEUE_URL", "HTTPS_PROXY", "PROPERTIES"],
    *["MINIMUM_LEVEL", "INCLUDE_PATTERN", "EXCLUDE_PATTERN", "SAMPLE_PERCENT", "REDACT", "REDACT_PATTERN"],
]


@pytest.mark.parametrize("name", [*NUMBERS, *TEXTS])
@pytest.mark.parametrize("blank", ["", " \t"])
def test_a_blank_variable_counts_as_not_set(name: str, blank: str) -> None:
    assert settings(**{name: blank}) == load_settings(ENVIRON)


def test_the_default_level_is_one_of_the_levels() -> None:
    assert settings(DEFAULT_LEVEL="Warning").default_level is Level.WARNING
    assert error_of(DEFAULT_LEVEL="warn") == (
        "DEFAULT_LEVEL is 'warn'; it must be one of Debug, Information, Warning, Error, Fatal"
    )


def test_the_minimum_level_is_one_of_the_levels() -> None:
    assert settings(MINIMUM_LEVEL="Error").minimum_level is Level.ERROR
    assert error_of(MINIMUM_LEVEL="error").startswith("MINIMUM_LEVEL is 'error'; it must be one of Debug,")


@pytest.mark.parametrize("name", ["INCLUDE_PATTERN", "EXCLUDE_PATTERN", "REDACT_PATTERN"])
class TestPatterns:
    def pattern(self, name: str, text: str) -> Pattern:
        pattern = getattr(settings(**{name: text}), name.lower())
        assert isinstance(pattern, Pattern)
        return pattern

    def test_a_pattern_is_compiled_when_settings_are_read(self, name: str) -> None:
        pattern = self.pattern(name, r" (?i)order \d+ ")
        assert pattern.text == r"(?i)order \d+"
        assert pattern.is_in("an ORDER 7")
        assert not pattern.is_in("an order")

    @pytest.mark.parametrize(
        ("bad", "reason"),
        [
            ("(abc", "missing ): (abc"),
            ("[z-a]", "invalid character class range: z-a"),
            ("(?<=a)b", "invalid perl operator: (?<="),
            (r"(a)\1", r"invalid escape sequence: \1"),
            ("a{1001}", "invalid repetition size: {1001}"),
        ],
    )
    def test_the_error_of_an_invalid_pattern_names_it_and_the_reason(
        self, name: str, bad: str, reason: str
    ) -> None:
        assert error_of(**{name: bad}) == (
            f"{name} is {bad!r}; it must be a regular expression in the syntax of RE2 ({reason})"
        )

    def test_a_pattern_that_matches_the_empty_text_is_refused_since_it_matches_everywhere(
        self, name: str
    ) -> None:
        assert "does not match the empty text" in error_of(**{name: "a*"})

    def test_length_and_compiled_size_of_a_pattern_are_limited(self, name: str) -> None:
        assert self.pattern(name, "a" * 990)
        assert "at most 1024 characters" in error_of(**{name: "a" * 1025})
        assert "at most 1000 instructions" in error_of(**{name: "(?:abc){500}"})
        assert "pattern too large" in error_of(**{name: r"(?i)(?:\pL{1,100}){5}x"})


@pytest.mark.parametrize(("text", "percent"), [("0", 0), ("100", 100), ("12.5", 12.5), ("0.001", 0.001)])
def test_the_sample_percentage_is_a_number_from_0_to_100(text: str, percent: float) -> None:
    assert settings(SAMPLE_PERCENT=text).sample_percent == percent


@pytest.mark.parametrize("bad", ["-1", "100.1", "101", "1e1", "10%", ".5", "nan", "0.0000001"])
def test_any_other_percentage_is_an_error(bad: str) -> None:
    assert error_of(SAMPLE_PERCENT=bad).startswith(
        f"SAMPLE_PERCENT is {bad!r}; it must be a number from 0 to 100"
    )


def test_detectors_are_read_from_a_list_of_names() -> None:
    assert settings(REDACT="email, token,,email").redact == (Detector.EMAIL, Detector.TOKEN)
    assert settings(REDACT=",".join(Detector)).redact == tuple(Detector)
    error = error_of(REDACT="email,phone")
    assert error.startswith(
        "REDACT is 'email,phone'; it must be one or more, separated by commas, of email, "
    )
    assert all(detector in error for detector in Detector)


def test_properties_are_read_as_names_and_values() -> None:
    properties = settings(PROPERTIES=" stage = production , team.name=a=b c,empty=, ").properties
    assert properties == {"stage": "production", "team.name": "a=b c", "empty": ""}


@pytest.mark.parametrize(
    "bad", ["stage", "=x", "1st=x", "a b=x", "a=1,a=2", "logGroup=x", "requestId=x", '{"a":1}', "a=\x00b"]
)
def test_any_other_properties_are_an_error(bad: str) -> None:
    assert error_of(PROPERTIES=bad).startswith(
        f"PROPERTIES is {bad!r}; it must be NAME=VALUE pairs separated by commas"
    )


def test_only_properties_of_the_shipper_can_be_left_out() -> None:
    assert settings(LEAVE_OUT_PROPERTIES=" eventId,logStream,").left_out_properties == {
        "eventId",
        "logStream",
    }
    assert settings().left_out_properties == frozenset()


@pytest.mark.parametrize("bad", ["team", "continued", "eventId;region"])
def test_any_other_properties_to_leave_out_are_an_error(bad: str) -> None:
    assert error_of(LEAVE_OUT_PROPERTIES=bad).startswith(f"LEAVE_OUT_PROPERTIES is {bad!r}")


def test_tag_properties_are_read_from_a_list_of_names() -> None:
    assert settings(TAG_PROPERTIES=" team , aws:cloudformation:stack-name,").tag_properties == (
        "team",
        "aws:cloudformation:stack-name",
    )
    assert settings().tag_properties == ()


@pytest.mark.parametrize("bad", ["team,team", "region", "a b", "ä", "x" * 129])
def test_any_other_tag_properties_are_an_error(bad: str) -> None:
    assert error_of(TAG_PROPERTIES=bad).startswith(f"TAG_PROPERTIES is {bad!r}; it must be names of tags")


@pytest.mark.parametrize(
    "url",
    [
        "https://logs.example.com",
        "https://logs.example.com:8443/base",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost:8080",
    ],
)
def test_ingest_url_is_https_or_a_loopback_address(url: str) -> None:
    assert settings(INGEST_URL=url + "/").ingest_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://logs.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "logs.example.com",
        "ftp://127.0.0.1",
        "https://",
        "https://user:password@logs.example.com",
        "https://logs.example.com?key=1",
        "https://logs.example.com#top",
        "https://logs.example.com:port",
        "https://[::1",
        "https://logs example.com",
        "https://%zz",
    ],
)
def test_any_other_ingest_url_is_an_error(url: str) -> None:
    error = error_of(INGEST_URL=url)
    assert error.startswith(f"INGEST_URL is {url!r}; it must be https://HOST")


def test_the_key_must_have_exactly_one_place() -> None:
    by_name = load_settings({**ENVIRON, "API_KEY_SECRET_ARN": "", "API_KEY_PARAMETER_NAME": " /key "})
    assert (by_name.api_key_secret_arn, by_name.api_key_parameter_name) == (None, "/key")
    assert error_of(API_KEY_PARAMETER_NAME="/key").endswith("must be set, but both are")
    assert error_of(API_KEY_SECRET_ARN=" ").endswith("must be set, but neither is")


def test_the_dead_letter_queue_must_be_set() -> None:
    assert error_of(DEAD_LETTER_QUEUE_URL="") == "DEAD_LETTER_QUEUE_URL is not set"


@pytest.mark.parametrize("name", ["DEAD_LETTER_QUEUE_URL", "PARKED_QUEUE_URL"])
@pytest.mark.parametrize(
    "bad", ["dead-letters", "arn:aws:sqs:eu-west-1:123456789012:q", "https://[", "https://a/b"]
)
def test_a_queue_must_be_named_by_its_url(name: str, bad: str) -> None:
    assert error_of(**{name: bad}).startswith(f"{name} is {bad!r}; it must be the URL of an SQS queue")


def test_own_log_groups_are_the_listed_ones_and_that_of_the_function() -> None:
    own = settings(OWN_LOG_GROUPS=" /a, ,/b,", AWS_LAMBDA_LOG_GROUP_NAME="/c").own_log_groups
    assert own == {"/a", "/b", "/c"}


def test_settings_without_time_for_one_request_are_an_error() -> None:
    room = int(20 + QUEUE_WORST_CASE_SECONDS + RESERVE_MARGIN_SECONDS)
    just_enough = {"FUNCTION_TIMEOUT_SECONDS": str(room), "REQUEST_TIMEOUT_SECONDS": "20"}
    assert settings(**just_enough).request_timeout_seconds == 20
    error = error_of(**just_enough | {"REQUEST_TIMEOUT_SECONDS": "21"})
    assert error.startswith("REQUEST_TIMEOUT_SECONDS is 21; it must be at most 20")
    assert "FUNCTION_TIMEOUT_SECONDS" in error


PROXY = "http://user:pa55word@proxy.example.com:3128"


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "example.com, .other.com"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "app.loginformant.com"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".loginformant.com"}, None),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": PROXY, "INGEST_URL": "http://127.0.0.1:80"}, None),
        ({"HTTPS_PROXY": PROXY, "INGEST_URL": "https://localhost"}, None),
        ({"HTTP_PROXY": PROXY}, None),
    ],
)
def test_the_proxy_for_the_ingest_api_is_read_from_the_environment(
    variables: dict[str, str], proxy: str | None
) -> None:
    assert settings(**variables).proxy_url == proxy


def test_the_password_of_a_proxy_is_never_shown() -> None:
    assert "pa55word" not in repr(settings(HTTPS_PROXY=PROXY))
    for bad in (
        "user:pa55word@proxy:3128",
        "socks5://user:pa55word@proxy",
        "http://user:pa55word@proxy:port",
    ):
        assert error_of(HTTPS_PROXY=bad) == ("HTTPS_PROXY must be http://HOST:PORT or https://HOST:PORT")
