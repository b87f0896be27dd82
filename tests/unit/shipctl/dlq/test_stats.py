"""`shipctl dlq stats` reports causes in every state of queue, trigger and LogInformant."""

import json

import pytest
from shipctl.errors import CommandError
from shipctl.installation.installation import Installation

from tests.unit.shipctl.conftest import Run
from tests.unit.shipctl.dlq.conftest import Stack

WIDE = {"COLUMNS": "120"}


@pytest.fixture
def replaying(stack_in_aws: Stack) -> Stack:
    """Return a stack with automatic replay and three messages in flight."""
    stack_in_aws.mapping_state = "Enabled"
    for number in range(3):
        stack_in_aws.put(f"log {number}")
    stack_in_aws.hide()
    return stack_in_aws


@pytest.mark.parametrize(
    ("reason", "status", "why", "remedy"),
    [
        ("unauthorized", 401, "LogInformant rejects the API key (unauthorized 401)", "shipctl key set"),
        ("unavailable", 503, "LogInformant is down (unavailable 503)", "wait until it is back"),
        ("no_key", None, "the API key cannot be read (no_key)", "shipctl key set"),
    ],
)
def test_messages_in_flight_have_a_reason_at_every_call(
    shipctl: Run, replaying: Stack, reason: str, status: int | None, why: str, remedy: str
) -> None:
    replaying.replay_logs(reason, status, minutes_ago=4)
    replaying.replay_logs(reason, status, minutes_ago=1)
    for _ in range(5):
        lines = shipctl("dlq", "stats", env=WIDE).stdout.splitlines()
        assert "The queue is empty." not in lines
        assert lines[1].startswith("3 messages in flight: being replayed")
        assert lines[2].startswith(f"{why}; since ")
        assert "last 1 min ago" in lines[2]
        assert lines[3] == f"→ {remedy}; the logs are then replayed automatically"
    assert replaying.in_flight() == 3


def test_a_failure_before_the_last_delivery_is_not_reported(shipctl: Run, replaying: Stack) -> None:
    replaying.replay_logs("unavailable", 503, minutes_ago=2)
    replaying.replay_logs_a_delivery()
    output = shipctl("dlq", "stats", env=WIDE).stdout
    assert "LogInformant is down" not in output
    assert "No failure was logged in the last 15 minutes." in output


@pytest.mark.parametrize(
    ("says", "state", "words", "remedy"),
    [
        ("true", "Enabled", "AutoReplay is on", None),
        (
            "true",
            "Disabled",
            "AutoReplay is true, but automatic replay was switched off (Disabled)",
            "autoreplay on",
        ),
        (
            "false",
            "Enabled",
            "AutoReplay is false, but automatic replay was switched on (Enabled)",
            "autoreplay off",
        ),
        ("false", "Disabled", "AutoReplay is off: to replay, run shipctl dlq replay", None),
        ("true", None, "automatic replay has no event source mapping", None),
    ],
)
def test_stats_compare_the_trigger_with_the_parameter(
    shipctl: Run, stack_in_aws: Stack, says: str, state: str | None, words: str, remedy: str | None
) -> None:
    stack_in_aws.parameters["AutoReplay"] = says
    stack_in_aws.mapping_state = state
    output = shipctl("dlq", "stats", env=WIDE).stdout
    assert words in output
    assert remedy is None or f"→ shipctl {remedy}\n" in output


def test_a_replay_function_that_cannot_run_is_reported(shipctl: Run, replaying: Stack) -> None:
    replaying.reserved_concurrency = 0
    output = shipctl("dlq", "stats", env=WIDE).stdout
    assert "its function cannot run: its reserved concurrency is 0" in output
    assert (
        "→ aws lambda delete-function-concurrency --function-name loginformant-shipper-ReplayFunction"
        in output
    )


