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

# An application, or an environment, that the base does not have, or cannot render, is all new.
rendered() {
  "$MESHSPEC" generate "$1" --namespace "$NAMESPACE" ${2:+--env "$2"}
}

# shellcheck disable=SC2153 # not this script's: action.yml gives it
read -ra environments <<<"$ENVIRONMENTS"
for environment in "${environments[@]:-}"; do
  rendered "$before/$SPECS" "$environment" >"$RUNNER_TEMP/before.yaml" 2>/dev/null || : >"$RUNNER_TEMP/before.yaml"
  rendered "$SPECS" "$environment" >"$RUNNER_TEMP/after.yaml"
  {
    echo "### meshspec: $SPECS${environment:+ ($environment)}"
    if difference=$(diff -U 5 --label "$BASE" --label "this change" "$RUNNER_TEMP/before.yaml" "$RUNNER_TEMP/after.yaml"); then
      echo "No object changes."
    else
      # the summary takes 1 MiB; four backticks, since a value may hold three
      # shellcheck disable=SC2016 # the backticks are Markdown's
      printf '````diff\n%s\n````\n' "$(head -c 900000 <<<"$difference")"
    fi
  } >>"$GITHUB_STEP_SUMMARY"
done
