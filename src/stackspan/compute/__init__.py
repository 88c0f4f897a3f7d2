"""Compute: servers, flavors, key pairs, quotas, hypervisors (OpenStack Compute API v2.1)."""
