"""Rows of the fields of what a pod finds and where it runs; see ``field_rows``."""

from collections.abc import Iterator

from cmp.spec import validators as v
from tests.support.field_row import CONTAINER, FREE, POD, SYNTAX, Row, same


def rows() -> Iterator[tuple[str, Row]]:
    yield from files()
    yield from secrets()
    yield from volumes("MeshService.volumes.*", "volumes: {/x#: {%s}}", "PersistentVolumeClaim:spec")
    yield from strategies()
    yield from services()
    yield from containers()
    yield from placement()
    yield from rights()
    yield from jobs()


def files() -> Iterator[tuple[str, Row]]:
    mount = f"{CONTAINER}.volumeMounts.[].mountPath"
    yield "MeshService.config.*=", Row("config: {@: {text: x}}", mount, same, SYNTAX)
    yield "MeshService.config.*.file", Row("config: {/etc/x: {file: @}}", texts=SYNTAX)
    yield "MeshService.config.*.text", Row("config: {/etc/x: {text: @}}", "ConfigMap:data.[]", same, FREE)
    source = f"{CONTAINER}.envFrom.[]"
    yield "MeshService.envFrom[].configMap", Row("envFrom: {configMap: @}", f"{source}.configMapRef.name", same, SYNTAX)
    yield "MeshService.envFrom[].secret", Row("envFrom: {secret: @}", f"{source}.secretRef.name", same, SYNTAX)
    yield "MeshService.envFrom[].prefix", Row("envFrom: {secret: x, prefix: @}", f"{source}.prefix", same, SYNTAX)


def secrets() -> Iterator[tuple[str, Row]]:
    at, spec = "MeshService.secrets.*", "ExternalSecret:spec"
    yield f"{at}=", Row("secrets: {@: {store: x, key: y}}", "ExternalSecret:metadata.name", same, SYNTAX)
    yield f"{at}.store", Row("secrets: {a#: {store: @, key: y}}", f"{spec}.secretStoreRef.name", same, SYNTAX)
    yield f"{at}.key", Row("secrets: {a#: {store: x, key: @}}", f"{spec}.dataFrom.[].extract.key", same, SYNTAX)
    every = Row("secrets: {a#: {store: x, key: y, refreshInterval: @}}", f"{spec}.refreshInterval", v.duration, SYNTAX)
    yield f"{at}.refreshInterval", every
    listed = "secrets: {a#: {store: x, key: y, data: {%s}}}"
    yield f"{at}.data.*=", Row(listed % "@: {}", f"{spec}.data.[].secretKey", same, SYNTAX)
    for key in ("key", "property", "version"):
        written = listed % f"k: {{{key}: @}}"
        yield f"{at}.data.*.{key}", Row(written, f"{spec}.data.[].remoteRef.{key}", same, SYNTAX)


