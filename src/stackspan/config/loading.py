"""From files to settings: `load` for the service, `check` for the operator.

Both go the same way: every file is parsed, each stock service gets its own options, stackspan.conf is laid on top, each
settings module takes its groups into use, and what nobody took is judged. `load` then stops at anything wrong.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stackspan.config import cinder, glance, keystone, neutron, nova, nova_options, placement, stackspan, stock
from stackspan.config.files import OWN, STOCK_SERVICES, ConfigFile, collect
from stackspan.config.findings import ConfigError, Finding, Kind
from stackspan.config.ini import Entry, ParsedFile, normalized, parse
from stackspan.config.reading import Report, ServiceConf
from stackspan.config.settings import Settings
from stackspan.config.vcenter import Naming

_UNNAMED_REMEDY = (
    "Say whose it is: --config-file SERVICE=PATH, with nova, glance, cinder, neutron, keystone or placement."
)


# What is read and checked, so that a slip shows now, and nothing uses yet: service → group → options. None: all.
_CONSOLES = "Checked; consoles aren't served yet."
_POLICIES = "Checked; storage policies aren't applied yet."
_NOT_YET: Mapping[str, Mapping[str, Mapping[str | None, str]]] = {
    "cinder": {"*": {None: "Checked; volumes aren't served yet."}},
    "nova": {
        "vnc": {None: _CONSOLES},
        "mks": {None: _CONSOLES},
        "vmware": {
            "vnc_keymap": _CONSOLES,
            "console_delay_seconds": _CONSOLES,
            "serial_port_service_uri": _CONSOLES,
            "serial_port_proxy_uri": _CONSOLES,
            "serial_log_dir": _CONSOLES,
            "pbm_enabled": _POLICIES,
            "pbm_default_policy": _POLICIES,
        },
    },
}


@dataclass(frozen=True)
class _Read:
    """The outcome: settings (with defaults in the place of what is wrong) and everything found."""

    settings: Settings
    findings: tuple[Finding, ...]


def files_of(files: Sequence[str], folder: pathlib.Path | str | None = None) -> tuple[ConfigFile, ...]:
    """The files that the command line names: `--config-file` (each `PATH` or `SERVICE=PATH`) and `--config-dir`."""
    return collect(files, [str(folder)] if folder else [])


def _parse_all(files: Sequence[ConfigFile]) -> tuple[list[ParsedFile], list[Finding]]:
    parsed: list[ParsedFile] = []
    findings: list[Finding] = []
    for file in files:
        if file.service is None:
            reason = "Its name doesn't say which service's file it is."
            kind = Kind.WRONG if file.listed else Kind.IGNORED
            findings.append(Finding(file.path, 0, "", "", kind, reason, _UNNAMED_REMEDY if file.listed else ""))
            continue
        try:
            parsed.append(parse(file))
        except ConfigError as error:
            findings += error.findings
    return parsed, findings


def _overlays(parsed: Sequence[ParsedFile], report: Report) -> dict[str, list[tuple[str, Entry]]]:
    """Service → its entries in stackspan.conf, the service taken off the group; the rest are our own."""
    overlays: dict[str, list[tuple[str, Entry]]] = {service: [] for service in (*STOCK_SERVICES, OWN)}
    for file in parsed:
        if file.source.service != OWN:
            continue
        for entry in file.entries:
            service, colon, group = entry.group.partition(":")
            if colon and service in STOCK_SERVICES and group:
                overlays[service].append((group, entry))
            elif not colon and entry.group.lower().startswith(OWN):
                overlays[OWN].append((entry.group, entry))
            else:
                report.note(entry, *stock.judge_overlay(entry))
    return overlays


def _judge_rest(
    confs: Mapping[str, ServiceConf],
    own: ServiceConf,
    volume: cinder.VolumeSettings,
    unused_backends: Mapping[str, str],
) -> None:
    """Note the fate of what no settings module took."""
    stock.judge(confs["nova"], nova_options.IGNORED, {})
    stock.judge(confs["glance"], glance.IGNORED, {})
    stock.judge(confs["cinder"], cinder.ignored(volume), unused_backends)
    stock.judge(confs["neutron"], neutron.IGNORED, neutron.GROUP_REASONS)
    stock.judge(confs["keystone"], keystone.IGNORED, {})
    stock.judge(confs["placement"], {}, {})
    stock.judge(own, {}, {})
    for service, table in _NOT_YET.items():
        _say_not_yet(confs[service], table)


def _read(files: Sequence[ConfigFile], environ: Mapping[str, str], user_id: int) -> _Read:
    parsed, failures = _parse_all(files)
    report = Report()
    overlays = _overlays(parsed, report)

    def conf(service: str) -> ServiceConf:
        own_files = [file for file in parsed if file.source.service == service and service != OWN]
        return ServiceConf(service, own_files, overlays[service], report)

    confs = {service: conf(service) for service in STOCK_SERVICES}
    own_conf = conf(OWN)
    own = stackspan.from_conf(own_conf, environ, user_id)
    naming = Naming(own.stackspan.vcenter_labels, least_pool=own.worker.threads)
    compute = nova.from_conf(confs["nova"], naming)
    image = glance.from_conf(confs["glance"], naming)
    volume, unused_backends = cinder.from_conf(confs["cinder"], naming)
    network = neutron.from_conf(confs["neutron"], naming)
    mode, own_keystone = keystone.choose(own.identity, own_conf, [c for s, c in confs.items() if s != "keystone"])
    settings = Settings(
        stackspan=own.stackspan,
        database=own.database,
        api=own.api,
        worker=own.worker,
        identity=keystone.from_conf(confs["keystone"], mode, own_keystone, own_conf.place(OWN, "identity")),
        compute=compute,
        placement=placement.from_conf(confs["placement"]),
        image=image,
        network=network,
        volume=volume,
        vcenters=(
            *(section.vcenter for section in compute.vmware),
            *(store.vcenter for store in image.vmware_stores),
            *(backend.vcenter for backend in volume.backends),
            *network.vcenters,
        ),
    )
    _judge_rest(confs, own_conf, volume, unused_backends)
    return _Read(settings, _sorted([*failures, *report.findings], files))


def _say_not_yet(conf: ServiceConf, table: Mapping[str, Mapping[str | None, str]]) -> None:
    for group, entry in conf.entries:
        options = table.get("*") or table.get(normalized(group), {})
        reason = options.get(entry.option) or options.get(None)
        if reason:
            conf.report.explain(entry, reason)


def _sorted(findings: Sequence[Finding], files: Sequence[ConfigFile]) -> tuple[Finding, ...]:
    """In the order of files and lines; what no file says comes last."""
    order = {file.path: number for number, file in enumerate(files)}

    def key(finding: Finding) -> tuple[int, int]:
        return (order.get(finding.file, len(order)) if finding.file else len(order), finding.line)

    return tuple(sorted(findings, key=key))


def load(files: Sequence[ConfigFile]) -> Settings:
    """The settings that the files give.

    Raises:
        ConfigError: something is wrong; each finding says file, line, option and remedy, none a password.
    """
    read = _read(files, os.environ, os.getuid())
    wrong = [finding for finding in read.findings if finding.kind is Kind.WRONG]
    if wrong:
        raise ConfigError(wrong)
    warnings = tuple(f for f in read.findings if f.kind is Kind.UNKNOWN or f.remedy)
    return dataclasses.replace(read.settings, warnings=warnings)


def check(files: Sequence[ConfigFile]) -> list[Finding]:
    """What becomes of each line of the files, in their order."""
    return list(_read(files, os.environ, os.getuid()).findings)


def render(findings: Sequence[Finding]) -> list[tuple[str, str, str, str, str, str]]:
    """Rows for a table: file, line, [group], option, kind, reason and remedy in one."""
    return [
        (
            str(finding.file or ""),
            str(finding.line or ""),
            f"[{finding.group}]" if finding.group else "",
            finding.option,
            finding.kind.value,
            " ".join(part for part in (finding.reason, finding.remedy) if part),
        )
        for finding in findings
    ]
