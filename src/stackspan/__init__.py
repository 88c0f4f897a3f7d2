"""Stackspan: the OpenStack APIs for VMware vCenter."""

__version__ = "0.1.0"
