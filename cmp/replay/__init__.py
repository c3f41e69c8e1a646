"""Models of Argo CD's syncs and of what Istio's proxies see meanwhile; never on the way of ``generate``."""
