"""PATCH of an image: JSON patch of the two stock media types, on the image as it is shown."""

from __future__ import annotations

from typing import Any

from stackspan.core import errors as core_errors
from stackspan.http.request import Request
from stackspan.image import errors, schemas

MEDIA_TYPES = (
    "application/openstack-images-v2.1-json-patch",
    "application/openstack-images-v2.0-json-patch",
)
_OPERATIONS = ("add", "remove", "replace")


def patched(request: Request, shown: dict[str, Any]) -> dict[str, Any]:
    """`shown` with the request's changes applied.

    Raises Invalid (malformed), ReadOnly, ReservedProperty, Conflict (removing or replacing what isn't there).
    """
    changes = request.json_any()
    if not isinstance(changes, list):
        raise core_errors.Invalid("Request body must be a JSON array of operation objects.")
    result = dict(shown)
    for change in changes:
        verb, name, value = _operation(change)
        _apply(result, verb, name, value)
    return result


def _operation(change: Any) -> tuple[str, str, Any]:
    if not isinstance(change, dict):
        raise core_errors.Invalid("Operations must be JSON objects.")
    if "op" in change:
        verb, path = change["op"], change.get("path")
    else:
        verbs = [verb for verb in _OPERATIONS if verb in change]
        if len(verbs) != 1:
            raise core_errors.Invalid(
                "Operation objects must contain only one member named 'add', 'remove' or 'replace'."
            )
        verb, path = verbs[0], change[verbs[0]]
    if verb not in _OPERATIONS:
        raise core_errors.Invalid(f"Operations must be one of {', '.join(_OPERATIONS)}.")
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise core_errors.Invalid(f'Pointer `{path}` does not start with "/".')
    if verb != "remove" and "value" not in change:
        raise core_errors.Invalid(f'Operation "{verb}" requires a member named "value".')
    segments = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    if len(segments) != 1:
        raise core_errors.Invalid(f"Pointer `{path}` does not point to a property of the image.")
    return verb, segments[0], change.get("value")


def _apply(result: dict[str, Any], verb: str, name: str, value: Any) -> None:
    if name in schemas.READ_ONLY or name == "id":
        raise errors.ReadOnly(name)
    if name.startswith(schemas.RESERVED_PREFIX):
        raise errors.ReservedProperty(name)
    if verb == "remove":
        if name in schemas.BASE:
            raise core_errors.Forbidden(f"Property {name} may not be removed.")
        if name not in result:
            raise core_errors.Conflict(f"Property {name} does not exist.")
        del result[name]
        return
    if verb == "replace" and name not in result:
        raise core_errors.Conflict(f"Property {name} does not exist.")
    result[name] = value
