"""Which sets of providers could take a request."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from stackspan.placement.model import SHARING_TRAIT, Inventory, Provider, RequestGroup
from stackspan.placement.service.matching import CandidateRequest, World, anchors_of, candidates
from stackspan.placement.store.room import Room

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def world(
    rooms: Mapping[str, Mapping[str, tuple[int, int]]],
    *,
    parents: Mapping[str, str] | None = None,
    aggregates: Mapping[str, str] | None = None,
    traits: Mapping[str, str] | None = None,
) -> World:
    """Providers by one letter; rooms as (total, used); aggregates as letters; traits with spaces between."""
    above = parents or {}

    def root(uuid: str) -> str:
        return root(above[uuid]) if uuid in above else uuid

    return World(
        providers={uuid: Provider(uuid, uuid, 0, root(uuid), above.get(uuid), NOW, NOW) for uuid in rooms},
        rooms={
            uuid: {name: Room(Inventory(name, total), used) for name, (total, used) in classes.items()}
            for uuid, classes in rooms.items()
        },
        traits={uuid: frozenset(names.split()) for uuid, names in (traits or {}).items()},
        aggregates={uuid: frozenset(names) for uuid, names in (aggregates or {}).items()},
    )


def found(there: World, *groups: RequestGroup, **kw: bool) -> list[dict[str, dict[str, int]]]:
    request = CandidateRequest(groups, **kw)
    return [{uuid: dict(classes) for uuid, classes in way.items()} for way in candidates(there, request)]


def test_a_sharing_provider_serves_whom_it_meets() -> None:
    there = world(
        {"a": {"VCPU": (4, 0)}, "b": {"VCPU": (4, 4)}, "c": {"VCPU": (4, 0)}, "s": {"DISK_GB": (10, 5)}},
        aggregates={"a": "1", "b": "1", "s": "1", "c": "2"},
        traits={"s": SHARING_TRAIT},
    )
    assert anchors_of(there)["s"] == {"a", "b", "s"}
    assert found(there, RequestGroup("", {"VCPU": 1, "DISK_GB": 5})) == [{"a": {"VCPU": 1}, "s": {"DISK_GB": 5}}]
    assert found(there, RequestGroup("", {"VCPU": 1, "DISK_GB": 6})) == []


def test_two_datastores_two_ways() -> None:
    there = world(
        {"a": {"VCPU": (4, 0)}, "s": {"DISK_GB": (10, 0)}, "t": {"DISK_GB": (10, 0)}},
        aggregates={"a": "12", "s": "1", "t": "2"},
        traits={"s": SHARING_TRAIT, "t": SHARING_TRAIT},
    )
    ways = found(there, RequestGroup("", {"VCPU": 1, "DISK_GB": 1}))
    assert [sorted(way) for way in ways] == [["a", "s"], ["a", "t"]]


def test_trees() -> None:
    there = world({"r": {"VCPU": (4, 0)}, "x": {"VGPU": (1, 0)}, "y": {"VGPU": (1, 1)}}, parents={"x": "r", "y": "r"})
    group = RequestGroup("", {"VCPU": 1, "VGPU": 1})
    assert found(there, group) == [{"r": {"VCPU": 1}, "x": {"VGPU": 1}}]
    assert found(there, group, nested=False) == []
    assert found(there, RequestGroup("1", {"VCPU": 1, "VGPU": 1})) == []


def test_isolation() -> None:
    there = world({"r": {}, "x": {"VGPU": (2, 0)}, "y": {"VGPU": (2, 0)}}, parents={"x": "r", "y": "r"})
    groups = (RequestGroup("1", {"VGPU": 1}), RequestGroup("2", {"VGPU": 1}))
    assert {frozenset(way) for way in found(there, *groups, isolate=True)} == {frozenset("xy")}
    assert {frozenset(way) for way in found(there, *groups)} == {frozenset("x"), frozenset("y"), frozenset("xy")}


def test_an_aggregate_of_the_root_spans_its_tree_for_the_group_without_suffix() -> None:
    there = world({"r": {"VCPU": (4, 0)}, "x": {"VGPU": (1, 0)}}, parents={"x": "r"}, aggregates={"r": "1"})
    inside = (frozenset("1"),)
    assert len(found(there, RequestGroup("", {"VGPU": 1}, member_of=inside))) == 1
    assert found(there, RequestGroup("1", {"VGPU": 1}, member_of=inside)) == []


def test_traits_of_the_set_and_of_the_one() -> None:
    there = world({"r": {"VCPU": (4, 0)}, "x": {"VGPU": (1, 0)}}, parents={"x": "r"}, traits={"r": "FAST", "x": "BLUE"})
    both = frozenset({"FAST", "BLUE"})
    assert len(found(there, RequestGroup("", {"VCPU": 1, "VGPU": 1}, required=both))) == 1
    assert found(there, RequestGroup("", {"VCPU": 1}, required=both)) == []
    assert found(there, RequestGroup("", {"VCPU": 1, "VGPU": 1}, forbidden=frozenset({"BLUE"}))) == []


@given(
    st.lists(st.tuples(st.integers(1, 8), st.integers(0, 8)), min_size=1, max_size=5),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
def test_no_way_promises_more_than_there_is(rooms: list[tuple[int, int]], amounts: list[int]) -> None:
    there = world(
        {str(n): {"VCPU": room} for n, room in enumerate(rooms)}, parents={str(n): "0" for n in range(1, len(rooms))}
    )
    groups = [RequestGroup(str(n), {"VCPU": amount}) for n, amount in enumerate(amounts, 1)]
    for way in found(there, *groups):
        assert sum(classes["VCPU"] for classes in way.values()) == sum(amounts)
        for uuid, classes in way.items():
            total, used = rooms[int(uuid)]
            assert used + classes["VCPU"] <= total
