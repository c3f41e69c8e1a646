"""The measures that keep the two promises of a sync, each with the change that switches it off.

A control is a scenario without one measure: if the replay, or Envoy, sees nothing there, it would see nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Literal, NamedTuple

from cmp.waves import OPTIONS, WAVE, Manifest, Wave

Change = Callable[[list[Manifest]], None]


class Control(NamedTuple):
    """A measure switched off.

    Attributes:
        change: what does it, to the objects of a revision.
        scenario: the name of the one that needs the measure.
        seen: which promise breaks.
    """

    change: Change
    scenario: str
    seen: Literal["served", "admitted"]

    def off(self, revisions: Sequence[list[Manifest]]) -> list[list[Manifest]]:
        """The revisions without the measure."""
        found = deepcopy(list(revisions))
        for objects in found:
            self.change(objects)
        return found


def moved(kind: str, wave: int, action: str | None = None) -> Change:
    """Objects of a kind, of policies those of one action, in another wave."""

    def move(objects: list[Manifest]) -> None:
        for one in objects:
            if one["kind"] == kind and action in (None, _action(one)):
                one["metadata"].setdefault("annotations", {})[WAVE] = str(wave)

    return move


def removed_early(kind: str) -> Change:
    """Objects of a kind without ``PruneLast``."""

    def change(objects: list[Manifest]) -> None:
        for one in objects:
            if one["kind"] == kind:
                notes = one["metadata"].get("annotations") or {}
                notes[OPTIONS] = notes[OPTIONS].replace("PruneLast=true", "Validate=true")

    return change


def one_destination_rule(objects: list[Manifest]) -> None:
    """All subsets of a host in one object, as people write it by hand."""
    first: dict[str, Manifest] = {}
    for one in [one for one in objects if one["kind"] == "DestinationRule"]:
        whole = first.setdefault(one["spec"]["host"], one)
        if whole is not one:
            whole["spec"]["subsets"] += one["spec"]["subsets"]
            objects.remove(one)
        one["metadata"]["name"] = one["spec"]["host"].partition(".")[0]


def _action(one: Manifest) -> str:
    """What a policy does. The default deny admits the service itself, by the service's own name."""
    if one["kind"] != "AuthorizationPolicy":
        return ""
    if one["metadata"]["name"] == one["metadata"].get("labels", {}).get("app"):
        return "CLOSE"
    return str(one["spec"].get("action", "ALLOW"))


CONTROLS: Mapping[str, Control] = {
    "one DestinationRule for all versions": Control(one_destination_rule, "promote and remove at once", "served"),
    "routes with the pods": Control(moved("VirtualService", 0), "replace a version at once", "served"),
    "routes before the pods": Control(moved("VirtualService", -30), "add a version and its share", "served"),
    "subsets behind the routes": Control(moved("DestinationRule", 11), "replace a version at once", "served"),
    "names behind the pods": Control(moved("Service", 15), "add a service", "served"),
    "callers behind the pods": Control(moved("AuthorizationPolicy", 15, "ALLOW"), "a new caller", "served"),
    "the default deny behind the pods": Control(
        moved("AuthorizationPolicy", 15, "CLOSE"), "add a service that nobody calls", "admitted"
    ),
    "mutual TLS behind the pods": Control(
        moved("PeerAuthentication", 15), "add a service that asks only for the mesh", "admitted"
    ),
    "what denies with what admits": Control(
        moved("AuthorizationPolicy", -30, "DENY"), "admit a caller and deny it something", "admitted"
    ),
    "what asks with what admits": Control(
        moved("AuthorizationPolicy", -30, "CUSTOM"), "admit a caller and ask about it", "admitted"
    ),
    "issuers behind what asks for tokens": Control(moved("RequestAuthentication", -20), "require tokens", "served"),
    "pods removed early": Control(removed_early("Deployment"), "promote and remove at once", "served"),
    "sets of pods removed early": Control(removed_early("StatefulSet"), "another kind of workload", "served"),
    "pods of nodes removed early": Control(removed_early("DaemonSet"), "from a DaemonSet", "served"),
    "subsets removed early": Control(removed_early("DestinationRule"), "promote and remove at once", "served"),
    "callers removed early": Control(removed_early("AuthorizationPolicy"), "narrow and widen a caller", "served"),
}

#: Measures of how objects are cut, and not of their wave or their removal.
OF_OBJECTS = {"one DestinationRule for all versions"}

_PLATFORM = "what the platform installs: no proxy is there before"
#: Which controls show that a wave is needed where it is, or why no proxy can.
WAVES: Mapping[Wave, tuple[str, ...] | str] = {
    Wave.FOUNDATIONS: _PLATFORM,
    Wave.DEFINITIONS: _PLATFORM,
    Wave.CONTROL_PLANE: _PLATFORM,
    Wave.NODE_PROXIES: _PLATFORM,
    Wave.EDGE: _PLATFORM,
    Wave.PREREQUISITES: (
        "what denies with what admits",
        "what asks with what admits",
        "issuers behind what asks for tokens",
    ),
    Wave.NAMES: ("names behind the pods", "callers behind the pods"),
    Wave.GUARDS: (
        "the default deny behind the pods",
        "mutual TLS behind the pods",
        "subsets behind the routes",
    ),
    Wave.WAYS_OUT: "leads through pods of the platform, which are not replayed",
    Wave.JOBS: "jobs serve nothing",
    Wave.WORKLOADS: ("routes before the pods",),
    Wave.TRAFFIC: ("routes with the pods",),
    Wave.FOLLOWERS: "holds up a sync, and no request: test_an_autoscaler_before_the_routes_would_stop_them",
    Wave.OBSERVERS: _PLATFORM,
}

_FILES = "what pods read and platforms hold: proxies do not see it"
_OLD = "only requests of the old revision, by pods that end, need it"
#: The same of each kind that is removed behind all waves.
LAST: Mapping[str, tuple[str, ...] | str] = {
    "AppProject": _FILES,
    "Application": _FILES,
    "ApplicationSet": _FILES,
    "AuthorizationPolicy": ("callers removed early",),
    "Certificate": _FILES,
    "ConfigMap": _FILES,
    "DaemonSet": ("pods of nodes removed early",),
    "Deployment": ("pods removed early",),
    "DestinationRule": ("subsets removed early",),
    "ExternalSecret": _FILES,
    "NetworkPolicy": _OLD,
    "PeerAuthentication": "with the pods that it is for it takes two commits (MS270)",
    "RequestAuthentication": "with the rule that asks for its tokens it takes two commits (MS273)",
    "Role": _FILES,
    "RoleBinding": _FILES,
    "Service": _OLD,
    "ServiceAccount": _FILES,
    "ServiceEntry": _OLD,
    "Sidecar": _OLD,
    "StatefulSet": ("sets of pods removed early",),
    "TriggerAuthentication": _FILES,
    "WorkloadEntry": _OLD,
    "WorkloadGroup": _OLD,
}
