"""A spec in which every field of the language occurs, for tests that hold something for all fields.

It is kept as text because people write text; `tests/properties/test_same_bytes.py` fails when a field is missing.
"""

PLATFORM = """
apiVersion: meshspec.io/v1alpha1
kind: MeshPlatform
metadata: {name: main, labels: {tier: edge, team: "1"}, annotations: {example.com/note: on, a: "grüße\\n"}}
profile: 1
istio:
  version: 1.31.0
  kubernetes: 1.37
  mode: sidecar
  trustDomain: td.example.com
  clusterDomain: cluster.example
  namespace: istio-system
  revision: 1-31-0
  canary: {version: 1.31.1, revision: 1-31-1}
  tags: {stable: 1-31-0, next: 1-31-1}
  install:
    enabled: true
    repoURL: https://charts.example.com/istio
    cni: true
    values:
      base: {base: {excludedCRDs: [a, b]}}
      istiod: {env: {A: "1", B: 0.5, C: yes}, autoscaleMin: 3}
      cni: {logging: {level: info}}
      ztunnel: {logLevel: info}
      gateway: {minReadySeconds: 5}
argocd:
  repoURL: https://git.example.com/mesh.git
  targetRevision: main
  namespace: argocd
  project: mesh
  destination: {server: "https://10.0.0.1:6443"}
  kinds: [batch/Job, Secret]
  applications:
    shop: {path: services/shop, each: true, namespace: shop, automated: false}
    ops: {path: services/ops, each: false, environment: prod, parameters: {b: 1e3, a: x}, targetRevision: v1.20}
gateways:
  public:
    hosts: [shop.example.com, "*.example.org", shop/only.example.com]
    namespace: istio-ingress
    selector: {istio: public, app: gateway}
    serviceAccount: public-gateway
    tls: {credentialName: shop.example.com, minProtocolVersion: TLSV1_2, maxProtocolVersion: TLSV1_3,
          cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256, ECDHE-ECDSA-AES128-GCM-SHA256]}
    httpsRedirect: true
    ports:
      mongo: 27017
      https-admin:
        port: 8443
        tls: {mode: MUTUAL, credentialNames: [admin-rsa, admin-ecdsa], subjectAltNames: [a, b],
              minProtocolVersion: TLSV1_1, maxProtocolVersion: TLSV1_2, cipherSuites: AES128-SHA}
      https-issued: {port: 8444, tls: {issuer: {name: corp, kind: CorpIssuer, group: corp.example.com}}}
      raw: {port: 7443, protocol: tls, tls: PASSTHROUGH}
  inner: {hosts: "*.inner.example.net", namespace: istio-inner, tls: inner-cert, telemetry: {tracing: 0.5%},
          install: true, values: {service: {annotations: {b: a, a: b}}},
          access: [{}, {from: {namespaces: ops}}], jwt: {issuer: https://id.example.com, require: {paths: /api/*}}}
  more:
    hosts: "*.more.example.net"
    namespace: istio-more
    tls: {mode: MUTUAL, credentialNames: [more-rsa, more-ecdsa], subjectAltNames: "1e3"}
  issued:
    hosts: "*.issued.example.net"
    namespace: istio-more
    tls: {issuer: {name: own, kind: Issuer, group: cert-manager.io}}
  filed:
    hosts: "*.filed.example.net"
    namespace: istio-more
    tls: {mode: OPTIONAL_MUTUAL, serverCertificate: /tls/cert.pem, privateKey: /tls/key.pem,
          caCertificates: /tls/ca.pem}
    ports: {tls-auto: {port: 15443, tls: AUTO_PASSTHROUGH}}
  egress: {namespace: istio-egress, service: istio-egress}
mtls: PERMISSIVE
jwt: {issuer: https://id.example.com}
access: [{action: AUDIT, to: {methods: DELETE, ports: 8080}}]
namespaces:
  shop:
    create: true
    inject: next
    labels: {tier: shop, "1": "2"}
    annotations: {example.com/note: 1e3}
    podSecurity: restricted
    quota: {pods: 10, requests.cpu: 2000m}
    limits: {default: {cpu: 1}, defaultRequest: {memory: 64Mi, cpu: 100m}, max: {memory: 1Gi}, min: {memory: 16Mi}}
    networkPolicy: true
    mtls: {mode: STRICT}
    access: [{from: probe.ops, to: {ports: [8080]}}]
    jwt: {issuer: https://id.example.com}
    calls: [{service: ledger}, {namespaces: [tools, .]}, {url: tls://ours.example.net}]
    telemetry: {accessLogging: false, metrics: {remove: destination_app, reportingInterval: 7s}}
  dev: {access: []}
catalog:
  ledger.finance: {ports: {http: 80, grpc-admin: {port: 9000, targetPort: 9001}, other: {port: 7000, protocol: tcp}}}
  batch.jobs: {serviceAccount: batch-runner}
networkPolicy: true
patches:
  - {target: {kind: Gateway, name: public, apiVersion: networking.istio.io/v1, namespace: istio-ingress},
     merge: {metadata: {annotations: {example.com/on: yes}}}, validate: true}
  - {target: Gateway, json: {op: add, path: /metadata/labels/x, value: 010}}
telemetry: {tracing: {providers: a, match: SERVER}, accessLogging: {providers: [i, envoy]}}
monitoring:
  prometheus:
    {install: true, labels: {release: prometheus, "example.com/a": 1e3}, namespace: watching, version: v81.4.5,
     values: {kubeProxy: {enabled: false}, prometheus: {prometheusSpec: {retention: 30d, replicas: 0x2}}}}
  grafana: {install: true, adminSecret: grafana}
  argocd: {enabled: true, namespace: argo}
  istio: true
calls: [audit.security, {namespaces: [common]}, https://shared.example.net]
providers:
  a: {opentelemetry: {service: otel.monitoring.svc.cluster.example, port: 4317}}
  b: {zipkin: {service: monitoring/zipkin.example.net, port: 9411}}
  c: {datadog: {service: agent.example.net, port: 8126}}
  d: {skywalking: {service: oap.example.net, port: 11800}}
  e: {envoyExtAuthzHttp: {service: opa.auth.svc.cluster.example, port: 8181}}
  f: {envoyExtAuthzGrpc: {service: opa.auth.svc.cluster.example, port: 9191}}
  g: {envoyHttpAls: {service: als.monitoring.svc.cluster.example, port: 9001}}
  h: {envoyTcpAls: {service: als.monitoring.svc.cluster.example, port: 9001}}
  i: {envoyOtelAls: {service: otel.monitoring.svc.cluster.example, port: 4317}}
policy:
  - {require: [metadata.name, "metadata[name]"], reason: it has one, warn: true}
  - {forbid: {mtls.ports.*: DISABLE, env.AWS_*: "*"}, reason: "1e3", when: {metadata.namespace: shop}}
  - {allow: {image.registry: ["*.example.com*", docker.io], timeout: ">=1ms <=1h"}, reason: "grüße",
     unless: [{metadata.name: legacy, metadata.namespace: shop}, {workload: StatefulSet}]}
defaults:
  ignore: {MS302: versions wait, MS303: a test}
  timeout: 20s
  env: {REGION: eu-1}
environments:
  prod: {istio: {version: 1.31.1}, argocd: {destination: {name: prod}}, defaults: {env: {STAGE: prod}}}
  test: {defaults: {env: {STAGE: test}}}
"""

