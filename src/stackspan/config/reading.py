"""One stock service's options, read from its files: oslo.config's types, defaults and old names, and the line of each.

`ServiceConf` holds a ConfigOpts of its own per service. A settings module registers the options of a group that is in use
and reads them through the `Group` it gets; each line's fate is noted in the `Report` on the way. A wrong value is noted,
the default stands in for it, and reading goes on, so that the operator sees all mistakes at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from oslo_config import cfg, types

from stackspan.config.findings import Finding, Kind, Place
from stackspan.config.ini import DEFAULT, Entry, ParsedFile, normalized
from stackspan.config.secret import Secret
from stackspan.config.wording import expected, is_secret, shown

_REFERENCE = re.compile(r"\\\$|\$\$|\$(?P<bare>[A-Za-z_][\w.]*)|\$\{(?P<braced>[A-Za-z_][\w.]*)\}")
_MAX_DEPTH = 10


class LastFileMultiOpt(cfg.MultiOpt):
    """An option that may be repeated within a file; a later file replaces it as a whole."""


class _BadReference(ValueError):
    """A `$name` that stands for nothing."""


class Report:
    """What becomes of each line; `entries` not noted here are judged at the end (stock.judge)."""

    def __init__(self) -> None:
        self._noted: dict[Entry, Finding] = {}
        self._extra: list[Finding] = []

    def note(self, entry: Entry, kind: Kind, reason: str = "", remedy: str = "") -> None:
        """Say what becomes of a line. Wrong outdoes all else."""
        known = self._noted.get(entry)
        if known is None or known.kind is not Kind.WRONG:
            self._noted[entry] = Finding(entry.file, entry.line, entry.group, entry.option, kind, reason, remedy)

    def explain(self, entry: Entry, reason: str) -> None:
        """Give a reason to a used line that has none."""
        known = self._noted.get(entry)
        if known is not None and known.kind is Kind.USED and not known.reason:
            self.note(entry, Kind.USED, reason)

    def add(self, finding: Finding) -> None:
        """Say something more, on a line that has its fate or on none."""
        self._extra.append(finding)

    def __contains__(self, entry: Entry) -> bool:
        return entry in self._noted

    @property
    def findings(self) -> list[Finding]:
        """All, in no order."""
        return [*self._noted.values(), *self._extra]


class Group:
    """The options of one group in use, typed as their definitions say."""

    def __init__(self, conf: ServiceConf, name: str) -> None:
        self.conf = conf
        self.name = name

    def _value(self, option: str) -> Any:
        return self.conf.value(self.name, option)

    def text(self, option: str) -> str | None:
        """A string; None where it isn't set or is empty."""
        value = self._value(option)
        return str(value) if value not in (None, "") else None

    def string(self, option: str) -> str:
        """A string that has a default."""
        return str(self._value(option))

    def integer(self, option: str) -> int:
        """A whole number that has a default."""
        return int(self._value(option))

    def optional_integer(self, option: str) -> int | None:
        """A whole number, or None where it isn't set."""
        value = self._value(option)
        return None if value is None else int(value)

    def number(self, option: str) -> float:
        """A number that has a default."""
        return float(self._value(option))

    def optional_number(self, option: str) -> float | None:
        """A number, or None where it isn't set."""
        value = self._value(option)
        return None if value is None else float(value)

    def boolean(self, option: str) -> bool:
        """True or false."""
        return bool(self._value(option))

    def words(self, option: str) -> tuple[str, ...]:
        """The items of a list or of a repeated option, empty ones left out."""
        return tuple(str(item) for item in self._value(option) or () if str(item))

    def pairs(self, option: str) -> dict[str, str]:
        """The pairs of a dict option."""
        return {str(key): str(value) for key, value in (self._value(option) or {}).items()}

    def secret(self, option: str) -> Secret:
        """A value that must not be seen; empty where it isn't set."""
        return Secret(str(self._value(option) or ""))

    def given(self, option: str) -> bool:
        """Whether a file sets it."""
        return bool(self.conf.places(self.name, option))

    def place(self, option: str) -> Place:
        """Where the option is set."""
        return self.conf.place(self.name, option)

    def wrong(self, option: str, reason: str, remedy: str) -> None:
        """Note that the option, or its absence, stops the start."""
        self.conf.complain(self.name, option, Kind.WRONG, reason, remedy)

    def ignored(self, option: str, reason: str, remedy: str = "") -> None:
        """Note that the option has no effect here, if a file sets it."""
        if self.given(option):
            self.conf.complain(self.name, option, Kind.IGNORED, reason, remedy)

    def remark(self, option: str, kind: Kind, reason: str, remedy: str = "") -> None:
        """Say something of a part of the option's value; the line keeps its fate."""
        for entry in self.conf.places(self.name, option)[-1:]:
            self.conf.report.add(Finding(entry.file, entry.line, entry.group, option, kind, reason, remedy))

    def required(self, option: str, remedy: str) -> bool:
        """Whether the option is set and not empty; notes it as wrong if not."""
        if self._value(option) in (None, "", [], ()):
            self.wrong(option, f"{option} is missing.", remedy)
            return False
        return True