def volumes(at: str, body: str, claim: str) -> Iterator[tuple[str, Row]]:
    source = f"{POD}.volumes.[]"
    sized = "strategy: Recreate, " + body
    yield f"{at}.size", Row(sized % "size: @", f"{claim}.resources.requests.storage", v.memory, SYNTAX)
    yield f"{at}.storageClass", Row(sized % "size: 1, storageClass: @", f"{claim}.storageClassName", same, SYNTAX)
    yield f"{at}.claim", Row(body % "claim: @", f"{source}.persistentVolumeClaim.claimName", same, SYNTAX)
    yield f"{at}.secret", Row(body % "secret: @", f"{source}.secret.secretName", same, SYNTAX)
    yield f"{at}.configMap", Row(body % "configMap: @", f"{source}.configMap.name", same, SYNTAX)
    csi = body % "csi: {driver: x, %s}"
    yield f"{at}.csi.driver", Row(body % "csi: {driver: @}", f"{source}.csi.driver", same, SYNTAX)
    yield f"{at}.csi.fsType", Row(csi % "fsType: @", f"{source}.csi.fsType", same, SYNTAX)
    attributes = f"{source}.csi.volumeAttributes"
    yield f"{at}.csi.volumeAttributes.*=", Row(csi % "volumeAttributes: {@: x}", f"{attributes}.{{}}", same, SYNTAX)
    yield f"{at}.csi.volumeAttributes.*", Row(csi % "volumeAttributes: {a: @}", f"{attributes}.a", same, SYNTAX)
    reference = f"{source}.csi.nodePublishSecretRef.name"
    yield f"{at}.csi.nodePublishSecret", Row(csi % "nodePublishSecret: @", reference, same, SYNTAX)
    listed = body % "secret: x, items: {%s}"
    yield f"{at}.items.*=", Row(listed % "@: a", f"{source}.secret.items.[].key", same, SYNTAX)
    yield f"{at}.items.*", Row(listed % "a: @", f"{source}.secret.items.[].path", same, SYNTAX)
    yield f"{at}.subPath", Row(body % "emptyDir: {}, subPath: @", f"{CONTAINER}.volumeMounts.[].subPath", same, SYNTAX)
    yield from projections(f"{at}.projected[]", body % "projected: [{%s}]", f"{source}.projected.sources.[]")


def projections(at: str, body: str, source: str) -> Iterator[tuple[str, Row]]:
    yield f"{at}.secret", Row(body % "secret: @", f"{source}.secret.name", same, SYNTAX)
    yield f"{at}.configMap", Row(body % "configMap: @", f"{source}.configMap.name", same, SYNTAX)
    items = body % "secret: x, items: {%s}"
    yield f"{at}.items.*=", Row(items % "@: a", f"{source}.secret.items.[].key", same, SYNTAX)
    yield f"{at}.items.*", Row(items % "a: @", f"{source}.secret.items.[].path", same, SYNTAX)
    token, place = body % "serviceAccountToken: {%s}", f"{source}.serviceAccountToken"
    yield f"{at}.serviceAccountToken.path", Row(token % "path: @", f"{place}.path", same, SYNTAX)
    yield f"{at}.serviceAccountToken.audience", Row(token % "path: a, audience: @", f"{place}.audience", same, SYNTAX)
    fields = body % "downwardAPI: {@: metadata.name}"
    yield f"{at}.downwardAPI.*=", Row(fields, f"{source}.downwardAPI.items.[].path", same, SYNTAX)


def strategies() -> Iterator[tuple[str, Row]]:
    for key in ("maxSurge", "maxUnavailable"):
        written = f"strategy: {{rollingUpdate: {{{key}: @}}}}"
        yield f"MeshService.strategy.rollingUpdate.{key}", Row(written, texts=SYNTAX)


def services() -> Iterator[tuple[str, Row]]:
    """What the Service says beside its ports."""
    notes = "Service:metadata.annotations"
    yield "MeshService.service.annotations.*=", Row("service: {annotations: {@: x}}", f"{notes}.{{}}", same, SYNTAX)
    yield "MeshService.service.annotations.*", Row("service: {annotations: {a: @}}", f"{notes}.a", same, FREE)
    opened = "service: {type: LoadBalancer, %s}, mtls: PERMISSIVE, access: [{}]"
    named = Row(opened % "loadBalancerClass: @", "Service:spec.loadBalancerClass", same, SYNTAX)
    yield "MeshService.service.loadBalancerClass", named
    blocks = ("10.0.0.0/8", "2001:db8::/32", *SYNTAX)
    ranges = Row(opened % "loadBalancerSourceRanges: [@]", "Service:spec.loadBalancerSourceRanges.[]", same, blocks)
    yield "MeshService.service.loadBalancerSourceRanges[]", ranges
    spoken = Row(
        "port: null, ports: {http: {port: 81, appProtocol: @}}",
        "Service:spec.ports.[].appProtocol",
        same,
        ("http", "HTTP", "http-own", "kubernetes.io/ws", *SYNTAX),
    )
    yield "MeshService.ports.*.appProtocol", spoken