FULL = """
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: full, namespace: shop, labels: {tier: back, team: "1"}, annotations: {example.com/owner: 0x1f, b: no}}
platform: main
image:
  registry: registry.example.com:5000
  repository: shop/full
  tag: 1.20
  digest: sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  pullPolicy: IfNotPresent
  pullSecrets: [registry, other-registry]
command: [/bin/full, -v]
args: ["--a=b", NO, 010, 12:30, "x y"]
ports:
  http: {port: 80, targetPort: 8080}
  grpc: 9000
  tcp-raw: {port: 7000, protocol: tcp}
  tls-own: 7443
  http-admin: 9090
loadBalancer:
  consistentHash:
    httpCookie: {name: user, path: /, ttl: 0s, attributes: [{name: SameSite, value: no}, {name: Secure}]}
    ringHash: {minimumRingSize: 2048}
connectionPool:
  tcp: {maxConnections: 100, connectTimeout: 1.5s, maxConnectionDuration: 1h, idleTimeout: 0s,
        tcpKeepalive: {probes: 3, time: 2h, interval: 75s}}
  http: {http1MaxPendingRequests: 100, http2MaxRequests: 1000, maxRequestsPerConnection: 10, maxRetries: 3,
         maxConcurrentStreams: 50, idleTimeout: 30s, h2UpgradePolicy: DO_NOT_UPGRADE, useClientProtocol: true}
outlierDetection: {consecutive5xxErrors: 5, consecutiveGatewayErrors: 3, consecutiveLocalOriginFailures: 2,
                   splitExternalLocalOriginErrors: true, interval: 5s, baseEjectionTime: 1m, maxEjectionPercent: 50%,
                   minHealthPercent: 30}
tls: {mode: ISTIO_MUTUAL, sni: full.example.com}
retryBudget: {percent: 20%, minRetryConcurrency: 3, budgetInterval: 10s}
replicas:
  min: 2
  max: 8
  cpu: 70%
  memory: 512Mi
  metrics:
    - {resource: {name: cpu, target: {averageUtilization: 150}}}
    - {containerResource: {name: memory, container: istio-proxy, target: {averageValue: 64Mi}}}
    - {pods: {metric: {name: "yes", selector: {matchLabels: {a: 1e3}}}, target: {averageValue: 0.5}}}
    - object: {describedObject: {apiVersion: example.com/v1, kind: Queue, name: main}, metric: r, target: {value: 9}}
    - {external: {metric: q, target: {averageValue: 30}}}
  behavior:
    scaleUp: {tolerance: 0.05, stabilizationWindowSeconds: 0, policies: {type: Pods, value: 4, periodSeconds: 15}}
    scaleDown: {selectPolicy: Min, policies: [{type: Percent, value: 10, periodSeconds: 60}]}
podDisruptionBudget: {minAvailable: 1, unhealthyPodEvictionPolicy: IfHealthyBudget}
resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: "2", memory: 256Mi}}
env:
  A: $(B)-$(C)
  B: {value: 1e3}
  C: "yes"
  PASSWORD: {secret: full-db/password}
  MODE: {configMap: full.config/mode}
  POD: {field: metadata.name}
envFrom: [{configMap: full.config, prefix: FULL_}, {secret: full-db}]
config:
  /etc/full/app.yaml: {text: "a: 1", mode: 0440}
  /etc/full/motd: {text: "a\\n b\\n"}
ignore: {MS302: "1e3", MS304: on purpose}
sync: {waves: {VirtualService: 12, Service: -31},
       options: {PersistentVolumeClaim: Prune=confirm, Service: [Validate=false]}}
patches:
  - {target: {kind: Deployment, name: full-*, apiVersion: apps/v1, namespace: shop}, validate: false,
     merge: {spec: {revisionHistoryLimit: 3, template: {metadata: {annotations: {a: 1e3, b: ~}}}}}}
  - target: Service
    json:
      - {op: copy, from: /metadata/name, path: /metadata/labels/copied}
      - {op: add, path: /metadata/annotations/a~1b, value: no}
secrets:
  full-db:
    {store: vault, storeKind: SecretStore, key: apps/full, refreshInterval: 30m,
     data: {password: {key: apps/other, property: pass, version: 3}}}
health:
  readiness: {http: /ready, port: http-admin, headers: {X-Probe: y, Host: full}, initialDelaySeconds: 3,
              periodSeconds: 5, timeoutSeconds: 2, successThreshold: 2, failureThreshold: 4}
  liveness: {grpc: grpc, service: full.Health}
  startup: {exec: [cat, /tmp/started], failureThreshold: 30}
volumes:
  /var/cache/full: {emptyDir: {medium: Memory, sizeLimit: 64Mi}}
  /data: {emptyDir: {}, readOnly: true}
  /var/lib/full: {size: 10Gi, storageClass: fast, accessModes: [ReadWriteMany], subPath: full}
  /shared: {claim: shared}
  /etc/tls: {secret: full-tls, items: {tls.crt: cert.pem}, optional: true, mode: 0440}
  /etc/flags: {configMap: full.flags}
  /run/store: {csi: {driver: secrets-store.csi.k8s.io, fsType: ext4, volumeAttributes: {a: 1e3}, nodePublishSecret: s}}
  /run/all:
    projected:
      - {secret: full-ca, items: {a: b}, optional: true}
      - {configMap: full.trust}
      - {serviceAccountToken: {path: token, audience: vault, expirationSeconds: 900}}
      - {downwardAPI: {labels: metadata.labels}}
strategy: {rollingUpdate: {maxSurge: 10%, maxUnavailable: 1}}
shutdown: {grace: 45s}
proxy:
  concurrency: 2
  image: distroless
  environmentVariables: {A: 1e3}
  resources: {requests: {cpu: 10m, memory: 64Mi}, limits: {cpu: "1", memory: 128Mi}}
  excludeInboundPorts: {9999: a debugger}
  excludeOutboundPorts: {5432: "yes", 6379: no TLS there}
  holdApplicationUntilProxyStarts: true
  nativeSidecar: false
rbac:
  - {apiGroups: [apps, ""], resources: [deployments, pods/log], resourceNames: full, verbs: [get, list]}
  - {resources: secrets, verbs: list}
pod:
  labels: {team: "1"}
  annotations: {example.com/note: 0x1f}
  securityContext:
    {runAsUser: 1000, runAsGroup: 1001, runAsNonRoot: true, supplementalGroups: [3, 2], fsGroup: 1002,
     fsGroupChangePolicy: OnRootMismatch, seccompProfile: {type: Localhost, localhostProfile: a.json},
     seLinuxOptions: {level: s0, role: r, type: t, user: u}, sysctls: {net.core.somaxconn: 1024}}
  containers:
    full:
      workingDir: /srv
      stdin: true
      tty: false
      lifecycle: {postStart: {http: /warm, port: http-admin}, preStop: {sleep: 20s}}
      securityContext:
        {readOnlyRootFilesystem: false, allowPrivilegeEscalation: true, privileged: true, runAsUser: 5, runAsGroup: 6,
         runAsNonRoot: true, capabilities: {add: [NET_ADMIN, SYS_TIME], drop: ALL}, seccompProfile: Unconfined,
         seLinuxOptions: {type: x}}
    other:
      image: other:1
      command: [a, b]
      args: c
      env: {X: y}
      envFrom: {secret: s}
      resources: {cpu: 1, memory: 1Gi}
      mounts: {/in: {volume: /data, subPath: x, readOnly: true}, /etc/app.yaml: /etc/full/app.yaml}
      lifecycle: {postStart: {exec: [a, b]}}
      health: /h
  initContainers:
    - {name: first, image: "first:1", restartPolicy: Always, command: a, args: [b, c], env: {X: y}, tty: true,
       envFrom: {configMap: m}, resources: {cpu: 1}, mounts: {/x: /data}, workingDir: /w, stdin: true,
       lifecycle: {preStop: {exec: a}}, securityContext: {runAsUser: 5}}
    - {name: a, image: "a:1"}
  nodeSelector: {disk: ssd, arch: 1e3}
  tolerations: [{key: a, operator: Equal, value: b, effect: NoExecute, tolerationSeconds: 5}, {operator: Exists}]
  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [c, b]}],
                             matchFields: [{key: metadata.name, operator: In, values: [x]}]}]
      preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {matchExpressions: []}}]
    podAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        [{topologyKey: zone,
          labelSelector: {matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b]}]},
          namespaces: [a, b], namespaceSelector: {}}]
      preferredDuringSchedulingIgnoredDuringExecution: [{weight: 3, podAffinityTerm: {topologyKey: zone}}]
    podAntiAffinity: {}
  topologySpreadConstraints:
    [{topologyKey: zone, maxSkew: 2, whenUnsatisfiable: DoNotSchedule, minDomains: 2,
      labelSelector: {matchLabels: {a: b}}}]
  priorityClassName: high
  runtimeClassName: gvisor
  dnsPolicy: Default
  dnsConfig: {nameservers: [10.0.0.2, 10.0.0.1], searches: [b, a], options: {ndots: "2", edns0: ""}}
  hostAliases: {10.0.0.1: [b.internal, a.internal]}
serviceAccount: {name: full-account, annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/full"}}
versions:
  v1: {weight: 80, resources: {memory: 512Mi}, outlierDetection: {interval: 10s}, retryBudget: {percent: 5%},
       loadBalancer: {simple: LEAST_REQUEST, warmup: {duration: 30s, minimumPercent: 10%},
                      localityLbSetting: {enabled: true, failoverPriority: [team, topology.istio.io/network],
                                          failover: [{from: eu, to: us}, {from: us, to: eu}]}}}
  v2: {weight: 20, image: {tag: "1.30", digest: null}, env: {FEATURE: on},
       health: {liveness: {tcp: 7000, service: null}},
       shutdown: {preStop: 1m, grace: 2m}, pod: {containers: {full: {lifecycle: {preStop: null}}}},
       podDisruptionBudget: {maxUnavailable: 50%},
       replicas: {metrics: null, pollingInterval: 1m, cooldownPeriod: 5m, initialCooldownPeriod: 1m,
                  idleReplicaCount: 0,
                  fallback: {failureThreshold: 3, replicas: 4, behavior: static},
                  triggers: [{type: kafka, name: a, metadata: {topic: 1e3, lag: 5}, useCachedMetrics: true,
                              authentication: {secretTargetRef: {sasl: full-db/sasl, password: full-db/password}}},
                             {type: aws-sqs-queue, metricType: Value, metadata: {queueURL: q},
                              authentication: {podIdentity: {provider: aws, roleArn: r, identityOwner: keda}}},
                             {type: azure-servicebus, metadata: {queueName: q},
                              authentication: {podIdentity: {provider: azure-workload, identityId: i}}},
                             {type: cron, metadata: {start: 0 6 * * *},
                              authenticationRef: {name: c, kind: ClusterTriggerAuthentication}}]},
       connectionPool: {tcp: {maxConnections: 10}}, tls: {sni: v2.example.com},
       loadBalancer: {consistentHash: {httpHeaderName: X-User, ringHash: null, maglev: {tableSize: 65537}},
                      localityLbSetting: {distribute: [{from: eu/*, to: {eu/*: 80%, us/a/b: 20}}]}}}
routes:
  - name: beta
    match:
      - path: [{pattern: /beta/*}, {exact: /b}]
        headers: {X-Beta: "true", X-Any: {present: true}, X-Pre: {prefix: ab}, X-Re: {regex: "[a-z]+"}}
        queryParams: {beta: on, n: {regex: "[0-9]+"}}
        method: [GET, POST]
        port: http
      - {path: {prefix: /old}, port: 80}
    to: {v2: 100}
    rewrite: {path: /, authority: full.internal}
    timeout: 90s
    retries: {attempts: 3, perTryTimeout: 1500ms, retryOn: [connect-failure, "503"], backoff: 50ms,
              retryRemoteLocalities: true, retryIgnorePreviousHosts: false}
  - match:
      - {cookies: {group: 1e3}, authority: {prefix: full.}, scheme: https, withoutHeaders: {x-old: {present: true}}}
      - {path: {pattern: /Case/*}, ignoreUriCase: true, from: batch.jobs, sourceLabels: {tier: beta}}
    headers: {request: {set: {x-a: no}, add: {x-b: 1.20}, remove: [x-c]}, response: {set: {x-d: a}, add: {x-e: b}}}
    cors: {allowOrigins: [https://a.example.com, {prefix: "http://"}, {regex: ".*"}], allowMethods: [GET],
           allowHeaders: [x-a], exposeHeaders: x-b, maxAge: 24h, allowCredentials: true, unmatchedPreflights: IGNORE}
    destinations: [{version: v2, headers: {request: {remove: x-z}, response: {remove: server}}}]
  - match: {claims: {groups: beta}, gateways: public}
    rewrite: {regex: {match: "/+", rewrite: /}}
    to: v2
  - {match: {path: "/users/{*}/x"}, to: v2}
  - match: {path: /moved}
    redirect: {path: /full/moved, authority: www.example.com, scheme: https, port: 8443, redirectCode: 308}
  - match: {path: {prefix: /renamed}}
    redirect: {prefixRewrite: /full}
  - match: {path: /gone}
    directResponse: {status: 410, body: 1e3}
  - match: {path: /tried/*}
    fault: {delay: {fixedDelay: 1.5s, percentage: 10%}, abort: {httpStatus: 503, percentage: 1}}
    mirror: [{version: v2, percentage: 5%}, v1, {service: web, port: http}, {host: legacy.example.net, port: 8443}]
  - match: {path: /tried-grpc/*}
    fault: {abort: {grpcStatus: UNAVAILABLE}}
  - match: {path: {regex: "/item/[0-9]+"}}
    to: {v1: 30, v2: 70}
  - match: {path: /ledger/*}
    destinations:
      - {service: ledger.finance, port: 80, weight: 60}
      - {host: legacy.example.net, port: 8443, weight: 30}
      - {version: v1, port: http, weight: 10}
timeout: 10s
retries: {attempts: 1, perTryTimeout: 2s, retryOn: reset}
cors: {allowOrigins: "*"}
tcpRoutes:
  - match: [{port: tcp-raw, from: web, sourceLabels: {tier: beta}, destinationSubnets: [10.0.0.0/8, 192.0.2.1]}]
    to: {v1: 30, v2: 70}
  - destinations: [{version: v1, port: tcp-raw, weight: 50}, {service: ledger.finance, port: other, weight: 50}]
tlsRoutes:
  - match: {sniHosts: [full.shop.svc.cluster.example], port: tls-own, from: web, sourceLabels: {tier: beta},
            destinationSubnets: 10.0.0.0/8}
    to: v2
  - match: {sniHosts: full.shop.svc.cluster.example}
    destinations: [{host: secure.example.net, port: 443, weight: 20}, {version: v1, weight: 80}]
expose:
  - {delegated: true, gateway: public, port: http, path: /part/*, to: v1}
  - {host: shop.example.com, gateway: public, port: http, path: [/full/*, {exact: /full.ico}], rewrite: /, timeout: 5s,
     retries: 0, to: v1, headers: {response: {set: {x-via: gateway}}}, cors: {allowOrigins: https://shop.example.com}}
  - host: a.example.org
    destinations: [{version: v1, weight: 50}, {version: v2, weight: 50}]
    fault: {delay: {fixedDelay: 2s, percentage: 5%}, abort: {httpStatus: 503, percentage: 2%}}
    mirror: [{version: v2, percentage: 50%}, v1]
  - {host: b.example.org, to: v1, fault: {abort: {grpcStatus: INTERNAL}}}
  - host: c.example.org
    redirect: {path: /new, authority: a.example.org, scheme: https, port: 8443, redirectCode: 302}
  - {host: d.example.org, directResponse: {status: 410, body: no}}
  - {gateway: public, gatewayPort: mongo, port: tcp-raw}
  - host: own.example.com
    gateway: public
    tls: {mode: MUTUAL, credentialNames: [own-rsa, own-ecdsa], subjectAltNames: [a, b], httpsRedirect: true,
          minProtocolVersion: TLSV1_1, maxProtocolVersion: TLSV1_2, cipherSuites: [AES128-SHA, AES256-SHA]}
  - {host: one.example.com, gateway: public, tls: {credentialName: one, mode: OPTIONAL_MUTUAL}}
  - {host: issued.example.com, gateway: public, tls: {issuer: {name: le, kind: LeIssuer, group: le.example.com}}}
mtls: {mode: PERMISSIVE, ports: {tcp-raw: PERMISSIVE, grpc: STRICT}}
access:
  - web
  - from:
      - {services: [web, batch.jobs], namespaces: [ops, dev]}
      - {gateway: inner}
      - {principals: td.example.com/ns/x/sa/y}
    to: {methods: [GET, HEAD], paths: [/a/*, /b], ports: [http, 9000]}
  - {from: {namespaces: monitoring}, to: {ports: http-admin}}
  - from:
      - {serviceAccounts: [runner, ci/deployer], trustDomains: "*.example.com", notServiceAccounts: bad,
         notTrustDomains: old.example.com}
      - {ipBlocks: [10.0.0.0/8, "::1"], notIpBlocks: 10.1.2.3, remoteIpBlocks: 192.0.2.0/24,
         notRemoteIpBlocks: 192.0.2.7}
      - {requestPrincipals: "https://id.example.com/*", notRequestPrincipals: "*/guest"}
      - {namespaces: ops, notServices: [web, batch.jobs], notPrincipals: "*/sa/x", notNamespaces: dev}
    to:
      - {hosts: [a.example.com, "b.example.com:8443"], notHosts: "*.example.org", notMethods: DELETE,
         notPaths: "/{*}/x", notPorts: 9000}
    when: {"request.headers[x-env]": 1e3, "request.auth.claims[a]": [no, yes], source.ip: {notValues: 10.0.0.1}}
  - {action: DENY, to: {paths: /internal/*}, dryRun: true}
  - {action: CUSTOM, provider: e, to: {paths: /admin/*}}
  - {action: CUSTOM, provider: {name: e}, to: {paths: /more/*}}
jwt:
  - {issuer: https://id.example.com, jwksUri: https://id.example.com/jwks, audiences: [full, no], fromParams: token,
     fromHeaders: [x-token, {name: Authorization, prefix: "Bearer "}], fromCookies: session, forwardOriginalToken: true,
     outputPayloadToHeader: x-claims, outputClaimToHeaders: {x-b: sub, x-a: no}, timeout: 2.5s,
     spaceDelimitedClaims: [b, a],
     require: {paths: [/b/*, /a], methods: [PUT, GET], hosts: a.example.com, ports: [http, http-admin],
               notPaths: /b/c, notMethods: HEAD, notHosts: b.example.com, notPorts: 9090}}
  - issuer: other
    jwks: '{"keys": [{"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}]}'
    require: {paths: /c}
metrics: {port: http-admin, path: "/m?a=1"}
telemetry:
  tracing:
    match: CLIENT
    providers: b
    randomSamplingPercentage: 12.5%
    disableSpanReporting: false
    useRequestIdForTraceSampling: true
    enableIstioTags: false
    disableContextPropagation: false
    customTags: {a: no, b: {literal: 1e3}, c: {environment: {name: A, defaultValue: b}},
                 d: {header: {name: x-a, defaultValue: yes}}, e: {formatter: "%REQ(x-a)%"}}
  accessLogging:
    - {match: CLIENT, disabled: true}
    - {match: {mode: SERVER}, providers: g, filter: "response.code >= 500 || request.path == '/a'"}
  metrics:
    - {providers: prometheus, remove: [source_app, source_version], reportingInterval: 5s}
    - overrides:
        - {match: REQUEST_SIZE, disabled: true}
        - match: {metric: RESPONSE_SIZE, mode: CLIENT}
          tagOverrides: {z: "'no'", y: {operation: UPSERT, value: request.host}, source_cluster: REMOVE}
        - {match: {customMetric: orders}, disabled: false}
slo: {availability: 99.95%, latency: [{percentile: 99%, under: 1s}, {percentile: 90%, under: 100ms}], window: 60d,
      minFailures: 3, runbook: https://runbooks.example.com/full}
alerts:
  Down: up{job="full"} == 0
  Slow: {expr: a > 1, for: 5m, keepFiringFor: 90s, severity: page, summary: "{{ $value }} b", description: no,
         runbook: https://runbooks.example.com/slow, labels: {team: 1e3, area: b}, annotations: {z: "a\\n b", y: no}}
dashboard: {enabled: true, folder: 010}
calls:
  - web
  - service: ledger.finance
  - namespaces: [ops, dev]
  - url: https://api.example.com
  - http://legacy.example.net:8443
  - tcp://db.example.net:5432
  - https://secure.example.net
  - {url: http://plain.example.net, tls: {mode: MUTUAL, clientCertificate: /tls/cert.pem, privateKey: /tls/key.pem,
                                          caCertificates: /tls/ca.pem, subjectAltNames: [a.example.net, b]}}
  - {url: http://keys.example.net, tls: {mode: MUTUAL, credentialName: full.cert, sni: sni.example.net}}
  - {url: http://far.example.net, tls: SIMPLE, gateway: egress}
  - {url: "https://*.wide.example.net", gateway: egress, through: www.wide.example.net}
jobs:
  migrate:
    hook: Sync
    image: {tag: "1.21", digest: null}
    command: [./migrate]
    args: 1e3
    env: {STEP: no}
    envFrom+: {secret: migrate}
    config: {/etc/full/motd: {text: b}}
    resources: {cpu: 1}
    volumes: {/shared: null}
    pod: {labels: {team: "2"}}
    backoffLimit: 0
    activeDeadlineSeconds: 600
    parallelism: 2
    completions: 4
    completionMode: Indexed
    restartPolicy: Never
    podFailurePolicy:
      rules:
        - {action: FailJob, onExitCodes: {containerName: full, operator: In, values: [42, 3]}}
        - {action: Ignore, onPodConditions: [DisruptionTarget, {type: Other, status: "False"}]}
  report:
    schedule: 0 3 * * mon-fri
    timeZone: Europe/Berlin
    concurrencyPolicy: Forbid
    startingDeadlineSeconds: 3600
    successfulJobsHistoryLimit: 0
    failedJobsHistoryLimit: 3
    ttlSecondsAfterFinished: 86400
    command: [./report]
    secrets: {report: {store: vault, key: apps/report}}
  tell: {hook: SyncFail, image: "registry.example.com/tell:1", args: [failed]}
parameters: [image.tag, env.C]
environments:
  prod: {replicas: {max: 20}, strategy: Recreate, env: {A: prod, MODE: null}, calls+: https://prod.example.com}
  test: {replicas: 3, versions: {v2: {replicas: 0}}, access+: tester.test}
"""

