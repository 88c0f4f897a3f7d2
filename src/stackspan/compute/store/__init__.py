"""All SQL of Compute, a module per noun."""
