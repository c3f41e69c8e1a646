"""The verbs: plain functions that return an exit code. None imports click."""
