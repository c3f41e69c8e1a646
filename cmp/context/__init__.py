"""Decided values: everything that two builders must agree on."""
