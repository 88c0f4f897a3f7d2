"""Placement: what vCenter offers (clusters, hosts, datastores), who uses how much of it, and the Placement API."""