APP = """
apiVersion: meshspec.io/v1alpha1
kind: MeshApp
metadata: {name: shop, namespace: shop, labels: {app.example.com/part: shop}, annotations: {c: d}}
platform: main
defaults: {port: 8080, image: {registry: registry.example.com, tag: 2.0.0}, resources: {cpu: 50m, memory: 64Mi}}
services:
  web:
    image: shop/web
    health: /healthz
    replicas: 2
    expose: shop.example.com
    access: full
    calls: [full, https://api.example.com:8443]
  queue:
    image: shop/queue
    port: null
    ports: {redis: 6379, tls-x: 6380}
    access: web
    calls: redis://cache.example.com
    mtls: STRICT
  token:
    image: shop/token
    jwt: {issuer: https://id.example.com, require: true}
parameters: [web.image.tag]
environments:
  prod: {services: {web: {replicas: 4}}, defaults: {env: {TIER: gold}}}
  test: {services: {queue: {resources: {memory: 1Gi}}}}
"""

TUNED = """
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: tuned, namespace: shop}
image: registry.example.com/tuned:1
ports:
  http: {port: 80, targetPort: 8080, loadBalancer: {consistentHash: {useSourceIp: true}}}
  grpc: {port: 9000, loadBalancer: {consistentHash: {httpQueryParameterName: user}},
         connectionPool: {http: {maxRetries: 1}}}
  tcp-raw: {port: 7000, protocol: tcp, tls: {mode: SIMPLE, caCertificates: /tls/ca.pem, sni: raw.example.com}}
  http-admin: {port: 9090, outlierDetection: {interval: 1m},
               tls: {mode: MUTUAL, clientCertificate: /tls/cert.pem, privateKey: /tls/key.pem,
                     caCertificates: /tls/ca.pem, subjectAltNames: [full.example.com, full]}}
mtls: PERMISSIVE
---
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: raw, namespace: shop}
image: registry.example.com/raw:1
ports: {tcp: 7000, http: 8080}
mtls: DISABLE
access: {}
metrics: {port: http, merge: false, interval: 30s, scrapeTimeout: 1.5s}
routes: {match: {path: /handed/*}, delegate: ledger.finance}
versions:
  v1: {loadBalancer: {warmup: {duration: 10s, aggression: 1.5}, zoneAwareLbSetting: {enabled: true, minClusterSize: 2,
                      failover: [{from: eu, to: us}], failoverPriority: [tier]}},
       outlierDetection: {outlierDetectionHttpErrorCodes: [500]},
       connectionPool: {http: {http2KeepAlive: {interval: 30s, timeout: 5s}}}}
  v2: {weight: 0, tunnel: {protocol: CONNECT, targetHost: target.example.com, targetPort: 443}}
tunnel: {targetHost: 192.0.2.1, targetPort: 443}
---
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata: {name: proxied, namespace: shop}
image: registry.example.com/proxied:1
ports: {tcp: 7000, https: 8443}
mtls: DISABLE
access: {}
calls: mysql://db.example.net:3306
sidecar:
  outboundTrafficPolicy: {mode: ALLOW_ANY, egressProxy: {host: proxy.example.net, port: 3128, subset: v1}}
  ingress:
    - {port: tcp, bind: "::", captureMode: DEFAULT, defaultEndpoint: "[::1]:7001",
       connectionPool: {tcp: {maxConnections: 100, connectTimeout: 1.5s, idleTimeout: 0s}}}
    - {port: https, tls: {mode: MUTUAL, serverCertificate: /tls/cert.pem, privateKey: /tls/key.pem,
                          caCertificates: /tls/ca.pem}}
  egress: {port: 3306, protocol: mysql, bind: 127.0.0.1, captureMode: NONE, hosts: "*/db.example.net"}
  inboundConnectionPool:
    tcp: {maxConnections: 9, connectTimeout: 2s, maxConnectionDuration: 2h, idleTimeout: 1s,
          tcpKeepalive: {probes: 2, time: 1h, interval: 7s}}
    http: {http1MaxPendingRequests: 9, http2MaxRequests: 8, maxRequestsPerConnection: 7, maxRetries: 6,
           maxConcurrentStreams: 5, idleTimeout: 3s, useClientProtocol: true, h2UpgradePolicy: DO_NOT_UPGRADE}
proxyProtocol: V1
versions: {v1: {}, v2: {weight: 0, proxyProtocol: {version: V2}}}
"""

