"""All SQL of Network, a module per noun."""
