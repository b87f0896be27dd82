import pytest
from loginformant_shipper.levels.error_fields import decide_by_error_field


@pytest.mark.parametrize(
    "fields",
    [
        {"message": "order 7", "error": "no stock"},
        {"err": {"message": "no stock"}},
        {"errorType": "OutOfStock", "errorMessage": "item 7"},
        {"errors": ["no stock"]},
        {"errors": 3},
        {"stack_trace": "shop.OutOfStock"},
        {"status": "FAILED"},
        {"jobStatus": "FAILED"},
        {"outcome": "failure"},
        {"ErrorCode": "InvalidRequest", "ErrorMessage": "x"},
    ],
)
def test_a_field_with_an_error_is_an_error(fields: dict[str, object]) -> None:
    assert decide_by_error_field(fields) == ("Error", "error-field")


@pytest.mark.parametrize(
    "fields",
    [
        {"error": None},
        {"error": False},
        {"error": ""},
        {"error": "None"},
        {"errors": []},
        {"errors": 0},
        {"errorCode": "0"},
        {"status": "success"},
        {"status": 7},
        {"error_count": 7},
        {},
    ],
)
def test_fields_that_report_no_error_give_no_level(fields: dict[str, object]) -> None:
    assert decide_by_error_field(fields) is None