def containers() -> Iterator[tuple[str, Row]]:
    """The fields of containers beside the service's own."""
    yield (
        "MeshService.pod.containers.*=",
        Row("pod: {containers: {@: {image: 'x:1'}}}", f"{CONTAINER}.name", same, SYNTAX),
    )
    first = f"{POD}.initContainers.[]"
    named = Row("pod: {initContainers: [{name: @, image: 'x:1'}]}", f"{first}.name", same, SYNTAX)
    yield "MeshService.pod.initContainers[].name", named
    for at, body, place in (
        ("MeshService.pod.containers.*", "pod: {containers: {c: {image: {repository: x, tag: 1}, %s}}}", CONTAINER),
        (
            "MeshService.pod.initContainers[]",
            "pod: {initContainers: [{name: c, image: {repository: x, tag: 1}, %s}]}",
            first,
        ),
    ):
        yield from images(at, body.replace("image: {repository: x, tag: 1}, ", ""), place)
        yield from processes(at, body, place)
        yield from hooks(f"{at}.lifecycle", body, f"{place}.lifecycle")
        yield from security(f"{at}.securityContext", body % "securityContext: {%s}", f"{place}.securityContext")
    yield from probes("MeshService.pod.containers.*.health", "pod: {containers: {c: {image: 'x:1', health: {%s}}}}")


def images(at: str, body: str, place: str) -> Iterator[tuple[str, Row]]:
    written = body % "image: {repository: x, tag: 1, %s}"
    yield (
        f"{at}.image.registry",
        Row(written % "registry: @", f"{place}.image", lambda x: f"{x.rstrip('/')}/x:1", SYNTAX),
    )
    yield (
        f"{at}.image.repository",
        Row(body % "image: {repository: @, tag: 1}", f"{place}.image", "{}:1".format, SYNTAX),
    )
    yield f"{at}.image.tag", Row(body % "image: {repository: x, tag: @}", f"{place}.image", "x:{}".format, SYNTAX)
    digest = body % "image: {repository: x, digest: @}"
    yield f"{at}.image.digest", Row(digest, f"{place}.image", "x@{}".format, SYNTAX)
    secrets = Row(written % "pullSecrets: [@]", f"{POD}.imagePullSecrets.[].name", same, SYNTAX)
    yield f"{at}.image.pullSecrets[]", secrets


def processes(at: str, body: str, place: str) -> Iterator[tuple[str, Row]]:
    for key in ("command", "args"):
        yield f"{at}.{key}[]", Row(body % f"{key}: [@]", f"{place}.{key}.[]", same, SYNTAX)
    env = f"{place}.env.[]"
    yield f"{at}.env.*=", Row(body % "env: {@: x}", f"{env}.name", same, SYNTAX)
    yield f"{at}.env.*.value", Row(body % "env: {A: @}", f"{env}.value", lambda text: text or None, SYNTAX)
    secret, config = f"{env}.valueFrom.secretKeyRef.key", f"{env}.valueFrom.configMapKeyRef.name"
    yield f"{at}.env.*.secret", Row(body % "env: {A: {secret: @}}", secret, lambda x: x.split("/")[1], SYNTAX)
    yield f"{at}.env.*.configMap", Row(body % "env: {A: {configMap: @}}", config, lambda x: x.split("/")[0], SYNTAX)
    yield f"{at}.env.*.field", Row(body % "env: {A: {field: @}}", f"{env}.valueFrom.fieldRef.fieldPath", same, SYNTAX)
    source = f"{place}.envFrom.[]"
    yield (
        f"{at}.envFrom[].configMap",
        Row(body % "envFrom: {configMap: @}", f"{source}.configMapRef.name", same, SYNTAX),
    )
    yield f"{at}.envFrom[].secret", Row(body % "envFrom: {secret: @}", f"{source}.secretRef.name", same, SYNTAX)
    yield f"{at}.envFrom[].prefix", Row(body % "envFrom: {secret: x, prefix: @}", f"{source}.prefix", same, SYNTAX)
    for block in ("requests", "limits"):
        for key, read in (("cpu", v.cpu), ("memory", v.memory)):
            written = body % f"resources: {{{block}: {{{key}: @}}}}"
            yield f"{at}.resources.{block}.{key}", Row(written, f"{place}.resources.{block}.{key}", read, SYNTAX)
    mount = f"{place}.volumeMounts.[]"
    yield f"{at}.mounts.*=", Row(body % "mounts: {@: /tmp}", f"{mount}.mountPath", same, SYNTAX)
    yield f"{at}.mounts.*.volume", Row(body % "mounts: {/x: @}", texts=SYNTAX)
    sub = Row(body % "mounts: {/x: {volume: /tmp, subPath: @}}", f"{mount}.subPath", same, SYNTAX)
    yield f"{at}.mounts.*.subPath", sub
    yield f"{at}.workingDir", Row(body % "workingDir: @", f"{place}.workingDir", same, SYNTAX)


