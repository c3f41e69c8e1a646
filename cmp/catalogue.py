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
        parts = [f"{code}: {self.title}", self.text]
        parts += [f"Refused:\n{_indented(self.example)}"] if self.example else []
        parts += [f"Instead:\n{_indented(self.cure)}"] if self.cure else []
        return "\n\n".join(parts) + "\n"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.strip("\n").splitlines())


CATALOGUE: dict[str, Entry] = {
    "MS000": Entry(
        "a bug of meshspec",
        "meshspec itself failed. Nothing was written. Run the command again with MESHSPEC_TRACEBACK=1 and report what it\n"
        "prints, with the spec that leads to it.",
    ),
    "MS001": Entry(
        "nothing to render",
        "The path holds no meshspec.yaml, no *.meshspec.yaml and no meshplatform.yaml, or they hold no document. An empty\n"
        "result is an error, because Argo CD would take it for an application without objects and delete what is there.\n"
        "Dotfiles, directories that begin with a dot and directories behind symbolic links are not looked at.",
        "",
        "Name the directory of the spec, or write the spec.",
    ),
    "MS002": Entry(
        "a file cannot be read",
        "The path does not exist, is not a regular file or directory, or may not be read by the user that runs meshspec.",
        "",
        "In Argo CD's plugin, check spec.source.path, and that manifest-generate-paths sends the file.",
    ),
    "MS003": Entry(
        "a file is not UTF-8", "meshspec reads UTF-8, with or without a byte order mark.", "", "Save the file as UTF-8."
    ),
    "MS004": Entry(
        "not valid YAML",
        "The YAML parser stopped here. Often the cause is a line above: an open quote or bracket, a tab, or text with ': ' in\n"
        "it that needs quotes.",
        "description: note: this is two things",
        'description: "note: this is one text"',
    ),
    "MS005": Entry(
        "over a limit",
        "One file may hold 1 MiB, 48 levels and 100,000 values, where an alias counts as often as it is used. The limits keep\n"
        "one file from using up the memory of a plugin that all applications share.",
        "",
        "Split the file.",
    ),
    "MS006": Entry(
        "outside the repository",
        "meshspec reads no file outside the repository, also not through a symbolic link: it runs next to Argo CD's\n"
        "credentials. The repository is the nearest parent with a .git, or what Argo CD sent.",
        "",
        "Copy the file into the repository.",
    ),
    "MS007": Entry(
        "YAML that the language does not have",
        "Tags, merge keys (<<) and keys that are not plain text are refused. Layers have names here: defaults, environments,\n"
        "versions.",
        "base: &base {port: 9080}\nother: {<<: *base}",
        "defaults: {port: 9080}",
    ),
    "MS008": Entry(
        "a key is given twice",
        "YAML readers disagree about which of the two counts, so neither does.",
        "port: 9080\nport: 9090",
        "port: 9090",
    ),
    "MS101": Entry(
        "unknown key",
        "No key of this name stands here in the language. A misspelt key would otherwise do nothing, silently.",
        "replica: 3",
        "replicas: 3",
    ),
    "MS102": Entry(
        "something is missing",
        "A key that this place cannot do without.",
        "expose: {path: /a}",
        "expose: {host: a.example.com, path: /a}",
    ),
    "MS103": Entry(
        "wrong type",
        "A list, a map, a number or text stands where another is expected. A scalar in quotes is text, also where it looks\n"
        "like a number.",
        'port: "9080"',
        "port: 9080",
    ),
    "MS104": Entry(
        "a value that cannot be",
        "The value has the right type and is still not possible: a duration without its unit, a word that is not in the list, a\n"
        "port above 65535.",
        "timeout: 5",
        "timeout: 5s",
    ),
    "MS105": Entry(
        "keys that exclude each other",
        "Both say the same thing in different ways. In different layers the higher one wins; in one layer it is a mistake.",
        "port: 9080\nports: {grpc: 9000}",
        "ports: {http: 9080, grpc: 9000}",
    ),
    "MS106": Entry(
        "not built yet",
        "The key is part of the language and this release of meshspec does not build it. It is refused, and not ignored, so\n"
        "that nobody relies on it.",
        "",
        "Leave it out, or look for a newer release.",
    ),
    "MS107": Entry(
        "another apiVersion",
        "This release reads meshspec.io/v1alpha1.",
        "apiVersion: v1",
        "apiVersion: meshspec.io/v1alpha1",
    ),
    "MS108": Entry(
        "another kind",
        "A meshspec.yaml holds MeshService and MeshApp documents, a meshplatform.yaml one MeshPlatform. Raw Kubernetes objects\n"
        "belong into other files.",
        "kind: Service",
        "kind: MeshService",
    ),
    "MS109": Entry(
        "null removes nothing",
        "In a map keyed by name, null removes what a lower layer says. Here no lower layer says anything, so probably an empty\n"
        "entry was meant.",
        "versions:\n  v1:",
        "versions:\n  v1: {}",
    ),
    "MS110": Entry(
        "only lists can be added to", "key+ adds to the list that lower layers give.", "timeout+: 5s", "calls+: audit"
    ),
    "MS111": Entry(
        "which environment?",
        "The environment is named by no file, or none was chosen for a spec that has some: a forgotten flag must not put the\n"
        "base into production.",
        "cmp generate shop",
        "cmp generate shop --env prod",
    ),
    "MS112": Entry(
        "a parameter that the spec does not declare",
        "--set and Argo CD's plugin parameter `set` may set the paths that `parameters` lists, and nothing else. Where a render\n"
        "holds several services, the path begins with the service's name.",
        "cmp generate . --set image.tag=1.2.3",
        "parameters: [image.tag]",
    ),
    "MS113": Entry(
        "no namespace",
        "Inside Argo CD, the namespace is that of the Application's destination, or the spec's. Neither is there.",
        "",
        "Set spec.destination.namespace of the Application.",
    ),
    "MS201": Entry(
        "a version that is not there",
        "A route leads to a version that the service does not have; its requests would be answered with 503.",
        "versions: {v1: {}}\nroutes: {match: {path: /new}, to: v2}",
        "versions: {v1: {}, v2: {weight: 0}}\nroutes: {match: {path: /new}, to: v2}",
    ),
    "MS202": Entry(
        "a gateway or platform that is not there",
        "Gateways are declared by the MeshPlatform in a meshplatform.yaml of this directory or one above it. In Argo CD that\n"
        "file must be among those that manifest-generate-paths sends.",
        "expose: {host: a.example.com, gateway: publik}",
        "expose: {host: a.example.com, gateway: public}",
    ),
    "MS203": Entry(
        "weights that do not sum to 100",
        "Weights are percent of the traffic. One version may leave its weight out and gets the rest.",
        "versions: {v1: {weight: 90}, v2: {weight: 20}}",
        "versions: {v1: {}, v2: {weight: 20}}",
    ),
    "MS204": Entry(
        "no one gateway for a host",
        "No gateway of the platform serves the host, or several serve it equally closely.",
        "expose: shop.example.org   # the gateway serves *.example.com",
        "expose: shop.example.com",
    ),
    "MS205": Entry(
        "a port that is not there, or whose protocol is not known",
        "Ports are named by name or number. The part of a name before the first - is its protocol, as in Istio; without one,\n"
        "the proxy would have to guess.",
        "ports: {admin: 9090}",
        "ports: {http-admin: 9090}",
    ),
    "MS206": Entry(
        "a name that cannot be",
        "Names of services, versions and ports become names and labels of Kubernetes objects, which allow 63 lower-case\n"
        "letters, digits and -.",
        "metadata: {name: Reviews_API}",
        "metadata: {name: reviews-api}",
    ),
    "MS207": Entry(
        "two objects of one kind and name",
        "Argo CD would apply one of the two and say nothing of the other.",
        "",
        "Rename one of the services, or give it another namespace.",
    ),
    "MS208": Entry(
        "a call that its target refuses",
        "Access is denied unless the target lists the caller. A route keeps the caller's identity, so a service that a route\n"
        "leads to has to admit the callers of the one that routes.",
        "services: {web: {calls: api, ...}, api: {...}}",
        "services: {web: {calls: api, ...}, api: {access: web, ...}}",
    ),
    "MS209": Entry(
        "two services take the same paths of a host",
        "Istio merges the routes of a host at a gateway in no defined order. Paths of services must be disjoint; one service\n"
        "may take the rest by naming no path.",
        "",
        "Give each service its own path in expose.",
    ),
    "MS210": Entry(
        "no image, or not which one",
        "Every version needs an image with a tag or a digest. Without, what runs depends on the day.",
        "image: example.com/shop/web",
        "image: example.com/shop/web:1.4.2",
    ),
    "MS212": Entry(
        "a target that is too old",
        "The platform declares a version of Istio or Kubernetes that is older than what this release writes for.",
        "istio: {version: 1.20.0}",
        "istio: {version: 1.30.3}",
    ),
    "MS213": Entry(
        "replicas that cannot be",
        "A range needs max, with min not above it, and scaling by CPU needs a CPU request of which utilization is a share.",
        "replicas: {min: 2, max: 10, cpu: 70%}",
        "replicas: {min: 2, max: 10, cpu: 70%}\nresources: {cpu: 100m}",
    ),
    "MS215": Entry(
        "paths that cannot be combined",
        "A host that publishes only some paths shows the routes that fit them. A regular expression cannot be cut down so.",
        "routes: {match: {path: {regex: /v[0-9]+/.*}}, to: v2}\nexpose: {host: a.example.com, path: /api/*}",
        "expose: {host: a.example.com, path: /api/*, to: v2}",
    ),
    "MS216": Entry(
        "an outside host that cannot be declared so",
        "A port of an outside host speaks one protocol for all callers of a namespace. A wildcard needs a protocol that carries\n"
        "host names.",
        "calls: [https://api.example.com:8443, tcp://api.example.com:8443]",
        "calls: [https://api.example.com:8443]",
    ),
    "MS218": Entry(
        "a probe or grace period that Kubernetes refuses",
        "successThreshold is 1 for liveness and startup probes; port and headers are for http probes, service for grpc ones; the\n"
        "grace period is whole seconds and longer than the five that pass before the stop signal.",
        "shutdown: {grace: 3s}",
        "shutdown: {grace: 30s}",
    ),
}
