"""``cmp probe``: whether the plugin takes calls. The kubelet runs it all the time, so it imports little."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping

from cmp.output import write

#: Where the sockets of plugins are, unless ARGOCD_PLUGINSOCKFILEPATH says otherwise: GetPluginSockFilePath of
#: https://github.com/argoproj/argo-cd/blob/master/common/common.go
SOCKETS = "/home/argocd/cmp-server/plugins"
#: Seconds. A server that accepts at all does so at once.
PATIENCE = 3.0


def probe(name: str = "meshspec") -> int:
    """Connect to the socket of the plugin ``name``: 0 it is accepted, 1 it is not."""
    path = socket_path(name, os.environ)
    problem = refused(path)
    if problem:
        sys.stderr.write(f"error: {path}: {problem}\n")
        return 1
    write(f"{path}: takes calls\n")
    return 0


def socket_path(name: str, variables: Mapping[str, str]) -> str:
    """The socket of a plugin whose name is ``metadata.name``, with ``-`` and ``spec.version`` where it has one.

    ``Address`` of https://github.com/argoproj/argo-cd/blob/master/cmpserver/plugin/config.go
    """
    return f"{variables.get('ARGOCD_PLUGINSOCKFILEPATH') or SOCKETS}/{name}.sock"


def refused(path: str) -> str:
    """Why nobody takes calls at a socket, or an empty string."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE)
        try:
            client.connect(path)
        except FileNotFoundError:
            return "there is no such socket: argocd-cmp-server has not started, or serves a plugin of another name"
        except ConnectionRefusedError:
            return "nobody listens: argocd-cmp-server has ended"
        except OSError as error:
            return error.strerror or str(error)
    return ""
