"""What istiod tells the proxies of a moment, by the model: data, to feed a real Envoy and to compare with istiod."""
