"""`cmp validate --against`: two revisions of an application, as people compare them."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.test_command_line import SERVICE, fails, run, spec

PLATFORM = "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: main}\ndefaults: %s\n"
DISK = "volumes: {/data: {size: %s, accessModes: ReadWriteMany}}\n"


def revisions(directory: Path, before: str, now: str) -> tuple[str, str, str]:
    """The arguments for two revisions of one spec, each at the root of its repository."""
    return spec(directory / "now", now), "--against", spec(directory / "before", before)


def test_a_change_that_is_refused_is_named_at_its_line(tmp_path: Path) -> None:
    said = fails(1, "validate", *revisions(tmp_path, SERVICE + DISK % "2Gi", SERVICE + DISK % "1Gi"))

    assert said == (
        'meshspec.yaml:6:19: error[MS240]: spec.resources.requests.storage of PersistentVolumeClaim "web-data" cannot'
        " be changed from 2Gi to 1Gi\n"
        "6 | volumes: {/data: {size: 1Gi, accessModes: ReadWriteMany}}\n"
        "  |                   ^^^^\n"
        "  = help: first add a second volume at another path and copy the data there; then remove this one\n"
    )


def test_a_change_that_is_taken_is_counted(tmp_path: Path) -> None:
    done = run("validate", *(arguments := revisions(tmp_path, SERVICE + DISK % "1Gi", SERVICE + DISK % "2Gi")))

    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == f"1 service, 9 objects: fine (9 of them compared with {arguments[-1]})\n"


def test_what_only_the_cluster_knows_is_a_warning(tmp_path: Path) -> None:
    named = DISK % "1Gi, storageClass: fast"
    done = run("validate", *revisions(tmp_path, SERVICE + DISK % "1Gi", SERVICE + named))

    assert done.returncode == 0
    assert "warning[MS240]: spec.storageClassName" in done.stderr.decode()
    assert "unless this is what the cluster chose" in done.stderr.decode()
    assert ":6:" in done.stderr.decode()


def test_the_line_is_that_of_the_version(tmp_path: Path) -> None:
    text = SERVICE + "versions: {v1: {}, v2: {weight: 0, volumes: {/data: {size: %s, accessModes: ReadWriteMany}}}}\n"
    done = run("validate", *revisions(tmp_path, text % "2Gi", text % "1Gi"), "-o", "json")

    (found,) = (one for one in json.loads(done.stdout) if one["severity"] == "error")
    assert (found["code"], found["line"], found["column"]) == ("MS240", 6, text.splitlines()[5].index("size") + 1)


def repository(directory: Path, size: str, **files: str) -> Path:
    """A repository with an application below a platform, and a revision of it."""
    files = {"meshplatform": PLATFORM % "{}", "web": SERVICE + DISK % size, **files}
    spec(directory, files["meshplatform"], "meshplatform.yaml")
    (directory / "apps").mkdir(exist_ok=True)
    spec(directory / "apps" / "web", files["web"])
    return directory


def git(directory: Path, *arguments: str) -> None:
    config = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *config, *arguments], cwd=directory, check=True, capture_output=True, timeout=60)


def test_the_application_is_found_at_the_same_place_of_a_worktree(tmp_path: Path) -> None:
    now = tmp_path / "now"
    now.mkdir()
    git(now, "init", "-q")
    repository(now, "2Gi")
    git(now, "add", ".")
    git(now, "commit", "-qm", "before")
    git(now, "worktree", "add", "-q", str(tmp_path / "before"))
    repository(now, "1Gi")

    said = fails(1, "validate", str(now / "apps" / "web"), "--against", str(tmp_path / "before"))

    assert "apps/web/meshspec.yaml:6:19: error[MS240]" in said


def test_a_copy_of_the_repository_needs_no_git(tmp_path: Path) -> None:
    """The platform's defaults hold in the copy, too."""
    now, before = tmp_path / "now", tmp_path / "before"
    for directory in (now, before):
        directory.mkdir()
    git(now, "init", "-q")
    disk = PLATFORM % "{volumes: {/data: {size: 1Gi, accessModes: ReadWriteMany}}}"
    repository(now, "1Gi", meshplatform=disk, web=SERVICE)
    repository(before, "2Gi", meshplatform=disk.replace("1Gi", "2Gi"), web=SERVICE)

    said = fails(1, "validate", str(now / "apps" / "web"), "--against", str(before))

    assert "meshplatform.yaml:4:30: error[MS240]" in said


