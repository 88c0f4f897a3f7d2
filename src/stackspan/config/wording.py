"""How options and values are told to the operator."""

from __future__ import annotations

import re

from oslo_config import cfg, types

_SECRET_NAME = re.compile(r"password|passwd|secret|token|credential|(^|_)key$|connection$|transport_url$")
_USER_INFO = re.compile(r"//[^/\s]*@")


def is_secret_name(name: str) -> bool:
    """Whether the value of an option of that name must not be shown."""
    return _SECRET_NAME.search(name) is not None


def is_secret(option: cfg.Opt) -> bool:
    """Whether the option's value must not be shown."""
    return bool(option.secret) or is_secret_name(option.name)


def _bounds(kind: types.Number) -> str:
    low, high = kind.min, kind.max
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f" of at least {low}" if low is not None else f" of at most {high}" if high is not None else ""


def expected(option: cfg.Opt) -> str:
    """What a value must be, to follow "Give "."""
    kind = option.type
    if isinstance(kind, types.Integer):  # a port is one too
        return f"a whole number{_bounds(kind)}"
    if isinstance(kind, types.Float):
        return f"a number{_bounds(kind)}"
    if isinstance(kind, types.Boolean):
        return "true or false"
    if isinstance(kind, types.String) and kind.choices:
        return "one of " + ", ".join(str(choice) for choice in kind.choices)
    if isinstance(kind, types.HostAddress):
        return "a host name or address"
    if isinstance(kind, types.Dict):
        return "NAME:VALUE pairs with commas between"
    if isinstance(kind, types.URI):
        return "a URI" + (f" that begins with {' or '.join(sorted(kind.schemes))}" if kind.schemes else "")
    return "a usable value"


def shown(value: str) -> str:
    """A value in quotes for a message, without the account that a URL may hold."""
    return repr(_USER_INFO.sub("//***@", value))
