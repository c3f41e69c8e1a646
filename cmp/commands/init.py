"""``cmp init``: a spec to begin with, which renders as it is and says in comments what else there is."""

from __future__ import annotations

import os
import re
import sys
import tempfile

from cmp.diagnostics import Diagnostic, SpecError
from cmp.diagnostics import render as shown
from cmp.environment import Environment
from cmp.output import write
from cmp.pipeline import render
from cmp.places import PLATFORM_NAME, SPEC_NAME

STARTER = """\
# What the service is. Everything else has a default: `cmp generate .` shows it.
# Completion in editors: cmp schema > meshspec.schema.json, and name that file in your editor's settings.
apiVersion: meshspec.io/v1alpha1
kind: MeshService
metadata:
  name: {name}
{namespace}
image: {image}
port: {port}                # what the container listens on; http unless you say so: {{port: {port}, protocol: grpc}}

# Who may call it. Without this line nobody but itself.
# access: [web, report.jobs]        # report is in the namespace jobs

# What it calls: services by name, and addresses outside of the mesh. Nothing else can be reached.
# calls: [ratings, https://api.example.com]

# Its address for the outside, through a gateway of the platform.
# expose: {name}.example.com

# env:
#   LOG_LEVEL: info
#   DB_PASSWORD: {{secret: {name}-db/password}}    # a key of a Secret: no secret stands in a spec

# resources: {{cpu: 100m, memory: 128Mi}}
# replicas: {{min: 2, max: 6, cpu: 70}}           # percent of the cpu that it asks for above

# A canary: one more version, and its share of the requests in percent.
# versions: {{v1: {{}}, v2: {{weight: 10, image: {{tag: 2.0.0}}}}}}

# What differs between environments; render one with `cmp generate . --env prod`.
# environments: {{test: {{}}, prod: {{replicas: 3}}}}
"""


def init(path: str, name: str = "", image: str = "", port: str = "8080", namespace: str = "") -> int:
    """Write a spec into a directory: 0 written, 1 what is there would be lost, or a flag is wrong.

    Args:
        path: the directory, which is made where it is not there.
        name: of the service; that of the directory if left out.
        image: of its container.
        port: that the container listens on.
        namespace: of the service; if left out, Argo CD's destination decides.
    """
    name = name or _normal(os.path.basename(os.path.realpath(path))) or "web"
    text = starter(name, image or f"registry.example.com/{name}:1.0.0", port, namespace)
    file = os.path.join(path, SPEC_NAME)
    try:
        _check(text)
        _write(file, text)
    except SpecError as error:
        sys.stderr.write(shown(error.diagnostics, {SPEC_NAME: text}) + "\n")
        return 1
    write(f"{file}: written. Read it, then: cmp validate {path}\n")
    return 0


def starter(name: str, image: str, port: str, namespace: str) -> str:
    """The text of a spec. Flags are put in as they are: what is no value of YAML is found by rendering it."""
    where = f"  namespace: {namespace}" if namespace else "  # namespace: shop    # if left out, Argo CD's destination"
    return STARTER.format(name=name, image=image, port=port, namespace=where)


def _normal(text: str) -> str:
    """A name of any text, as a Service can have."""
    return re.sub(r"[^-a-z0-9]", "-", text.lower()).lstrip("-0123456789")[:50].strip("-")


def _check(text: str) -> None:
    """Render the spec alone: what a platform above it says is for ``cmp validate``."""
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(os.path.join(directory, ".git"))
        with open(os.path.join(directory, SPEC_NAME), "w", encoding="utf-8", errors="surrogateescape") as opened:
            opened.write(text)
        render(directory, Environment("default"), {})


def _write(file: str, text: str) -> None:
    directory = os.path.dirname(file)
    try:
        os.makedirs(directory, exist_ok=True)
        if os.path.exists(os.path.join(directory, PLATFORM_NAME)):
            help = "name a directory of its own: each is an application"
            message = f'"{directory}" holds a {PLATFORM_NAME}, which is rendered together with services beside it'
            raise SpecError([Diagnostic("MS297", message, help=help)])
        with open(file, "x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        help = "name another directory: a file that is there is never overwritten"
        message = f'"{file}" cannot be written: {error.strerror}'
        raise SpecError([Diagnostic("MS297", message, help=help)]) from None
