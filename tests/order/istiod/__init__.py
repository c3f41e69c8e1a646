"""What istiod tells the proxies of a moment: how it is asked, and how its configuration of Envoy is read."""
