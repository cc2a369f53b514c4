"""What is kept comes back as it was: every field, whatever stands in it."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from db import cases, inbox, outbox, postings
from db.connect import Database
from db.tables import case as case_table
from db.tables import task as task_table
from tests.db.rows import SIX
from workflow.case import Case, Change, Entry, Notice, Posting, Task
from workflow.messages import Inbound

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
SCALARS: dict[Any, SearchStrategy[Any]] = {
    str: text,
    int: st.integers(0, 2**31 - 1),
    float: numbers,
    bool: st.booleans(),
    datetime: st.timedeltas(timedelta(days=-36500), timedelta(days=36500)).map(lambda since: SIX + since),
    timedelta: st.timedeltas(timedelta(days=-365), timedelta(days=36500)),
}
several = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def anything(kind: Any) -> SearchStrategy[Any]:
    """Values of a type of ours, field by field, so that a new field is tried without a word here."""
    if kind in SCALARS:
        return SCALARS[kind]
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return st.builds(kind, **{f.name: anything(hints[f.name]) for f in fields(kind)})
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, types.UnionType):
        return st.one_of(*(anything(one) for one in inner))
    if origin is tuple:
        return st.lists(anything(inner[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(text, text if inner[1] is str else json_values, max_size=3)
    assert kind is type(None), f"how are values of {kind} made up?"
    return st.none()


def test_every_field_of_a_case_and_of_a_task_has_its_column() -> None:
    assert set(case_table.c.keys()) == {f.name for f in fields(Case)} - {"tasks"}
    assert set(task_table.c.keys()) - {"case", "position"} == {f.name for f in fields(Task)}


@several
@given(first=anything(Case), second=anything(Case), entries=st.lists(anything(Entry), max_size=3))
def test_a_case_comes_back_as_it_was_saved(database: Database, first: Case, second: Case, entries: list[Entry]) -> None:
    with database.write() as tx:
        number = cases.next_number(tx)
        new = cases.save(tx, Change(replace(first, number=number, version=0), tuple(entries)), SIX)
        assert cases.get(tx, number) == new == replace(first, number=number, version=1)
    with database.write() as tx:
        changed = cases.save(tx, Change(replace(second, number=number, version=1)), SIX)
    with database.read() as tx:
        assert cases.get(tx, number) == changed == replace(second, number=number, version=2)
        assert cases.log_of(tx, number) == tuple(entries)
        assert changed in cases.find(tx, status=changed.status), "SQL and the property tell the status alike"
        others = {"draft", "open", "acknowledged", "resolved", "closed", "cancelled", "merged"} - {changed.status}
        assert changed not in cases.find(tx, status=tuple(others))  # type: ignore[arg-type]
        assert (changed in cases.open_cases(tx)) == changed.is_open


@several
@given(notice=anything(Notice), posting=anything(Posting), message=anything(Inbound))
def test_notices_postings_and_messages_come_back_as_they_were(
    database: Database, notice: Notice, posting: Posting, message: Inbound
) -> None:
    with database.write() as tx:
        number = cases.next_number(tx)
        posting = replace(posting, key=f"riverside/{number}/1/{posting.kind}/1", case=number)
        message = replace(message, message_id=f"{number} {message.message_id}")
        cases.save(tx, Change(Case(number, "riverside", SIX, "maria"), (), (notice,), (posting, posting)), SIX)
        stored = inbox.put(tx, message, SIX)
        assert stored is not None
    with database.read() as tx:
        assert [told.notice for told in outbox.of_case(tx, number)] == [notice]
        assert [status.posting for status in postings.of_case(tx, number)] == [posting]
        received = inbox.get(tx, stored)
        assert received is not None
        assert received.message == message
