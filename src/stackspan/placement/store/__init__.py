"""All SQL of Placement, a module per noun."""
