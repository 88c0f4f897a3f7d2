"""What becomes of lines that no settings module has taken: ignored with the reason, or unknown with a guess."""

from __future__ import annotations

import difflib
import fnmatch
import functools
import importlib.resources
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stackspan.config.files import OWN, STOCK_SERVICES
from stackspan.config.findings import Kind
from stackspan.config.ini import Entry, normalized
from stackspan.config.reading import ServiceConf

_CUTOFF = 0.75

_GROUP_REASONS = (
    ("libvirt", "Hypervisors are vCenter clusters."),
    ("database", "Stackspan has a database of its own: [stackspan_database] url."),
    ("api_database", "Stackspan has a database of its own: [stackspan_database] url."),
    ("placement_database", "Stackspan has a database of its own: [stackspan_database] url."),
    ("oslo_messaging_*", "There is no message bus."),
    ("matchmaker_*", "There is no message bus."),
    ("keystone_authtoken", "Identity is embedded: [stackspan] identity."),
    ("service_user", "The services are one program and don't log in to each other."),
    ("glance", "The services are one program and don't log in to each other."),
    ("neutron", "The services are one program and don't log in to each other."),
    ("cinder", "The services are one program and don't log in to each other."),
    ("placement", "The services are one program and don't log in to each other."),
    ("keystone", "The services are one program and don't log in to each other."),
    ("nova", "The services are one program and don't log in to each other."),
    ("rbd-*", "Left to the service that serves Ceph."),
    ("oslo_concurrency", "Locks are in the database."),
    ("paste_deploy", "The request pipeline is Stackspan's own."),
    ("oslo_middleware", "The request pipeline is Stackspan's own: see [stackspan_api]."),
    ("wsgi", "The request pipeline is Stackspan's own: see [stackspan_api]."),
    ("hyperv", "Hypervisors are vCenter clusters."),
    ("xenserver", "Hypervisors are vCenter clusters."),
    ("cells", "There are no cells."),
    ("ovs", "No agent runs: networks are vCenter port groups."),
    ("ovn", "No agent runs: networks are vCenter port groups."),
    ("agent", "No agent runs: networks are vCenter port groups."),
    ("dvs_agent", "No agent runs: networks are vCenter port groups."),
    ("linux_bridge", "No agent runs: networks are vCenter port groups."),
    ("vxlan", "No agent runs: networks are vCenter port groups."),
    ("securitygroup", "No agent runs: networks are vCenter port groups."),
    ("ovsvapp", "No service VM runs on the hosts: networks are vCenter port groups."),
)  # fmt: skip

_OPTION_REASONS = {
    "debug": "Logging is set by [stackspan] debug.",
    "verbose": "Logging is set by [stackspan] debug.",
    "log_file": "Stackspan logs to standard error.",
    "log_dir": "Stackspan logs to standard error.",
    "use_syslog": "Stackspan logs to standard error.",
    "transport_url": "There is no message bus.",
    "rpc_backend": "There is no message bus.",
    "sql_connection": "Stackspan has a database of its own: [stackspan_database] url.",
    "state_path": "Stackspan's folder is [stackspan] state_path.",
    "enabled_apis": "All APIs are served on one port: [stackspan_api] listen and listen_<service>.",
    "bind_host": "All APIs are served on one port: [stackspan_api] listen and listen_<service>.",
    "bind_port": "All APIs are served on one port: [stackspan_api] listen and listen_<service>.",
    "osapi_compute_listen": "All APIs are served on one port: [stackspan_api] listen and listen_<service>.",
    "osapi_compute_listen_port": "All APIs are served on one port: [stackspan_api] listen and listen_<service>.",
    "osapi_volume_listen": "All APIs are served on one port: [stackspan_api] listen and listen_<service>.",
    "host": "Service hosts are named after vCenter and cluster.",
    "auth_strategy": "Whose identity counts is set by [stackspan] identity.",
}


@dataclass(frozen=True)
class _Names:
    groups: frozenset[str]
    options: frozenset[str]


@functools.cache
def _read(name: str) -> _Names:
    text = importlib.resources.files("stackspan.config").joinpath("known", f"{name}.txt").read_text(encoding="utf-8")
    words: dict[str, list[str]] = {"groups": [], "options": []}
    part = "groups"
    for line in text.splitlines():
        if line.startswith("["):
            part = line.strip("[]")
        elif not line.startswith("#"):
            words[part] += line.split()
    return _Names(frozenset(normalized(group) for group in words["groups"]), frozenset(words["options"]))


