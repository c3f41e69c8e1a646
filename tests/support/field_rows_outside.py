"""Rows of ``field_rows`` for services that do not run an image of ours."""

from tests.support.field_row import SYNTAX, Row

ENTRY = "ServiceEntry:spec"
ENDPOINT = "external: {hosts: [h#.example.org], endpoints: [{address: 10.0.0.1, %s}]}"
GROUP = "WorkloadGroup:spec.template"
MACHINES = "workload: {kind: WorkloadGroup, %s}"

SERVICE: dict[str, Row] = {
    "MeshService.selector.*=": Row(
        "selector: {@: x}, mtls: STRICT", "PeerAuthentication:spec.selector.matchLabels.{}", texts=SYNTAX
    ),
    "MeshService.selector.*": Row(
        "selector: {a: @}, mtls: STRICT", "PeerAuthentication:spec.selector.matchLabels.a", texts=SYNTAX
    ),
    "MeshService.external.hosts[]": Row("external: {hosts: [@]}", f"{ENTRY}.hosts.[]", str.lower, SYNTAX),
    "MeshService.external.addresses[]": Row(
        "external: {hosts: [h#.example.org], addresses: [@]}", f"{ENTRY}.addresses.[]", texts=SYNTAX
    ),
    "MeshService.external.subjectAltNames[]": Row(
        "external: {hosts: [h#.example.org], subjectAltNames: [@]}", f"{ENTRY}.subjectAltNames.[]"
    ),
    "MeshService.external.endpoints[].address": Row(
        "external: {hosts: [h#.example.org], endpoints: [{address: @}]}",
        f"{ENTRY}.endpoints.[].address",
        lambda text: text if text.startswith("unix:") else text.lower(),
        SYNTAX,
    ),
    "MeshService.exportTo[]": Row(
        "exportTo: [@]", "VirtualService:spec.exportTo.[]", lambda text: "." if text == "ns" else text, SYNTAX
    ),
    "MeshService.workload.network": Row(MACHINES % "network: @", f"{GROUP}.network", texts=SYNTAX),
    "MeshService.workload.locality": Row(MACHINES % "locality: @", f"{GROUP}.locality", texts=SYNTAX),
    "MeshService.workload.annotations.*=": Row(
        MACHINES % "annotations: {@: x}", "WorkloadGroup:spec.metadata.annotations.{}", texts=SYNTAX
    ),
    "MeshService.workload.annotations.*": Row(
        MACHINES % "annotations: {a: @}", "WorkloadGroup:spec.metadata.annotations.a"
    ),
}
for key, written in (
    ("ports.*=", "ports: {@: 8080}"),
    ("labels.*=", "labels: {@: x}"),
    ("labels.*", "labels: {a: @}"),
    ("network", "network: @"),
    ("locality", "locality: @"),
    ("serviceAccount", "serviceAccount: @"),
):
    place = f"{ENTRY}.endpoints.[].{key.replace('*=', '{}').replace('*', 'a')}"
    body = ENDPOINT % written + (", port: null, ports: {@: {port: 81, protocol: tcp}}" if key == "ports.*=" else "")
    SERVICE[f"MeshService.external.endpoints[].{key}"] = Row(body, place, texts=SYNTAX)
