"""The operator's policy file of a service: group `[oslo_policy]`."""

from __future__ import annotations

import pathlib

from oslo_config import cfg

from stackspan.config.reading import ServiceConf

GROUP = "oslo_policy"

OPTIONS = (cfg.StrOpt("policy_file", default="policy.yaml", deprecated_group="DEFAULT"),)

IGNORED = {
    "policy_dirs": "One file per service is read: policy_file.",
    "policy_default_rule": "Every rule has its stock default.",
    "enforce_scope": "Scopes are always enforced, as in the present stock services.",
    "enforce_new_defaults": "The present stock defaults hold.",
}


def policy_file(conf: ServiceConf) -> pathlib.Path | None:
    """The file, or None where the stock rules hold.

    A relative name is looked for beside the service's own files. The default name counts only in a folder that is
    named after the service, as /etc/nova is: files of several services may share a folder, and rule names collide.
    """
    group = conf.register(GROUP, OPTIONS)
    name = group.string("policy_file")
    given = group.given("policy_file")
    folders = [file.source.path.parent for file in reversed(conf.files)]
    if not given:
        folders = [folder for folder in folders if folder.resolve().name == conf.service]
    for folder in dict.fromkeys(folders):
        if (folder / name).is_file():
            return folder / name
    if given:
        group.wrong("policy_file", f"There is no file {name} beside the service's own.", "Name the file in full.")
    return None
