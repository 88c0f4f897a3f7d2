"""What kind of trouble an error of SQLAlchemy's tells of."""

from __future__ import annotations

import sqlalchemy as sa

# What a thread that outlives a database's outage catches: refused, lost, or no connection free in time.
DatabaseError = (sa.exc.DBAPIError, sa.exc.TimeoutError)


def is_outage(error: Exception) -> bool:
    """Whether the database couldn't be reached or didn't manage, as opposed to a statement that it refused."""
    return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError)


def is_collision(error: Exception) -> bool:
    """Whether PostgreSQL gave up this transaction in favour of another (deadlock, serialization): run it again."""
    origin = getattr(error, "orig", None)
    return getattr(origin, "sqlstate", None) in ("40P01", "40001")
