"""The API key: where it is read from, and what happens if it is refused or missing."""

import json
import threading
from collections.abc import Callable
from typing import Literal

import pytest
from loginformant_shipper.delivery.policy import Policy
from loginformant_shipper.delivery.sending import senders
from loginformant_shipper.delivery.sending.api_key import CredentialError
from loginformant_shipper.settings import Settings

from local.faults import Fault
from local.ingest_api import Request
from tests.integration.accounting import KEY, OTHER_KEY, Stack
from tests.integration.conftest import Aws, MakeStack, OnRequest
from tests.integration.payloads import log_events, subscription_event

EVER = None
pytestmark = pytest.mark.usefixtures("batches_of_ten")
PutSecret = Callable[[str | bytes], None]

FORMS = {
    "plain": KEY,
    "white space around it": f" \t{KEY}\r\n",
    "JSON": json.dumps({"apiKey": KEY}),
    "JSON with more in it": f' {{"note": "of the team", "apiKey": " {KEY}\\n"}} ',
}


@pytest.fixture
def stack(make_stack: MakeStack) -> Stack:
    return make_stack(key=None)


@pytest.fixture
def put_secret(aws: Aws, secret_arn: str) -> PutSecret:
    def put(value: str | bytes) -> None:
        if isinstance(value, str):
            aws.secrets.put_secret_value(SecretId=secret_arn, SecretString=value)
        else:
            aws.secrets.put_secret_value(SecretId=secret_arn, SecretBinary=value)

    return put


@pytest.fixture
def remove_secret(aws: Aws, secret_arn: str) -> Callable[[], None]:
    def remove() -> None:
        aws.secrets.delete_secret(SecretId=secret_arn, ForceDeleteWithoutRecovery=True)

    return remove


class TestSourceOfTheKey:
    @pytest.mark.parametrize("form", FORMS)
    def test_the_key_is_read_from_a_secret(self, stack: Stack, put_secret: PutSecret, form: str) -> None:
        put_secret(FORMS[form])
        assert stack.ship_and_account(subscription_event(log_events(3))).counts() == (3, 0, 1)

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("kind", ["SecureString"])
    def test_the_key_is_read_from_a_parameter(
        self, aws: Aws, make_stack: MakeStack, form: str, kind: Literal["String", "SecureString"]
    ) -> None:
        aws.ssm.put_parameter(Name="/loginformant/key", Value=FORMS[form], Type=kind, Overwrite=True)
        stack = make_stack(key=None, api_key_secret_arn=None, api_key_parameter_name="/loginformant/key")
        assert stack.ship_and_account(subscription_event(log_events(3))).counts() == (3, 0, 1)

    def test_the_key_is_read_once_for_many_invocations(self, stack: Stack) -> None:
        for number in range(3):
            stack.ship_and_account(subscription_event(log_events(2, first=2 * number)))
        assert stack.senders.key_fetches == 1


