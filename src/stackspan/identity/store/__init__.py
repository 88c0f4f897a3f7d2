"""All SQL of Identity, a file per noun; functions are noun_verb and take the open transaction first."""
