"""What a list is narrowed to, and in which order and from where it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa

T = TypeVar("T")


@dataclass(frozen=True)
class Filter:
    """One condition; `comparator` is equals, contains, startswith or endswith."""

    name: str
    value: Any
    comparator: str = "equals"
    case_sensitive: bool = True


@dataclass(frozen=True)
class ListOptions:
    """Which entries, and at most how many after which one; `limit` None is all.

    A list asks for one entry more than `limit`, so that the caller sees whether there is another page.
    """

    filters: Sequence[Filter] = field(default_factory=tuple)
    limit: int | None = None
    marker: str | None = None


ALL = ListOptions()


def equals(**values: Any) -> ListOptions:
    """The entries with these values; None is no condition."""
    return ListOptions(tuple(Filter(name, value) for name, value in values.items() if value is not None))


def apply(statement: sa.Select[Any], table: sa.Table, options: ListOptions) -> sa.Select[Any]:
    """`statement` on `table` with the conditions, ordered by id, one entry beyond the limit."""
    for condition in options.filters:
        column = table.c.get(condition.name)
        if column is not None:
            statement = statement.where(_condition(column, condition))
    if options.marker is not None:
        statement = statement.where(table.c.id > options.marker)
    if options.limit is not None:
        statement = statement.limit(options.limit + 1)
    return statement.order_by(table.c.id)


def _condition(column: sa.Column[Any], condition: Filter) -> sa.ColumnElement[bool]:
    if condition.comparator == "equals":
        exact: sa.ColumnElement[bool] = column == condition.value
        return exact
    operand: sa.ColumnElement[Any] = column
    value = str(condition.value)
    if not condition.case_sensitive:
        operand, value = sa.func.lower(column), value.lower()
    if condition.comparator == "startswith":
        return operand.startswith(value, autoescape=True)
    if condition.comparator == "endswith":
        return operand.endswith(value, autoescape=True)
    return operand.contains(value, autoescape=True)
