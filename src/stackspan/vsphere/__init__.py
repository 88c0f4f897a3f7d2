"""vCenter behind plain functions: identifiers (managed object ids such as `vm-12`) in, frozen dataclasses out.

Nothing outside this package imports pyVmomi; nothing here knows a database or HTTP.

    session   one thread-safe client per account        calls      every call: operation id, fault, count
    faults    vCenter's faults → our errors             properties property reads in bulk
    tasks     waiting for tasks                         watcher    pushed changes of a vCenter
    inventory bulk reads at start                       fleet      all vCenters of the configuration
    vms power disks datastores folders templates networks: one subject a file; specs/: pure builders of ConfigSpec parts
"""
