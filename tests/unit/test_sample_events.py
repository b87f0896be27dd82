"""The sample events have the format of CloudWatch Logs."""

import base64
import gzip
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from events.wrap import main, wrap, wrap_kinesis

FOLDER = Path(__file__).parents[2] / "events"
FILES = sorted(FOLDER.glob("*.json"))
DATA_FILES = [file for file in FILES if file.stem != "control-message"]

MEMBERS = ["messageType", "owner", "logGroup", "logStream", "subscriptionFilters", "logEvents"]


def read(file: Path) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return payload


def unwrap(data: str) -> object:
    return json.loads(gzip.decompress(base64.b64decode(data, validate=True)))


def test_there_are_enough_kinds_of_sources() -> None:
    assert len(DATA_FILES) >= 16


@pytest.mark.parametrize("file", DATA_FILES, ids=lambda file: file.stem)
def test_a_sample_has_the_shape_of_a_data_message(file: Path) -> None:
    payload = read(file)
    assert list(payload) == [
        "messageType",
        "owner",
        "logGroup",
        "logStream",
        "subscriptionFilters",
        "logEvents",
    ]
    assert payload["messageType"] == "DATA_MESSAGE"
    assert re.fullmatch(r"\d{12}", payload["owner"])
    # Amazon CloudWatch Logs API Reference: characters of the names of groups and streams.
    assert re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", payload["logGroup"])
    assert re.fullmatch(r"[^:*]{1,512}", payload["logStream"])
    assert payload["subscriptionFilters"] == ["loginformant-shipper"]
    assert 3 <= len(payload["logEvents"]) <= 10


@pytest.mark.parametrize("file", DATA_FILES, ids=lambda file: file.stem)
def test_the_events_of_a_sample_are_in_order_and_carry_the_time_in_their_ids(file: Path) -> None:
    events = read(file)["logEvents"]
    assert [list(event) for event in events] == [["id", "timestamp", "message"]] * len(events)
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    for event in events:
        assert event["message"], "CloudWatch Logs takes no empty message"
        assert re.fullmatch(r"\d{56}", event["id"])
        assert int(event["id"]) >> 144 == event["timestamp"]


def test_no_event_id_occurs_twice() -> None:
    ids = Counter(event["id"] for file in DATA_FILES for event in read(file)["logEvents"])
    assert [event_id for event_id, count in ids.items() if count > 1] == []


def test_each_source_has_its_own_log_group() -> None:
    groups = Counter(read(file)["logGroup"] for file in DATA_FILES)
    assert set(groups.values()) == {1}


def test_the_control_message_has_its_type_and_one_event() -> None:
    payload = read(FOLDER / "control-message.json")
    assert payload["messageType"] == "CONTROL_MESSAGE"
    assert len(payload["logEvents"]) == 1


def test_every_sample_is_in_the_index() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[(.+?)\]\(\1\) \|", index, re.MULTILINE) == [file.name for file in FILES]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_wrapping_keeps_the_payload(file: Path) -> None:
    payload = read(file)
    event = wrap(payload)
    assert list(event) == ["awslogs"]
    assert unwrap(event["awslogs"]["data"]) == payload
    assert wrap(payload) == event


def test_a_kinesis_event_has_a_record_for_each_payload() -> None:
    payloads = [read(file) for file in FILES]
    records = wrap_kinesis(payloads)["Records"]
    assert [unwrap(record["kinesis"]["data"]) for record in records] == payloads
    assert len({record["kinesis"]["sequenceNumber"] for record in records}) == len(FILES)


def test_the_command_writes_the_event_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(FOLDER / "waf.json")]) == 0
    assert json.loads(capsys.readouterr().out) == wrap(read(FOLDER / "waf.json"))


def test_the_command_writes_a_kinesis_event_to_a_file(tmp_path: Path) -> None:
    files = [FOLDER / "waf.json", FOLDER / "cloudtrail.json"]
    assert main(["--kinesis", *map(str, files), "--output", str(tmp_path / "event.json")]) == 0
    assert read(tmp_path / "event.json") == wrap_kinesis(read(file) for file in files)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["missing.json"], "missing.json: No such file or directory"),
        ([str(FOLDER / "README.md")], "README.md is not JSON"),
        ([str(FOLDER / "waf.json"), str(FOLDER / "waf.json")], "give one FILE, or --kinesis"),
    ],
)
def test_an_input_that_cannot_be_wrapped_is_an_error_of_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert line in capsys.readouterr().err.splitlines()[-1]
