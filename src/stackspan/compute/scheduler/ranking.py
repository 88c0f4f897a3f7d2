"""Filtering and weighing: which targets, in which order."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from stackspan.compute.scheduler.filters import FILTERS
from stackspan.compute.scheduler.request import ROOM, BootRequest, Promises, Ranking, Rejection, Target
from stackspan.config.nova import SchedulerSettings
from stackspan.placement.model import Candidate

# A datastore with a ready copy of the image wins over an emptier one, as long as it has half as much free.
_CACHED_WEIGHT = 1.5
_CACHED_SHARE = 0.5
_ALWAYS = ("AvailabilityZoneFilter",)  # in the stock service a part of the request to Placement


def rank(
    targets: Sequence[Target],
    request: BootRequest,
    settings: SchedulerSettings,
    *,
    promises: Promises | None = None,
    rejected: Sequence[Rejection] = (),
    chance: random.Random | None = None,
) -> Ranking:
    """The targets that the server may go to, the best first.

    Args:
        promises: what was promised since the candidates were read.
        rejected: what Placement has rejected already.
        chance: for `host_subset_size` and `shuffle_best_same_weighed_hosts`.
    """
    known = promises or Promises()
    passed: list[Target] = []
    refused = list(rejected)
    for target in targets:
        found = _first_refusal(target, request, settings, known)
        if found is None:
            passed.append(target)
        elif not any(r.cluster_name == found.cluster_name and r.by == found.by for r in refused):
            refused.append(found)  # once per cluster, not per datastore of it
    chosen = {target.candidate.cluster.name for target in passed}
    ordered = _ordered(passed, request, settings, known, chance or random.Random())
    return Ranking(tuple(ordered), tuple(r for r in refused if r.cluster_name not in chosen))


def schedule(
    targets: Sequence[Target],
    request: BootRequest,
    settings: SchedulerSettings,
    count: int,
    *,
    rejected: Sequence[Rejection] = (),
    promises: Promises | None = None,
    chance: random.Random | None = None,
) -> list[Ranking]:
    """A ranking for each of `count` servers of one request: each counts on the best place of those before it."""
    known = promises or Promises()
    current = list(targets)
    rankings = []
    noted: list[Candidate] = []
    for _ in range(count):
        ranking = rank(current, request, settings, promises=known, rejected=rejected, chance=chance)
        rankings.append(ranking)
        if ranking.ordered:
            best = ranking.ordered[0].candidate
            known.add(best, request.use)
            noted.append(best)
            if request.group_policy is not None:
                current = [_with_member(target, best) for target in current]
                request = replace(request, group_placed=True)
    for candidate in noted:
        known.remove(candidate, request.use)
    return rankings


def _weights(
    targets: Sequence[Target], request: BootRequest, settings: SchedulerSettings, promises: Promises
) -> list[float]:
    free = [promises.free(target.candidate) for target in targets]
    columns: list[tuple[float, list[float]]] = [
        (settings.ram_weight_multiplier, [float(use.memory_mib) for use in free]),
        (settings.cpu_weight_multiplier, [float(use.vcpus) for use in free]),
        (settings.disk_weight_multiplier, [float(use.disk_gib) for use in free]),
    ]
    members = [float(target.group_members) for target in targets]
    if request.group_policy == "soft-affinity":
        columns.append((settings.soft_affinity_weight_multiplier, members))
    if request.group_policy == "soft-anti-affinity":
        columns.append((settings.soft_anti_affinity_weight_multiplier, [-count for count in members]))
    emptiest = max((use.disk_gib for use in free), default=0)
    cached = [t.image_cached and use.disk_gib >= emptiest * _CACHED_SHARE for t, use in zip(targets, free, strict=True)]
    totals = [_CACHED_WEIGHT * has for has in cached]
    for multiplier, column in columns:
        for index, weight in enumerate(normalized(column)):
            totals[index] += multiplier * weight
    return totals


def normalized(column: Sequence[float]) -> list[float]:
    """The values between 0 and 1, from the lowest to the highest; all 0 where they are the same."""
    lowest, highest = min(column, default=0.0), max(column, default=0.0)
    if lowest == highest:
        return [0.0] * len(column)
    return [(value - lowest) / (highest - lowest) for value in column]


def _first_refusal(
    target: Target, request: BootRequest, settings: SchedulerSettings, promises: Promises
) -> Rejection | None:
    name = target.candidate.cluster.name
    if not target.candidate.cluster.alive or target.forced_down:
        return Rejection(name, "ComputeFilter", "its compute service is down")
    free, use = promises.free(target.candidate), request.use
    if use.vcpus > free.vcpus or use.memory_mib > free.memory_mib or use.disk_gib > free.disk_gib:
        return Rejection(name, ROOM, "what was free has just been promised to other servers")
    if request.forced_host is not None or request.forced_node is not None:
        wanted = (request.forced_host or target.host, request.forced_node or target.node)
        if wanted != (target.host, target.node):
            return Rejection(name, "forced host", "not the host that was asked for")
        return None
    for by in dict.fromkeys((*_ALWAYS, *settings.enabled_filters)):
        reason = FILTERS[by](target, request) if by in FILTERS else None
        if reason is not None:
            return Rejection(name, by, reason)
    return None


def _ordered(
    passed: Sequence[Target],
    request: BootRequest,
    settings: SchedulerSettings,
    promises: Promises,
    chance: random.Random,
) -> list[Target]:
    weights = _weights(passed, request, settings, promises)
    # Equal weights in a stable order, so that two processes decide alike.
    names = [(t.candidate.cluster.name, t.candidate.cluster.uuid, t.candidate.datastore.name) for t in passed]
    order = sorted(range(len(passed)), key=lambda index: (-weights[index], names[index]))
    best = [index for index in order if weights[index] == weights[order[0]]]
    if settings.shuffle_best_same_weighed_hosts:
        chance.shuffle(best)
        order = best + order[len(best) :]
    size = min(max(settings.host_subset_size, 1), len(order))
    if size > 1:
        first = order[chance.randrange(size)]
        order = [first, *(index for index in order if index != first)]
    return [passed[index] for index in order]


def _with_member(target: Target, chosen: Candidate) -> Target:
    there = target.candidate.cluster.uuid == chosen.cluster.uuid
    return replace(target, group_members=target.group_members + 1) if there else target
