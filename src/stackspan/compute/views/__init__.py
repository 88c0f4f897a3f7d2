"""Answers of the Compute API in the newest form that is served, lowered to the request's microversion."""
