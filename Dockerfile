# A sidecar of argocd-repo-server. Its command, argocd-cmp-server, comes from Argo CD's own volume at run time:
# https://argo-cd.readthedocs.io/en/stable/operator-manual/config-management-plugins/#register-the-plugin-sidecar

FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
    && python -m venv --without-pip /opt/meshspec \
    && pip --python /opt/meshspec/bin/python install --no-cache-dir --no-compile --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY cmp cmp
RUN /opt/build/bin/hatchling build -t wheel -d /tmp/wheel \
    && pip --python /opt/meshspec/bin/python install --no-cache-dir --no-compile --no-deps /tmp/wheel/*.whl

FROM python:3.13-slim
# argocd-cmp-server does not wait for orphans. We make none, but a plugin.yaml of somebody else, mounted over ours, may.
# hadolint ignore=DL3008 # its version is that of the base image's Debian, which keeps one only until its next update
RUN apt-get update && apt-get install --no-install-recommends --yes tini && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/meshspec /opt/meshspec
# Without Python's site module, whose start takes longer than a known answer.
COPY --chmod=755 install/cmp /opt/meshspec/bin/cmp
COPY plugin.yaml /home/argocd/cmp-server/config/plugin.yaml
# Nobody can write bytecode at run time, and the base image comes without: compiling at every start takes twice as long.
# Unchecked, so that no start looks at the sources. 999 is the user of argocd-repo-server, with whom sockets are shared.
RUN python -m compileall -q --invalidation-mode unchecked-hash -x '/(test|tests|idlelib|lib2to3|ensurepip)/' \
        /usr/local/lib/python3.13 /opt/meshspec/lib \
    && groupadd --gid 999 argocd \
    && useradd --uid 999 --gid 999 --home-dir /home/argocd --no-create-home argocd \
    && /opt/meshspec/bin/cmp --version
# Answers that were given before are kept where the sidecar may write; they go with the pod.
ENV PYTHONDONTWRITEBYTECODE=1 MESHSPEC_CACHE=/tmp/meshspec
USER 999:999
WORKDIR /home/argocd
CMD ["/usr/bin/tini", "--", "/var/run/argocd/argocd-cmp-server"]
