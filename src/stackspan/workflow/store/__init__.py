"""All SQL of the job engine, by subject."""
