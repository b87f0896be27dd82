"""Log events are read from files of every supported form."""

import base64
import gzip
import io
import json
import os
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from loginformant_shipper.events import ControlMessage, Undecodable
from shipctl import reading
from shipctl.errors import CommandError
from shipctl.reading import opened, read_file
from shipctl.streams import Piece, Streams

from events.wrap import wrap, wrap_kinesis

EVENTS = Path(__file__).parents[3] / "events"
PAYLOAD: dict[str, Any] = json.loads((EVENTS / "ecs-nginx.json").read_bytes())
MESSAGES = [event["message"] for event in PAYLOAD["logEvents"]]
CONTROL: dict[str, Any] = json.loads((EVENTS / "control-message.json").read_bytes())


def read(content: str | bytes, log_group: str = "") -> list[Piece]:
    data = content.encode() if isinstance(content, str) else content
    return list(read_file(io.BytesIO(data), "the file", log_group))


def messages(pieces: list[Piece]) -> list[str]:
    return [
        event.message
        for piece in pieces
        if isinstance(piece, Streams)
        for message in piece.messages
        for event in message.events
    ]


def only(pieces: list[Piece]) -> Streams:
    [piece] = pieces
    assert isinstance(piece, Streams)
    return piece


class TestLines:
    def test_each_line_is_a_log_event_of_the_named_log_group(self) -> None:
        pieces = read("one\ntwo\r\nthree", "/ecs/shop")
        assert messages(pieces) == ["one", "two", "three"]
        [message] = only(pieces).messages
        assert message.origin.log_group == "/ecs/shop"

    def test_empty_lines_are_skipped_but_blank_lines_are_log_events(self) -> None:
        assert messages(read("one\n\n  \ntwo\n")) == ["one", "  ", "two"]

    def test_all_lines_read_together_have_the_same_timestamp(self) -> None:
        [message] = only(read("one\ntwo\n")).messages
        assert len({event.timestamp for event in message.events}) == 1
        assert type(message.events[0].timestamp) is int

    def test_bytes_that_are_not_utf_8_are_replaced(self) -> None:
        assert messages(read(b"\xef\xbb\xbfcaf\xe9\n")) == ["caf\ufffd"]

    @pytest.mark.parametrize(
        "line",
        [
            '{"level":"info","message":"structured","timestamp":1793697121118}',
            '{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"an order"}]}',
            '{"Records":[{"eventSource":"aws:s3"}]}',
            '{"events":[{"name":"click"}]}',
            '{"events":[]}',
            '{"cut": "sho',
            "[INFO] plain",
            '["an", "array"]',
            "[]",
            "{",
            "[",
        ],
    )
    def test_json_lines_that_are_not_payloads_are_logs(self, line: str) -> None:
        assert messages(read(f"first\n{line}\n")) == ["first", line]
        assert messages(read(f"{line}\nlast\n")) == [line, "last"]

    def test_a_line_may_hold_a_whole_payload(self) -> None:
        lines = [json.dumps(wrap(PAYLOAD)), json.dumps(CONTROL), "plain", json.dumps(PAYLOAD)]
        pieces = read("\n".join(lines))
        assert messages(pieces) == [*MESSAGES, "plain", *MESSAGES]
        assert isinstance(pieces[1], ControlMessage)

    def test_a_line_beyond_the_limit_is_split(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "MAX_BYTES", 128 * 1024)
        parts = messages(read(b"x" * 300 * 1024 + b"\nlast\n"))
        assert "".join(parts) == "x" * 300 * 1024 + "last"
        assert max(map(len, parts)) <= 128 * 1024