def split_names(values: Iterable[str]) -> tuple[str, ...]:
    """Names from repeated values with commas between, each once; `\\,` is a comma within a name."""
    parts = (part.replace("\\,", ",").strip() for value in values for part in re.split(r"(?<!\\),", value))
    return tuple(dict.fromkeys(part for part in parts if part))


def compiles(group: Group, option: str) -> str | None:
    """A regular expression, noted as wrong and None if it isn't one."""
    text = group.text(option)
    try:
        re.compile(text or "")
    except re.error as error:
        group.wrong(option, f"It isn't a regular expression: {error}.", "Correct it.")
        return None
    return text


class ServiceConf:
    """The options of one stock service.

    Args:
        service: its name.
        files: its own files, in order.
        overlay: entries for it from stackspan.conf, as (group without the service, entry); they replace those of files.
        report: where the fate of each line is noted.
    """

    def __init__(
        self, service: str, files: Sequence[ParsedFile], overlay: Iterable[tuple[str, Entry]], report: Report
    ) -> None:
        self.service = service
        self.files = tuple(files)
        self.report = report
        self._conf = cfg.ConfigOpts()
        self._conf([], project=service, default_config_files=[], default_config_dirs=[], use_env=False)
        layers = [[(entry.group, entry) for entry in file.entries] for file in files]
        self._layers = [*layers, list(overlay)]
        self._chosen: dict[tuple[str, str], list[Entry]] = {}
        self._options: dict[tuple[str, str], cfg.Opt] = {}
        self.group_names: dict[str, str] = {}  # normalized → as registered

    # ---- what the files hold

    @property
    def entries(self) -> list[tuple[str, Entry]]:
        """All, as (group, entry)."""
        return [pair for layer in self._layers for pair in layer]

    def has_group(self, group: str) -> bool:
        """Whether a file sets anything in it."""
        wanted = normalized(group)
        return any(normalized(name) == wanted for name, _ in self.entries)

    def raw(self, group: str, option: str) -> Entry | None:
        """The assignment that counts for an option that may not be registered."""
        wanted = normalized(group)
        found = [e for name, e in self.entries if normalized(name) == wanted and e.option == option]
        return found[-1] if found else None

    def raw_group(self, group: str) -> dict[str, Entry]:
        """Option → the assignment that counts, for a whole group."""
        wanted = normalized(group)
        return {entry.option: entry for name, entry in self.entries if normalized(name) == wanted}

    def options_of(self, group: str) -> dict[str, cfg.Opt]:
        """The registered options of a group, by name."""
        wanted = normalized(group)
        return {name: option for (owner, name), option in self._options.items() if normalized(owner) == wanted}

    def homes_of(self, name: str) -> list[str]:
        """Groups in which an option of that name is registered."""
        return [group for group, option in self._options if option == name]

    # ---- registration

    def register(self, group: str, options: Sequence[cfg.Opt]) -> Group:
        """Take a group into use: convert what the files say, note the fate of each line."""
        self.group_names[normalized(group)] = group
        if group != DEFAULT:
            self._conf.register_group(cfg.OptGroup(group))
        # All first: one may refer to another.
        for option in options:
            self._conf.register_opt(option, group=None if group == DEFAULT else group)
            self._options[group, option.dest] = option
            self._chosen[group, option.dest] = self._choose(group, option)
        for option in options:
            self._convert(group, option)
        return Group(self, group)

    def _names(self, group: str, option: cfg.Opt) -> list[tuple[str, str]]:
        """(group, name) under which the option may stand, the present one first."""
        names = [(normalized(group), option.dest)]
        for old in option.deprecated_opts:
            if old.name or old.group:
                names.append((normalized(old.group or group), (old.name or option.dest).replace("-", "_")))
        return names

    def _choose(self, group: str, option: cfg.Opt) -> list[Entry]:
        """The entries that count: the last file's; there the present name before old ones; the last line, or all."""
        names = self._names(group, option)
        by_layer: list[list[Entry]] = []
        for layer in self._layers:
            found = {
                name: [e for owner, e in layer if (normalized(owner), e.option) == name]
                for name in dict.fromkeys(names)
            }
            in_layer = [entry for entries in found.values() for entry in entries]
            if option.multi:
                by_layer.append(in_layer)
            else:
                by_layer.append(next((entries for entries in found.values() if entries), [])[-1:])
            for entry in in_layer:
                self._note_name(group, option, entry, names[0])
        chosen = self._combine(option, by_layer)
        self._note_replaced(names, chosen)
        return chosen

    def _combine(self, option: cfg.Opt, by_layer: list[list[Entry]]) -> list[Entry]:
        filled = [entries for entries in by_layer if entries]
        if not filled:
            return []
        if not option.multi or isinstance(option, LastFileMultiOpt) or by_layer[-1]:
            return filled[-1]  # the overlay replaces even what stock adds up over files
        return [entry for entries in filled for entry in entries]

    def _note_name(self, group: str, option: cfg.Opt, entry: Entry, present: tuple[str, str]) -> None:
        if entry in self.report:
            return  # one old name may serve two options
        owner = entry.group.partition(":")[2] if entry.group.startswith(f"{self.service}:") else entry.group
        if (normalized(owner), entry.option) == present:
            self.report.note(entry, Kind.USED)
        else:
            self.report.note(
                entry, Kind.USED, f"Old name of [{group}] {option.dest}.", f"Write it as [{group}] {option.dest}."
            )

    def _note_replaced(self, names: list[tuple[str, str]], chosen: list[Entry]) -> None:
        if not chosen:
            return
        for owner, entry in self.entries:
            if (normalized(owner), entry.option) in names and entry not in chosen:
                place = f"{chosen[-1].file}:{chosen[-1].line}"
                self.report.note(entry, Kind.IGNORED, f"Set again at {place}.")

    # ---- values

    def _convert(self, group: str, option: cfg.Opt) -> None:
        chosen = self._chosen[group, option.dest]
        if not chosen:
            return
        try:
            values = [self._resolve(entry.value, group) for entry in chosen]
        except _BadReference as error:
            reason = "A $ stands before a name that isn't set" + ("." if is_secret(option) else f": {error}.")
            self.report.note(chosen[-1], Kind.WRONG, reason, "Write $$ for a dollar sign.")
            return
        if not option.multi and not values[0].strip() and isinstance(option.type, types.Number | types.Boolean):
            self.report.note(chosen[0], Kind.IGNORED, f"Empty: the default, {option.default}, holds.")
            return
        # oslo.config replaces references once more when the value is read: what is left of dollars is escaped.
        escaped = [value.replace("$", "$$") for value in values]
        try:
            # Conversion before the escape, so that the check sees the true text.
            for value in values:
                option.type(value)
            self._conf.set_override(
                option.dest, escaped if option.multi else escaped[0], group=None if group == DEFAULT else group
            )
        except ValueError:
            value = "The value" if is_secret(option) else shown(values[-1])
            default = "" if option.default is None or is_secret(option) else f", or leave it out for {option.default}"
            self.report.note(chosen[-1], Kind.WRONG, f"{value} won't do.", f"Give {expected(option)}{default}.")

    def _resolve(self, value: str, group: str, depth: int = 0) -> str:
        """Replace `$name`, `${name}` and `$group.name` as oslo.config does; `$$` and `\\$` give a dollar sign."""

        def replacement(match: re.Match[str]) -> str:
            name = match["bare"] or match["braced"]
            if name is None:
                return "$"
            # A bare name ends before a full stop that belongs to the sentence, as in `$my_ip.`
            bare = name.rstrip(".")
            return self._referred(bare, group, depth) + name[len(bare) :]

        return _REFERENCE.sub(replacement, value)

    def _referred(self, name: str, group: str, depth: int) -> str:
        if depth > _MAX_DEPTH:
            raise _BadReference(name)
        owner, _, option = name.rpartition(".")
        for place in (owner,) if owner else (group, DEFAULT):
            entry = self.raw(place, option)
            if entry is not None:
                return self._resolve(entry.value, place, depth + 1)
            known = self.options_of(place).get(option)
            if known is not None:
                return str(known.default) if known.default is not None else ""
        raise _BadReference(name)

    def value(self, group: str, option: str) -> Any:
        """The value of a registered option, or its default."""
        found = self._conf[option] if group == DEFAULT else self._conf[group][option]
        return self._options[group, option].default if found is None else found

    def places(self, group: str, option: str) -> list[Entry]:
        """The assignments that count for a registered option."""
        return self._chosen.get((group, option), [])

    # ---- complaints

    def place(self, group: str, option: str) -> Place:
        """Where an option is set: its line, else its section's, else none."""
        chosen = self.places(group, option)
        if chosen:
            return Place(chosen[-1].file, chosen[-1].line, chosen[-1].group, option)
        wanted = normalized(group)
        for file in reversed(self.files):
            for section in file.sections:
                if normalized(section.name) == wanted:
                    return Place(file.source.path, section.line, section.name, option)
        return Place(None, 0, f"{self.service}:{group}", option)

    def complain(self, group: str, option: str, kind: Kind, reason: str, remedy: str = "") -> None:
        """Note something about an option: at the line that sets it, else at its section, else at no line."""
        chosen = self.places(group, option)
        if chosen:
            self.report.note(chosen[-1], kind, reason, remedy)
            return
        place = self.place(group, option)
        self.report.add(Finding(place.file, place.line, place.group, option, kind, reason, remedy))