def test_hints_keep_the_stack_and_the_queue(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("bad", reason="rejected", parked=True)
    stack_in_aws.put("one")
    place = ["--region", "eu-west-1"]
    environment = {"AWS_REGION": "eu-north-1", **WIDE}
    shown = shipctl("dlq", "stats", *place, env=environment).stdout
    assert "Parked queue: 1 message: shipctl dlq stats --parked --region eu-west-1" in shown
    parked = shipctl("dlq", "stats", "--parked", *place, env=environment).stdout
    assert "→ shipctl dlq show --parked --region eu-west-1" in parked


def test_a_missing_log_group_is_reported(shipctl: Run, replaying: Stack) -> None:
    replaying.logs.delete_log_group(logGroupName=replaying.outputs["ReplayLogGroupName"])
    result = shipctl("dlq", "stats", env=WIDE)
    assert result.exit_code == 0
    assert (
        "? log group /loginformant/loginformant-shipper/replay, which belongs to the stack, does not exist"
        in result.stdout
    )


def test_json_has_numbers(shipctl: Run, replaying: Stack) -> None:
    replaying.put("a", "b", reason="rejected", Status="400", log_group="/ecs/pay")
    replaying.replay_logs("unauthorized", 401)
    document = json.loads(shipctl("dlq", "stats", "--json").stdout)
    assert (document["visible"], document["inFlight"], document["logEvents"]) == (1, 3, 2)
    assert document["byReason"] == {"rejected": {"messages": 1, "logEvents": 2}}
    assert document["byLogGroup"] == {"/ecs/pay": {"messages": 1, "logEvents": 2}}
    assert document["why"][0]["reason"] == "unauthorized"
    assert document["why"][0]["status"] == 401
    assert (document["replay"]["runs"], document["replay"]["isAsWanted"]) == (True, True)
    assert document["otherQueue"] == {"visible": 0, "inFlight": 0, "delayed": 0}


def test_visible_in_flight_and_delayed_messages_are_counted(shipctl: Run, stack_in_aws: Stack) -> None:
    stack_in_aws.put("in flight")
    stack_in_aws.hide()
    stack_in_aws.put("visible")
    stack_in_aws.put("refused", reason="rejected", delay_seconds=300)
    document = json.loads(shipctl("dlq", "stats", "--json").stdout)
    assert (document["visible"], document["inFlight"], document["delayed"]) == (1, 1, 1)
    assert "1 message delayed: rejected by LogInformant" in shipctl("dlq", "stats", env=WIDE).stdout


def test_watch_receives_no_message_and_runs_until_ctrl_c(
    shipctl: Run, replaying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaying.put("visible")
    rounds = iter(range(2))

    def sleep(seconds: float) -> None:
        if next(rounds, None) is None:
            raise KeyboardInterrupt

    def receive(*_: object) -> None:
        raise AssertionError("a message was received")

    monkeypatch.setattr("shipctl.dlq.stats.time.sleep", sleep)
    monkeypatch.setattr("shipctl.dlq.queue.Queue.receive", receive)
    result = shipctl("dlq", "stats", "--watch", env=WIDE)
    assert result.exit_code == 130
    assert result.stdout.count("1 message visible") == 3


def test_lines_break_between_words_at_sixty_columns(shipctl: Run, replaying: Stack) -> None:
    replaying.put("a", reason="unauthorized", Status="401")
    replaying.put("b", reason="rejected", Status="400")
    output = shipctl("dlq", "stats", env={"COLUMNS": "60"}).stdout
    words = set(output.split())
    assert {"unauthorized", "rejected", "LogInformant", "/aws/lambda/orders", "key,"} <= words
    assert (
        max(len(line) for line in output.splitlines() if "→" not in line and "DeadLetterQueue" not in line)
        <= 60
    )


def test_messages_that_were_not_read_are_said(
    shipctl: Run, stack_in_aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shipctl.dlq.queue.MAX_HELD", 10)
    for number in range(12):
        stack_in_aws.put(f"log {number}")
    output = shipctl("dlq", "stats", env=WIDE).stdout
    assert "10 log events wait in 10 messages" in output
    assert "about 2 messages more: not read, and not in these numbers" in output
    document = json.loads(shipctl("dlq", "stats", "--json").stdout)
    assert (document["isComplete"], document["notRead"]) == (False, 2)


def test_a_failure_is_explained_without_rights_on_the_functions(
    shipctl: Run, replaying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The logs say what fails; the address of LogInformant is also a parameter of the stack."""

    def not_allowed(*_: object) -> None:
        raise CommandError("lambda: not allowed")

    monkeypatch.setattr(Installation, "trigger", property(not_allowed))
    monkeypatch.setattr(Installation, "function", not_allowed)
    replaying.replay_logs("unavailable", None, minutes_ago=2)
    lines = shipctl("dlq", "stats", env=WIDE).stdout.splitlines()
    assert any(
        line.startswith("https://app.loginformant.com cannot be reached (unavailable") for line in lines
    )
    assert (
        "→ wait, or check the functions' network, proxy and DNS; then, unless automatic replay is on, "
        in ("\n".join(lines))
    )
    assert "? lambda: not allowed" in lines


def test_what_cannot_be_read_does_not_hide_the_queue(
    shipctl: Run, replaying: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_allowed(*_: object) -> None:
        raise CommandError("the rest: not allowed")

    read = Installation.counts
    monkeypatch.setattr(
        Installation, "counts", lambda self, parked: not_allowed() if parked else read(self, parked)
    )
    monkeypatch.setattr("shipctl.dlq.state.automatic_replay", not_allowed)
    replaying.replay_logs("unavailable", 503, minutes_ago=2)
    output = shipctl("dlq", "stats", env=WIDE).stdout
    assert "3 messages in flight" in output
    assert "LogInformant is down" in output
    assert output.count("? the rest: not allowed") == 1
    document = json.loads(shipctl("dlq", "stats", "--json").stdout)
    assert (document["otherQueue"], document["replay"]) == (None, None)
    assert document["notAsked"] == ["the rest: not allowed"]