class TestMissingKey:
    def test_a_secret_that_is_missing_means_no_key_and_no_request(
        self, stack: Stack, remove_secret: Callable[[], None], secret_arn: str
    ) -> None:
        remove_secret()
        shipment = stack.ship_and_account(subscription_event(log_events(30)), seconds=30)
        assert shipment.counts() == (0, 30, 0)
        assert shipment.by_reason() == {"no_key": 30}
        assert stack.api.connections == 0
        assert secret_arn in shipment.dead_letters[0].detail

    def test_a_missing_key_is_fetched_again_with_backoff_while_time_allows(
        self, stack: Stack, remove_secret: Callable[[], None]
    ) -> None:
        remove_secret()
        stack.ship_and_account(subscription_event(log_events(1)), seconds=30)
        assert stack.senders.key_fetches >= 2
        assert stack.senders.slept > 0

    def test_a_key_that_is_fetched_late_is_used(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        def fetch(settings: Settings, tls: object) -> str:
            if stack.senders.key_fetches < 3:
                raise CredentialError("throttled")
            return KEY

        monkeypatch.setattr(senders, "fetch_api_key", fetch)
        assert stack.ship_and_account(subscription_event(log_events(3))).counts() == (3, 0, 1)

    def test_a_hanging_fetch_ends_with_the_time_for_sending(
        self, make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        end_of_test = threading.Event()
        monkeypatch.setattr(senders, "fetch_api_key", lambda settings, tls: end_of_test.wait() and KEY)
        shipment = make_stack(key=None, real_clock=True).ship_and_account(
            subscription_event(log_events(3)), seconds=1
        )
        end_of_test.set()
        assert shipment.counts() == (0, 3, 0)
        assert shipment.by_reason() == {"no_key": 3}

    @pytest.mark.parametrize(
        "value",
        [
            "{}",
            '{"key": "hush-hush"}',
            '{"apiKey": ["hush-hush"]}',
            '{"apiKey": " "}',
            "{hush-hush",
            " \n",
            "hush-hush\nX-Injected: 1",
            "hush-hush\u00e9",
            "\x00hush-hush",
            b"hush-hush",
        ],
    )
    def test_a_value_that_holds_no_key_is_not_sent_and_not_shown(
        self, stack: Stack, put_secret: PutSecret, value: str | bytes
    ) -> None:
        put_secret(value)
        shipment = stack.ship_and_account(subscription_event(log_events(1)), seconds=1)
        assert shipment.by_reason() == {"no_key": 1}
        assert shipment.requests == []
        assert "hush" not in shipment.dead_letters[0].detail + shipment.output

    def test_a_secret_without_a_key_is_fetched_only_a_few_times(
        self, stack: Stack, put_secret: PutSecret
    ) -> None:
        put_secret("{}")
        shipment = stack.ship_and_account(subscription_event(log_events(1)), seconds=95)
        assert shipment.by_reason() == {"no_key": 1}
        assert stack.senders.key_fetches == stack.environment.policy.key_attempts
        assert shipment.seconds < 20

    def test_later_invocations_fetch_a_missing_key_once_a_minute(
        self, stack: Stack, put_secret: PutSecret
    ) -> None:
        """Each once waited 94 seconds, so that ten payloads a second took about 950 executions at once."""
        put_secret("{}")
        event = subscription_event(log_events(1))
        stack.ship_and_account(event, seconds=95)
        for minute in range(1, 4):
            fetches, stack.senders.slept = stack.senders.key_fetches, 0
            for _ in range(10):
                shipment = stack.ship_and_account(event, seconds=95)
                assert shipment.by_reason() == {"no_key": 1}
                assert "without the member" in shipment.dead_letters[0].detail
            assert stack.senders.key_fetches == fetches + (minute > 1)
            assert stack.senders.slept == 0
            stack.senders.leap(60)
        put_secret(KEY)
        assert stack.ship_and_account(event).counts() == (1, 0, 1)

    def test_finding_a_key_clears_the_memory_of_failed_fetches(
        self, stack: Stack, put_secret: PutSecret
    ) -> None:
        put_secret("{}")
        event = subscription_event(log_events(1))
        stack.ship_and_account(event)
        stack.senders.leap(60)
        put_secret(KEY)
        assert stack.ship_and_account(event).counts() == (1, 0, 1)
        assert stack.environment.state.no_key_detail == ""


class TestRefusedKey:
    @pytest.fixture
    def stack(self, make_stack: MakeStack) -> Stack:
        return make_stack(key=None, policy=Policy(max_in_flight=1))

    def test_a_key_rotated_while_requests_are_in_flight_is_fetched_once(
        self, make_stack: MakeStack, put_secret: PutSecret, on_request: OnRequest
    ) -> None:
        stack = make_stack(key=None)
        stack.ship_and_account(subscription_event(log_events(1)))
        put_secret(OTHER_KEY)
        stack.api.rotate_keys(OTHER_KEY, after=2)
        four_in_flight = threading.Barrier(4, timeout=30)

        def meet(request: Request) -> None:
            if 1 <= request.number <= 4:
                four_in_flight.wait()

        on_request.append(meet)
        shipment = stack.ship_and_account(subscription_event(log_events(80, first=1)))
        refused = shipment.statuses().count(401)
        assert refused >= 2
        assert shipment.counts() == (80, 0, 8 + refused)
        assert stack.senders.key_fetches == 2

    @pytest.mark.parametrize("status", [401, 403])
    def test_an_unchanged_key_makes_everything_unauthorized_after_two_single_logs(
        self, stack: Stack, status: int
    ) -> None:
        stack.api.fault(Fault(status=status, body="who are you?", times=EVER))
        shipment = stack.ship_and_account(subscription_event(log_events(30)))
        assert shipment.counts() == (0, 30, 3)
        [letter] = shipment.dead_letters
        assert (letter.reason, letter.attributes["Status"]) == ("unauthorized", str(status))
        assert letter.detail == "who are you?"
        assert stack.senders.key_fetches == 2

    def test_a_changed_key_that_is_refused_too_is_tried_once(
        self, stack: Stack, put_secret: PutSecret
    ) -> None:
        stack.ship_and_account(subscription_event(log_events(1)))
        stack.api.fault(Fault(status=401, times=EVER))
        stack.api.rotate_keys(KEY, OTHER_KEY)
        put_secret(OTHER_KEY)
        shipment = stack.ship_and_account(subscription_event(log_events(30, first=1)))
        assert shipment.counts() == (0, 30, 4)
        assert shipment.by_reason() == {"unauthorized": 30}

    def test_a_refused_key_is_fetched_again_every_30_seconds_at_most(
        self, stack: Stack, put_secret: PutSecret
    ) -> None:
        stack.api.rotate_keys(OTHER_KEY)
        event = subscription_event(log_events(3))
        fetches = []
        for _ in range(3):
            assert stack.ship_and_account(event).by_reason() == {"unauthorized": 3}
            fetches.append(stack.senders.key_fetches)
        assert fetches == [2, 2, 2]

        put_secret(OTHER_KEY)
        assert stack.ship_and_account(event).by_reason() == {"unauthorized": 3}
        stack.senders.leap(30)
        assert stack.ship_and_account(event).counts() == (3, 0, 3), "the old key is tried with a single log"

    def test_everything_is_unauthorized_if_the_new_key_cannot_be_fetched(
        self, stack: Stack, remove_secret: Callable[[], None]
    ) -> None:
        stack.ship_and_account(subscription_event(log_events(1)))
        stack.api.rotate_keys(OTHER_KEY)
        remove_secret()
        shipment = stack.ship_and_account(subscription_event(log_events(30, first=1)), seconds=10)
        assert shipment.counts() == (0, 30, 1)
        assert shipment.by_reason() == {"unauthorized": 30}

    def test_a_refused_key_is_not_fetched_in_every_invocation(
        self, stack: Stack, remove_secret: Callable[[], None]
    ) -> None:
        stack.ship_and_account(subscription_event(log_events(1)))
        stack.api.rotate_keys(OTHER_KEY)
        remove_secret()
        event = subscription_event(log_events(3, first=1))
        stack.ship_and_account(event)
        fetches, stack.senders.slept = stack.senders.key_fetches, 0
        for _ in range(5):
            assert stack.ship_and_account(event).by_reason() == {"unauthorized": 3}
        assert (stack.senders.key_fetches, stack.senders.slept) == (fetches, 0)
