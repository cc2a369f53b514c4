"""What a stranger may send: measured, parsed strictly and refused by its shape, before anybody's SDK sees it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.chat.gate import DEEPEST, Unreadable, at, form, json_object, recent, same

NOON = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


def test_an_object_is_read_as_it_stands() -> None:
    assert json_object(b'{"a": {"b": ["[[[[", "\\"{"]}}') == {"a": {"b": ["[[[[", '"{']}}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b'"text"', b"7", b"{", b'{"a": 1} {"b": 2}', b'{"a": NaN}', b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 1}}', b'{"a": "\xff"}', b'\xef\xbb\xbf{"a": 1}', b"{'a': 1}",
        b'{"a": ' + b"9" * 5000 + b"}", b'{"a":' * 70 + b"1" + b"}" * 70, b"[" * 200_000,
    ],
)  # fmt: skip
def test_whatever_is_no_plain_object_is_refused_by_its_shape(body: bytes) -> None:
    with pytest.raises(Unreadable):
        json_object(body)


def test_depth_is_counted_where_it_counts() -> None:
    deep = b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST
    assert json_object(deep)
    with pytest.raises(Unreadable):
        json_object(b'{"a":' + deep + b"}")


@given(st.binary(max_size=300))
def test_bytes_of_any_kind_are_read_or_refused(body: bytes) -> None:
    for parse in (json_object, form):
        with suppress(Unreadable):
            assert isinstance(parse(body), dict)


@given(st.dictionaries(st.text(max_size=9), st.recursive(st.none() | st.text(max_size=9), st.lists, max_leaves=9)))
def test_what_a_platform_would_send_passes(found: dict[str, object]) -> None:
    assert json_object(json.dumps(found).encode()) == found


def test_a_form_keeps_its_blank_fields_and_refuses_a_second_value() -> None:
    assert form(b"Body=&From=whatsapp%3A%2B1555&Body2=a+b") == {"Body": "", "From": "whatsapp:+1555", "Body2": "a b"}
    with pytest.raises(Unreadable):
        form(b"Body=stop&Body=go")
    with pytest.raises(Unreadable):
        form(b"&".join(b"a%d=1" % n for n in range(300)))


def test_a_signed_time_is_good_for_five_minutes() -> None:
    now = str(int(NOON.timestamp()))
    assert recent(now, NOON)
    assert recent(now, NOON + timedelta(minutes=5))
    assert not recent(now, NOON + timedelta(minutes=5, seconds=1))
    assert not recent(now, NOON - timedelta(minutes=6))
    assert not any(recent(stamp, NOON) for stamp in ("", "-1", "now", "1e9", "٣", now + ".0", "9" * 40))


def test_secrets_are_compared_whole() -> None:
    assert same("left", "left")
    assert not same("left", "leftover")
    assert not same("\ud800", "left")


def test_a_path_leads_to_what_stands_there_or_to_nothing() -> None:
    assert at({"a": {"b": 7}}, "a", "b") == 7
    assert at({"a": [1]}, "a", "b") is None
    assert at(None, "a") is None
