#!/usr/bin/env bash
# The real thing: Argo CD with meshspec and Istio on kind. Bookinfo is installed by an Application, then a new version of
# reviews takes over by commits, while requests are made all the time, none of which may fail.
#
# usage: run.sh ARGO_CD_VERSION ISTIO_VERSION, such as v3.6.1 1.30.3. Needs docker, kind, kubectl, helm, curl and git, and the
# image meshspec:test.
set -euo pipefail

argocd=${1:?usage: run.sh ARGO_CD_VERSION ISTIO_VERSION}
istio=${2:?usage: run.sh ARGO_CD_VERSION ISTIO_VERSION}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
app=$work/checkout/apps/bookinfo
patience=600 # seconds, for each thing that is waited for

log() { printf '\n== %s\n' "$*" >&2; }

# Wait until a command prints a text.
until_is() {
  local wanted=$1 found='' end=$((SECONDS + patience))
  shift
  while [ "$SECONDS" -lt "$end" ]; do
    found=$("$@" 2>/dev/null || true)
    if [ "$found" = "$wanted" ]; then return; fi
    sleep 2
  done
  echo "still '$found' and not '$wanted': $*" >&2
  return 1
}

status() { kubectl -n argocd get application bookinfo -o "jsonpath={.status.$1}"; }

# What to look at when something went wrong, and the end of the cluster.
finish() {
  if [ "$1" -ne 0 ]; then told; fi
  kind delete cluster --name meshspec
}

told() {
  kubectl -n argocd get application bookinfo -o yaml || true
  kubectl -n argocd logs deployment/argocd-repo-server -c meshspec --tail 100 || true
  kubectl -n bookinfo get pods,events || true
  kubectl -n load logs load --tail 20 || true
}

cluster() {
  log "a cluster, whose node has the repositories"
  mkdir "$work/repositories"
  cat >"$work/kind.yaml" <<EOF
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
    extraMounts:
      - {hostPath: $work/repositories, containerPath: /repositories}
EOF
  kind create cluster --name meshspec --config "$work/kind.yaml" --wait 5m
  trap 'finish $?' EXIT
  kind load docker-image meshspec:test --name meshspec
}

mesh() {
  log "Istio $istio"
  local charts=(--repo https://istio-release.storage.googleapis.com/charts --version "$istio" --namespace istio-system --wait)
  helm install istio-base base "${charts[@]}" --create-namespace
  helm install istiod istiod "${charts[@]}"
  helm install istio-ingressgateway gateway "${charts[@]}" --values "$here/istio-ingressgateway.yaml"
}

argo_cd() {
  log "Argo CD $argocd, with meshspec"
  curl --fail --silent --show-error --location --output "$here/argocd/install.yaml" \
    "https://raw.githubusercontent.com/argoproj/argo-cd/$argocd/manifests/install.yaml"
  kubectl create namespace argocd
  kubectl kustomize "$here/argocd" | kubectl apply --server-side --force-conflicts -f -
  kubectl -n argocd rollout status deployment argocd-repo-server --timeout 10m
  kubectl -n argocd rollout status statefulset argocd-application-controller --timeout 10m
  kubectl -n argocd exec deployment/argocd-repo-server -c meshspec -- /opt/meshspec/bin/cmp doctor
}

# Commit what lies in the checkout, and wait until all of it is there and well.
commit() {
  log "commit: $1"
  git -C "$work/checkout" add --all
  git -C "$work/checkout" -c user.name=test -c user.email=test@example.com commit --quiet --message "$1"
  git -C "$work/checkout" push --quiet origin HEAD:main
}

arrived() {
  local revision
  revision=$(git -C "$work/checkout" rev-parse HEAD)
  kubectl -n argocd annotate application bookinfo argocd.argoproj.io/refresh=normal --overwrite
  until_is "$revision" status operationState.syncResult.revision
  until_is Succeeded status operationState.phase
  until_is Synced status sync.status
  until_is Healthy status health.status
}

application() {
  log "an Application of examples/bookinfo"
  git init --quiet --bare --initial-branch main "$work/repositories/shop.git"
  git clone --quiet "$work/repositories/shop.git" "$work/checkout"
  mkdir -p "$app"
  cp "$root"/examples/bookinfo/*.yaml "$app/"
  commit "Bookinfo, all of it version 1 of reviews"
  kubectl create namespace bookinfo
  kubectl label namespace bookinfo istio-injection=enabled
  sed -e 's#repoURL: .*#repoURL: file:///repositories/shop.git#' -e 's#path: examples/bookinfo#path: apps/bookinfo#' \
    "$root/examples/application.yaml" | kubectl apply -f -
  arrived
}

# Requests through the gateway: each becomes a line with its code, and with the pod of reviews that answered or an error.
load() {
  log "requests, without an end"
  kubectl create namespace load
  # shellcheck disable=SC2016 # the container's shell expands it
  kubectl -n load run load --image curlimages/curl:8.16.0 --restart Never --command -- sh -c \
    'while :; do curl -s -m 10 -w " code=%{http_code}\n" http://istio-ingressgateway.istio-system/api/v1/products/0/reviews ||
     echo code=none; sleep 0.2; done'
  kubectl -n load wait --for condition=Ready pod/load --timeout 5m
  until_is some answered reviews-v1
  begun=$(lines | wc -l)
}

lines() { kubectl -n load logs load | grep 'code='; }

answered() { if lines | tail -n 20 | grep -q "$1"; then echo some; fi; }

none_failed() {
  local failed
  failed=$(lines | tail -n "+$begun" | grep -v 'code=200$' || true)
  failed+=$(lines | tail -n "+$begun" | grep '"error"' || true)
  if [ -n "$failed" ]; then
    printf 'requests failed:\n%s\n' "$failed" >&2
    return 1
  fi
}

canary() {
  local weight
  for weight in 10 50 100; do
    sed -i "s/\(v3: {.*weight: \)[0-9]*/\1$weight/" "$app/meshspec.yaml"
    commit "$weight% of the calls of reviews go to version 3"
    arrived
    until_is some answered reviews-v3
    none_failed
  done
  sed -i '/^ *v1: {image: examples-bookinfo-reviews-v1}$/d' "$app/meshspec.yaml"
  commit "Version 1 of reviews goes"
  arrived
  until_is '' kubectl -n bookinfo get deployment reviews-v1 --ignore-not-found --output name
  sleep 30 # requests that come after the last pod has gone
  none_failed
  if [ "$(answered reviews-v1)" ]; then
    echo "reviews-v1 still answers" >&2
    return 1
  fi
  log "$(($(lines | wc -l) - begun)) requests, none of which failed"
}

if [ "${MESHSPEC_KIND_SOURCED:-}" ]; then return; fi # a test asks single functions
cluster
mesh
argo_cd
application
load
canary
