"""Network: Neutron's v2.0 API. A network of type vlan is a port group with exactly that VLAN on a distributed switch."""
