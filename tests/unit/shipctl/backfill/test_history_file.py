"""The output of `aws logs filter-log-events` is read in every form."""

import json
from pathlib import Path
from typing import Any

import pytest
from shipctl.backfill.history import Span
from shipctl.backfill.history_file import pages, read_files
from shipctl.errors import CommandError


def event(identifier: str, timestamp: int = 5, **more: Any) -> dict[str, Any]:
    return {
        "logStreamName": "a",
        "timestamp": timestamp,
        "message": f"order {identifier}",
        "ingestionTime": timestamp + 100,
        "eventId": identifier,
    } | more


def written(tmp_path: Path, *texts: str) -> list[Path]:
    paths = [tmp_path / f"{number}.json" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


PAGES = {"events": [event("1", 5), event("2", 3)]}, {"events": [event("3", 4), event("1", 5)]}


@pytest.mark.parametrize(
    "texts",
    [
        [json.dumps(PAGES[0]), json.dumps(PAGES[1])],
        ["\n".join(json.dumps(page, indent=4) for page in PAGES)],
        [json.dumps(list(PAGES))],
        [json.dumps([*PAGES[0]["events"], *PAGES[1]["events"]])],
        ["\ufeff" + "\n".join(json.dumps(each) for page in PAGES for each in page["events"]) + "\n\n"],
    ],
    ids=["files", "documents", "array of pages", "array", "lines"],
)
def test_all_pages_are_read_in_order_of_time_without_duplicates(texts: list[str], tmp_path: Path) -> None:
    assert [past.id for past in read_files(written(tmp_path, *texts))] == ["2", "3", "1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("order placed", "is not the output of aws logs filter-log-events"),
        ("[1]", "is not the output of aws logs filter-log-events"),
        (json.dumps({"events": [{"timestamp": 1, "message": "of get-log-events"}]}), "has no eventId"),
        (json.dumps({"events": [{"timestamp": 1, "eventId": "7"}]}), "log event 7 has no message"),
        (json.dumps({"events": [event("7") | {"timestamp": "now"}]}), "no timestamp"),
        (json.dumps({"events": [event("7", 10**18)]}), "log event 7 has a timestamp of 10"),
        ('{"events": []} {"events"', "not the output"),
    ],
)
def test_other_content_is_refused_in_one_line(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as raised:
        read_files(written(tmp_path, text))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"none\.json: No such file"):
        read_files([tmp_path / "none.json"])


def test_events_are_chosen_by_timestamp_and_by_ingestion_time(tmp_path: Path) -> None:
    events = read_files(written(tmp_path, json.dumps({"events": [event(str(n), n) for n in range(10)]})))

    def chosen(start: int = 0, **span: Any) -> list[str]:
        wanted = Span(**{"since": 0, "until": 10} | span)
        return [past.id for page in pages(events, wanted, start) for past in page]

    assert chosen(since=3, until=6) == ["3", "4", "5"]
    assert chosen(start=8) == ["8", "9"]
    assert chosen(ingested_since=102, ingested_until=104) == ["2", "3"]
    del events[4:]
    events[0] = events[0]._replace(ingested=None)
    assert chosen() == ["0", "1", "2", "3"]
    with pytest.raises(CommandError, match="log event 0 has no ingestionTime"):
        chosen(ingested_since=1)
