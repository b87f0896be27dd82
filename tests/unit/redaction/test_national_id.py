"""Check digits of many national ids are computed together, and are those of each number."""

from hypothesis import example, given
from hypothesis import strategies as st
from loginformant_shipper.redaction.detectors.national_id import (
    are_ahv,
    are_cpf,
    are_ibans,
    find_national_id,
)

DIGITS = "0123456789"
TIMES = st.sampled_from([1, 20])
"""A few candidates are checked one by one, and many together."""
SIGNS = f"{DIGITS}ABCXYZ"


def is_iban(number: str) -> bool:
    """Follow ISO 7064, MOD 97-10, for one number."""
    moved = number[4:] + number[:4]
    is_written = all(sign in f"{DIGITS}ABCDEFGHIJKLMNOPQRSTUVWXYZ" for sign in number)
    return is_written and int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


@example(["GB82WEST12345698765432", "GB83WEST12345698765432", "GB82WEST1234569876543?"])
@given(
    st.integers(15, 33).flatmap(
        lambda size: st.lists(st.text(SIGNS, min_size=size, max_size=size), min_size=1)
    )
)
def test_ibans_are_those_of_the_standard(numbers: list[str]) -> None:
    assert [bool(flag) for flag in are_ibans("".join(numbers).encode(), len(numbers[0]))] == list(
        map(is_iban, numbers)
    )


def with_check_digits(country: str, rest: str) -> str:
    moved = f"{rest}{country}00"
    return f"{country}{98 - int(''.join(str(int(sign, 36)) for sign in moved)) % 97:02}{rest}"


IBANS = st.builds(with_check_digits, st.just("DE"), st.text(DIGITS, min_size=18, max_size=18)) | st.builds(
    with_check_digits, st.just("NO"), st.text(SIGNS, min_size=11, max_size=11)
)


def in_groups(number: str, size: int, blank: str) -> str:
    return blank.join(number[start : start + size] for start in range(0, len(number), size))


@given(
    st.lists(
        st.tuples(IBANS, st.sampled_from([2, 3, 4, 5, 33]), st.sampled_from([" ", "\xa0", "  ", ""])),
        max_size=9,
    ),
    st.sampled_from([",", " x ", ".\n"]),
    TIMES,
)
def test_every_iban_in_usual_groups_is_found(
    numbers: list[tuple[str, int, str]], between: str, times: int
) -> None:
    """Groups of other sizes make no difference to the numbers beside them."""
    numbers *= times
    written = [in_groups(*number) for number in numbers]
    usual = [
        text
        for text, (_, size, blank) in zip(written, numbers, strict=True)
        if blank == "" or size == 33 or (size == 4 and blank != "  ")
    ]
    found = find_national_id("".join(text + between for text in written))[1::2]
    assert [text for text in found if text in usual] == usual


def is_cpf(digits: list[int]) -> bool:
    """Follow the rule of Receita Federal for one number."""
    for count in (9, 10):
        weighted = sum((count + 1 - place) * digits[place] for place in range(count))
        if weighted * 10 % 11 % 10 != digits[count]:
            return False
    return len(set(digits)) > 1


@example([[1] * 11, [5, 2, 9, 9, 8, 2, 2, 4, 7, 2, 5], [0] * 10 + [1]], 1)
@example([[1] * 11, [5, 2, 9, 9, 8, 2, 2, 4, 7, 2, 5], [0] * 10 + [1]], 20)
@given(st.lists(st.lists(st.integers(0, 9), min_size=11, max_size=11)), TIMES)
def test_cpf_numbers_are_those_of_the_rule(numbers: list[list[int]], times: int) -> None:
    numbers *= times
    written = ["{}{}{}.{}{}{}.{}{}{}-{}{}".format(*number) for number in numbers]
    assert [bool(flag) for flag in are_cpf(written)] == list(map(is_cpf, numbers))


@given(st.lists(st.lists(st.integers(0, 9), min_size=10, max_size=10)), TIMES)
def test_ahv_numbers_are_those_of_the_rule(numbers: list[list[int]], times: int) -> None:
    numbers *= times
    written = ["756.{}{}{}{}.{}{}{}{}.{}{}".format(*number) for number in numbers]
    of_each = []
    for number in numbers:
        digits = [7, 5, 6, *number]
        of_each.append((sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0)
    assert [bool(flag) for flag in are_ahv(written)] == of_each
