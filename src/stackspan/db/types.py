"""Column types that read the same on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

E = TypeVar("E", bound=enum.Enum)


class UtcDateTime(sa.TypeDecorator[dt.datetime]):
    """An aware UTC time, stored as microseconds since 1970 in a BIGINT: sorts, compares and costs the same everywhere."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone can't be stored")
        delta = value - _EPOCH
        return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

    def process_result_value(self, value: int | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else _EPOCH + dt.timedelta(microseconds=value)


class Json(sa.TypeDecorator[Any]):
    """Any JSON value, stored as text."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


class StringEnum(sa.TypeDecorator[Any]):
    """An enum with string values, stored as its value. An unknown value in the database is an error, never guessed."""

    impl = sa.String(64)
    cache_ok = True

    def __init__(self, kind: type[E]) -> None:
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else self.kind(value)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
