"""ID numbers, telephones and levels, read and checked. Every number here is made up (虚构)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eduops.training.rules import identity

_WEIGHTS = [pow(2, 17 - place, 11) for place in range(17)]


def make_id_number(region: str, birth: str, order: str) -> str:
    """A made-up number with its check character, computed by powers of two as ISO 7064 MOD 11-2 defines it."""
    body = f"{region}{birth}{order}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


@given(st.dates(min_value=date(1900, 1, 1)), st.integers(0, 999), st.integers(110000, 659999))
def test_every_number_with_its_check_character_is_sound_and_with_any_other_not(birth, order, region) -> None:
    number = make_id_number(str(region), f"{birth:%Y%m%d}", f"{order:03d}")
    assert identity.check_id_number(number) is None
    for other in "0123456789X":
        if other != number[-1]:
            found = identity.check_id_number(number[:-1] + other)
            assert found is not None
            assert found[0] == "id_number_check"


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(place: int, change: int) -> None:
    number = make_id_number("440101", "19900307", "123")
    digit = str((int(number[place]) + change) % 10)
    assert identity.check_id_number(number[:place] + digit + number[place + 1 :]) is not None


def test_two_neighbours_swapped_are_found() -> None:
    number = make_id_number("440101", "19900307", "124")
    for place in range(16):
        if number[place] != number[place + 1]:
            swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
            assert identity.check_id_number(swapped) is not None


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("", "id_number_length"),
        ("44010119900307123", "id_number_length"),
        ("440101900307123", "id_number_length"),
        ("44010119900307123XX", "id_number_length"),
        ("4401011990030712A4", "id_number_characters"),
        ("X40101199003071234", "id_number_characters"),
        ("44010119900307123Y", "id_number_characters"),
        ("４４0101199003071234", "id_number_characters"),
        ("440101199002301234", "id_number_birth"),
        ("440101189912311234", "id_number_birth"),
        ("440101000000001234", "id_number_birth"),
    ],
)
def test_what_is_no_id_number_is_refused_with_the_reason(number: str, code: str) -> None:
    found = identity.check_id_number(number)
    assert found is not None
    assert found[0] == code


def test_a_29th_of_february_is_a_birth_date_in_leap_years_only() -> None:
    assert identity.check_id_number(make_id_number("440101", "20000229", "001")) is None
    assert identity.check_id_number(make_id_number("440101", "19000229", "001")) is not None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("44010119900307123x", "44010119900307123X"),
        (" 440101 19900307 1234 ", "440101199003071234"),
        ("４４０１０１１９９００３０７１２３Ｘ", "44010119900307123X"),
    ],
)
def test_an_id_number_is_kept_half_width_without_spaces(text: str, kept: str) -> None:
    assert identity.read_id_number(text) == kept


@pytest.mark.parametrize(
    ("text", "kept", "is_sound"),
    [
        ("13800000000", "13800000000", True),
        ("138 0000 0000", "13800000000", True),
        ("138-0000-0000", "13800000000", True),
        ("+86 138 0000 0000", "13800000000", True),
        ("0086-13800000000", "13800000000", True),
        ("１３８００００００００", "13800000000", True),
        ("020-81234567", "02081234567", True),
        ("(0758) 2123456", "07582123456", True),
        ("1380000000", "1380000000", False),
        ("138000000000", "138000000000", False),
        ("12800000000", "12800000000", False),
        ("81234567", "81234567", False),
        ("分机 8001", "分机8001", False),
    ],
)
def test_telephones_are_kept_as_digits_and_others_refused(text: str, kept: str, is_sound: bool) -> None:
    assert identity.read_phone(text) == kept
    assert (identity.check_phone(kept) is None) is is_sound


@pytest.mark.parametrize(
    ("text", "level"), [("N0", "N0"), ("n2", "N2"), ("Ｎ３", "N3"), ("N4级", "N4"), (" n 1 ", "N1")]
)
def test_levels_are_read_however_they_are_typed(text: str, level: str) -> None:
    assert identity.read_level(text) == level
    assert identity.check_level(level) is None


@pytest.mark.parametrize("level", ["N5", "N", "2", "NN1", "护师", "N-1", "N10"])
def test_there_are_five_levels(level: str) -> None:
    assert identity.check_level(identity.read_level(level)) is not None


def test_masks_hide_the_middle_and_are_known_again() -> None:
    masked = (identity.mask_phone("13800001234"), identity.mask_id_number("440101199003071234"))
    assert masked == ("138****1234", "440***********1234")
    assert all(map(identity.is_masked, masked))
    assert not any(map(identity.is_masked, ("13800001234", "44010119900307123X", "", "**")))
