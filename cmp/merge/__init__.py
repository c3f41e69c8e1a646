"""Layers of a spec: written out in long form, laid over each other, with the origin of every value kept."""
