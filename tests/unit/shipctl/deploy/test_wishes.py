"""Settings are read exactly as typed, and unintended ones are refused."""

from pathlib import Path

import pytest
from shipctl.deploy.parameters import Parameter
from shipctl.deploy.refused import Refused
from shipctl.deploy.wishes import read_wishes

Parameters = dict[str, Parameter]


def read(
    parameters: Parameters, *settings: str, unset: tuple[str, ...] = (), file: Path | None = None
) -> dict[str, str]:
    return read_wishes(parameters, file, settings, unset)


def write(folder: Path, text: str) -> Path:
    file = folder / "settings.json"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "value",
    [
        "GET /health",
        " leading and trailing ",
        "?ERROR ?WARN",
        "a=b,c==d",
        "user=anna level=Error",
        '{ $.level = "ERROR" }',
        "it's \\ and \\\\",
        "$HOME `id` %s {0}",
        "ü",
        "",
    ],
)
def test_a_value_is_all_text_after_the_first_equals_sign(value: str, parameters: Parameters) -> None:
    assert read(parameters, f"ExcludePattern={value}") == {"ExcludePattern": value}


def test_without_options_no_setting_is_read(parameters: Parameters) -> None:
    assert read(parameters) == {}


def test_unset_restores_the_default(parameters: Parameters) -> None:
    found = read(parameters, unset=("MaxInFlight", "HttpsProxy", "ApiKey"))
    assert found == {"MaxInFlight": "8", "HttpsProxy": "", "ApiKey": ""}


@pytest.mark.parametrize(
    ("settings", "unset", "said"),
    [
        (("MaxInFlight",), (), "give NAME=VALUE"),
        (("maxinflight=8",), (), "there is no parameter maxinflight: did you mean MaxInFlight?"),
        (("Redakt=email",), (), "did you mean Redact?"),
        (("Colour=blue",), (), "there is no parameter Colour: see docs/configuration.md for all parameters"),
        ((), ("Colour",), "there is no parameter Colour"),
        (("Redact=email", "Redact=token"), (), "Redact is given twice"),
        (("Redact=email",), ("Redact",), "Redact is given twice"),
        (("ApiKey=abc",), (), "--api-key"),
        (
            ("ExcludePattern=GET /health MinimumLevel=Information",),
            (),
            "Give --set once for each setting (shipctl deploy --set ExcludePattern=… --set MinimumLevel=…)",
        ),
        (("Redact=email\tApiKey=abc",), (), "its value contains ApiKey=, which looks like another setting"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    settings: tuple[str, ...], unset: tuple[str, ...], said: str, parameters: Parameters
) -> None:
    with pytest.raises(Refused) as refusal:
        read(parameters, *settings, unset=unset)
    assert said in str(refusal.value)
    assert "abc" not in str(refusal.value)
    assert refusal.value.status == 2


@pytest.mark.parametrize(
    "text",
    [
        '{"ExcludePattern": "GET /health", "SamplePercent": 12.50, "MaxInFlight": 8, "AutoReplay": false}',
        '{"Parameters": {"ExcludePattern": "GET /health", "SamplePercent": "12.50", "MaxInFlight": "8",'
        ' "AutoReplay": "false"}}',
        '[{"ParameterKey": "ExcludePattern", "ParameterValue": "GET /health"},'
        ' {"ParameterKey": "SamplePercent", "ParameterValue": "12.50"},'
        ' {"ParameterKey": "MaxInFlight", "ParameterValue": "8"},'
        ' {"ParameterKey": "ApiKey", "UsePreviousValue": true},'
        ' {"ParameterKey": "AutoReplay", "ParameterValue": "false"}]',
    ],
)
def test_values_in_a_file_are_read_exactly_as_written(
    text: str, parameters: Parameters, tmp_path: Path
) -> None:
    assert read(parameters, file=write(tmp_path, text)) == {
        "ExcludePattern": "GET /health",
        "SamplePercent": "12.50",
        "MaxInFlight": "8",
        "AutoReplay": "false",
    }


def test_options_override_the_file(parameters: Parameters, tmp_path: Path) -> None:
    file = write(tmp_path, '{"Redact": "email", "MaxInFlight": 12, "MaxReplays": 5}')
    found = read(parameters, "Redact=token", unset=("MaxInFlight",), file=file)
    assert found == {"Redact": "token", "MaxInFlight": "8", "MaxReplays": "5"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('"Redact"', "it must contain"),
        ('{"Redact": ["email"]}', "the value of Redact must be a string"),
        ('{"Redact": null}', "the value of Redact must be a string"),
        ('{"Redact": "email", "Redact": "token"}', "Redact is given twice"),
        (
            '[{"ParameterKey": "Redact", "ParameterValue": "a"},'
            ' {"ParameterKey": "Redact", "ParameterValue": "b"}]',
            "Redact is given twice",
        ),
        ('[{"Key": "Redact"}]', "it must contain"),
        ('{"Colour": "blue"}', "there is no parameter Colour"),
        ('{"ApiKey": "abc"}', "--api-key"),
    ],
)
def test_an_unusable_file_is_refused(text: str, said: str, parameters: Parameters, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=said):
        read(parameters, file=write(tmp_path, text))


def test_a_missing_file_is_refused(parameters: Parameters, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"--parameters .*none\.json"):
        read(parameters, file=tmp_path / "none.json")
