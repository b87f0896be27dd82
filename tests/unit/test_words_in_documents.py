"""Documents quote the output of the program in its own words."""

import re
from pathlib import Path

from loginformant_shipper.subscriptions.plan import State
from shipctl.audit import findings, report
from shipctl.subscriptions import outcomes

PROJECT = Path(__file__).parents[2]
OPERATIONS = (PROJECT / "docs/operations.md").read_text(encoding="utf-8")
SUBSCRIPTIONS = (PROJECT / "docs/subscriptions.md").read_text(encoding="utf-8")


def rows(document: str, header: str) -> list[list[str]]:
    """Return the cells of the table below a header."""
    table = document.partition(f"\n| {header} |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_every_state_of_a_log_group_is_explained_in_its_words() -> None:
    shown = {cells[1].strip("`"): cells[0] for cells in rows(SUBSCRIPTIONS, "State")}
    assert shown == {state.value: outcomes.WORDS[state] for state in State}


def test_every_finding_of_an_audit_is_explained_in_its_words() -> None:
    shown = {cells[1].strip("`"): cells[0].strip("*") for cells in rows(OPERATIONS, "Finding")}
    assert shown == {state.value: words for state, words in report.WORDS.items() if state.value in shown}
    assert set(report.WORDS) - set(shown) == {findings.State.COMPLETE}


def test_the_messages_on_automatic_replay_are_quoted_as_printed() -> None:
    source = (PROJECT / "cli/shipctl/installation/automatic_replay.py").read_text(encoding="utf-8")
    section = OPERATIONS.partition("\n### When AutoReplay does nothing\n")[2].partition("\n## ")[0]
    quoted = re.findall(r"^\d\. \*([^*]+)\*", section, re.MULTILINE)
    assert len(quoted) == 2
    assert all(words in source for words in quoted)


def test_states_in_the_table_of_questions_are_quoted_as_printed() -> None:
    quoted = re.search(r"\| Is the log group subscribed\? \|.*", OPERATIONS)
    assert quoted
    printed = {*outcomes.WORDS.values(), outcomes.WORDS[State.OUTDATED].removeprefix("subscribed with ")}
    assert set(re.findall(r"\*([^*]+)\*", quoted[0])) <= printed
