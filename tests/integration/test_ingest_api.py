"""The local ingest API checks requests as the contract says, and acts out the faults that a test sets."""

import gzip
import json
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import trustme
import urllib3

from local.faults import Fault, Manner
from local.ingest_api import IngestApi, Request, ingest_api

KEY = "the-key"
LOG = {"level": "Error", "message": "order 9912 failed"}
FULL_LOG = {
    **LOG,
    "timestamp": "2026-04-08T18:30:00.000Z",
    "source": "orders",
    "exception": "ValueError: no",
    "properties": {"orderId": 9912, "nested": {"list": [1, None]}},
}


@pytest.fixture
def api() -> Iterator[IngestApi]:
    with ingest_api(keys={KEY}) as api:
        yield api


@pytest.fixture
def client() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(retries=False, timeout=20) as client:
        yield client


def post(
    client: urllib3.PoolManager,
    api: IngestApi,
    body: Any = None,
    *,
    path: str = "/api/ingest/batch",
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> urllib3.BaseHTTPResponse:
    content = body if isinstance(body, bytes) else json.dumps(body or {"logs": [LOG]}).encode()
    given = {"X-API-Key": KEY, "Content-Type": "application/json", **(headers or {})}
    return client.request(
        method, api.url + path, body=content, headers={name: value for name, value in given.items() if value}
    )


def batch(count: int, **log: Any) -> dict[str, Any]:
    return {"logs": [{**LOG, **log, "source": str(number)} for number in range(count)]}


class TestContract:
    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/api/ingest", LOG),
            ("/api/ingest", FULL_LOG),
            ("/api/ingest/batch", {"logs": [FULL_LOG, LOG]}),
            ("/api/ingest/batch", batch(500)),
            ("/api/ingest/batch", {"logs": [{**LOG, "timestamp": "2026-04-08T18:30:00Z"}]}),
            ("/api/ingest/batch", {"logs": [{**LOG, "timestamp": "2026-04-08T18:30:00.123456+00:00"}]}),
            ("/api/ingest/batch", {"logs": [{**LOG, "message": "\0 any text 😀", "properties": {}}]}),
        ],
    )
    def test_a_valid_request_is_accepted_and_its_logs_are_kept(
        self, api: IngestApi, client: urllib3.PoolManager, path: str, body: Any
    ) -> None:
        logs = body.get("logs", [body])

        response = post(client, api, body, path=path)

        assert (response.status, response.json()) == (200, {"accepted": len(logs)})
        assert api.logs == logs

    @pytest.mark.parametrize("level", ["Debug", "Information", "Warning", "Error", "Fatal"])
    def test_each_of_the_five_levels_is_accepted(
        self, api: IngestApi, client: urllib3.PoolManager, level: str
    ) -> None:
        assert post(client, api, {"logs": [{**LOG, "level": level}]}).status == 200

    @pytest.mark.parametrize(
        "log",
        [
            {"level": "Error"},
            {"message": "no level"},
            {**LOG, "level": "error"},
            {**LOG, "level": "Critical"},
            {**LOG, "level": ["Error"]},
            {**LOG, "message": ""},
            {**LOG, "message": " \n"},
            {**LOG, "message": 5},
            {**LOG, "source": None},
            {**LOG, "exception": {}},
            {**LOG, "properties": []},
            {**LOG, "properties": None},
            {**LOG, "timestamp": None},
            {**LOG, "timestamp": 1712601000000},
            {**LOG, "timestamp": "2026-04-08 18:30:00Z"},
            {**LOG, "timestamp": "2026-04-08T18:30:00"},
            {**LOG, "timestamp": "2026-04-08T18:30:00+02:00"},
            {**LOG, "timestamp": "2026-02-30T18:30:00Z"},
            {**LOG, "requestId": "an unknown field"},
            "a string",
            None,
        ],
    )
    def test_an_invalid_log_is_refused_with_its_place_and_nothing_of_the_batch_is_kept(
        self, api: IngestApi, client: urllib3.PoolManager, log: Any
    ) -> None:
        response = post(client, api, {"logs": [LOG, log]})

        assert response.status == 400
        assert "logs[1]" in response.json()["error"]
        assert api.logs == []

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b'"logs"',
            b'{"logs": []}',
            b'{"logs": {}}',
            b'{"logs": [{"level": "Error", "message": "a"}], "more": 1}',
            b'{"logs": [{"level": "Error", "message": "a", "message": "b"}]}',
            b'{"logs": [{"level": "Error", "message": "a", "properties": {"n": NaN}}]}',
            b'{"logs": [{"level": "Error", "message": "\\ud800"}]}',
            b'{"logs": [{"level": "Error", "message": "\xff"}]}',
            b'{"logs": ' + b"[" * 100_000,
            json.dumps(batch(501)).encode(),
        ],
    )
    def test_a_body_of_another_shape_is_refused(
        self, api: IngestApi, client: urllib3.PoolManager, body: bytes
    ) -> None:
        response = post(client, api, body)

        assert response.status == 400
        assert response.json()["error"]
        assert api.logs == []

    @pytest.mark.parametrize(
        ("status", "changes"),
        [
            (401, {"headers": {"X-API-Key": ""}}),
            (401, {"headers": {"X-API-Key": "another-key"}}),
            (400, {"headers": {"Content-Type": ""}}),
            (400, {"headers": {"Content-Type": "text/plain"}}),
            (400, {"headers": {"Content-Type": "application/json; charset=latin-1"}}),
            (400, {"headers": {"Content-Encoding": "gzip"}, "body": gzip.compress(b'{"logs": []}')}),
            (404, {"path": "/api/ingest/batches"}),
            (404, {"path": "/control/logs", "method": "GET"}),
            (405, {"method": "PUT"}),
        ],
    )
    def test_method_path_and_headers_are_checked(
        self, api: IngestApi, client: urllib3.PoolManager, status: int, changes: dict[str, Any]
    ) -> None:
        assert post(client, api, **changes).status == status
        assert api.logs == []

    def test_a_chunked_request_is_refused(self, api: IngestApi, client: urllib3.PoolManager) -> None:
        response = client.request("POST", f"{api.url}/api/ingest/batch", body=iter([b"{}"]))

        assert response.status == 411