def hooks(at: str, body: str, place: str) -> Iterator[tuple[str, Row]]:
    for hook in ("postStart", "preStop"):
        written, there = body % f"lifecycle: {{{hook}: {{%s}}}}", f"{place}.{hook}"
        yield f"{at}.{hook}.exec[]", Row(written % "exec: [@]", f"{there}.exec.command.[]", same, SYNTAX)
        yield f"{at}.{hook}.http", Row(written % "http: @, port: '80'", f"{there}.httpGet.path", same, SYNTAX)
        yield f"{at}.{hook}.port", Row(written % "http: /x, port: @", texts=SYNTAX)
        yield f"{at}.{hook}.sleep", Row(written % "sleep: @", texts=SYNTAX)


def security(at: str, body: str, place: str) -> Iterator[tuple[str, Row]]:
    """What the security contexts of pods and containers share, and capabilities, which are a container's."""
    local = body % "seccompProfile: {type: Localhost, localhostProfile: @}"
    yield f"{at}.seccompProfile.localhostProfile", Row(local, f"{place}.seccompProfile.localhostProfile", same, SYNTAX)
    for key in ("level", "role", "type", "user"):
        label = Row(body % f"seLinuxOptions: {{{key}: @}}", f"{place}.seLinuxOptions.{key}", same, SYNTAX)
        yield f"{at}.seLinuxOptions.{key}", label
    if "containers" in at.lower():
        for key in ("add", "drop"):
            right = Row(body % f"capabilities: {{{key}: [@]}}", f"{place}.capabilities.{key}.[]", same, SYNTAX)
            yield f"{at}.capabilities.{key}[]", right


def probes(at: str, body: str) -> Iterator[tuple[str, Row]]:
    for kind in ("readiness", "liveness", "startup"):
        place, written = f"{CONTAINER}.{kind}Probe", body % f"{kind}: {{%s}}"
        yield f"{at}.{kind}.http", Row(written % "http: @", f"{place}.httpGet.path", same, SYNTAX)
        yield f"{at}.{kind}.grpc", Row(written % "grpc: @", texts=SYNTAX)
        yield f"{at}.{kind}.tcp", Row(written % "tcp: @", texts=SYNTAX)
        yield f"{at}.{kind}.exec[]", Row(written % "exec: [@]", f"{place}.exec.command.[]", same, SYNTAX)
        yield f"{at}.{kind}.port", Row(written % "http: /h, port: @", texts=SYNTAX)
        headers = f"{place}.httpGet.httpHeaders.[]"
        yield f"{at}.{kind}.headers.*=", Row(written % "http: /h, headers: {@: x}", f"{headers}.name", same, SYNTAX)
        yield f"{at}.{kind}.headers.*", Row(written % "http: /h, headers: {A: @}", f"{headers}.value", same, SYNTAX)
        yield f"{at}.{kind}.service", Row(written % "grpc: '80', service: @", f"{place}.grpc.service", same, SYNTAX)


