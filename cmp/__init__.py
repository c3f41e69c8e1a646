"""meshspec: an Argo CD plugin that expands a compact service spec into Kubernetes and Istio objects."""

__version__ = "0.1.0"
