"""The diagnostic codes: what each means, an example, and the cure. Only ``cmp explain`` and the docs read this.

MS0xx are files and YAML, MS1xx the language, MS2xx what parts of a spec say about each other. A code keeps its meaning.
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """The page of one code. ``example`` is a fragment that is refused, ``cure`` the same one mended or what to do."""

    title: str
    text: str
    example: str = ""
    cure: str = ""

    def page(self, code: str) -> str:
        """The page as text."""
        from textwrap import fill

        parts = [f"{code}: {self.title}", fill(self.text, 100)]
        parts += [f"Refused:\n{_indented(self.example)}"] if self.example else []
        parts += [f"Instead:\n{_indented(self.cure)}"] if self.cure else []
        return "\n\n".join(parts) + "\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").splitlines())


CATALOGUE: dict[str, Entry] = {
    "MS000": Entry(
        title="a bug of meshspec",
        text=(
            "meshspec itself failed. Nothing was written. Run the command again with MESHSPEC_TRACEBACK=1 and "
            "report what it prints, with the spec that leads to it."
        ),
    ),
    "MS001": Entry(
        title="nothing to render",
        text=(
            "The path holds no meshspec.yaml, no *.meshspec.yaml and no meshplatform.yaml, or they hold no "
            "document. An empty result is an error, because Argo CD would take it for an application without "
            "objects and delete what is there. Dotfiles, directories that begin with a dot and directories behind "
            "symbolic links are not looked at."
        ),
        cure=("Name the directory of the spec, or write the spec."),
    ),
    "MS002": Entry(
        title="a file cannot be read",
        text=(
            "The path does not exist, is not a regular file or directory, or may not be read by the user that "
            "runs meshspec."
        ),
        cure=("In Argo CD's plugin, check spec.source.path, and that manifest-generate-paths sends the file."),
    ),
    "MS003": Entry(
        title="a file is not UTF-8",
        text=("meshspec reads UTF-8, with or without a byte order mark."),
        cure=("Save the file as UTF-8."),
    ),
    "MS004": Entry(
        title="not valid YAML",
        text=(
            "The YAML parser stopped here. Often the cause is a line above: an open quote or bracket, a tab, or "
            "text with ': ' in it that needs quotes."
        ),
        example=("description: note: this is two things"),
        cure=('description: "note: this is one text"'),
    ),
    "MS005": Entry(
        title="over a limit",
        text=(
            "One file may hold 1 MiB, 48 levels and 100,000 values, where an alias counts as often as it is used. "
            "The files of config may have 1 MiB together, as much as a ConfigMap holds. "
            "One render may read 4000 files of 16 MiB together, and hold 2000 services, lists of 1000 items, and "
            "500,000 values in all files, and again in all services, where a value of defaults, or of a service for "
            "its versions and jobs, counts for each of them, and 200 characters of a text for one value. It may write "
            "64 MiB. The limits keep one application from using up the memory of a plugin that all of them share. The "
            "operator of the plugin changes them by variables of its container, MESHSPEC_MAX_FILE_BYTES and the like."
        ),
        cure=("Split the file, or make several applications of it."),
    ),
    "MS006": Entry(
        title="outside the repository",
        text=(
            "meshspec reads no file outside the repository, also not through a symbolic link: it runs next to "
            "Argo CD's credentials. The repository is the nearest parent with a .git, or what Argo CD sent."
        ),
        cure=("Copy the file into the repository."),
    ),
    "MS007": Entry(
        title="YAML that the language does not have",
        text=(
            "Tags, merge keys (<<), NUL characters and keys that are not plain text are refused. Layers have names "
            "here: defaults, environments, versions."
        ),
        example=("base: &base {port: 9080}\nother: {<<: *base}"),
        cure=("defaults: {port: 9080}"),
    ),
    "MS008": Entry(
        title="a key is given twice",
        text=("YAML readers disagree about which of the two counts, so neither does."),
        example=("port: 9080\nport: 9090"),
        cure=("port: 9090"),
    ),
    "MS070": Entry(
        title="a bound of the operator that cannot be",
        text=(
            "A variable of the plugin's container whose name begins with MESHSPEC_MAX_ holds no whole number, or has "
            "a name that sets nothing. Nothing is rendered: a bound that is misspelt would be none."
        ),
        cure=("MESHSPEC_MAX_FILE_BYTES=2097152"),
    ),
    "MS101": Entry(
        title="unknown key",
        text=("No key of this name stands here in the language. A misspelt key would otherwise do nothing, silently."),
        example=("replica: 3"),
        cure=("replicas: 3"),
    ),
    "MS102": Entry(
        title="something is missing",
        text=(
            "A key that this place cannot do without; or a list that limits something, such as who may call, and is "
            "empty: that would let anybody in. For a rule without the limit, leave its key out."
        ),
        example=("expose: {path: /a}"),
        cure=("expose: {host: a.example.com, path: /a}"),
    ),
    "MS103": Entry(
        title="wrong type",
        text=(
            "A list, a map, a number or text stands where another is expected. A scalar in quotes is text, also "
            "where it looks like a number."
        ),
        example=('port: "9080"'),
        cure=("port: 9080"),
    ),
    "MS104": Entry(
        title="a value that cannot be",
        text=(
            "The value has the right type and is still not possible: a duration without its unit, a word that is "
            "not in the list, a port above 65535."
        ),
        example=("timeout: 5"),
        cure=("timeout: 5s"),
    ),
    "MS105": Entry(
        title="keys that exclude each other",
        text=(
            "Both say the same thing in different ways. In different layers the higher one wins; in one layer it "
            "is a mistake."
        ),
        example=("port: 9080\nports: {grpc: 9000}"),
        cure=("ports: {http: 9080, grpc: 9000}"),
    ),
    "MS106": Entry(
        title="not built yet",
        text=(
            "The key is part of the language and this release of meshspec does not build it. It is refused, and "
            "not ignored, so that nobody relies on it."
        ),
        cure=("Leave it out, or look for a newer release."),
    ),
    "MS107": Entry(
        title="another apiVersion",
        text=("This release reads meshspec.io/v1alpha1."),
        example=("apiVersion: v1"),
        cure=("apiVersion: meshspec.io/v1alpha1"),
    ),
    "MS108": Entry(
        title="another kind",
        text=(
            "A meshspec.yaml holds MeshService and MeshApp documents, a meshplatform.yaml one MeshPlatform. Raw "
            "Kubernetes objects belong into other files."
        ),
        example=("kind: Service"),
        cure=("kind: MeshService"),
    ),
    "MS109": Entry(
        title="null removes nothing",
        text=(
            "In a map keyed by name, null removes what a lower layer says. Here no lower layer says anything, so "
            "probably an empty entry was meant."
        ),
        example=("versions:\n  v1:"),
        cure=("versions:\n  v1: {}"),
    ),
    "MS110": Entry(
        title="only lists can be added to",
        text=("key+ adds to the list that lower layers give."),
        example=("timeout+: 5s"),
        cure=("calls+: audit"),
    ),
    "MS111": Entry(
        title="which environment?",
        text=(
            "The environment is named by no file, or none was chosen for a spec that has some: a forgotten flag "
            "must not put the base into production."
        ),
        example=("cmp generate shop"),
        cure=("cmp generate shop --env prod"),
    ),
    "MS112": Entry(
        title="a parameter that the spec does not declare",
        text=(
            "--set and Argo CD's plugin parameter `set` may set the paths that `parameters` lists, and nothing "
            "else. Where a render holds several services, the path begins with the service's name."
        ),
        example=("cmp generate . --set image.tag=1.2.3"),
        cure=("parameters: [image.tag]"),
    ),
    "MS113": Entry(
        title="no namespace",
        text=(
            "Inside Argo CD, the namespace is that of the Application's destination, or the spec's. Neither is there."
        ),
        cure=("Set spec.destination.namespace of the Application."),
    ),
    "MS201": Entry(
        title="a version that is not there",
        text=(
            "A route leads to a version that the service does not have, or a version of an external host to none of "
            "its endpoints; its requests would be answered with 503."
        ),
        example=("versions: {v1: {}}\nroutes: {match: {path: /new}, to: v2}"),
        cure=("versions: {v1: {}, v2: {weight: 0}}\nroutes: {match: {path: /new}, to: v2}"),
    ),
    "MS202": Entry(
        title="a gateway, provider or platform that is not there",
        text=(
            "Gateways are declared by the MeshPlatform in a meshplatform.yaml of this directory or one above it. "
            "In Argo CD that file must be among those that manifest-generate-paths sends."
        ),
        example=("expose: {host: a.example.com, gateway: publik}"),
        cure=("expose: {host: a.example.com, gateway: public}"),
    ),
    "MS203": Entry(
        title="weights that do not sum to 100",
        text=("Weights are percent of the traffic. One version may leave its weight out and gets the rest."),
        example=("versions: {v1: {weight: 90}, v2: {weight: 20}}"),
        cure=("versions: {v1: {}, v2: {weight: 20}}"),
    ),
    "MS204": Entry(
        title="no one gateway for a host",
        text=("No gateway of the platform serves the host, or several serve it equally closely."),
        example=("expose: shop.example.org   # the gateway serves *.example.com"),
        cure=("expose: shop.example.com"),
    ),
    "MS205": Entry(
        title="a port that is not there, or whose protocol is not known",
        text=(
            "Ports are named by name or number. The part of a name before the first - is its protocol, as in "
            "Istio; without one, the proxy would have to guess. What is exposed has to speak what the gateway does: "
            "HTTP, TLS that it passes on, or plain connections."
        ),
        example=("ports: {admin: 9090}"),
        cure=("ports: {http-admin: 9090}"),
    ),
    "MS206": Entry(
        title="a name that cannot be",
        text=(
            "Names of services, versions and ports become names and labels of Kubernetes objects, which allow 63 "
            "lower-case letters, digits and -."
        ),
        example=("metadata: {name: Reviews_API}"),
        cure=("metadata: {name: reviews-api}"),
    ),
    "MS207": Entry(
        title="two of what can only be one",
        text=(
            "Of two objects of one kind and name, Argo CD would apply one and say nothing of the other, and two "
            "Applications that write one object would fight for it; of two servers of a gateway for one host, Istio "
            "would take one."
        ),
        cure=("Rename one of the services, or give it another namespace; let one service write the server of a host."),
    ),
    "MS208": Entry(
        title="a call that its target refuses",
        text=(
            "Access is denied unless the target lists the caller. A route keeps the caller's identity, so a "
            "service that a route leads to has to admit the callers of the one that routes."
        ),
        example=("services: {web: {calls: api, ...}, api: {...}}"),
        cure=("services: {web: {calls: api, ...}, api: {access: web, ...}}"),
    ),
    "MS209": Entry(
        title="two services take the same paths of a host",
        text=(
            "Istio merges the routes of a host at a gateway in no defined order. Paths of services must be "
            "disjoint; one service may take the rest by naming no path. Connections of a port, or of a server name "
            "whose TLS is passed on, go to one service."
        ),
        cure=("Give each service its own path in expose."),
    ),
    "MS210": Entry(
        title="no image, or not which one",
        text=("Every version needs an image with a tag or a digest. Without, what runs depends on the day."),
        example=("image: example.com/shop/web"),
        cure=("image: example.com/shop/web:1.4.2"),
    ),
    "MS212": Entry(
        title="a target that is too old",
        text=(
            "The platform declares a version of Istio or Kubernetes that is older than what this release writes for."
        ),
        example=("istio: {version: 1.20.0}"),
        cure=("istio: {version: 1.30.3}"),
    ),
    "MS213": Entry(
        title="replicas that cannot be",
        text=(
            "A range needs max, with min not above it. Scaling by a share of CPU or memory needs a request that it is "
            "a share of. A metric is kept at what its kind can be kept at, and above 0. Without pods only triggers of "
            "KEDA, and metrics of objects or from outside, are left to measure: nothing else scales up from 0."
        ),
        example=("replicas: {min: 2, max: 10, cpu: 70%}"),
        cure=("replicas: {min: 2, max: 10, cpu: 70%}\nresources: {cpu: 100m}"),
    ),
    "MS215": Entry(
        title="paths that cannot be combined",
        text=(
            "A host that publishes only some paths shows the routes that fit them. A regular expression cannot be "
            "cut down so."
        ),
        example=("routes: {match: {path: {regex: /v[0-9]+/.*}}, to: v2}\nexpose: {host: a.example.com, path: /api/*}"),
        cure=("expose: {host: a.example.com, path: /api/*, to: v2}"),
    ),
    "MS216": Entry(
        title="an outside host that cannot be declared so",
        text=(
            "A port of an outside host speaks one protocol for all callers of a namespace, and gets TLS from their "
            "proxies for all or for none. A wildcard needs a protocol that carries host names. A gateway finds hosts "
            "by their names, and TLS at port 443. A service that declares the host as external "
            "owns it: calls go to the ports that it has, and nobody else declares it."
        ),
        example=("calls: [https://api.example.com:8443, tcp://api.example.com:8443]"),
        cure=("calls: [https://api.example.com:8443]"),
    ),
    "MS217": Entry(
        title="a host that nobody declares",
        text=(
            "A route leads to a host outside the cluster. A proxy knows such a host only where a service of the "
            "namespace calls it, and over plain HTTP, since the proxy sends on what it got."
        ),
        example=("routes: {destinations: {host: api.example.com}}"),
        cure=("calls: http://api.example.com\nroutes: {destinations: {host: api.example.com}}"),
    ),
    "MS218": Entry(
        title="settings that cannot be",
        text=(
            "successThreshold is 1 for liveness and startup probes; port and headers are for http probes, service for "
            "grpc ones; the grace period is whole seconds and longer than the five that pass before the stop signal "
            "(or what shutdown.preStop says); user 1337 is the proxy's; retries with attempts: 0 say nothing else; "
            "without mutual TLS there are no identities; policies, external hosts and servers of gateways keep to the "
            "rules of Istio's webhook; two Gateways have no certificate in common; what a key is about has to run "
            "here, as pods of ours, or where the spec says."
        ),
        example=("shutdown: {grace: 3s}"),
        cure=("shutdown: {grace: 30s}"),
    ),
    "MS219": Entry(
        title="something that no request reaches",
        text=(
            "A route or an exposed host stands behind one that takes every request, or asks for what no request has "
            "there: a gateway that does not expose the service, claims of a token inside the mesh."
        ),
        example=("routes: [{to: v2}, {match: {path: /new}, to: v1}]"),
        cure=("routes: [{match: {path: /new}, to: v1}, {to: v2}]"),
    ),
    "MS220": Entry(
        title="requests that nobody takes over",
        text=(
            "A route with delegate hands requests to the rules of another service, which has to say so with an "
            "expose item that is delegated, for the same path or a part of it. Istio drops rules that take more, "
            "in silence, and does not hand on what was handed over."
        ),
        example=("routes: [{match: {path: /cart/*}, delegate: cart}]\n# in cart: expose: {host: cart.example.com}"),
        cure=(
            "routes: [{match: {path: /cart/*}, delegate: cart}]\n# in cart: expose: {delegated: true, path: /cart/*}"
        ),
    ),
    "MS221": Entry(
        title="what a kind of workload does not have",
        text=(
            "Deployments, StatefulSets, DaemonSets and WorkloadGroups differ in their fields and in how they replace "
            "pods; Kubernetes drops in silence what a kind does not have. The number of a DaemonSet's pods is that of "
            "its nodes. Pods of a StatefulSet and of a DaemonSet are told apart by their names and nodes, so there is "
            "one version, which rolls; a second one is a service of its own."
        ),
        example=("workload: StatefulSet\nversions: {v1: {}, v2: {weight: 10}}"),
        cure=("workload: StatefulSet\nversions: {v2: {}}\nstrategy: {rollingUpdate: {partition: 2}}"),
    ),
    "MS222": Entry(
        title="a Service that cannot be",
        text=(
            "Fields of a Service are for some of its types, and Kubernetes refuses the others. Proxies choose pods by "
            "themselves, so what tells the cluster how to choose says nothing in the mesh. Who comes through a port of "
            "the nodes or a load balancer gets around the gateways and has no mutual TLS and no identity: mtls and "
            "access have to let such callers in, by address or all of them."
        ),
        example=("ports: {tcp: 1883}\nservice: LoadBalancer"),
        cure=(
            "ports: {tcp: 1883}\nservice: {type: LoadBalancer, externalTrafficPolicy: Local}\n"
            "mtls: {ports: {tcp: PERMISSIVE}}\naccess: {from: {ipBlocks: 192.0.2.0/24}, to: {ports: tcp}}"
        ),
    ),
    "MS223": Entry(
        title="a headless Service of which somebody would have to choose pods",
        text=(
            "Names of a headless Service lead to its pods, so the caller chooses one, and every proxy sends on to just "
            "that address. Nothing is balanced between the pods or split between versions, the port is the pod's, "
            "and a route of another service would send its requests back to where they came in. Gateways see all pods "
            "and do choose. A StatefulSet's Service is headless unless service.headless is false."
        ),
        example=("workload: StatefulSet\nports: {http: {port: 80, targetPort: 8080}}"),
        cure=("workload: StatefulSet\nports: {http: 8080}"),
    ),
    "MS227": Entry(
        title="a disruption budget that blocks every drain",
        text=(
            "A budget says how many pods the drain of a node may take. One that needs all the pods that there may be "
            "(for a range, min) never lets go of one: nodes cannot be repaired, upgraded or removed. Kubernetes rounds "
            "percentages of pods up."
        ),
        example=("replicas: 2\npodDisruptionBudget: {minAvailable: 2}"),
        cure=("replicas: 2\npodDisruptionBudget: {maxUnavailable: 1}"),
    ),
    "MS229": Entry(
        title="a token that reads all Secrets",
        text=(
            "istiod gives the key of a credentialName to a proxy only if the account of its pod may list Secrets, so "
            "that right is written for a call with mutual TLS. It is harmless while nothing in the pod has a token of "
            "the account. rbac, and a projected token without an audience, mount one."
        ),
        example=(
            "calls: {url: http://api.example.com, tls: {mode: MUTUAL, credentialName: api-key}}\n"
            "rbac: {resources: configmaps, verbs: get}"
        ),
        cure=(
            "calls:\n  url: http://api.example.com\n"
            "  tls: {mode: MUTUAL, clientCertificate: /etc/api/tls.crt, privateKey: /etc/api/tls.key}\n"
            "rbac: {resources: configmaps, verbs: get}"
        ),
    ),
    "MS224": Entry(
        title="a job that cannot run",
        text=(
            "Kubernetes would refuse it, or it would wait for ever: Indexed needs completions; a policy about failed "
            "pods needs pods that fail, and codes other than 0; a claim belongs to the pods that serve. A PreSync job "
            "runs before the application's outside hosts are declared, and its proxy refuses what is not declared."
        ),
        example=("calls: https://api.example.com\njobs: {migrate: {hook: PreSync, command: [./migrate]}}"),
        cure=("calls: https://api.example.com\njobs: {migrate: {hook: Sync, command: [./migrate]}}"),
    ),
    "MS260": Entry(
        title="values of a chart that the platform says in words of its own",
        text=(
            "Names, revisions, accounts, labels and the like stand in several charts and objects, and have to agree: "
            "services admit a gateway by its account, Gateways find their pods by labels, identities begin with the "
            "trust domain. So the platform says each of them once, and writes it into all charts that need it."
        ),
        example=("istio: {version: 1.30.3, install: {values: {istiod: {meshConfig: {trustDomain: a.example.com}}}}}"),
        cure=("istio: {version: 1.30.3, trustDomain: a.example.com, install: true}"),
    ),
    "MS261": Entry(
        title="an installation that cannot be",
        text=(
            "Charts have the version of a whole release (1.30.3). Two control planes are told apart by their "
            "revisions, and a tag is another name of a revision that is there. What is said of the pods of a gateway "
            "needs Istio to be installed from here, too; pods that labels choose are somebody else's."
        ),
        example=('istio: {version: "1.30", install: true, canary: {version: 1.31.0, revision: next}}'),
        cure=("istio: {version: 1.30.3, revision: 1-30-3, install: true, canary: {version: 1.31.0, revision: 1-31-0}}"),
    ),
    "MS262": Entry(
        title="a namespace that cannot be so",
        text=(
            "Labels, annotations and injection are written on the Namespace itself, so it has to be written here "
            "(create). Labels that a word of the language writes are not written twice. Pods that set up their "
            "network themselves do not meet the standards baseline and restricted: these need Istio's CNI. Limits "
            "are in order: min, defaultRequest, default, max. A namespace that is closed closes the gateways in it."
        ),
        example=("namespaces: {shop: {inject: true}}"),
        cure=("namespaces: {shop: {create: true, inject: true}}"),
    ),
    "MS263": Entry(
        title="Applications that get into each other's way",
        text=(
            "A spec that two Applications render belongs to both, and each removes what only the other one has. So "
            "no directory holds another's, and none of services holds the platform. In the namespaces of Istio and "
            "of Argo CD objects hold for others than their writer."
        ),
        example=(
            "argocd: {repoURL: https://git.example.com/mesh.git, applications: {shop: services, cart: services/cart}}"
        ),
        cure=("argocd: {repoURL: https://git.example.com/mesh.git, applications: {shop: services}}"),
    ),
    "MS264": Entry(
        title="what an ambient mesh cannot do",
        text=(
            "ztunnel, the proxy of a node, knows connections and identities, and reads no requests; there is no "
            "Sidecar whose hosts could be listed, and nobody chooses a revision. What it cannot do is refused: it "
            "would be dropped in silence, or deny what it was to allow."
        ),
        example=("istio: {mode: ambient}\njwt: {issuer: https://id.example.com}"),
        cure=("istio: {mode: sidecar}\njwt: {issuer: https://id.example.com}"),
    ),
    "MS230": Entry(
        title="a secret in plain text",
        text=(
            "The value is a secret by its shape (a private key, a token, an address with a password), or it is the "
            "plain value of a variable whose name says so (PASSWORD, TOKEN, SECRET, API_KEY and the like). A "
            "repository is read by many and forgets nothing, and Argo CD keeps what is rendered in its cache. Empty "
            "values, paths, addresses, references to other variables and words such as none are no secrets; nor are "
            "names that end in FILE, URL, NAME, TTL and the like. The message does not show the line."
        ),
        example=("env: {DB_PASSWORD: hunter2}"),
        cure=(
            "env: {DB_PASSWORD: {secret: reviews-db/password}}\n"
            "secrets: {reviews-db: {store: vault, key: apps/reviews/db}}"
        ),
    ),
    "MS231": Entry(
        title="a patch that changes nothing",
        text=(
            "No object that is written here fits the target. A patch that silently stopped working, because an object "
            "got another name or is not written any more, would be found out in production. Patches of a service "
            "change its own objects, those of an app must fit in one of its services; only those in the defaults of "
            "a platform may fit nothing."
        ),
        example=("patches:\n  - target: {kind: Deployment, name: reviews}\n    merge: {spec: {minReadySeconds: 5}}"),
        cure=("patches:\n  - target: {kind: Deployment, name: reviews-v1}\n    merge: {spec: {minReadySeconds: 5}}"),
    ),
    "MS232": Entry(
        title="a patch that cannot be applied",
        text=(
            "A step leads to a place that is not there, a test does not hold, an item of a list lacks the key by which "
            "Kubernetes finds it, or the API server would refuse the outcome: a required field is gone, two fields "
            "exclude each other, or what cannot be changed while the object lives has changed (its name, its selector)."
        ),
        example=(
            "patches:\n  - target: Deployment\n    merge: {spec: {template: {spec: {volumes: [{name: tmp, hostPath: "
            "{path: /tmp}}]}}}}"
        ),
        cure=(
            "patches:\n  - target: Deployment\n    merge: {spec: {template: {spec: {volumes: [{name: tmp, "
            "emptyDir: null, hostPath: {path: /tmp}}]}}}}"
        ),
    ),
    "MS233": Entry(
        title="a file of manifests that cannot be applied",
        text=(
            "What `manifests` names are objects of Kubernetes, each with apiVersion, kind and metadata.name. They are "
            "held against the fields of the kinds that meshspec knows; of other kinds only the head is checked. What a "
            "cluster wrote into an object does not belong into Git."
        ),
        example=("kind: ConfigMap\nmetadata: {name: flags}\ndata: {a: b}"),
        cure=("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flags}\ndata: {a: b}"),
    ),
    "MS240": Entry(
        title="a change that the API server refuses",
        text=(
            "The cluster has an object of this name already, and Kubernetes does not let the field change: the sync "
            "would fail with what it calls immutable or forbidden. Selectors of workloads, the templates of a "
            "StatefulSet's claims, the pods of a Job, the address of a Service, and all of a claim but its size, "
            "which may grow, are such fields. It takes two steps instead, of which the message names both. cmp "
            "validate finds it with --against and a directory that holds the repository as it was. It is a warning "
            "where only the cluster knows whether anything changes."
        ),
        example=("# before\nvolumes: {/data: {size: 20Gi}}\n# now\nvolumes: {/data: {size: 10Gi}}"),
        cure=(
            "# first\nvolumes: {/data: {size: 20Gi}, /new: {size: 10Gi}}\n"
            "# then, with the data copied\nvolumes: {/new: {size: 10Gi}}"
        ),
    ),
    "MS241": Entry(
        title="a revision that cannot be compared with",
        text=(
            "What the directory behind --against holds at the application's path cannot be rendered, so nobody can "
            "say what would change. It is rendered by this release of meshspec, for the same environment, namespace "
            "and parameters."
        ),
    ),
    "MS270": Entry(
        title="pods that outlive what protects them",
        text=(
            "Argo CD removes a service's policies, its Service and its workloads at the same time, behind everything "
            "else. The pods end some seconds later, and until then nothing keeps others out of them. No order of one "
            "sync changes that: what is removed last is removed in no order. Where the namespace denies by default, "
            "and no rule of the service denies or asks, nobody gets in, and nothing is said. cmp validate finds it "
            "with --against and a directory that holds the repository as it was."
        ),
        example=("# before\nservices: {web: {access: front}, front: {}}\n# now\nservices: {front: {}}"),
        cure=("# first\nservices: {web: {access: front, replicas: 0}, front: {}}\n# then\nservices: {front: {}}"),
    ),
    "MS271": Entry(
        title="a port that changes before the pods do",
        text=(
            "A Service changes in one moment, and before any pods are replaced. If its port leads elsewhere, old pods "
            "do not listen there, and requests fail until new ones are ready: pods that listen on both close the gap. "
            "If it has the port no more, whoever still calls it gets an error, such as the old pods of a caller that "
            "moves to another port in the same sync."
        ),
        example=(
            "# before\nports: {http: {port: 80, targetPort: 8080}}\n# now\nports: {http: {port: 80, targetPort: 8081}}"
        ),
        cure=(
            "# first\nports: {http: {port: 80, targetPort: 8080}, http-new: 8081}\n"
            "# then\nports: {http: {port: 80, targetPort: 8081}}"
        ),
    ),
    "MS272": Entry(
        title="a call that is refused before its pods are gone",
        text=(
            "One Sidecar says for all pods of a service what they may call, and it changes before new pods replace the "
            "old ones. If the old ones still make the call, it fails until they are gone."
        ),
        example=("# before\nimage: example.com/web:1\ncalls: [old, new]\n# now\nimage: example.com/web:2\ncalls: new"),
        cure=("# first\nimage: example.com/web:2\ncalls: [old, new]\n# then\nimage: example.com/web:2\ncalls: new"),
    ),
    "MS273": Entry(
        title="rules that are removed at once, and need an order",
        text=(
            "What Argo CD removes behind the last wave, it removes in no order. If a rule that denies or asks goes "
            "first, the caller that goes with it is let in for a moment without the rule. If the issuer of tokens goes "
            "before the rule that asks for them, no token is valid for a moment."
        ),
        example=("# before\naccess: [front, other, {action: DENY, to: {paths: /admin/*}}]\n# now\naccess: front"),
        cure=("# first\naccess: [front, {action: DENY, to: {paths: /admin/*}}]\n# then\naccess: front"),
    ),
    "MS278": Entry(
        title="a host that nothing answers while it moves",
        text=(
            "A host moves to another VirtualService: that of another service, or one of its own, which a host gets "
            "that asks for more than the others. Argo CD removes the old one before it applies the new one, and no "
            "wave can tell a removal from a move; requests are answered with 404 meanwhile. Or the host is led "
            "elsewhere, and the Service that it led to is not shown to the gateway any more, from long before routes "
            "change: that is 503. The option PruneLast, on the old VirtualService before it is removed, lets it stay "
            "until the new one is there. A host that is to change hands more than once is better off with a service "
            "that is only expose: {host: .., destinations: {service: ..}}: then services that admit the gateway can "
            "take turns. Hosts with a certificate of their own are not looked at."
        ),
        example=("# before\nfront: {expose: www.example.com}\n# now\nother: {expose: www.example.com}"),
        cure=(
            "# first\nfront:\n  expose: www.example.com\n  access: {from: {gateway: public}}\n  patches:\n"
            "    target: {kind: VirtualService, name: front-public}\n"
            "    merge: {metadata: {annotations: {argocd.argoproj.io/sync-options: PruneLast=true}}}\n"
            "# then\nfront: {access: {from: {gateway: public}}}\nother: {expose: www.example.com}"
        ),
    ),
    "MS279": Entry(
        title="an account that changes before its pods do",
        text=(
            "Rules admit callers by the account of their pods. With another account the rules change first, and the "
            "old pods, which keep the old one, get 403 until they are replaced. A rule for the old account, one "
            "commit before, closes the gap; when it is taken away together with the change, Argo CD removes it behind "
            "all waves, and the old pods are gone by then. In the same commit it is too late: in one wave rules come "
            "in no order."
        ),
        example=(
            "# before\nweb: {access: front}\nfront: {calls: web}\n"
            "# now\nweb: {access: front}\nfront: {calls: web, serviceAccount: {name: shop}}"
        ),
        cure=(
            "# first\nweb: {access: [front, {from: {principals: cluster.local/ns/shop/sa/front}}]}\n"
            "front: {calls: web}\n"
            "# then\nweb: {access: front}\nfront: {calls: web, serviceAccount: {name: shop}}"
        ),
    ),
    "MS280": Entry(
        title="the first rules of pods that were open",
        text=(
            "Pods for which no rule admits anybody are open to all. The first that does closes them to everybody "
            "else, and all whose rule comes later, or in the same wave and a moment later, are refused until then: "
            "the service itself for some seconds, since its own rule is the last. That is so for pods that run "
            "already: adopted ones, and those whose policies were left out. One rule that admits everybody, one "
            "commit before, closes the gap. Policies that are not in these files are not known here."
        ),
        example=("# before\nweb: {selector: {app: web}}\n# now\nweb: {selector: {app: web}, access: [front, other]}"),
        cure=(
            "# first\nweb: {selector: {app: web}, access: [{}]}\n"
            "# then\nweb: {selector: {app: web}, access: [front, other]}"
        ),
    ),
    "MS274": Entry(
        title="a wave or an option that breaks the order",
        text=(
            "Objects of some kinds need others to be there, or to be healthy, before them, and their removal to come "
            "behind that of others. The waves that meshspec gives them do both. A wave of one's own may not undo it: "
            "requests would go to pods that are not ready, or to a version that is not there, or pods would start "
            "without what protects them. Policies have several waves, so their kind cannot have one."
        ),
        example=("sync: {waves: {VirtualService: 0}}"),
        cure=("sync: {waves: {VirtualService: 12}}"),
    ),
    "MS250": Entry(
        title="telemetry that would do something else",
        text=(
            "Istio takes much of a Telemetry without a word and then does less: of two for one pod it reads the older, "
            "of two tracers the first, of two entries for the same requests and provider the last; a provider of "
            "another kind gets nothing."
        ),
        example=("telemetry: {accessLogging: [{filter: response.code >= 500}, {filter: response.duration > 1000}]}"),
        cure=("telemetry: {accessLogging: {filter: response.code >= 500 || response.duration > 1000}}"),
    ),
    "MS251": Entry(
        title="a label or metric that is not there",
        text=(
            "A label is removed that metrics do not have, or objectives and a dashboard ask for a label or a metric "
            "that telemetry of the service, its namespace or the mesh removes, replaces or turns off. Alerts on it "
            "would never fire."
        ),
        example=("slo: 99.9%\ntelemetry: {metrics: {remove: [response_code]}}"),
        cure=("slo: 99.9%\ntelemetry: {metrics: {remove: [source_principal]}}"),
    ),
    "MS252": Entry(
        title="metrics that nobody can fetch",
        text=(
            "The proxy fetches an application's metrics in plain text from a port of the application, and shows them "
            "with its own. Prometheus, which is outside of the mesh, can fetch them itself only where the port takes "
            "plain text and admits callers without an identity, or where the proxy does not see it."
        ),
        example=("metrics: {port: http, merge: false}"),
        cure=("metrics: {port: http}"),
    ),
    "MS253": Entry(
        title="an objective that cannot be measured",
        text=(
            "Proxies see requests of HTTP and gRPC only, and count durations by the bounds of a histogram: 1ms, 5ms, "
            "10ms, 25ms, 50ms, 100ms, 250ms, 500ms, 1s, 2.5s, 5s, 10s, 30s, 1m, 5m, 10m. How many requests are faster "
            "than another time is not known. An objective that leaves very much to fail has no alert that could fire."
        ),
        example=("slo: {latency: {percentile: 99%, under: 200ms}}"),
        cure=("slo: {latency: {percentile: 99%, under: 250ms}}"),
    ),
    "MS254": Entry(
        title="an expression that cannot be",
        text=(
            "Filters of access logs and values of labels are in CEL, queries of alerts in PromQL. Neither is run here: "
            "what is refused is an open bracket or quote, one = in place of two, an unknown attribute in CEL, mostly "
            "text without quotes, and a variable of dashboards in PromQL."
        ),
        example=("telemetry: {metrics: {overrides: {tagOverrides: {region: eu}}}}"),
        cure=("telemetry: {metrics: {overrides: {tagOverrides: {region: \"'eu'\"}}}}"),
    ),
    "MS255": Entry(
        title="monitoring that lacks what it needs",
        text=(
            "Grafana is installed by the chart of Prometheus, so it needs that. What is said of an installation has no "
            "effect where nothing is installed."
        ),
        example=("monitoring: {grafana: true}"),
        cure=("monitoring: {prometheus: true, grafana: true}"),
    ),
    "MS256": Entry(
        title="a version that is not whole",
        text=(
            "Helm takes a part of a version for all versions that begin so. What is installed would change without a "
            "change in the repository."
        ),
        example=("monitoring: {prometheus: {install: true, version: 81.4}}"),
        cure=("monitoring: {prometheus: {install: true, version: 81.4.5}}"),
    ),
    "MS265": Entry(
        title="a guard-rail refuses this",
        text=(
            "The platform has a rule about what services may say, must say, or in which values; the message ends in "
            "its reason, and the note names the rule. It is held against the service as it is after defaults, "
            "environments and parameters, so the position may be that of a default. Rules hold for every version and "
            "every container, and of a file that is mounted in the plugin nothing in the repository takes one away. "
            "Exceptions are written in the rule (unless). With warn it is a warning."
        ),
        example=(
            "# meshplatform.yaml\npolicy: {allow: {image.registry: registry.example.com/*}, reason: scanned images}\n"
            "# meshspec.yaml\nimage: reviews:1.20"
        ),
        cure=("image: registry.example.com/shop/reviews:1.20"),
    ),
    "MS266": Entry(
        title="a guard-rail that no service could break",
        text=(
            "A path of the rule leads to nothing that the language has, or a value is none that the field takes, so "
            "that the rule would guard nothing. Paths are those of the reference, with * for names; a key with dots "
            "stands in [ ]. A bound needs a field with a size. An empty map fits anything, and null is 'not there', "
            "for which require asks."
        ),
        example=("policy: {forbid: {mtls: DISABEL}, reason: security standard 4.2}"),
        cure=("policy: {forbid: {mtls: DISABLE}, reason: security standard 4.2}"),
    ),
    "MS267": Entry(
        title="the mounted platform file cannot be used",
        text=(
            "MESHSPEC_PLATFORM names a file of the plugin's container, by its absolute path, which is not there, "
            "cannot be read, or does not hold one document. Nothing is rendered without it, since its guard-rails "
            "would not hold. The operator of the plugin repairs it: the volume, or the ConfigMap behind it."
        ),
        cure=("Mount the file where MESHSPEC_PLATFORM says, or take the variable from the container."),
    ),
    "MS275": Entry(
        title="a number of pods that is fixed and scaled",
        text=(
            "A workload says how many pods it has, and an autoscaler of a file or a patch changes the number. Every "
            "sync sets it back. `replicas` with min and max writes an autoscaler, and no number into the workload."
        ),
        example=("replicas: 3\nmanifests: autoscaler.yaml"),
        cure=("replicas: {min: 3, max: 9, cpu: 70%}\nresources: {cpu: 100m}"),
    ),
    "MS276": Entry(
        title="two objects of which Istio takes one",
        text=(
            "An object of a file, or one that a patch changed, is about the same as another of this render: the rules "
            "of a host in the mesh, the Sidecar or Telemetry of some pods, the server of a host at a port of a "
            "gateway, the protocol of a port. Istio takes the older, or one of them in no defined order. The code at "
            "the end of the message is that of istioctl analyze."
        ),
        example=(
            "# a file of manifests\nkind: VirtualService\n"
            "spec: {hosts: [reviews], http: [{route: [{destination: {host: reviews}}]}]}"
        ),
        cure=("routes: [{match: {path: /new}, to: v2}]"),
    ),
    "MS277": Entry(
        title="a rule that leads to nothing",
        text=(
            "A rule of a file, or one that patches changed, leads to a subset, a port, pods or a gateway that the "
            "host of this render does not have: requests are answered with 503, or none comes. Hosts of other "
            "applications are not judged. The code at the end of the message is that of istioctl analyze."
        ),
        example=("# a file of manifests\nroute: [{destination: {host: reviews, subset: v3}}]"),
        cure=("versions: {v1: {}, v2: {}, v3: {weight: 0}}"),
    ),
    "MS295": Entry(
        title="what to compare with cannot be read",
        text=(
            "`cmp diff --against` takes a directory that holds the whole repository as it was, or a file with the "
            "objects of one render, one on each line. Such a file is what `generate -o ndjson` wrote, perhaps by "
            "another release of meshspec."
        ),
        example=("meshspec diff apps/shop --env prod --against rendered.yaml"),
        cure=(
            "meshspec generate apps/shop --env prod -o ndjson > before.ndjson\n"
            "meshspec diff apps/shop --env prod --against before.ndjson"
        ),
    ),
    "MS296": Entry(
        title="the debug bundle cannot be written",
        text=(
            "`cmp generate --debug-bundle FILE` writes a new file and never over one that is there. The bundle is "
            "written before the output: without it nothing is written to stdout."
        ),
        example=("meshspec generate apps/shop --debug-bundle meshspec.yaml"),
        cure=("meshspec generate apps/shop --debug-bundle report.tar.gz > /dev/null"),
    ),
    "MS297": Entry(
        title="the spec to begin with cannot be written",
        text=(
            "`cmp init` writes a new file. What is there already is somebody's work and stays as it is, and a platform "
            "renders the services beside its file together with itself, so that these have directories of their own."
        ),
        example=("meshspec init apps/shop        # where a meshspec.yaml is"),
        cure=("meshspec init apps/another"),
    ),
    "MS298": Entry(
        title="two Applications would write one object",
        text=(
            "Several entries of `argocd.applications` may name one directory, each with a namespace and mostly an "
            "environment of its own. What the spec puts into a namespace that it names itself, and what belongs to "
            "the whole cluster, would then be in all of them, and each would undo what another one does. Gateways of "
            "a service stand in the namespace of the gateway's pods. Nor may two Applications have one name: an entry "
            "with its directories gives names like those of another one. `cmp validate` finds both."
        ),
        example=(
            "argocd:\n  applications:\n    shop: services/shop        # metadata: {name: web, namespace: shop}\n"
            "    shop-test: {path: services/shop, environment: test}"
        ),
        cure=(
            "argocd:\n  applications:\n    shop: services/shop        # metadata: {name: web}\n"
            "    shop-test: {path: services/shop, environment: test}"
        ),
    ),
    "MS301": Entry(
        title="a variable names a host that is not called",
        text=(
            "A warning. The proxy of a service lets it reach what `calls` names, and nothing else. The value of "
            "a variable looks like the address of another host. If the service never calls it (it is told to "
            "browsers, say), silence the warning with the reason."
        ),
        example=("env: {RATINGS_URL: http://ratings:9080}"),
        cure=("env: {RATINGS_URL: http://ratings:9080}\ncalls: ratings"),
    ),
    "MS302": Entry(
        title="a version that nothing leads to",
        text=(
            "A warning. The weight is 0, and no route, mirror or exposed host of this render names the version: "
            "its pods run for nobody. Between two steps of a release that can be meant."
        ),
        example=("versions: {v1: {}, v2: {weight: 0}}"),
        cure=("versions: {v1: {}, v2: {weight: 0}}\nroutes: {match: {headers: {x-preview: {present: true}}}, to: v2}"),
    ),
    "MS303": Entry(
        title="requests for a version that may have no pods",
        text=(
            "A warning. The version has a share of the requests and may be scaled to zero. The mesh does not "
            "wait for a pod: callers are answered 503. Workers that take from a queue are better scaled so."
        ),
        example=("replicas: {min: 0, max: 5, triggers: {type: cron, metadata: {..}}}\nport: 8080"),
        cure=("replicas: {min: 1, max: 5, triggers: {type: cron, metadata: {..}}}\nport: 8080"),
    ),
    "MS304": Entry(
        title="a POST may be carried out twice",
        text=(
            "A warning. On these failures a request may have reached the service before it failed. What creates "
            "something is then created twice. The default repeats only what was never sent; routes that match "
            "idempotent methods may repeat more."
        ),
        example=("retries: {attempts: 3, retryOn: 5xx}"),
        cure=("routes:\n  - {match: {method: GET}, to: v1, retries: {attempts: 3, retryOn: 5xx}}"),
    ),
    "MS305": Entry(
        title="a caller that does not call",
        text=(
            "A warning. `access` lets a service of this render in whose own `calls` do not name this one: its "
            "proxy would refuse the call. Either the call is missing, or the permission is left over."
        ),
        example=("services:\n  web: {image: .., port: 80}\n  api: {image: .., port: 80, access: web}"),
        cure=("services:\n  web: {image: .., port: 80, calls: api}\n  api: {image: .., port: 80, access: web}"),
    ),
    "MS306": Entry(
        title="a tag that moves",
        text=(
            "A warning. What `latest` means changes without a commit: pods of one version run different images, "
            "and going back to an older commit goes back to nothing."
        ),
        example=("image: r.example.com/reviews:latest"),
        cure=("image: r.example.com/reviews:1.20.3"),
    ),
    "MS307": Entry(
        title="a service that nobody knows",
        text=(
            "A warning. What is called, led to or let in is a service of no spec in this render and of no catalog, "
            "and one that is known has nearly its name, or its name in another namespace. A name without a namespace "
            "means the service's own, as in Istio. Other applications have services too: one that is right is listed "
            "in the catalog of the platform."
        ),
        example=(
            "services:\n  web: {image: .., port: 80, calls: reviws}\n  reviews: {image: .., port: 80, access: web}"
        ),
        cure=("services:\n  web: {image: .., calls: reviews}\n  reviews: {image: .., port: 80, access: web}"),
    ),
    "MS308": Entry(
        title="a probe asks a port that is not there",
        text=(
            "A warning. The number is neither a port of the service nor one that such a port leads to. If nothing "
            "listens there, no pod gets ready. A container may listen on ports that nobody else asks: silence the "
            "warning with the reason, or give the port a name."
        ),
        example=("ports: {http: 8080}\nhealth: {http: /ready, port: 8008}"),
        cure=("ports: {http: 8080}\nhealth: {http: /ready, port: http}"),
    ),
    "MS309": Entry(
        title="a timeout that is too short for the tries",
        text=(
            "A warning. `timeout` ends the request with all its tries; `perTryTimeout` is the time of each, of the "
            "first and of those that follow (attempts). Tries that the timeout leaves no time for are never made."
        ),
        example=("timeout: 2s\nretries: {attempts: 3, perTryTimeout: 1s}"),
        cure=("timeout: 4s\nretries: {attempts: 3, perTryTimeout: 1s}"),
    ),
    "MS310": Entry(
        title="tokens that nothing asks for",
        text=(
            "A warning. `jwt` refuses requests with a wrong token, and lets those without a token pass, as Istio's "
            "RequestAuthentication does. Nothing here requires a token, no rule of access asks for what is in it, and "
            "the application does not get it."
        ),
        example=("jwt: {issuer: https://id.example.com}"),
        cure=("jwt: {issuer: https://id.example.com, require: true}"),
    ),
    "MS311": Entry(
        title="an annotation that Istio does not read",
        text=(
            "A warning. Istio has no annotation of this name, reads it of other objects only, or is to give it up. It "
            "ignores what it does not know in silence. Annotations of `metadata` stand on all objects of a service "
            "and not on its pods; those of `pod` on pods, those of `service` on the Service."
        ),
        example=("metadata: {name: reviews, annotations: {sidecar.istio.io/logLevel: debug}}"),
        cure=("metadata: {name: reviews}\npod: {annotations: {sidecar.istio.io/logLevel: debug}}"),
    ),
    "MS312": Entry(
        title="an object of Istio that does less than it says",
        text=(
            "A warning. An object of a file, or one that a patch changed, has a part that Istio ignores, that is "
            "never reached, or that protects less than it seems to. The code at the end of the message is that of "
            "istioctl analyze."
        ),
        example=("# a file of manifests\nkind: DestinationRule\nspec: {trafficPolicy: {tls: {mode: SIMPLE}}}"),
        cure=("kind: DestinationRule\nspec: {trafficPolicy: {tls: {mode: SIMPLE, caCertificates: system}}}"),
    ),
}