class TestRecord:
    def test_requests_are_kept_without_the_key(self, api: IngestApi, client: urllib3.PoolManager) -> None:
        body = json.dumps({"logs": [LOG]}).encode()
        post(client, api, body, headers={"User-Agent": "test"})
        post(client, api, b"no json")

        first, second = api.requests
        assert (first.method, first.path, first.size, first.logs) == (
            "POST",
            "/api/ingest/batch",
            len(body),
            (LOG,),
        )
        assert first.headers["user-agent"] == "test"
        assert KEY not in repr(api.requests)
        assert (second.logs, first.status, second.status) == ((), 200, 400)

    def test_requests_over_one_connection_share_its_number(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        post(client, api)
        post(client, api)
        with urllib3.PoolManager() as other:
            post(other, api)

        assert [request.connection for request in api.requests] == [1, 1, 2]
        assert api.connections == 2

    def test_a_test_can_act_while_requests_are_in_flight(self, client: urllib3.PoolManager) -> None:
        both = threading.Barrier(2)

        def meet(request: Request) -> None:
            both.wait(20)

        with ingest_api(keys={KEY}, on_request=meet) as api:
            other = threading.Thread(target=post, args=(urllib3.PoolManager(), api))
            other.start()
            post(client, api)
            other.join()

        assert api.most_in_flight == 2

    def test_a_test_can_wait_until_logs_arrive(self, api: IngestApi, client: urllib3.PoolManager) -> None:
        sender = threading.Thread(target=post, args=(client, api, batch(3)))
        sender.start()

        assert api.wait_for(lambda: len(api.logs) == 3, 20)
        assert not api.wait_for(lambda: len(api.logs) == 4, 0)
        sender.join()


class TestFaults:
    def test_faults_apply_to_requests_in_turn_and_then_end(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        api.fault(Fault(status=503, times=2), Fault(status=429, headers={"Retry-After": "7"}))

        responses = [post(client, api) for _ in range(4)]

        assert [response.status for response in responses] == [503, 503, 429, 200]
        assert responses[2].headers["Retry-After"] == "7"
        assert len(api.logs) == 1

    def test_headers_of_a_fault_replace_those_of_the_answer(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        early = "Thu, 01 Jan 2026 00:00:00 GMT"
        api.fault(Fault(status=307, headers={"Date": early, "Location": "http://127.0.0.1:9/"}, body="moved"))

        response = post(client, api)

        assert response.headers.getlist("Date") == [early]
        assert (response.status, response.headers["Location"], response.data) == (
            307,
            "http://127.0.0.1:9/",
            b"moved",
        )

    def test_a_fault_can_skip_requests_and_last_until_it_is_healed(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        api.fault(Fault(status=500, skip=1, times=None))

        before = [post(client, api).status for _ in range(4)]
        api.heal()

        assert before == [200, 500, 500, 500]
        assert post(client, api).status == 200

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_every_batch_with_a_poisonous_log_is_refused(
        self, api: IngestApi, client: urllib3.PoolManager, status: int
    ) -> None:
        api.fault(Fault(status=status, marker="POISON", times=None))
        poison = {**LOG, "message": "this is POISON"}

        statuses = [post(client, api, {"logs": logs}).status for logs in ([LOG, poison], [LOG], [poison])]

        assert statuses == [status, 200, status]
        assert api.logs == [LOG]

    def test_a_batch_beyond_the_limit_of_bytes_or_logs_is_refused(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        size = len(json.dumps(batch(5)))
        api.fault(Fault(status=413, over_bytes=size, times=None))

        assert [post(client, api, batch(count)).status for count in (5, 6)] == [200, 413]

        api.heal()
        api.fault(Fault(status=413, over_logs=5, times=None))

        assert [post(client, api, batch(count)).status for count in (5, 6)] == [200, 413]

    def test_an_invalid_request_uses_up_no_fault(self, api: IngestApi, client: urllib3.PoolManager) -> None:
        api.fault(Fault(status=503))

        assert [post(client, api, b"no json").status, post(client, api).status] == [400, 503]

    def test_logs_can_be_kept_when_the_answer_is_lost(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        api.fault(Fault(manner=Manner.RESET, keeps_logs=True))

        with pytest.raises(urllib3.exceptions.ProtocolError):
            post(client, api)

        assert api.logs == [LOG]

    @pytest.mark.parametrize(
        ("manner", "message"),
        [
            (Manner.RESET, "Connection reset"),
            (Manner.RESET_MIDWAY, "Connection reset"),
            (Manner.CUT, "without response|IncompleteRead|broken"),
            (Manner.GARBAGE, "BadStatusLine|HTTP"),
        ],
    )
    def test_a_broken_answer_is_an_error_for_the_client_and_nothing_is_kept(
        self, api: IngestApi, client: urllib3.PoolManager, manner: Manner, message: str
    ) -> None:
        api.fault(Fault(manner=manner, body="x" * 1000))

        with pytest.raises(urllib3.exceptions.ProtocolError, match=message):
            post(client, api)

        assert api.logs == []
        assert [request.status for request in api.requests] == [None]

    def test_a_dripping_answer_arrives_complete_and_late(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        api.fault(Fault(manner=Manner.DRIP, pause=0.001))

        assert post(client, api).json() == {"accepted": 1}

    def test_interim_answers_come_before_the_answer(
        self, api: IngestApi, client: urllib3.PoolManager
    ) -> None:
        api.fault(Fault(interim=2))

        assert post(client, api).status == 103  # urllib3 takes the first one for the answer
        assert len(api.logs) == 1

    def test_a_slow_answer_arrives_after_its_delay(self, api: IngestApi, client: urllib3.PoolManager) -> None:
        api.fault(Fault(status=503, delay=0.2))

        with pytest.raises(urllib3.exceptions.ReadTimeoutError):
            client.request(
                "POST",
                f"{api.url}/api/ingest/batch",
                body=json.dumps({"logs": [LOG]}),
                headers={"X-API-Key": KEY, "Content-Type": "application/json"},
                timeout=0.05,
            )

    def test_a_hanging_request_does_not_keep_the_api_from_stopping(self, client: urllib3.PoolManager) -> None:
        before = threading.active_count()
        failures: list[Exception] = []

        def hang(api: IngestApi) -> None:
            try:
                post(client, api)
            except urllib3.exceptions.ProtocolError as error:
                failures.append(error)

        with ingest_api(keys={KEY}) as api:
            api.fault(Fault(manner=Manner.HANG))
            caller = threading.Thread(target=hang, args=(api,))
            caller.start()
            assert api.wait_for(lambda: len(api.requests) == 1, 20)
            post(urllib3.PoolManager(), api)  # and one connection stays open
        caller.join(20)

        assert len(failures) == 1
        assert threading.active_count() == before


class TestKeys:
    def test_keys_change_at_a_given_request(self, api: IngestApi, client: urllib3.PoolManager) -> None:
        post(client, api)
        api.rotate_keys("new-key", after=1)

        statuses = [post(client, api).status for _ in range(2)]

        assert statuses == [200, 401]
        assert post(client, api, headers={"X-API-Key": "new-key"}).status == 200


class TestTls:
    def test_the_api_serves_tls_with_the_given_certificate(self) -> None:
        authority = trustme.CA()
        server, trusting = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
        authority.issue_cert("127.0.0.1").configure_cert(server)
        authority.configure_trust(trusting)

        with (
            ingest_api(keys={KEY}, tls=server) as api,
            urllib3.PoolManager(ssl_context=trusting, retries=False) as trusted,
            urllib3.PoolManager(retries=False) as untrusted,
        ):
            assert post(trusted, api).status == 200
            assert post(trusted, api).status == 200
            with pytest.raises(urllib3.exceptions.SSLError):
                post(untrusted, api)
            api.fault(Fault(manner=Manner.RESET))
            with pytest.raises(urllib3.exceptions.ProtocolError):
                post(trusted, api)

        assert [request.connection for request in api.requests] == [1, 1, 1]


class TestControl:
    def test_another_process_can_read_requests_and_set_faults(self, client: urllib3.PoolManager) -> None:
        with ingest_api(keys={KEY}, control=True) as api:

            def control(method: str, name: str, value: Any = None) -> urllib3.BaseHTTPResponse:
                return client.request(method, f"{api.url}/control/{name}", json=value)

            assert control("POST", "faults", [{"status": 429}, {"manner": "reset"}]).status == 200
            assert post(client, api).status == 429
            assert control("DELETE", "faults").status == 200
            assert post(client, api).status == 200
            assert control("PUT", "keys", ["other"]).status == 200
            assert post(client, api).status == 401

            assert control("GET", "logs").json() == [LOG]
            assert [request["status"] for request in control("GET", "requests").json()] == [429, 200, 401]

    @pytest.mark.parametrize("fault", [{"statuss": 500}, {"manner": "sideways"}, 5])
    def test_an_unknown_fault_is_an_error(self, client: urllib3.PoolManager, fault: Any) -> None:
        with ingest_api(keys={KEY}, control=True) as api:
            response = client.request("POST", f"{api.url}/control/faults", json=fault)

        assert response.status == 400
        assert response.json()["error"]
