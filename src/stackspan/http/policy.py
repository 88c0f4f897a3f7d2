"""Policy: stock rule names and defaults, an operator's `policy.yaml` on top, one enforcer per service.

oslo.policy parses; a check then runs on the parsed rule (0.1 ms instead of 0.2–0.5 ms for `enforce`).
Rule names collide between services, so every service has an enforcer and a file of its own.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_policy import policy as oslo

from stackspan.core import errors
from stackspan.core.context import RequestContext


class PolicyForbidden(errors.Forbidden):
    """A policy rule says no."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"Policy doesn't allow {rule} to be performed.")
        self.rule = rule


class Policy:
    """The rules of one service.

    Args:
        defaults: rule name → check string, the stock defaults, in `policy.py` of the service.
        policy_file: the operator's overrides (YAML), or None.
    """

    def __init__(self, defaults: Sequence[tuple[str, str]], policy_file: pathlib.Path | None = None) -> None:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        self._enforcer = oslo.Enforcer(conf, policy_file=str(policy_file) if policy_file else None, use_conf=False)
        self._enforcer.suppress_default_change_warnings = True
        self._enforcer.suppress_deprecation_warnings = True
        rules = {name: oslo.RuleDefault(name, check).check for name, check in defaults}
        if policy_file is not None:
            overrides = oslo.Rules.load(policy_file.read_text())
            rules.update(dict(overrides.items()))
        self._enforcer.set_rules(oslo.Rules(rules), overwrite=True, use_conf=False)

    def allows(self, context: RequestContext, rule: str, target: Mapping[str, Any] | None = None) -> bool:
        """Whether `rule` lets the caller act on `target` (default: the caller's own project and user)."""
        if target is None:
            target = {"project_id": context.project_id, "user_id": context.user_id}
        check = self._enforcer.rules[rule]
        return bool(oslo._checks._check(check, dict(target), context.policy_credentials(), self._enforcer, rule))

    def check(self, context: RequestContext, rule: str, target: Mapping[str, Any] | None = None) -> None:
        """Raise PolicyForbidden unless `rule` lets the caller act on `target`."""
        if not self.allows(context, rule, target):
            raise PolicyForbidden(rule)