OUTSIDE = """
apiVersion: meshspec.io/v1alpha1
kind: MeshApp
metadata: {name: outside, namespace: shop}
services:
  payments:
    external:
      hosts: [pay.example.org, Pay2.example.org]
      addresses: [10.1.0.0/16, "fd00::1"]
      resolution: STATIC
      location: MESH_EXTERNAL
      endpoints:
        - {address: 10.0.0.1, ports: {http: 8080}, labels: {version: v1, tier: 010}, network: vpc, locality: eu/a/r1,
           weight: 3, serviceAccount: payments}
        - {address: "fd00::2", labels: {release: b}}
      subjectAltNames: [no, spiffe://td.example.com/ns/x/sa/y]
    ports: {http: {port: 80, targetPort: 443}, grpc: 8443}
    versions: {v1: {}, v2: {weight: 10, selector: {release: b}}}
    exportTo: [shop, dev]
  reviews:
    selector: {app: reviews, tier: 1e3}
    port: 9080
    timeout: 5s
    access: full
  ledger-vm:
    workload: {kind: WorkloadGroup, network: vpc, locality: eu/a, weight: 2}
    port: 8080
    health: /ready
  edge:
    expose: {host: edge.example.org, path: /edge/*}
    routes: {destinations: {service: ledger.finance}}
environments:
  prod: {services: {reviews: {selector: {app: reviews-prod}}}}
  test: {services: {payments: {external: {endpoints+: 10.0.0.9}}}}
"""

