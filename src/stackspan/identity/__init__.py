"""Identity v3: domains, projects, users, roles, tokens, the catalog."""
