"""Many applications in one call: which there are, rendered by several processes, and where their objects go."""
