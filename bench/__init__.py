"""Measures the budgets: the service beside a floor, on one simulated vCenter, in one run. `make bench`."""