def test_one_file_is_compared_with_the_file(tmp_path: Path) -> None:
    path, flag, before = revisions(tmp_path, SERVICE + DISK % "2Gi", SERVICE + DISK % "1Gi")

    assert "error[MS240]" in fails(1, "validate", f"{path}/meshspec.yaml", flag, before)


def test_every_environment_is_compared_with_itself(tmp_path: Path) -> None:
    before = SERVICE + "environments: {prod: {volumes: {/data: {size: 2Gi, accessModes: ReadWriteMany}}}, test: {}}\n"
    now = before.replace("2Gi", "1Gi").replace("test", "dev")
    done = run("validate", *revisions(tmp_path, before, now))

    assert done.returncode == 1
    assert done.stderr.decode().count("MS240") == 1
    assert "dev: 1 service, 8 objects: fine (0 of them compared with" in done.stdout.decode()


def test_an_application_that_was_not_there_is_new(tmp_path: Path) -> None:
    now, before = tmp_path / "now", tmp_path / "before"
    for directory in (now, before):
        directory.mkdir()
    git(now, "init", "-q")
    repository(now, "1Gi")

    done = run("validate", str(now / "apps" / "web"), "--against", str(before))
    assert "(0 of them compared with" in done.stdout.decode()
    (before / "apps" / "web").mkdir(parents=True)
    assert run("validate", str(now / "apps" / "web"), "--against", str(before)).stdout == done.stdout


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    said = fails(1, "validate", spec(tmp_path, SERVICE), "--against", str(tmp_path / "nowhere"))

    assert said.startswith(f'error[MS002]: "{tmp_path}/nowhere" is not a directory\n= help: ')


@pytest.mark.parametrize("text", ["a: [", SERVICE + "unknown: 1\n"])
def test_a_revision_that_cannot_be_rendered_is_an_error(text: str, tmp_path: Path) -> None:
    said = fails(1, "validate", *revisions(tmp_path, text, SERVICE))

    assert said.startswith('error[MS241]: the revision in "')
    assert "meshspec.yaml:" in said


