"""`stackspan demo`: the main job, from an empty simulated vCenter to running servers and back.

`layout` lays out the demo's folder, `processes` starts and stops what runs in it, `story` is the sequence of
`openstack` commands with their checks, `terminal` is what a person sees of it; `command` puts them together.
"""