def placement() -> Iterator[tuple[str, Row]]:
    """Where pods run, as Kubernetes has it, and the pod's own labels and annotations."""
    at, body, template = "MeshService.pod", "pod: {%s}", "Deployment:spec.template.metadata"
    for key in ("labels", "annotations"):
        yield f"{at}.{key}.*=", Row(body % f"{key}: {{@: x}}", f"{template}.{key}.{{}}", same, SYNTAX)
        yield f"{at}.{key}.*", Row(body % f"{key}: {{a: @}}", f"{template}.{key}.a", same, SYNTAX)
    yield from security(f"{at}.securityContext", body % "securityContext: {%s}", f"{POD}.securityContext")
    sysctl, there = body % "securityContext: {sysctls: {%s}}", f"{POD}.securityContext.sysctls.[]"
    yield f"{at}.securityContext.sysctls.*=", Row(sysctl % "@: x", f"{there}.name", same, SYNTAX)
    yield f"{at}.securityContext.sysctls.*", Row(sysctl % "a: @", f"{there}.value", same, SYNTAX)
    yield f"{at}.nodeSelector.*=", Row(body % "nodeSelector: {@: x}", f"{POD}.nodeSelector.{{}}", same, SYNTAX)
    yield f"{at}.nodeSelector.*", Row(body % "nodeSelector: {a: @}", f"{POD}.nodeSelector.a", same, SYNTAX)
    toleration = body % "tolerations: [{%s}]"
    yield f"{at}.tolerations[].key", Row(toleration % "key: @", f"{POD}.tolerations.[].key", same, SYNTAX)
    yield f"{at}.tolerations[].value", Row(toleration % "key: a, value: @", texts=SYNTAX)
    for key in ("priorityClassName", "runtimeClassName"):
        yield f"{at}.{key}", Row(body % f"{key}: @", f"{POD}.{key}", same, SYNTAX)
    dns, there = body % "dnsConfig: {%s}", f"{POD}.dnsConfig"
    for key in ("nameservers", "searches"):
        yield f"{at}.dnsConfig.{key}[]", Row(dns % f"{key}: [@]", f"{there}.{key}.[]", same, SYNTAX)
    yield f"{at}.dnsConfig.options.*=", Row(dns % "options: {@: x}", f"{there}.options.[].name", same, SYNTAX)
    yield f"{at}.dnsConfig.options.*", Row(dns % "options: {a: @}", texts=SYNTAX)
    yield f"{at}.hostAliases.*=", Row(body % "hostAliases: {@: a}", f"{POD}.hostAliases.[].ip", same, SYNTAX)
    names = Row(body % "hostAliases: {10.0.0.1: [@]}", f"{POD}.hostAliases.[].hostnames.[]", same, SYNTAX)
    yield f"{at}.hostAliases.*[]", names
    spread = f"{POD}.topologySpreadConstraints.[]"
    zone = Row(body % "topologySpreadConstraints: [{topologyKey: @}]", f"{spread}.topologyKey", same, SYNTAX)
    yield f"{at}.topologySpreadConstraints[].topologyKey", zone
    own = body % "topologySpreadConstraints: [{topologyKey: a, labelSelector: {%s}}]"
    selector = "topologySpreadConstraints[].labelSelector"
    yield from selectors(f"{at}.{selector}", own, f"{spread}.labelSelector")
    yield from affinities(f"{at}.affinity", body % "affinity: {%s}", f"{POD}.affinity")


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def selectors(at: str, body: str, place: str) -> Iterator[tuple[str, Row]]:
    yield f"{at}.matchLabels.*=", Row(body % "matchLabels: {@: x}", f"{place}.matchLabels.{{}}", same, SYNTAX)
    yield f"{at}.matchLabels.*", Row(body % "matchLabels: {a: @}", f"{place}.matchLabels.a", same, SYNTAX)
    yield from requirements(
        f"{at}.matchExpressions[]", body % "matchExpressions: [{%s}]", f"{place}.matchExpressions.[]"
    )


