import pytest
from loginformant_shipper.levels.http_status import decide_by_http_status, decide_by_status_field


@pytest.mark.parametrize(
    "line",
    [
        '10.0.0.7 - - [01/Mar/2026:10:20:30 +0000] "GET /orders HTTP/1.1" {} 77 "-" "curl/8.5"',
        '10.0.0.7 - ann [01/Mar/2026:10:20:30 +0000] "GET /error HTTP/2" {} -',
        '10.0.0.7 - - [01/Mar/2026:10:20:30 +0000] "\\x16\\x03" {} 77',
        "orders[7]: 10.0.0.7:8080 [01/Mar/2026:10:20:30.1] web web/w1 0/0/1/2/3 {} 77 - - ---- 1/1/0",
        "1772360430.123     77 10.0.0.7 TCP_MISS/{} 770 GET http://shop.example/ - HIER_NONE/-",
        "10.0.0.7,-,-,01/Mar/2026:10:20:30 +0000,GET,/orders/{{id}},HTTP/1.1,{},77,7",
        "<request id='7'> <httpMethod>GET</httpMethod> <status>{}</status> <protocol>HTTP/1.1</protocol>",
        "[pid: 7] 10.0.0.7 () GET /orders => 77 bytes in 7 ms (HTTP/1.1 {}) 4 headers",
        'h2 2026-03-01T10:20:30Z app/7 10.0.0.7:70 10.0.0.8:80 0.1 0.2 0.3 {} 200 34 366 "GET / HTTP/2.0"',
        '[GIN] 2026/03/01 - 10:20:30 | {} |  1.2ms |  10.0.0.7 | GET  "/orders"',
        "GET /orders {} 7.123 ms - 77",
        "method=GET path=/orders format=html status={} duration=7.12",
        'method=POST path="/orders" host=shop.example dyno=web.1 connect=1ms service=7ms status={} bytes=77',
        "2026-03-01 10:20:30 10.0.0.8 GET /orders id=7 443 - 10.0.0.7 Mozilla/5.0 - {} 0 0 15",
        "2026-03-01\t10:20:30\tFRA2\t77\t10.0.0.7\tGET\td1.example\t/orders\t{}\t-\tcurl",
    ],
)
@pytest.mark.parametrize(
    ("status", "level"), [(200, "Information"), (304, "Information"), (404, "Warning"), (502, "Error")]
)
def test_the_status_of_a_request_is_its_level(line: str, status: int, level: str) -> None:
    assert decide_by_http_status(line.format(status)) == (level, "http-status")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("Not Found: /favicon.ico", "Warning"),
        ("Forbidden (CSRF cookie not set.): /error", "Warning"),
        ("Method Not Allowed (GET): /orders/7", "Warning"),
        ("Internal Server Error: /orders", "Error"),
        ("Service Unavailable: /", "Error"),
    ],
)
def test_the_phrase_of_a_status_before_a_path_is_its_level(line: str, level: str) -> None:
    assert decide_by_http_status(line) == (level, "http-status")


@pytest.mark.parametrize(
    "line",
    [
        "500 orders taken",
        "Not Found: order 7 /orders",
        "was Not Found: /orders",
        "Not Found /orders",
        "Found: /orders",
        "took 503 ms",
        "GET /orders/500",
        "GET /orders HTTP/1.1 done",
        'said "hello" 500',
        "ratio 3/4 500",
        "status 500",
        "| 77 |",
        "GET,/orders,500",
        "<took>503</took> /orders",
        "",
    ],
)
def test_other_numbers_are_no_status(line: str) -> None:
    assert decide_by_http_status(line) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 503},
        {"status": "503"},
        {"statusCode": 503, "path": "/orders"},
        {"http.response.status_code": 503},
        {"http": {"response": {"status_code": 503}}},
        {"http": {"status_code": 503}},
        {"res": {"statusCode": 503}},
        {"responseStatus": {"code": 503}},
        {"message": {"RESPONSE_CODE": "503"}},
        {"DownstreamStatus": 503},
    ],
)
def test_a_field_may_hold_the_status(fields: dict[str, object]) -> None:
    assert decide_by_status_field(fields) == ("Error", "http-status")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 503, "upstream_status": 200},
        {"upstream_status": 200, "status": 503},
        {"EdgeResponseStatus": 503, "OriginStatus": 200},
        {"response": {"code": 200, "status": 503}},
        {"request": {"status": 200}, "response": {"status": 503}},
    ],
)
def test_the_status_that_the_client_got_counts(fields: dict[str, object]) -> None:
    assert decide_by_status_field(fields) == ("Error", "http-status")


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "ok"},
        {"status": 7},
        {"status": 5030},
        {"status": True},
        {"code": 503},
        {"http": 503},
        {"http": {}},
    ],
)
def test_other_fields_are_no_status(fields: dict[str, object]) -> None:
    assert decide_by_status_field(fields) is None