class TestDocuments:
    @pytest.mark.parametrize("indent", [None, 2])
    @pytest.mark.parametrize(
        "document",
        [
            PAYLOAD,
            wrap(PAYLOAD),
            {"requestContext": {}, "requestPayload": wrap(PAYLOAD)},
            wrap_kinesis([PAYLOAD]),
            wrap_kinesis([PAYLOAD])["Records"][0],
            [wrap(PAYLOAD)],
            {"Records": [{"eventSource": "aws:sqs", "messageId": "1", "body": json.dumps(wrap(PAYLOAD))}]},
            {"eventSource": "aws:sqs", "messageId": "1", "body": json.dumps(wrap(PAYLOAD))},
            {"Messages": [{"MessageId": "1", "Body": json.dumps(wrap(PAYLOAD))}]},
            {"MessageId": "1", "ReceiptHandle": "r", "Body": json.dumps(wrap(PAYLOAD))},
        ],
        ids=lambda document: "/".join(document)[:40] if isinstance(document, dict) else None,
    )
    def test_a_payload_is_read_in_every_kind_of_event(self, document: object, indent: int | None) -> None:
        pieces = read(json.dumps(document, indent=indent), "/ignored")
        assert messages(pieces) == MESSAGES
        [message] = only(pieces).messages
        assert message.origin.log_group == "/ecs/shop-frontend"
        assert message.origin.log_stream == PAYLOAD["logStream"]

    def test_each_element_of_an_array_is_a_log(self) -> None:
        assert messages(read('["one", {"level": "info"},\n "two"]')) == ["one", '{"level":"info"}', "two"]

    def test_an_empty_array_has_no_logs(self) -> None:
        assert read("[]") == []

    def test_one_structured_log_over_several_lines_is_one_log(self) -> None:
        text = '{\n  "level": "error",\n  "message": "x"\n}'
        assert messages(read(text + "\n")) == [text]

    def test_consecutive_objects_over_several_lines_are_read_as_lines(self) -> None:
        assert messages(read('{\n"a": 1\n}\n{\n"b": 2\n}\n')) == ["{", '"a": 1', "}", "{", '"b": 2', "}"]

    def test_output_of_the_aws_cli_is_read_by_stream(self) -> None:
        printed = {
            "events": [
                {"logStreamName": "a", "timestamp": 1, "message": "a1", "ingestionTime": 5, "eventId": "e1"},
                {"logStreamName": "b", "timestamp": 2, "message": "b1", "ingestionTime": 5, "eventId": "e2"},
                {"logStreamName": "a", "timestamp": 3, "message": "a2", "ingestionTime": 5, "eventId": "e3"},
            ],
            "searchedLogStreams": [],
        }
        a, b = only(read(json.dumps(printed, indent=4), "/ecs/shop")).messages
        assert [event.message for event in a.events] == ["a1", "a2"]
        assert [(event.id, event.timestamp, event.message) for event in b.events] == [("e2", 2, "b1")]
        assert (b.origin.log_group, b.origin.log_stream) == ("/ecs/shop", "b")

    def test_a_log_event_on_its_own_line_is_read(self) -> None:
        lines = (
            '{"timestamp":1,"message":"one","ingestionTime":2}\n{"id":"3","timestamp":2,"message":"two"}\n'
        )
        [message] = only(read(lines)).messages
        assert [(event.timestamp, event.message) for event in message.events] == [(1, "one"), (2, "two")]
        assert message.events[1].id == "3"

    @pytest.mark.parametrize(
        ("data", "detail"),
        [
            ("?", "base64"),
            (base64.b64encode(b"plain").decode(), "gzip"),
            (base64.b64encode(gzip.compress(b"{", mtime=0)).decode(), "JSON"),
        ],
    )
    def test_payloads_that_the_shipper_cannot_decode_are_undecodable(self, data: str, detail: str) -> None:
        [piece] = read(json.dumps({"awslogs": {"data": data}}))
        assert isinstance(piece, Undecodable)
        assert piece.detail.startswith(detail)

    def test_a_document_beyond_the_limit_is_refused_with_advice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "MAX_BYTES", 1000)
        with pytest.raises(CommandError, match=r"the file looks like a JSON document .* jq -c"):
            read("[\n" + '"x",\n' * 1000)


class TestStreaming:
    def test_an_endless_input_is_read_in_bounded_memory(self) -> None:
        class Endless(io.RawIOBase):
            given = 0

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                line = b"a line of a log without end\n" * 1000
                buffer[: len(line)] = line
                self.given += len(line)
                return len(line)

        endless = Endless()
        pieces = read_file(io.BufferedReader(endless, 64 * 1024), "-", "")
        for piece in islice(pieces, 3):
            assert isinstance(piece, Streams)
            assert len(piece.messages[0].events) == 10_000
        assert endless.given < 2 * 1024 * 1024

    def test_lines_before_a_pause_of_the_input_are_returned(self) -> None:
        reader, writer = os.pipe()
        rescue = threading.Timer(30, os.close, [writer])  # Without this, a failing test would not end.
        rescue.start()
        try:
            with open(reader, "rb") as file:
                pieces = read_file(file, "-", "")
                os.write(writer, b"one\n")
                assert messages([next(pieces)]) == ["one"]
                os.write(writer, b"two\nthr")
                assert messages([next(pieces)]) == ["two"]
                os.write(writer, b"ee\n")
                assert messages([next(pieces)]) == ["three"]
                assert rescue.is_alive()
        finally:
            rescue.cancel()
            os.close(writer)


class TestOpening:
    @pytest.mark.parametrize(
        ("path", "line"), [("missing.log", "missing.log: No such file"), (".", ".: Is a directory")]
    )
    def test_a_file_that_cannot_be_opened_is_an_error(
        self, path: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(CommandError, match=line), opened(path):
            pass

    def test_a_compressed_file_is_refused_with_advice(self) -> None:
        with pytest.raises(CommandError, match=r"the file is compressed: zcat the file \| shipctl preview -"):
            read(gzip.compress(b"one\n"))

    def test_all_samples_can_be_read(self) -> None:
        def pieces(path: Path) -> Iterator[Piece]:
            with opened(str(path)) as file:
                yield from read_file(file, path.name, "")

        for path in sorted(EVENTS.glob("*.json")):
            assert [type(piece) for piece in pieces(path)] in ([Streams], [ControlMessage]), path.name