def requirements(at: str, body: str, place: str) -> Iterator[tuple[str, Row]]:
    yield f"{at}.key", Row(body % "key: @, operator: Exists", f"{place}.key", same, SYNTAX)
    yield f"{at}.values[]", Row(body % "key: a, operator: In, values: [@]", f"{place}.values.[]", same, SYNTAX)


def affinities(at: str, body: str, place: str) -> Iterator[tuple[str, Row]]:
    needed = f"nodeAffinity: {{{REQUIRED}: {{nodeSelectorTerms: [{{%s}}]}}}}"
    liked = f"nodeAffinity: {{{PREFERRED}: [{{weight: 1, preference: {{%s}}}}]}}"
    for path, written in ((f"{REQUIRED}.nodeSelectorTerms[]", needed), (f"{PREFERRED}[].preference", liked)):
        there = f"{place}.nodeAffinity.{path.replace('[]', '.[]')}"
        for key in ("matchExpressions", "matchFields"):
            inner = body % (written % f"{key}: [{{%s}}]")
            yield from requirements(f"{at}.nodeAffinity.{path}.{key}[]", inner, f"{there}.{key}.[]")
    for kind in ("podAffinity", "podAntiAffinity"):
        needed = f"{kind}: {{{REQUIRED}: [{{%s}}]}}"
        liked = f"{kind}: {{{PREFERRED}: [{{weight: 1, podAffinityTerm: {{%s}}}}]}}"
        for path, written in ((f"{REQUIRED}[]", needed), (f"{PREFERRED}[].podAffinityTerm", liked)):
            field, there = f"{at}.{kind}.{path}", f"{place}.{kind}.{path.replace('[]', '.[]')}"
            term = body % written
            yield f"{field}.topologyKey", Row(term % "topologyKey: @", f"{there}.topologyKey", same, SYNTAX)
            term = term % "topologyKey: a, %s"
            yield f"{field}.namespaces[]", Row(term % "namespaces: [@]", f"{there}.namespaces.[]", same, SYNTAX)
            for key in ("labelSelector", "namespaceSelector"):
                yield from selectors(f"{field}.{key}", term % f"{key}: {{%s}}", f"{there}.{key}")


def rights() -> Iterator[tuple[str, Row]]:
    for key in ("apiGroups", "resources", "resourceNames", "verbs"):
        others = "".join(f"{other}: x, " for other in ("resources", "verbs") if other != key)
        yield (
            f"MeshService.rbac[].{key}[]",
            Row(f"rbac: [{{{others}{key}: [@]}}]", f"Role:rules.[].{key}.[]", same, SYNTAX),
        )


def jobs() -> Iterator[tuple[str, Row]]:
    """What starts jobs, and what their failures mean."""
    at, body = "MeshService.jobs.*", "jobs: {a: {command: x, %s}}"
    yield f"{at}=", Row("jobs: {@: {command: x, hook: Sync}}", texts=SYNTAX)
    yield f"{at}.schedule", Row(body % "schedule: @", "CronJob:spec.schedule", same, SYNTAX)
    zone = Row(body % "schedule: 0 3 * * *, timeZone: @", "CronJob:spec.timeZone", same, SYNTAX)
    yield f"{at}.timeZone", zone
    rules = body % "hook: Sync, podFailurePolicy: {rules: {action: Ignore, %s}}"
    there = "Job:spec.podFailurePolicy.rules.[]"
    codes = rules % "onExitCodes: {operator: In, values: 1, containerName: @}"
    at = f"{at}.podFailurePolicy.rules[]"
    yield f"{at}.onExitCodes.containerName", Row(codes, f"{there}.onExitCodes.containerName", same, SYNTAX)
    condition = Row(rules % "onPodConditions: @", f"{there}.onPodConditions.[].type", same, SYNTAX)
    yield f"{at}.onPodConditions[].type", condition
