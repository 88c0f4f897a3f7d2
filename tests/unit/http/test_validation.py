"""Bodies: what is refused, and in which words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackspan.core import errors
from stackspan.http import validation

Nested = dict[str, str]


class Server(validation.Body):
    name: validation.Name
    count: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    kind: Literal["a", "b"] = "a"
    note: str | None = None
    tags: Annotated[list[int], msgspec.Meta(min_length=1, max_length=2)] = msgspec.field(default_factory=lambda: [1])
    path: Annotated[str, msgspec.Meta(pattern="^/")] = "/"
    metadata: Nested = msgspec.field(default_factory=dict)


class Create(validation.Body):
    server: Server


PREFIX = "Invalid input for field/attribute "


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"server":{}}', PREFIX + "server. Value: {}. 'name' is a required property"),
        (b'{"server":{"name":""}}', PREFIX + "name. Value: . '' is too short"),
        (b'{"server":{"name":5}}', PREFIX + "name. Value: 5. 5 is not of type 'string'"),
        (b'{"server":{"name":"a","count":0}}', PREFIX + "count. Value: 0. 0 is less than the minimum of 1"),
        (b'{"server":{"name":"a","count":9}}', PREFIX + "count. Value: 9. 9 is greater than the maximum of 5"),
        (b'{"server":{"name":"a","count":true}}', PREFIX + "count. Value: True. True is not of type 'integer'"),
        (b'{"server":{"name":"a","note":1}}', PREFIX + "note. Value: 1. 1 is not of type 'string', 'null'"),
        (b'{"server":{"name":"a","tags":[]}}', PREFIX + "tags. Value: []. [] is too short"),
        (b'{"server":{"name":"a","tags":[1,2,3]}}', PREFIX + "tags. Value: [1, 2, 3]. [1, 2, 3] is too long"),
        (b'{"server":{"name":"a","tags":["x"]}}', PREFIX + "0. Value: x. 'x' is not of type 'integer'"),
        (b'{"server":{"name":"a","path":"b"}}', PREFIX + "path. Value: b. 'b' does not match '^/'"),
        (b'{"server":{"name":"a","metadata":{"k":1}}}', "A value is not of type 'string'"),
        (b'{"server":[]}', PREFIX + "server. Value: []. [] is not of type 'object'"),
        (b"{}", "'server' is a required property"),
        (b'{"x":1}', "Additional properties are not allowed ('x' was unexpected)"),
        (b"[]", "[] is not of type 'object'"),
        (b"", "Malformed request body: it is not valid JSON."),
        (b"{", "Malformed request body: it is not valid JSON."),
        (b'{"server":{"name":"\xff"}}', "Malformed request body: it is not valid JSON."),
        (b'{"server":{"name":"\\ud800"}}', "Malformed request body: it is not valid JSON."),
        (b'{"server":{"name":"a\\u0000"}}', "Invalid input: NUL characters are not allowed."),
        (b'{"server":{"name":"a","metadata":{"\\u0000":"b"}}}', "Invalid input: NUL characters are not allowed."),
    ],
)
def test_words(body: bytes, words: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        validation.decode(body, Create)
    assert refused.value.user_message == words


def test_an_unknown_field_and_no_secret() -> None:
    with pytest.raises(errors.Invalid) as refused:
        validation.decode(b'{"server":{"name":"a","x":"b","adminPass":"geheim"}}', Create)
    assert refused.value.user_message == (
        PREFIX + "server. Value: {'name': 'a', 'x': 'b', 'adminPass': '***'}. "
        "Additional properties are not allowed ('x' was unexpected)"
    )


def test_long_values_are_cut() -> None:
    with pytest.raises(errors.Invalid) as refused:
        validation.decode(b'{"server":{"name":"' + b"x" * 100_000 + b'"}}', Create)
    assert len(refused.value.user_message) < 700


def test_a_nul_that_is_no_nul() -> None:
    assert validation.decode(b'{"server":{"name":"a\\\\u0000"}}', Create).server.name == "a\\u0000"


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1, 10**40])
def test_numbers_beyond_64_bits(number: int) -> None:
    with pytest.raises(errors.Invalid, match="is out of range"):
        validation.decode(b'{"a": [%d]}' % number, dict[str, Any])


@pytest.mark.parametrize("number", [(1 << 63) - 1, -(1 << 63)])
def test_numbers_within_64_bits(number: int) -> None:
    assert validation.decode(b'{"a": %d}' % number, dict[str, Any]) == {"a": number}


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(errors.Invalid):
        validation.decode(b"[" * 100_000, list[Any])


def refusal(body: bytes) -> str:
    try:
        validation.decode(body, Create)
    except errors.Invalid as refused:
        return refused.user_message
    return ""


@given(st.binary(max_size=200))
def test_no_bytes_break_it(body: bytes) -> None:
    assert refusal(body) or body


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(json_values, json_values)
def test_no_json_breaks_it(name: Any, rest: Any) -> None:
    told = refusal(msgspec.json.encode({"server": {"name": name, "metadata": rest, "tags": rest}}))
    assert len(told) < 1200
