import pytest
from loginformant_shipper.parsing.messages import parse
from loginformant_shipper.parsing.request_ids import request_id

ID = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"


@pytest.mark.parametrize(
    "message",
    [
        f"2026-11-03T10:00:00.000Z\t{ID}\tINFO\tx",
        f'2026-11-03T10:00:00.000Z\t{ID}\tINFO\t{{"function_request_id":"{OTHER}"}}',
        f"[INFO]\t2026-11-03T10:00:00.000Z\t{ID}\tx",
        f"START RequestId: {ID} Version: $LATEST",
        f"END RequestId: {ID}",
        f"REPORT RequestId: {ID}\tDuration: 1 ms",
        f"RequestId: {ID} Error: Runtime exited",
        f"2026-11-03T10:00:00.000Z {ID} Task timed out after 3.00 seconds",
        f'{{"AWSRequestId":"{ID}"}}',
        f'{{"awsRequestId":"{ID}"}}',
        f'{{"aws_request_id":"{ID}"}}',
        f'{{"function_request_id":"{ID}","lambda_request_id":"{OTHER}"}}',
        f'{{"lambda_request_id":"{ID}"}}',
        f'{{"faas.execution":"{ID}"}}',
        f'{{"timestamp":"2026-11-03T10:00:00Z","level":"INFO","requestId":"{ID}","message":"x"}}',
        f'{{"requestId":"{OTHER}","awsRequestId":"{ID}"}}',
        f'{{"type":"platform.report","record":{{"requestId":"{ID}"}},"awsRequestId":"{OTHER}"}}',
        f'{{"fields":{{"message":"x"}},"span":{{"requestId":"{ID}","name":"Lambda runtime invoke"}}}}',
        f'{{"spans":[{{"name":"cold start"}},{{"requestId":"{ID}"}},{{"requestId":"{OTHER}"}}]}}',
        f'{{"span":{{"requestId":"{OTHER}"}},"spans":[{{"requestId":"{ID}"}},{{"requestId":"{OTHER}"}}]}}',
        f'{{"span":{{"requestId":"{OTHER}"}},"requestId":"{ID}"}}',
    ],
)
def test_the_request_id_is_found(message: str) -> None:
    assert request_id(parse(message)) == ID


@pytest.mark.parametrize(
    "message",
    [
        "Order placed",
        f"see RequestId: {ID}",
        "START RequestId: none",
        "2026-11-03T10:00:00.000Z\tundefined\tINFO\tx",
        '{"awsRequestId":""}',
        '{"awsRequestId":7}',
        '{"requestId":""}',
        '{"requestId":7}',
        f'{{"requestId":["{ID}"]}}',
        '{"span":{"requestId":""}}',
        '{"span":{"requestId":7},"spans":["x",null,{"requestId":7}]}',
        f'{{"span":"{ID}","spans":"{ID}"}}',
        f'{{"request_id":"{ID}"}}',
        f'{{"type":"other","record":{{"requestId":"{ID}"}}}}',
        '{"type":"platform.report","record":"x"}',
    ],
)
def test_a_message_without_a_request_id_has_none(message: str) -> None:
    assert request_id(parse(message)) is None
