"""API stories: ordered requests in a YAML file against the real application. `docs/howto/add-an-endpoint.md` tells how.

    test_story = stories.for_folder(__file__, build)      # in tests/api/<service>/test_stories.py

runs every `*.yaml` beside that file, each on a fresh application. The keys are those of gabbi where both have them;
gabbi itself isn't used because it speaks WSGI only and its pytest plugin trips over other tests' names.
"""

from __future__ import annotations

import json
import pathlib
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml
from tests.support import api as api_support
from tests.support.asgi import ROOT, Reply

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
KEYS = {
    *METHODS,
    "name",
    "desc",
    "as",
    "microversion",
    "request_headers",
    "data",
    "raw",
    "status",
    "response_headers",
    "response_forbidden_headers",
    "response_json_paths",
    "response_json_absent",
    "response_json",
    "response_strings",
    "save",
    "poll",
    "advance",
}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")
_STEP = re.compile(r"\.`len`|\.([A-Za-z0-9_:\-]+)|\[(\d+|-\d+)\]|\['([^']*)'\]|\[(\w+)=([^\]]*)\]")
_MISSING = object()


def for_folder(test_file: str, build: api_support.Build | None) -> Callable[..., None]:
    """A test of every story beside `test_file`."""
    paths = sorted(pathlib.Path(test_file).parent.glob("*.yaml"))
    assert paths, f"no stories beside {test_file}"

    @pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)
    def test_story(path: pathlib.Path, tmp_path: pathlib.Path) -> None:
        with api_support.serve(build, tmp_path) as api:
            run(path, api)

    return test_story


def run(path: pathlib.Path, api: api_support.Api) -> None:
    """Run the story at `path`; fails at the first request whose answer isn't as told."""
    story = yaml.safe_load(path.read_text())
    variables: dict[str, Any] = {"root": ROOT}
    for name, persona in api.personas.items():
        for key in ("token", "user_id", "user_name", "project_id", "project_name"):
            variables[f"{name}.{key}"] = getattr(persona, key)
    for number, told in enumerate(story["tests"], 1):
        step = {**story.get("defaults", {}), **told}
        unknown = set(step) - KEYS
        assert not unknown, f"{path.name}: step {number} has unknown keys {sorted(unknown)}"
        _step(f"{path.name}, step {number} ({step.get('name', '-')})", _fill(step, variables), api, variables)


def lookup(value: Any, path: str) -> Any:
    """What is at `path`: `$.servers[0].name`, `$['odd-key']`, `$.items[name=x].id`, `$.items.`len``; `MISSING` if none."""
    rest = path.removeprefix("$")
    at = 0
    while at < len(rest):
        match = _STEP.match(rest, at)
        assert match, f"can't read the path {path!r} at {rest[at:]!r}"
        at = match.end()
        value = _one_step(value, match)
        if value is _MISSING:
            return _MISSING
    return value


def _one_step(value: Any, match: re.Match[str]) -> Any:
    if match[0] == ".`len`":
        return len(value)
    name = match[1] if match[1] is not None else match[3]
    if name is not None:
        return value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
    if match[2] is not None:
        index = int(match[2])
        return value[index] if isinstance(value, list) and -len(value) <= index < len(value) else _MISSING
    found = [one for one in value if str(one.get(match[4])) == match[5]] if isinstance(value, list) else []
    return found[0] if found else _MISSING


def _fill(value: Any, variables: Mapping[str, Any]) -> Any:
    """`value` with `${name}` replaced, also in keys; alone in a string, a variable keeps its type."""
    if isinstance(value, str):
        whole = _VARIABLE.fullmatch(value)
        if whole and whole[1] in variables:
            return variables[whole[1]]
        return _VARIABLE.sub(lambda match: str(variables.get(match[1], match[0])), value)
    if isinstance(value, dict):
        return {_fill(key, variables): _fill(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_fill(one, variables) for one in value]
    return value


def _step(where: str, step: Mapping[str, Any], api: api_support.Api, variables: dict[str, Any]) -> None:
    if "advance" in step:
        api.parts.clock.advance(step["advance"])
    methods = [method for method in METHODS if method in step]
    if not methods:
        assert "advance" in step, f"{where}: no method"
        return
    poll = step.get("poll", {"count": 1})
    for attempt in range(poll["count"]):
        if attempt:
            time.sleep(poll.get("delay", 0.05))
        reply = _ask(step, methods[0], api)
        wrong = _wrong(step, reply)
        if not wrong:
            break
    if wrong:
        told = "\n  ".join(wrong)
        pytest.fail(f"{where}: {methods[0]} {step[methods[0]]}\n  {told}\n  {_shown(reply)}", pytrace=False)
    for name, source in step.get("save", {}).items():
        if source.startswith("header:"):
            found = reply.headers.get(source.removeprefix("header:").lower(), _MISSING)
        else:
            found = lookup(reply.json(), source)
        assert found is not _MISSING, f"{where}: nothing to save at {source}\n  {_shown(reply)}"
        variables[name] = found


def _ask(step: Mapping[str, Any], method: str, api: api_support.Api) -> Reply:
    raw = step.get("raw")
    return api.request(
        method,
        step[method],
        as_=step.get("as", "admin"),
        json=step.get("data"),
        body=raw.encode() if isinstance(raw, str) else raw,
        headers={name: str(value) for name, value in step.get("request_headers", {}).items()},
        microversion=step.get("microversion"),
    )


def _wrong(step: Mapping[str, Any], reply: Reply) -> list[str]:
    wrong = []
    if reply.status != step.get("status", 200):
        wrong.append(f"status {reply.status} instead of {step.get('status', 200)}")
    for name, value in step.get("response_headers", {}).items():
        if not _fits(reply.headers.get(name.lower(), _MISSING), value):
            wrong.append(f"header {name} is {reply.headers.get(name.lower())!r} instead of {value!r}")
    for name in step.get("response_forbidden_headers", ()):
        if name.lower() in reply.headers:
            wrong.append(f"header {name} is there")
    for text in step.get("response_strings", ()):
        if text not in reply.text:
            wrong.append(f"the body lacks {text!r}")
    if {"response_json_paths", "response_json_absent", "response_json"} & set(step):
        try:
            body = reply.json()
        except ValueError:
            return [*wrong, "the body isn't JSON"]
        wrong += _wrong_json(step, body)
    return wrong


def _wrong_json(step: Mapping[str, Any], body: Any) -> list[str]:
    wrong = []
    if "response_json" in step and body != step["response_json"]:
        wrong.append(f"the body isn't {step['response_json']!r}")
    for path, value in step.get("response_json_paths", {}).items():
        found = lookup(body, path)
        if not _fits(found, value):
            wrong.append(f"{path} is {'missing' if found is _MISSING else repr(found)} instead of {value!r}")
    for path in step.get("response_json_absent", ()):
        if lookup(body, path) is not _MISSING:
            wrong.append(f"{path} is there")
    return wrong


def _fits(found: Any, value: Any) -> bool:
    """Whether it is the value, or matches it where it is `/a regular expression/`."""
    if found is not _MISSING and isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == "/":
        return re.search(value[1:-1], str(found)) is not None
    return bool(found is not _MISSING and found == value)


def _shown(reply: Reply) -> str:
    try:
        body = json.dumps(reply.json(), indent=1)
    except ValueError:
        body = reply.text
    return f"{reply.status} {dict(reply.headers)}\n{body[:4000]}"