KINDS = """
apiVersion: meshspec.io/v1alpha1
kind: MeshApp
metadata: {name: kinds, namespace: shop}
services:
  store:
    image: store:1
    ports: {tcp: 5432, http: 8080}
    workload:
      kind: StatefulSet
      annotations: {example.com/backup: no}
      minReadySeconds: 5
      revisionHistoryLimit: 0
      podManagementPolicy: Parallel
      persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
      ordinals: {start: 3}
    volumes: {/data: {size: 10Gi, storageClass: fast}, /var-lib/b: {size: 1Gi}, /var/lib/b: {emptyDir: {}}}
    strategy: {rollingUpdate: {partition: 1}}
    service: {publishNotReadyAddresses: true, ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv6, IPv4]}
  agent:
    image: agent:1
    port: 8080
    workload: DaemonSet
    strategy: OnDelete
    service: {internalTrafficPolicy: Local, trafficDistribution: PreferClose}
  rolled:
    image: rolled:1
    workload: {kind: Deployment, minReadySeconds: 5, progressDeadlineSeconds: 60}
  open:
    image: open:1
    ports: {tcp: {port: 1883, nodePort: 31883}, http: {port: 80, appProtocol: kubernetes.io/ws}}
    mtls: {ports: {tcp: PERMISSIVE}}
    access: {from: {ipBlocks: 192.0.2.0/24}}
    service:
      type: LoadBalancer
      headless: false
      annotations: {example.com/load-balancer: 1e3, b: a}
      externalTrafficPolicy: Local
      loadBalancerClass: example.com/internal
      loadBalancerSourceRanges: [192.0.2.0/24, "2001:db8::/32"]
      allocateLoadBalancerNodePorts: false
      sessionAffinity: ClientIP
      sessionAffinityConfig: {clientIP: {timeoutSeconds: 600}}
environments:
  prod: {services: {agent: {service: {trafficDistribution: null}}}}
  test: {services: {store: {strategy: OnDelete}}}
"""

FILES = {
    "meshplatform.yaml": PLATFORM,
    "shop.meshspec.yaml": "---".join((APP, FULL, TUNED, OUTSIDE, KINDS)),
}
ENVIRONMENTS = ("prod", "test")
