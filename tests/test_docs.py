"""The documentation is held to the program: its specs render, its tables name what is written, its codes exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cmp.catalogue import CATALOGUE
from cmp.environment import Environment
from cmp.manifests.families import STEPS
from cmp.pipeline import render

TOP = Path(__file__).parent.parent
PAGES = sorted([TOP / "README.md", TOP / "CONTRIBUTING.md", *TOP.glob("docs/**/*.md")])
HEAD = "apiVersion: meshspec.io/v1alpha1\nkind: MeshService\nmetadata: {name: reviews}\n"
IMAGE = "image: example.com/shop/reviews:1.4.2\n"
#: What fragments of the language page refer to: gateways, and versions of a service that a fragment does not show.
PLATFORM = """
apiVersion: meshspec.io/v1alpha1
kind: MeshPlatform
metadata: {name: production}
gateways:
  public:
    hosts: "*.example.com"
    namespace: istio-ingress
    ports: {https-admin: {port: 8443, tls: admin}, mongo: 27017, tls-raw: {port: 9443, tls: PASSTHROUGH}}
  internal: {hosts: ["*.corp", "*"], namespace: istio-ingress}
  egress: {namespace: istio-egress}
"""
VERSIONS = "versions: {v1: {}, v2: {weight: 10}}\n"


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.M | re.S)


def completed(fragment: str) -> str:
    """A fragment of a service as a whole spec."""
    text = fragment if fragment.startswith("apiVersion") else HEAD + fragment
    if "kind: MeshService" not in text:
        return text
    for key, line in (("image", IMAGE), ("ports?", "port: 9080\n"), ("versions", VERSIONS)):
        if not re.search(rf"^{key}:", text, re.M):
            text += line
    if "replicas:" in text and not re.search(r"^resources:", text, re.M):
        text += "resources: {cpu: 100m}\nreplicas: {min: 2, max: 9}\n" if "environments:" in text else ""
    return text


#: Pages whose examples are held by others: golden cases, and tests/test_mistakes.py.
ELSEWHERE = ("spec.md", "mistakes.md")
#: Blocks that are no specs.
OTHERS = ("spec:\n  template:", "environments:\n  all-v1:", "apiVersion: kustomize", "on: pull_request", "repos:")
CASES = [
    (page.name, number, text)
    for page in PAGES
    for number, text in enumerate(blocks(page))
    if page.name not in ELSEWHERE and not text.startswith(OTHERS)
]


@pytest.mark.parametrize(("page", "number", "text"), CASES, ids=[f"{page}-{number}" for page, number, _ in CASES])
def test_specs_of_the_documentation_render(page: str, number: int, text: str, tmp_path: Path) -> None:
    spec = completed(text)
    app = tmp_path / "app"
    for file in re.findall(r"(?<=[\[ ])[\w./*]+\.yaml(?=[,\]])", spec):  # files that it names
        path = app / file.replace("*", "a")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {path.parent.name}}}}}\n")
    app.mkdir(exist_ok=True)
    (tmp_path / ".git").mkdir()
    if "kind: MeshPlatform" in spec:
        (app / "meshplatform.yaml").write_text(spec)
    else:
        (app / "meshspec.yaml").write_text(spec)
        (app / "meshplatform.yaml").write_text(PLATFORM)
    name = "prod" if "environments:" in spec else ""
    assert render(str(app), Environment("shop", name), {}).manifests


def leaves(value: Any, path: str) -> Iterator[str]:
    """The paths of what an object says, as the tables of docs/defaults.md write them."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            if child is not None:
                yield from leaves(child, f"{path}.{key}" if path else key)
    elif isinstance(value, (list, tuple)) and value:
        for child in value:
            yield from leaves(child, f"{path}[]")
    else:
        yield path


def test_the_minimal_spec_gives_what_the_page_of_defaults_says(tmp_path: Path) -> None:
    page = (TOP / "docs/defaults.md").read_text()
    (tmp_path / "meshspec.yaml").write_text(blocks(TOP / "docs/defaults.md")[0])
    assert len(blocks(TOP / "docs/defaults.md")[0].strip().splitlines()) <= 6
    manifests = render(str(tmp_path), Environment("prod", source_path="."), {}).manifests
    sections = {part.partition("\n")[0]: part for part in page.split("\n## ")[1:]}
    common = set(re.findall(r"`(metadata\.[^`]+)`", sections["On every object"]))
    assert sorted(m["kind"] for m in manifests) == sorted(set(sections) & {m["kind"] for m in manifests})
    for manifest in manifests:
        said = set(re.findall(r"`([^`]+)`", sections[manifest["kind"]])) | common
        written = set(leaves({k: v for k, v in manifest.items() if k not in ("apiVersion", "kind")}, ""))
        assert written <= said, manifest["kind"]
        table = {name for name in said - common if re.match(r"(spec|metadata)\.|automount", name)}
        assert table <= written, f"{manifest['kind']}: described, but not written"


def test_the_readme_counts_right(tmp_path: Path) -> None:
    (tmp_path / "meshspec.yaml").write_text(blocks(TOP / "README.md")[0])
    manifests = render(str(tmp_path), Environment("shop", source_path="."), {}).manifests
    assert f"{len(manifests)} objects" in (TOP / "README.md").read_text()


def test_codes_of_the_documentation_exist() -> None:
    for page in PAGES:
        assert set(re.findall(r"\bMS\d{3}\b", page.read_text())) <= set(CATALOGUE), page


def test_the_walk_through_of_contributing_is_in_the_code() -> None:
    text = (TOP / "CONTRIBUTING.md").read_text()
    code = (TOP / "cmp/manifests/workload.py").read_text() + (TOP / "cmp/spec/service.py").read_text()
    for block in re.findall(r"^   ```python\n(.*?)^   ```", text, re.M | re.S):
        for line in block.splitlines():
            if line.strip() and "..." not in line:
                assert line.strip() in code, line
    assert any(step.build.__name__ == "proxy_config" for step in STEPS)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings as GitHub makes them: of equal ones the second has a number."""
    found: set[str] = set()
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        slug = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        found.add(next(one for one in (slug, *(f"{slug}-{n}" for n in range(1, 99))) if one not in found))
    return found


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", page.read_text()):
            other = page.parent / target if target else page
            assert other.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(other), f"{page.name}: {target}#{anchor}"