def test_the_values_of_a_secret_are_not_shown(tmp_path: Path) -> None:
    """The line is that of the object's own file."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\ntype: %s\n"
    for directory, kind in (("before", "example.com/a"), ("now", "example.com/b")):
        spec(tmp_path / directory, SERVICE + "manifests: secret.yaml\n")
        spec(tmp_path / directory, secret % kind, "secret.yaml")

    said = fails(1, "validate", str(tmp_path / "now"), "--against", str(tmp_path / "before"))

    assert said.startswith('secret.yaml:1:1: error[MS240]: type of Secret "web" cannot be changed\n')


def test_what_a_patch_changed_is_found(tmp_path: Path) -> None:
    patch = "patches: {target: Service, merge: {spec: {clusterIP: None}}}\n"
    said = fails(1, "validate", *revisions(tmp_path, SERVICE, SERVICE + patch))

    assert 'error[MS240]: spec.clusterIP of Service "web" cannot be changed from unset to None' in said


def test_the_claims_of_a_stateful_set_are_named_at_the_volume(tmp_path: Path) -> None:
    text = SERVICE + "workload: StatefulSet\nvolumes: {/data: {size: %s}}\n"
    said = fails(1, "validate", *revisions(tmp_path, text % "1Gi", text % "2Gi"))

    assert 'meshspec.yaml:7:1: error[MS240]: spec.volumeClaimTemplates of StatefulSet "web" cannot be changed\n' in said
    assert "= help: first kubectl delete statefulset web -n default --cascade=orphan" in said


APP = (
    "apiVersion: meshspec.io/v1alpha1\nkind: MeshApp\nmetadata: {name: shop}\n"
    "defaults: {image: a:%s, port: 80}\nservices:\n"
)
TOKENS = "  web: {access: front, jwt: {issuer: https://a.example.com%s}}\n  front: {calls: web}\n"

#: Two revisions, the warning, and the line that it names.
GAPS = {
    "a service": (
        APP % 1 + "  web: {access: front}\n  front: {calls: web}\n",
        APP % 1 + "  front: {}\n",
        'warning[MS270]: the pods of Deployment "web-v1" end later than what keeps others out of them is removed\n'
        '= help: first sync with "replicas: 0" of "web"; then remove the service\n',
    ),
    "a target": (
        APP % 1 + "  web: {ports: {http: {port: 80, targetPort: 81}}}\n",
        APP % 1 + "  web: {ports: {http: {port: 80, targetPort: 82}}}\n",
        'meshspec.yaml:6:9: warning[MS271]: port 80 of Service "web" leads to 82 instead of 81 before there are'
        " pods that listen there\n",
    ),
    "a port": (
        APP % 1 + "  web: {ports: {http: 80, http-b: 81}}\n",
        APP % 1 + "  web: {ports: {http: 80}}\n",
        'meshspec.yaml:6:9: warning[MS271]: port 81 of Service "web" is removed before pods that call it may know\n',
    ),
    "a call": (
        APP % 1 + "  web: {access: front}\n  front: {calls: web}\n",
        APP % 2 + "  web: {access: front}\n  front: {}\n",
        'warning[MS272]: the proxies of "front-v1" refuse default/web.default.svc.cluster.local before the pods are'
        " replaced that may call it\n",
    ),
    "a caller and a rule": (
        APP % 1 + "  web: {access: [front, {action: DENY, to: {paths: /admin}}]}\n  front: {}\n",
        APP % 1 + "  web: {}\n  front: {}\n",
        'warning[MS273]: a caller of "web" and a rule that refuses or asks are removed at once: for a moment the caller'
        " may be let in without the rule\n",
    ),
    "tokens": (
        APP % 1 + TOKENS % ", require: true",
        APP % 1 + "  web: {access: front}\n  front: {calls: web}\n",
        'warning[MS273]: an issuer of "web" and the rule that asks for its tokens are removed at once: for a moment'
        " requests with a valid token may be refused\n",
    ),
    "an account": (
        APP % 1 + "  web: {access: front}\n  front: {calls: web}\n",
        APP % 1 + "  web: {access: front}\n  front: {calls: web, serviceAccount: {name: shop}}\n",
        'meshspec.yaml:7:23: warning[MS279]: pods of "front" that have the account "front" are refused by "web" before'
        " they are replaced\n",
    ),
    "the first rules": (
        APP % 1 + "  web: {selector: {app: web}}\n  front: {}\n",
        APP % 1 + "  web: {selector: {app: web}, access: front}\n  front: {}\n",
        'meshspec.yaml:6:31: warning[MS280]: pods of "web" that run already, and that no rule has closed so far, refuse'
        " for a while the callers whose rule is not there yet\n",
    ),
}


@pytest.mark.parametrize("name", GAPS)
def test_what_no_order_makes_safe_is_a_warning(name: str, tmp_path: Path) -> None:
    before, now, warning = GAPS[name]
    done = run("validate", *revisions(tmp_path, before, now))

    assert done.returncode == 0
    assert warning in done.stderr.decode()
    assert len(re.findall(r"warning\[MS2[78]", done.stderr.decode())) == 1


def test_a_host_that_moves_is_named_where_it_is_to_be(tmp_path: Path) -> None:
    platform = "apiVersion: meshspec.io/v1alpha1\nkind: MeshPlatform\nmetadata: {name: main}\n"
    platform += "gateways: {public: {hosts: '*.example.com', namespace: istio-ingress, tls: cert}}\n"
    arguments = revisions(
        tmp_path,
        APP % 1 + "  front: {expose: www.example.com}\n  other: {}\n",
        APP % 1 + "  front: {}\n  other: {expose: www.example.com}\n",
    )
    for name in ("before", "now"):
        spec(tmp_path / name, platform, "meshplatform.yaml")
    done = run("validate", *arguments)

    assert done.returncode == 0
    assert done.stderr.decode() == (
        'meshspec.yaml:7:11: warning[MS278]: www.example.com moves to VirtualService "other-public", which comes when'
        ' "front-public" is gone already: for a while requests fail\n'
        "7 |   other: {expose: www.example.com}\n"
        "  |           ^^^^^^\n"
        '  = help: first give VirtualService "front-public" the sync option PruneLast=true by "patches" and admit the'
        ' gateway in "access" of "front", and sync; then move the host with that still there\n'
    )


def test_a_call_that_stays_while_pods_are_replaced_is_safe(tmp_path: Path) -> None:
    text = APP + "  web: {access: front}\n  front: {calls: web}\n"
    done = run("validate", *revisions(tmp_path, text % 1, text % 2))

    assert (done.returncode, done.stderr) == (0, b"")
