"""What Kubernetes' own code makes of our output: how it reads a text, and how its types write an object."""

import json
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from tests.support.go_program import ask


def read_as_kubernetes(text: str, reader: Literal["argocd", "kubectl"] = "argocd") -> list[dict[str, Any]]:
    """The objects in a stream of manifests, or an AssertionError with the reader's message.

    ``argocd`` reads as Argo CD reads the output of a plugin, ``kubectl`` like ``kubectl apply -f -``: see ``main.go``.
    The test is skipped where the program cannot be built.
    """
    objects: list[dict[str, Any]] = json.loads(ask("yamlread", "Kubernetes' YAML reader", text, reader))
    return objects


class Written(NamedTuple):
    """An object as Kubernetes' clients write it.

    Attributes:
        known: whether client-go has a type for it.
        error: what strict reading refuses, such as a field that the type does not have.
        typed: the object as its type writes it.
        kubectl: where it has pods, the object as ``kubectl set env --local -o json KUBETYPES=set`` prints it.
    """

    known: bool
    error: str = ""
    typed: Any = None
    kubectl: Any = None


def written_by_kubernetes(objects: Sequence[Any]) -> list[Written]:
    """How client-go's types and kubectl write each object. The test is skipped where the program cannot be built."""
    answers = json.loads(ask("kubetypes", "kubectl", json.dumps(objects)))
    return [Written(**answer) for answer in answers]
