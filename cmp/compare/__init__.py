"""Two revisions of a render beside each other: pure functions over objects, never on the way of ``generate``."""
