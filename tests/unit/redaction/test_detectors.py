"""For each detector: texts that are redacted, and similar texts that stay, published or made up."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loginformant_shipper.names import Detector
from loginformant_shipper.redaction.detectors import DETECTORS
from loginformant_shipper.redaction.detectors.card_numbers import (
    are_card_numbers,
    is_luhn_valid,
    is_of_a_network,
)
from loginformant_shipper.redaction.detectors.credit_card import find_credit_card
from loginformant_shipper.redaction.detectors.national_id import are_ibans
from loginformant_shipper.redaction.findings import redact_findings
from loginformant_shipper.redaction.placeholders import PLACEHOLDER, placeholder
from loginformant_shipper.redaction.spans import spans_of

SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
ENCRYPTED_JWT = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7T.6cg"
SESSION_TOKEN = "IQoJb3JpZ2luX2VjEOv%2F%2F%2F%2F%2F%2F%2F%2FwEaCXVzLWVhc3QtMSJHMEUCIQDcbGFnZ2Vk"

GOES: dict[Detector, list[str]] = {
    Detector.EMAIL: [
        "<alice@example.com>",
        "alice.b+tag@mail.example.co.uk",
        "user=alice_b-c@example.com,",
        "?user=alice%40example.com&x",
        "'jörg@bücher.example'",
        "12345@163.com",
        "mailto:a@b.io",
        "x" * 100 + "@example.com",
        "jdbc:postgresql://app:pa55word@db.example.com/orders",
        "?email=john.doe%2Bshop%40example.com&x=1",
        "?next=%2Flogin%3Fuser%3Dalice%2540example.com",
        r"john\u0040example.com",
        "avatars/alice@example.com.png",
        "alice@shop.js.org",
    ],
    Detector.CREDIT_CARD: [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111.",
        "card=5555555555554444;",
        "2223003122003222",
        "amex 3782 822463 10005 ok",
        "30569309025904",
        "6011111111111117",
        "4222222222222",
        "6304000000000000",
        "1700000000123 4111111111111111 7",
        "12-2026 4111 1111 1111 1111 123",
        "4111111111111111.0",
        "6205500000000000004",
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u202f1111\u202f1111\u202f1111",
        "4111  1111  1111  1111",
        "3782  822463  10005",
        "card=4111%201111%201111%201111&x=1",
        "card=4111+1111+1111+1111",
        "pan=4111%C2%A01111%C2%A01111%C2%A01111",
        "http://example.com/1 4111 1111 1111 1111",
        "99-4111-1111-1111-1111-2",
        "5500 4111 1111 1111 1111 0042",
        "6200 0000 0000 0000 000",
        "4222 222 222 222",
        "%B4111111111111111^DOE/JOHN^25121011234567890?",
        ";4111111111111111=25121011234567890?",
        "track2=4111111111111111D25121011234567890F",
    ],
    Detector.AWS_KEY: [
        "AKIAIOSFODNN7EXAMPLE",
        "AWS_ACCESS_KEY_ID=ASIAI44QH8DHBEXAMPLE",
        "Credential=AKIAIOSFODNN7EXAMPLE/20261103/eu-west-1/s3/aws4_request",
        f"aws_secret_access_key = {SECRET_KEY}",
        f"SecretAccessKey: '{SECRET_KEY}'",
        f"export AWS_SECRET_ACCESS_KEY={SECRET_KEY}",
        f'\\"secretAccessKey\\":\\"{SECRET_KEY}\\"',
        f"secret-key => {SECRET_KEY}",
        f"&X-Amz-Security-Token={SESSION_TOKEN}&X-Amz-Date=1",
        f"AWS_BEARER_TOKEN_BEDROCK=ABSK{'QmVkcm9jaw' * 12}=",
        f"AWS_BEARER_TOKEN_BEDROCK=bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t{'Lz9BY3Rpb24' * 12}==",
        f'{{"name":"AWS_SECRET_ACCESS_KEY","value":"{SECRET_KEY}"}}',
        f'{{"name": "AWS_SECRET_ACCESS_KEY", "type": "PLAINTEXT", "value": "{SECRET_KEY}"}}',
        f'{{"value":"{SECRET_KEY}","name":"AWS_SECRET_ACCESS_KEY"}}',
        f'{{"ParameterKey":"AwsSecretKey","ParameterValue":"{SECRET_KEY}"}}',
        f'{{"secretAccessKey":{{"S":"{SECRET_KEY}"}}}}',
        f"- name: AWS_SECRET_ACCESS_KEY\n  value: {SECRET_KEY}\n- name: B\n  value: c",
        f'name  = "AWS_SECRET_ACCESS_KEY"\nvalue = "{SECRET_KEY}"',
        f"fs.s3a.secret.key={SECRET_KEY}",
        "aws_secret_access_key%3DwJalrXUtnFEMI%2FK7MDENG%2FbPxRfiCYEXAMPLEKEY",
        r'{"SecretAccessKey":"wJalrXUtnFEMI\/K7MDENG\/bPxRfiCYEXAMPLEKEY","payload":"yyyy',
    ],
    Detector.TOKEN: [
        "Authorization: Bearer mF_9.B5f-4.1JqM",
        '"authorization":"bearer abcdef0123456789=="',
        "BEARER 0123456789abcdef",
        "bearer token: abcd1234efgh",
        "bearer_token=abcd1234efgh",
        JWT,
        f"?token={JWT}&x=1",
        ENCRYPTED_JWT,
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.",
        "Authorization%3A%20Bearer%20mF_9.B5f-4.1JqM",
        "Authorization%3A+Bearer+mF_9.B5f-4.1JqM",
        "Authorization: Bearer \x1b[32mmF_9.B5f-4.1JqM\x1b[0m",
    ],
    Detector.PRIVATE_KEY: [
        "-----BEGIN PRIVATE KEY-----\nMIIBVAIBADANBgkqhkiG9w0BAQEFAAS\nabc=\n-----END PRIVATE KEY-----",
    ],
    Detector.IP_ADDRESS: [
        "10.0.0.1",
        "255.255.255.255:8080",
        "from /192.168.1.20, port",
        "It was 10.0.0.1.",
        '"203.0.113.7 - - [',
        "ip-10-0-12-255.eu-west-1.compute.internal",
        "2001:db8::1",
        "[2001:db8::1]:443",
        "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "from 2001:db8::8a2e:370:7334: refused",
        "::1",
        "::ffff:10.0.0.1",
        "10:00:00 UTC:2001:db8::1(53211):alice@shop:[7]:LOG:",
        "host:2001:db8::1\tuser:alice",
        "client:::1",
        "peer:2001:db8:0:0:0:0:0:1",
        "fe80::1ff:fe23:4567:890a%eth0",
        "ec2-203-0-113-7.compute-1.amazonaws.com:443",
        "host/10.1.2.3",
        "ip=203%2E0%2E113%2E7",
        "ip=2001%3Adb8%3A%3A1&x",
    ],
    Detector.NATIONAL_ID: [
        "123-45-6789",
        "SSN:078-05-1120.",
        "DE89 3704 0044 0532 0130 00",
        "GB82WEST12345698765432",
        "NO93 8601 1117 947",
        "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
        "BE68 5390 0754 7034 PAID",
        "529.982.247-25",
        "756.9217.0769.85",
        "ssn=078%2D05%2D1120",
        "iban=DE89%203704%200044%200532%200130%2000",
        "iban=DE89+3704+0044+0532+0130+00&x=1",
        "AB12 CDEF GHIJ DE89 3704 0044 0532 0130 00",
    ],
}

STAYS: dict[Detector, list[str]] = {
    Detector.EMAIL: [
        "alice@localhost",
        "lodash@4.17.21",
        "lodash@4.17.21.tgz",
        "pkg@1.0.0-beta.1.tgz",
        "img/logo@2x.png",
        "Shape@3x.SVG",
        "main@4f3a9c.js",
        "@angular/core@12.3.4",
        "com.example.Order@1a2b3c4d",
        "image@sha256:0123abcd",
        "@name.surname",
        "root@10.0.0.1",
        "a @ b.com",
        "100%40",
    ],
    Detector.CREDIT_CARD: [
        "4111111111111112",
        "1700000000000000",  # microseconds since 1970
        "1700000000123456789",
        "411111111111",
        "41111111111111111111",
        "0.4111111111111111",
        "a4111111111111111",
        "4111111111111111f",
        "4111111111111111.25",
        "2026-11-03 10 20 30",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "9111111111111111",
        "4111_1111_1111_1111",
        "550e8400-e29b-41d4-a716-446655440000",
        "47223179-9330-4259-b66c-f2db26efb20c",  # a UUID whose first digits have a valid check digit
        "356938035643809",  # a telephone number
        "1647725122227",
        "-0.5309136012499991%",
        "411111111111111106",  # no network's number has 18 digits and begins with 4
    ],
    Detector.AWS_KEY: [
        "AROAIOSFODNN7EXAMPLE",  # a role's id is no secret
        "ABSK and ABSKILLS",
        f"{'x' * 100}ABSK{'x' * 100}",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bedrock-api-key-prod",
        "AIDAIOSFODNN7EXAMPLE",
        "AKIAIOSFODNN7EXAMPL",
        "AKIAIOSFODNN7EXAMPLES",
        "xAKIAIOSFODNN7EXAMPLE",
        SECRET_KEY,  # nothing around it shows that it is a key
        f"commit {'0123456789' * 4}",
        f"secret_access_key={SECRET_KEY}x",
        "secret_access_key=***",
        f'{{"name":"AWS_SECRET_ACCESS_KEY","value":"x"}},{{"name":"HASH","value":"{SECRET_KEY}"}}',
        f"- name: AWS_SECRET_ACCESS_KEY\n  value: x\n- name: HASH\n  value: {SECRET_KEY}",
        f'{{"name":"AWS_SECRET_ACCESS_KEY","sha":"{"0123456789" * 4}"}}',
        "aws-key-rotation in com/windows/installer/latest/AWSAgentIns/x",
    ],
    Detector.TOKEN: [
        "the bearer of bad news",
        "Bearer authentication required",
        'WWW-Authenticate: Bearer realm="x1"',
        "bearer a1",
        "bearer:8080",
        "Bearer error:404",
        "forbearer 0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9",  # only a header
        "eyJ.eyJ.x",
        "keyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x",
    ],
    Detector.PRIVATE_KEY: [
        "-----BEGIN PUBLIC KEY-----\nMIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY----- is missing in the file",
        "no PRIVATE KEY in MIIBVAIBADANBgkqhkiG9w0BAQEFAASCAT4wggE6",
    ],
    Detector.IP_ADDRESS: [
        "256.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "v1.2.3.4",
        "1.2.3.4a",
        "01.2.3.4",
        "10:20:30",
        "2026-11-03T10:20:30.123Z",
        "00:1b:44:11:3a:b7",
        "std::vector",
        "ace::fed",
        "Foo::Bar::1",
        "abc:def::1:2:3:4:5:6:7",
        "key:00:1b:44:11:3a:b7",
        "wwn 50:06:01:60:3b:a0:11:22",
        "time:10:20:30",
        "::",
        "1:2:3:4:5:6:7:8:9",
        "ip-10-0-0-256",
        "zip-10-0-0-1",
        "10-0-0-1",
        "ec2-203-0-113-256.compute-1.amazonaws.com",
        "Chrome/139.0.0.0 Safari/537.36",  # a version
    ],
    Detector.NATIONAL_ID: [
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "123456789",
        "123 45 6789",
        "1123-45-6789",
        "123-45-6789-0",
        "DE88 3704 0044 0532 0130 00",
        "XX00ABCDABCDABCD",
        "529.982.247-26",
        "de89370400440532013000",
        "111.111.111-11",
        "756.9217.0769.86",
        "SELECT12 FROM ORDERS",
        "FR975D8XY110XAZ5",  # its check digits are valid, and the text ends before it is as long as in France
    ],
}


def redacted_by(detector: Detector, text: str) -> str:
    return redact_findings(text, [DETECTORS[detector]])


def test_every_detector_has_examples_of_both_kinds() -> None:
    assert set(GOES) == set(STAYS) == set(DETECTORS) == set(Detector)


@pytest.mark.parametrize(
    ("detector", "text"), [(detector, text) for detector, texts in GOES.items() for text in texts]
)
def test_each_example_is_redacted_and_nothing_else(detector: Detector, text: str) -> None:
    redacted = redacted_by(detector, text)
    found = placeholder(detector)
    assert found in redacted
    assert redacted_by(detector, redacted) == redacted
    assert redacted_by(detector, f"before {text} after") == f"before {redacted} after"
    before, *_, after = redacted.split(found)
    assert text.startswith(before)
    assert text.endswith(after)


@pytest.mark.parametrize(
    ("detector", "text"), [(detector, text) for detector, texts in STAYS.items() for text in texts]
)
def test_similar_texts_are_not_redacted(detector: Detector, text: str) -> None:
    assert redacted_by(detector, text) == text
    assert redacted_by(detector, f"before {text} after") == f"before {text} after"


@pytest.mark.parametrize(
    ("detector", "text", "redacted"),
    [
        (Detector.EMAIL, "to a@b.io, c@d.io.", "to [redacted:email], [redacted:email]."),
        (Detector.CREDIT_CARD, "4111 1111 1111 1111 123", "[redacted:credit-card] 123"),
        (Detector.CREDIT_CARD, "4111111111111111 5555555555554444", " ".join(["[redacted:credit-card]"] * 2)),
        (
            Detector.AWS_KEY,
            f"AKIAIOSFODNN7EXAMPLE,{SECRET_KEY}",
            "[redacted:aws-key],[redacted:aws-key]",
        ),
        (Detector.TOKEN, f"Bearer {JWT}", "Bearer [redacted:token]"),
        (Detector.TOKEN, "Bearer 12|AbCdEfGh0123", "Bearer [redacted:token]"),
        (Detector.TOKEN, "Bearer sk-lm-ABC123:SUFFIX: refused", "Bearer [redacted:token]: refused"),
        (Detector.TOKEN, "Bearer 123456789012345|SECRET|", "Bearer [redacted:token]|"),
        (Detector.TOKEN, "authorization: Bearer a1b2c3d4e5", "authorization: Bearer [redacted:token]"),
        (Detector.IP_ADDRESS, "10.0.0.1:80", "[redacted:ip-address]:80"),
        (Detector.IP_ADDRESS, "2001:db8::1: no", "[redacted:ip-address]: no"),
        (Detector.IP_ADDRESS, "ip-10-0-0-1.ec2", "[redacted:ip-address].ec2"),
        (Detector.NATIONAL_ID, "BE68 5390 0754 7034 PAID", "[redacted:national-id] PAID"),
    ],
)
def test_the_text_around_a_finding_stays(detector: Detector, text: str, redacted: str) -> None:
    assert redacted_by(detector, text) == redacted


def test_only_the_placeholders_of_detectors_are_recognized() -> None:
    assert all(PLACEHOLDER.fullmatch(placeholder(detector)) for detector in Detector)
    assert not PLACEHOLDER.search("[redacted:hunter2]")


def with_check_digit(number: str) -> str:
    return next(f"{number}{digit}" for digit in range(10) if is_luhn_valid(f"{number}{digit}".encode()))


BEGINNINGS = st.sampled_from(
    ["", "4", "50", "51", "56", "6", "34", "35", "36", "200", "220", "226", "270", "273"]
)
NUMBERS = st.builds(
    lambda beginning, number, size: (beginning + number)[:size],
    BEGINNINGS,
    st.text("0123456789", min_size=18, max_size=18),
    st.integers(12, 18),
)
OF_ONE_LENGTH = st.integers(12, 18).flatmap(
    lambda size: st.lists(NUMBERS.map(lambda number: number[:size].ljust(size, "7")), max_size=60)
)


@given(st.lists(NUMBERS, max_size=60) | OF_ONE_LENGTH, st.integers(1, 3))
def test_many_numbers_are_judged_like_each(numbers: list[str], every: int) -> None:
    written = [
        number + "3" if place % every else with_check_digit(number) for place, number in enumerate(numbers)
    ]
    of_each = [is_luhn_valid(it) and is_of_a_network(it) for it in map(str.encode, written)]
    assert [bool(flag) for flag in are_card_numbers(written)] == of_each


CARDS = ["4111 1111 1111 1111", "5555-5555-5555-4444", "3782 822463 10005", "4242424242424242"]


@given(st.lists(st.sampled_from([*CARDS, "x", "12", "4111 1111", "0000 0000 0000 0001"]), max_size=400))
def test_cards_are_found_anywhere_among_many_numbers(words: list[str]) -> None:
    redacted = redacted_by(Detector.CREDIT_CARD, ", ".join(words))
    assert redacted == ", ".join("[redacted:credit-card]" if word in CARDS else word for word in words)


ALONE = re.compile(
    r"(?<![A-Za-z0-9_])(?<![0-9]\.)(?:4111111111111111|6011000990139424)(?![A-Za-z0-9_]|\.[0-9]*[1-9])"
)
NUMBERS_OF_CARDS = ["4111111111111111", "6011000990139424", "4111111111111112"]
PIECES = [".", ".0", ".5", "_", "x", "é", "\u20ac", "\n", " ", "-", "{", "7" * 20]


@given(
    st.lists(
        st.sampled_from(["4111111111111111", "6011000990139424", "4111111111111112", *PIECES]), max_size=60
    )
)
def test_part_of_a_word_or_of_a_decimal_number_is_no_card(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert spans_of(find_credit_card(text)) == [match.span() for match in ALONE.finditer(text)]


def test_a_card_is_found_at_any_place_in_a_long_row_of_groups() -> None:
    for before in (0, 1, 2, 3, 816, 817, 818, 819, 820, 1700):
        row = "0000 " * before + "4111 1111 1111 1111" + " 0000" * 5
        assert redacted_by(Detector.CREDIT_CARD, row).split()[before] == "[redacted:credit-card]"


BLANKS = st.sampled_from([" ", "-", "+", "\xa0", "\u202f", "  ", "?", "\u20ac", " -"])
GROUPS = st.one_of(
    st.sampled_from(
        ["4111 1111 1111 1111", "5555-5555-5555-4444", "2223 0031 2200 3222", "4222 222 222 222"]
    ),
    st.sampled_from(
        ["4111 1111 1111 1112", "6200 0000 0000 0000 000", "3782 822463 10005", "1111 1111 1111 1117"]
    ),
    st.text("0123456789", min_size=1, max_size=6),
)


@given(
    st.lists(st.tuples(GROUPS, st.one_of(BLANKS, st.sampled_from([",", "x", ".", ""]))), max_size=12),
    st.integers(1, 60),
)
def test_every_way_of_searching_cards_in_groups_finds_the_same(
    pieces: list[tuple[str, str]], times: int
) -> None:
    """The number of candidates decides whether they are checked one by one or all at once."""
    part = "".join(group + between for group, between in pieces)
    once = redacted_by(Detector.CREDIT_CARD, f"{part};")
    assert redacted_by(Detector.CREDIT_CARD, f"{part};" * times) == once * times


ADDRESSES = [
    "a@b.io",
    "a@b.co1@c.de",
    "a@b.io-c@d.io",
    "@a.bc@d.ef",
    "x" * 330 + "@a.bc",
    "a@b@c.de",
    "a@b.c2",
]


@given(st.lists(st.sampled_from([*ADDRESSES, ",", " ", ".", "ü", "@"]), max_size=12))
def test_sparse_and_dense_e_mail_addresses_are_found_alike(pieces: list[str]) -> None:
    text = "".join(pieces)
    sparse = text + " " + "." * 40 * len(text)
    assert redacted_by(Detector.EMAIL, sparse) == redacted_by(Detector.EMAIL, text) + sparse[len(text) :]


@pytest.mark.parametrize("text", ["DE893704abcdefghijklmnop", "DE89 3704 0044 \u00e9\u00b2\u0663d efgh 12"])
def test_text_that_only_begins_like_an_account_number_is_not_redacted(text: str) -> None:
    assert redacted_by(Detector.NATIONAL_ID, text) == text


def test_valid_and_invalid_check_digits_are_told_apart() -> None:
    assert is_luhn_valid(b"79927398713")
    assert not is_luhn_valid(b"79927398710")
    assert list(are_ibans(b"GB82WEST12345698765432GB83WEST12345698765432", 22)) == [1, 0]
