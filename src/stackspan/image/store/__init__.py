"""All SQL of Image."""
