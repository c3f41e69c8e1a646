"""Checks: what no single field can tell. Each yields findings with a path; positions are looked up in one place."""
