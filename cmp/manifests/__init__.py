"""Builders: pure functions from context to objects, one module per family, each with a table of its steps."""
