#!/usr/bin/env bash
# Check the specs of a pull request, and write what it changes in the rendered objects to the summary. Run by action.yml.
#
# MESHSPEC: the program. SPECS: the application's directory. NAMESPACE, ENVIRONMENTS: what to render for. BASE: the branch to
# compare with, or nothing. RUNNER_TEMP, GITHUB_STEP_SUMMARY: the runner's.
set -euo pipefail

if [ -z "$BASE" ]; then
  exec "$MESHSPEC" validate "$SPECS" --namespace "$NAMESPACE" --output github
fi

before="$RUNNER_TEMP/meshspec-base"
git fetch --quiet --depth 1 origin -- "$BASE"
git worktree add --quiet --force --detach "$before" FETCH_HEAD
trap 'git worktree remove --force "$before"' EXIT

"$MESHSPEC" validate "$SPECS" --namespace "$NAMESPACE" --output github --against "$before"

# An application, or an environment, that the base does not have is all new.
compared() {
  "$MESHSPEC" diff "$SPECS" --namespace "$NAMESPACE" --against "$before" --output markdown ${1:+--env "$1"}
}

# shellcheck disable=SC2153 # not this script's: action.yml gives it
read -ra environments <<<"$ENVIRONMENTS"
{
  echo "### meshspec: $SPECS"
  for environment in "${environments[@]:-}"; do
    compared "$environment"
  done
} >>"$GITHUB_STEP_SUMMARY"
