"""The way out: changes of the objects that are written, and objects beside them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cmp.spec.types import (
    AnyValue,
    Bool,
    FilePattern,
    KindName,
    Label,
    Model,
    ObjectName,
    ObjectPart,
    Pointer,
    WaveNumber,
    Word,
)

SyncOption = Literal[
    "Delete=confirm",
    "Delete=false",
    "Delete=true",
    "Force=true",
    "Prune=confirm",
    "Prune=false",
    "Prune=true",
    "Replace=true",
    "ServerSideApply=false",
    "ServerSideApply=true",
    "SkipDryRunOnMissingResource=true",
    "Validate=false",
]


class PatchTarget(Model):
    """Which objects are changed: all that fit. Plain text is the kind."""

    kind: KindName  #: Their kind.
    name: ObjectName | None = None  #: Their name; `*` stands for any text. Default: all of the kind.
    namespace: Label | None = None  #: Their namespace. Default: any.
    apiVersion: Word | None = None  #: Their API version, where two have the kind (`networking.istio.io/v1`).


class PatchOperation(Model):
    """One step of a JSON Patch.

    https://www.rfc-editor.org/rfc/rfc6902
    """

    op: Literal["add", "remove", "replace", "move", "copy", "test"]  #: What is done.
    path: Pointer  #: Where (`/spec/template/spec/dnsPolicy`); `~1` stands for `/` in a key.
    from_: Pointer | None = Field(None, alias="from")  #: Where it is taken from, with `move` and `copy`.
    value: AnyValue = None  #: What stands there then, with `add` and `replace`; what has to, with `test`.


class Patch(Model):
    """A change of what is written for a service, for what the language has no word for.

    https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
    """

    target: PatchTarget  #: Which objects are changed. None that fits is an error.
    #: A part of an object, laid over it as `kubectl patch` does: null removes, items of lists are found by their key.
    merge: ObjectPart = None
    steps: tuple[PatchOperation, ...] = Field((), alias="json")  #: Steps of a JSON Patch, one after the other.
    checked: Bool | None = Field(None, alias="validate")  #: `false` allows fields that meshspec does not know.


class ManifestFiles(Model):
    """Objects of Kubernetes from files of the repository, written beside those of the service."""

    file: FilePattern  #: A file, or several: `*` stands for any text, `**` for any directories.
    checked: Bool | None = Field(None, alias="validate")  #: `false` allows fields that meshspec does not know.


class SyncSpec(Model):
    """When Argo CD applies the objects of a service, and how: only where it differs from what meshspec chooses.

    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """

    #: The wave of all objects of a kind. One that requests or pods could not stand is refused.
    waves: dict[KindName, WaveNumber] = {}
    #: Options of all objects of a kind, beside those that meshspec writes. `Prune=confirm` also removes them last.
    options: dict[KindName, tuple[SyncOption, ...]] = {}
