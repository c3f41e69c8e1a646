"""A real Envoy in the place of all proxies of a mesh, and clients that ask it. All of it stays on this machine."""