def _known(service: str) -> _Names:
    if service == OWN:
        return _Names(frozenset(), frozenset())
    own, common = _read(service), _read("common")
    return _Names(own.groups | common.groups, own.options | common.options)


def _group_reason(group: str) -> str | None:
    name = normalized(group)
    return next((reason for pattern, reason in _GROUP_REASONS if fnmatch.fnmatchcase(name, pattern)), None)


def closest(word: str, words: Iterable[str]) -> str | None:
    """The word most like `word`, if one is like it."""
    found = difflib.get_close_matches(word, sorted(words), n=1, cutoff=_CUTOFF)
    return found[0] if found else None


def _judge_group(conf: ServiceConf, group: str, prefix: str) -> tuple[Kind, str, str]:
    reason = _group_reason(group)
    names = _known(conf.service)
    if reason is not None and conf.service != OWN:
        return Kind.IGNORED, reason, ""
    if normalized(group) in names.groups:
        return Kind.IGNORED, "A stock section without effect here.", ""
    guess = closest(normalized(group), {*conf.group_names, *names.groups})
    if guess is not None:
        return (
            Kind.UNKNOWN,
            "There is no such section.",
            f"Did you mean [{prefix}{conf.group_names.get(guess, guess)}]?",
        )
    return Kind.UNKNOWN, "There is no such section.", ""


def _judge_option(conf: ServiceConf, group: str, entry: Entry, reasons: Mapping[str, str]) -> tuple[Kind, str, str]:
    names = _known(conf.service)
    own = conf.options_of(group)
    if entry.option in reasons:
        return Kind.IGNORED, reasons[entry.option], ""
    guess = closest(entry.option, own)
    homes = conf.homes_of(entry.option)
    if homes and normalized(group) not in map(normalized, homes):
        return Kind.UNKNOWN, "It has no effect in this section.", f"It belongs in [{homes[0]}]."
    if entry.option in names.options:
        return Kind.IGNORED, _OPTION_REASONS.get(entry.option, "A stock option without effect here."), ""
    if guess is None:
        guess = closest(entry.option, names.options)
    return Kind.UNKNOWN, "There is no such option.", f"Did you mean {guess}?" if guess else ""


def judge(conf: ServiceConf, reasons: Mapping[str, Mapping[str, str]], group_reasons: Mapping[str, str]) -> None:
    """Note the fate of every entry of the service that has none yet.

    Args:
        reasons: group → option → why it has no effect, from the settings modules.
        group_reasons: group → why it isn't in use, where only this configuration tells.
    """
    by_group = {normalized(group): options for group, options in reasons.items()}
    special = {normalized(group): reason for group, reason in group_reasons.items()}
    for group, entry in conf.entries:
        if entry in conf.report:
            continue
        name = normalized(group)
        prefix = f"{conf.service}:" if entry.group != group else ""
        if name in special:
            verdict = Kind.IGNORED, special[name], ""
        elif name in conf.group_names:
            verdict = _judge_option(conf, group, entry, by_group.get(name, {}))
        else:
            verdict = _judge_group(conf, group, prefix)
        conf.report.note(entry, *verdict)


def judge_overlay(entry: Entry) -> tuple[Kind, str, str]:
    """The fate of an entry of stackspan.conf whose group names no service that there is."""
    service, colon, rest = entry.group.partition(":")
    if colon:
        guess = closest(service, STOCK_SERVICES)
        remedy = f"Did you mean [{guess}:{rest}]?" if guess else f"The services are {', '.join(STOCK_SERVICES)}."
        return Kind.UNKNOWN, f"There is no service {service!r}.", remedy
    homes = [s for s in STOCK_SERVICES if normalized(entry.group) in _known(s).groups and not _shared(entry.group)]
    if homes:
        return Kind.UNKNOWN, "A stock section needs its service here.", f"Write [{homes[0]}:{entry.group}]."
    return Kind.UNKNOWN, "There is no such section.", ""


def _shared(group: str) -> bool:
    return normalized(group) in _read("common").groups
