"""Policy: stock rule names and defaults, an operator's `policy.yaml` on top, one enforcer per service.

oslo.policy parses; a check then runs on the parsed rule (0.1 ms instead of 0.2–0.5 ms for `enforce`).
Rule names collide between services, so every service has an enforcer and a file of its own.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg
from oslo_policy import _checks
from oslo_policy import policy as oslo

from stackspan.core import errors
from stackspan.core.context import RequestContext

SYSTEM, DOMAIN, PROJECT = "system", "domain", "project"

Rule = tuple[str, str] | tuple[str, str, Sequence[str]]
"""Name, check string, and the kinds of scope it is for (default: any)."""


class PolicyForbidden(errors.Forbidden):
    """A policy rule says no."""

    def __init__(self, rule: str, words: str) -> None:
        super().__init__(words.format(rule=rule))
        self.rule = rule


class Policy:
    """The rules of one service.

    Args:
        defaults: the stock rules, in `policy.py` of the service.
        policy_file: the operator's overrides (YAML), or None.
        words: what a refused user reads; `{rule}` is the rule's name.
    """

    def __init__(
        self,
        defaults: Sequence[Rule],
        policy_file: pathlib.Path | None = None,
        words: str = "Policy doesn't allow {rule} to be performed.",
    ) -> None:
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        self._enforcer = oslo.Enforcer(conf, policy_file=str(policy_file) if policy_file else None, use_conf=False)
        self._enforcer.suppress_default_change_warnings = True
        self._enforcer.suppress_deprecation_warnings = True
        rules = {rule[0]: oslo.RuleDefault(rule[0], rule[1]).check for rule in defaults}
        self._scopes = {rule[0]: frozenset(rule[2]) for rule in defaults if len(rule) == 3}
        self._words = words
        if policy_file is not None:
            overrides = oslo.Rules.load(policy_file.read_text())
            rules.update(dict(overrides.items()))
        self._enforcer.set_rules(oslo.Rules(rules), overwrite=True, use_conf=False)

    def allows(self, context: RequestContext, rule: str, target: Mapping[str, Any] | None = None) -> bool:
        """Whether `rule` lets the caller act on `target` (default: the caller's own project and user)."""
        if target is None:
            target = {"project_id": context.project_id, "user_id": context.user_id}
        scopes = self._scopes.get(rule)
        if scopes is not None and _scope_of(context) not in scopes:
            return False
        check = self._enforcer.rules[rule]
        return bool(_checks._check(check, dict(target), context.policy_credentials(), self._enforcer, rule))

    def check(self, context: RequestContext, rule: str, target: Mapping[str, Any] | None = None) -> None:
        """Raise PolicyForbidden unless `rule` lets the caller act on `target`."""
        if not self.allows(context, rule, target):
            raise PolicyForbidden(rule, self._words)


def _scope_of(context: RequestContext) -> str:
    # An unscoped token counts as a project's, as oslo.policy sees it: its lack of roles decides.
    if context.system_scope:
        return SYSTEM
    return DOMAIN if context.domain_id else PROJECT
