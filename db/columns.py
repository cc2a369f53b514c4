"""Column types that make SQLite and PostgreSQL keep, refuse and give back the very same values."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python
from sqlalchemy.engine import Dialect

LARGEST_ID = 2**63 - 1
LONGEST_KEY = 400  # characters: PostgreSQL refuses to index more than about 2,700 bytes, SQLite takes anything
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_RARE = (r"\u0000", "NaN", "Infinity")  # what a text may hold that both databases cannot: looked at more closely


def storable(text: str) -> str:
    """The text as both databases can hold it: NUL and lone surrogates become U+FFFD.

    PostgreSQL refuses both, SQLite keeps the one and chokes on the other; a hostile message must not stop the desk.
    """
    return _NOT_STORABLE.sub("\ufffd", text)


class Words(sa.types.TypeDecorator[str]):
    """Text of any length, made storable."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Make it storable."""
        return None if value is None else storable(value)


class Key(Words):
    """Text that is looked up by index and comes from outside: very long ones keep their beginning and a hash."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Make it storable and short enough for an index."""
        if value is None or len(value) <= LONGEST_KEY:
            return None if value is None else storable(value)
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{storable(value[: LONGEST_KEY - 65])}#{digest}"


class Instant(sa.types.TypeDecorator[datetime]):
    """An instant, aware and in UTC on both databases; a naive one is a bug and is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn it to UTC; raises ValueError for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} says no time zone: instants are aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give it back in UTC; SQLite keeps the digits alone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Number(sa.types.TypeDecorator[float]):
    """A finite number; SQLite would keep "not a number" as nothing."""

    impl = sa.Float(53)
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:  # noqa: ARG002
        """Refuse what is not finite."""
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{value!r} is not a number that can be kept")
        return value


class Json(sa.types.TypeDecorator[Any]):
    """A value of ours as JSON text, rebuilt by pydantic when it is read.

    What is typed as `Any` inside (the facts of entries and notices) comes back as JSON: tuples as lists, instants as
    ISO text.
    """

    # JSON and not JSONB: text keeps 1.0 apart from 1 and the order of keys, as SQLite does.
    impl = sa.JSON(none_as_null=True)
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:  # noqa: ARG002
        """Write it as JSON text, which both drivers take; raises ValueError for what could not be read again."""
        return self._written

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:  # noqa: ARG002
        """Put it together again: SQLite gives the text, psycopg has read the JSON in it already."""
        text, value = self._adapter.validator.validate_json, self._adapter.validator.validate_python
        if dialect.name != "sqlite":
            return lambda kept: None if kept is None else value(kept)
        # SQLite gives a number that is all of the text as that number.
        return lambda kept: None if kept is None else text(kept) if isinstance(kept, str) else value(kept)

    def as_kept(self, value: Any) -> Any:
        """The value as it would come back from the database."""
        return self._adapter.validate_python(self._plain(value))

    def _written(self, value: Any) -> str | None:
        if value is None:
            return None
        try:
            text = to_json(self._adapter.dump_python(value, mode="json"), inf_nan_mode="constants").decode()
        except (UnicodeEncodeError, PydanticSerializationError):  # a lone surrogate
            text = _RARE[0]
        if any(rare in text for rare in _RARE):
            text = json.dumps(self._plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._adapter.validator.validate_json(text)  # a row that cannot be read would stop every page that lists it
        return text

    def _plain(self, value: Any) -> Any:
        try:
            return _cleaned(self._adapter.dump_python(value, mode="json"))
        except UnicodeEncodeError:  # a lone surrogate in a name, where pydantic does not let it pass
            return to_jsonable_python(_cleaned(self._adapter.dump_python(value)))


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case float() if not math.isfinite(value):
            raise ValueError(f"{value!r} is not a number that can be kept")
        case Mapping():
            return {storable(str(key)): _cleaned(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_cleaned(inner) for inner in value]
    return value
