"""Answers that were given before, by everything that they depend on. Nothing here imports more than ``os``."""
