"""Which workflows this process knows, and who is told of which fact. Both are filled in `app.py`, nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from stackspan.core.facts import Fact
from stackspan.workflow.model import Operation, Params, Workflow

F = TypeVar("F", bound=Fact)
P = TypeVar("P", bound=Params)


def kind(name: str, version: int) -> str:
    """`server.create/1`: how a workflow's version is written."""
    return f"{name}/{version}"


class Registry:
    """The workflows of this process by name and version.

    Several versions of one name may stand side by side: jobs queued by the previous release finish with its code.
    """

    def __init__(self, workflows: Iterable[Workflow[Any]] = ()) -> None:
        self._workflows: dict[str, Workflow[Any]] = {}
        for workflow in workflows:
            self.add(workflow)

    def add(self, workflow: Workflow[Any]) -> None:
        """Add one; ValueError where its name and version are taken, or its steps can't be told apart."""
        key = kind(workflow.operation.name, workflow.operation.version)
        if key in self._workflows:
            raise ValueError(f"workflow {key} is registered twice")
        names = [step.name for step in workflow.steps]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"workflow {key} needs steps with names of their own")
        self._workflows[key] = workflow

    def get(self, name: str, version: int) -> Workflow[Any]:
        """The definition; KeyError where it is unknown, which a claimed job's never is."""
        return self._workflows[kind(name, version)]

    def kinds(self) -> list[str]:
        """All of them, as `name/version`."""
        return sorted(self._workflows)


@dataclass(frozen=True)
class Subscription:
    """A job for each fact of a type. `build` may return None: not this one."""

    operation: Operation[Any]
    build: Callable[[Any], Params | None]
    resources: Callable[[Any], Sequence[str]]


class Subscriptions:
    """Who is told of which fact."""

    def __init__(self) -> None:
        self._by_fact: dict[type[Fact], list[Subscription]] = {}

    def add(
        self,
        fact: type[F],
        operation: Operation[P],
        build: Callable[[F], P | None],
        *,
        resources: Callable[[F], Sequence[str]] = lambda _fact: (),
    ) -> None:
        """For each `fact` queue `operation` with the parameters that `build` makes, on those `resources`."""
        self._by_fact.setdefault(fact, []).append(Subscription(operation, build, resources))

    def of(self, fact: Fact) -> Sequence[Subscription]:
        """The subscriptions to facts of this type."""
        return self._by_fact.get(type(fact), ())
