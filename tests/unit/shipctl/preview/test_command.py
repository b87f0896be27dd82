"""`shipctl preview`: its output and its errors."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper.entries.log_object import frame, log_object
from loginformant_shipper.events import SubscriptionMessage
from loginformant_shipper.levels import decide
from loginformant_shipper.names import Level
from loginformant_shipper.parsing.stack_traces import join
from loginformant_shipper.wire.decoding import decode

from events.wrap import wrap, wrap_kinesis
from tests.unit.shipctl.conftest import Run

EVENTS = Path(__file__).parents[4] / "events"
SAMPLES = sorted(str(path) for path in EVENTS.glob("*.json"))
PYTHON = str(EVENTS / "lambda-python-text.json")
TERMINAL = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")


def payload(*texts: str, log_group: str = "/aws/lambda/orders") -> str:
    events = [
        {"id": str(number), "timestamp": 1793697121118 + number, "message": text}
        for number, text in enumerate(texts)
    ]
    document = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": log_group,
        "logStream": "stream",
        "subscriptionFilters": ["all"],
        "logEvents": events,
    }
    return json.dumps(document)


def logs(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


class TestTable:
    def test_each_log_is_a_row_with_time_level_rule_source_and_message(self, shipctl: Run) -> None:
        result = shipctl("preview", input=payload("[INFO] paid", "ERROR card refused"))
        assert result.exit_code == 0
        heading, titles, *rows = result.stdout.splitlines()[:4]
        assert heading == "/aws/lambda/orders  2026-11-03 UTC"
        assert titles.split() == ["Time", "Level", "Rule", "Source", "Message"]
        assert [re.split(r" {2,}", row) for row in rows] == [
            ["09:12:01.118", "Information", decided("[INFO] paid"), "orders", "[INFO] paid"],
            ["09:12:01.119", "Error", decided("ERROR card refused"), "orders", "ERROR card refused"],
        ]

    def test_output_without_a_terminal_has_no_colours_and_whole_messages(self, shipctl: Run) -> None:
        long = "word " * 200 + "end"
        result = shipctl("preview", *SAMPLES, "-", input=payload(long))
        assert long in result.stdout
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stdout)

    @pytest.mark.parametrize("width", [60, 80, 100, 200])
    def test_no_line_is_longer_than_the_terminal(self, shipctl: Run, width: int) -> None:
        result = shipctl("preview", *SAMPLES, env={**TERMINAL, "COLUMNS": str(width)})
        assert "\x1b[" in result.stdout
        plain = ESCAPE_SEQUENCE.sub("", result.stdout)
        rows = [line for line in plain.splitlines() if re.match(r"\d\d:\d\d:\d\d", line)]
        assert len(rows) > 100
        assert max(map(len, rows)) <= width
        assert any(row.endswith("…") for row in rows)

    def test_a_runtime_prefix_is_shortened_before_the_message(self, shipctl: Run) -> None:
        result = shipctl("preview", PYTHON, env={**TERMINAL, "COLUMNS": "80"})
        assert "…Stock of SKU-2209 is 14" in ESCAPE_SEQUENCE.sub("", result.stdout)

    @pytest.mark.parametrize("environment", [{}, {**TERMINAL, "COLUMNS": "300"}])
    def test_control_characters_and_markup_in_messages_are_escaped(
        self, shipctl: Run, environment: dict[str, str]
    ) -> None:
        hostile = "[bold red]x[/bold red] [/] :smile: \x1b]0;title\x07 \x1b[2J \x9b2J \r gone \u202e reversed"
        trace = f'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: {hostile}'
        shown = "[bold red]x[/bold red] [/] :smile: ␛]0;title␇ ␛[2J \ufffd2J ␍ gone \ufffd reversed"
        content = payload(hostile, trace, log_group="/[red]group\x1b[2J")
        result = shipctl("preview", "-", "--exceptions", input=content, env=environment)
        plain = ESCAPE_SEQUENCE.sub("", result.stdout)
        assert result.exit_code == 0
        assert plain.count(shown) == 2
        assert "/[red]group␛[2J" in plain
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", plain)

    def test_stack_traces_are_shown_with_the_exceptions_option(self, shipctl: Run) -> None:
        lines = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nValueError: no\n'
        assert "\n      File" not in shipctl("preview", "-", input=lines).stdout
        shown = shipctl("preview", "-", "--exceptions", input=lines).stdout
        assert '      File "a.py", line 1, in f\n        g()\n    ValueError: no\n' in shown

    def test_wide_characters_keep_the_columns_aligned(self, shipctl: Run) -> None:
        content = payload("日本語" * 100, log_group="/ecs/日本")
        result = shipctl("preview", "-", input=content, env={**TERMINAL, "COLUMNS": "80"})
        row = ESCAPE_SEQUENCE.sub("", result.stdout).splitlines()[2]
        assert 78 <= sum(2 if character > "\u2fff" else 1 for character in row) <= 80


class TestSelection:
    def test_only_some_levels_are_shown_but_all_are_counted(self, shipctl: Run) -> None:
        content = payload("INFO a", "ERROR b", "FATAL c")
        result = shipctl("preview", "--level", "error", "--level", "Fatal", input=content)
        assert "INFO a" not in result.stdout
        assert "ERROR b" in result.stdout
        assert "FATAL c" in result.stdout
        assert "3 logs would be sent, from 3 log events; 2 shown" in result.stdout

    def test_the_default_level_applies_to_logs_without_a_matching_rule(self, shipctl: Run) -> None:
        result = shipctl("preview", "--default-level", "Debug", "--json", input="hello\nERROR x\n")
        assert [(log["level"], log["rule"] == "default") for log in logs(result.stdout)] == [
            ("Debug", True),
            ("Error", False),
        ]

    def test_log_group_name_sets_the_log_group_of_lines(self, shipctl: Run) -> None:
        result = shipctl("preview", "--log-group-name", "/aws/lambda/orders", "--json", input="hello\n")
        [log] = logs(result.stdout)
        assert (log["source"], log["properties"]["logGroup"]) == ("orders", "/aws/lambda/orders")


class TestJson:
    def test_json_output_is_what_the_shipper_sends_plus_the_rule(self, shipctl: Run) -> None:
        expected = []
        for path in SAMPLES:
            for message in decode(wrap(json.loads(Path(path).read_bytes())), 1 << 26):
                if isinstance(message, SubscriptionMessage):
                    for log in join(message.events):
                        if log.parsed.text:
                            level, rule = decide(log.continues or log.parsed, message.origin.log_group)
                            body = log_object(log, level, frame(message.origin, "eu-west-1"))
                            expected.append({**json.loads(body), "rule": rule})
        result = shipctl("preview", "--json", "--region", "eu-west-1", *SAMPLES)
        assert logs(result.stdout) == expected
        assert len(expected) > 100

    def test_standard_output_has_only_logs(self, shipctl: Run) -> None:
        content = "\n".join([payload("one", "  "), '{"awslogs":{"data":"?"}}', payload("two")])
        result = shipctl("preview", "--json", input=content)
        assert [log["message"] for log in logs(result.stdout)] == ["one", "two"]
        assert "cannot be decoded: malformed: base64" in result.stderr
        assert "2 logs would be sent" in result.stderr

    def test_json_output_has_no_colours(self, shipctl: Run) -> None:
        result = shipctl("preview", "--json", PYTHON, env=TERMINAL)
        assert "\x1b" not in result.stdout
        assert len(logs(result.stdout)) == 6

    def test_control_characters_are_escaped(self, shipctl: Run) -> None:
        text = "\x1b[31m \x7f \x9b2J \u2028 é 日本 \ufffd"
        result = shipctl("preview", "--json", input=payload(text))
        assert logs(result.stdout)[0]["message"] == text
        assert len(result.stdout.splitlines()) == 1
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stdout)


class TestSummary:
    def test_the_summary_counts_levels_rules_and_events_not_sent(self, shipctl: Run) -> None:
        content = "\n".join(
            [
                payload("ERROR a", "ERROR b", "INFO c", " "),
                '{"awslogs":{"data":"?"}}',
                (EVENTS / "control-message.json").read_text().replace("\n", ""),
            ]
        )
        summary = shipctl("preview", input=content).stdout.split("\n\n")[-1].splitlines()
        assert summary[0] == "3 logs would be sent, from 3 log events"
        assert re.fullmatch(rf"Error +2 +━+ +{decided('ERROR a')}×2 *", summary[1])
        assert re.fullmatch(rf"Information +1 +━+ +{decided('INFO c')}×1 *", summary[2])
        assert summary[3:6] == [
            "1 log event would not be sent: blank",
            "1 undecodable, would be stored in the dead-letter queue: malformed",
            "1 control message of CloudWatch Logs, not sent",
        ]
        remark = " ".join(" ".join(summary[6:]).split())
        assert remark.endswith("properties of a stack are not applied: to apply them, give --stack NAME")

    def test_log_events_of_one_stack_trace_are_one_log(self, shipctl: Run) -> None:
        lines = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    g()\nValueError: no\n'
        result = shipctl("preview", "-", input=lines)
        assert "1 log would be sent, from 4 log events" in result.stdout
        assert "1 log has a stack trace; --exceptions" in result.stdout

    def test_a_kinesis_event_counts_all_its_records(self, shipctl: Run) -> None:
        payloads = [json.loads(payload("one")), json.loads(payload("two", "three"))]
        result = shipctl("preview", input=json.dumps(wrap_kinesis(payloads)))
        assert "3 logs would be sent" in result.stdout


class TestNothing:
    @pytest.mark.parametrize("content", ["", "\n\n", "[]"])
    @pytest.mark.parametrize("option", [[], ["--json"]])
    def test_empty_input_is_reported_in_one_line(self, shipctl: Run, content: str, option: list[str]) -> None:
        result = shipctl("preview", *option, "-", input=content)
        assert (result.exit_code, result.stdout) == (0, "")
        assert result.stderr == "shipctl: no logs in standard input\n"

    def test_a_missing_file_is_one_error_line(self, shipctl: Run) -> None:
        result = shipctl("preview", "missing\x1b[2J.log")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == "shipctl: missing␛[2J.log: No such file or directory\n"


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "line"),
        [
            (["--since", "1h", "-"], "--since needs --log-group"),
            (["--limit", "5", "-"], "--limit needs --log-group"),
            (["--log-group", "/x", "file"], "cannot be used with FILE or"),
            (["--log-group", "/x", "--since", "1h", "--until", "2h"], "--since must be before --until"),
            (["--log-group", "/x", "--since", "soon"], "'soon' is not a time"),
            (["--level", "loud", "-"], "'loud' is not one of"),
            (["--log-group", "/x", "--limit", "0"], "greater than or equal to 1"),
        ],
    )
    def test_conflicting_options_are_a_usage_error(
        self, shipctl: Run, arguments: list[str], line: str
    ) -> None:
        result = shipctl("preview", *arguments, input="", env={"COLUMNS": "200"})
        assert (result.exit_code, result.stdout) == (2, "")
        assert line in result.stderr


def decided(message: str) -> str:
    """Return the rule by which `levels` decides the level; other tests check that decision."""
    from loginformant_shipper.levels import explain_level

    decision = explain_level(message)
    assert decision.level in Level
    return decision.rule


def test_a_wrapped_log_is_shown_without_its_wrapper_but_with_its_properties(
    shipctl: Run, tmp_path: Path
) -> None:
    wrapped = tmp_path / "wrapped.log"
    wrapped.write_text("web_1  | ERROR: order 17 refused\nweb_1  | INFO: order 18 placed\n", encoding="utf-8")
    lines = shipctl("preview", str(wrapped)).stdout.splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines if "order" in line] == [
        "ERROR: order 17 refused",
        "INFO: order 18 placed",
    ]
    assert [line.strip() for line in lines if "container" in line] == ["container.name=web_1"]
    [first, _] = map(json.loads, shipctl("preview", "--json", str(wrapped)).stdout.splitlines())
    assert first["message"] == "ERROR: order 17 refused"
    assert first["properties"]["container.name"] == "web_1"
