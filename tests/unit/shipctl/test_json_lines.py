"""JSON is UTF-8, whatever the encoding of the terminal."""

import io
import json

from shipctl.json_lines import print_json


def test_json_is_utf_8_on_an_output_of_another_encoding() -> None:
    written = io.BytesIO()
    output = io.TextIOWrapper(written, encoding="ascii", errors="backslashreplace")
    output.write("before\n")
    print_json({"line": "m0 é😀\u202e"}, output)
    first, second = written.getvalue().splitlines()
    assert first == b"before"
    assert json.loads(second.decode("utf-8")) == {"line": "m0 é😀\u202e"}
    assert "😀" in second.decode("utf-8")
