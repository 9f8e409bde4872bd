"""What the wheel holds: three packages with their data, and nothing else of ours in anybody's site-packages."""

import re
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"curate", "pipelines", "train"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built in this process: no network, no isolated environment."""
    builder = pytest.importorskip("hatchling.builders.wheel").WheelBuilder(str(ROOT))
    (path,) = builder.build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    return zipfile.ZipFile(path)


def test_exactly_three_top_levels(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert len(tops) == len(PACKAGES) + 1


def test_package_data_is_in(wheel: zipfile.ZipFile) -> None:
    ignored = re.compile(r"__pycache__|\.py[co]$|/\.")
    there = {str(f.relative_to(ROOT)) for p in PACKAGES for f in (ROOT / p).rglob("*") if f.is_file()}
    assert {f for f in there if not ignored.search(f)} == {name for name in wheel.namelist() if name.split("/")[0] in PACKAGES}


def test_metadata(wheel: zipfile.ZipFile) -> None:
    (name,) = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["Name"] == "r1-curate"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert set(metadata.get_all("Provides-Extra") or []) == {"verify", "filters", "cpu", "gpu", "train", "lora"}
    assert any(n.endswith("/LICENSE") for n in wheel.namelist())
    base = [r for r in metadata.get_all("Requires-Dist") or [] if "extra ==" not in r]
    assert not [r for r in base if re.match(r"(torch|vllm|transformers|ray)\b", r)]
    (scripts,) = [n for n in wheel.namelist() if n.endswith("/entry_points.txt")]
    assert wheel.read(scripts).decode().split() == ["[console_scripts]", "curate", "=", "curate.cli:main"]


def test_every_package_carries_the_marker() -> None:
    for package in PACKAGES:
        assert 'PROJECT = "r1-curate"' in (ROOT / package / "__init__.py").read_text()


def pins(file: str) -> dict[str, str]:
    return dict(line.split("==") for line in (ROOT / "requirements" / file).read_text().split())


def test_locks_pin_everything_once_and_bring_no_cuda() -> None:
    runtime, tools, torch = pins("cpu.lock"), pins("dev.lock"), pins("torch.txt")
    assert torch["torch"].endswith("+cpu")
    assert not set(runtime) & set(tools)
    everything = runtime | tools | torch
    assert not {n for n in everything if n.startswith("nvidia-") or n in ("torchvision", "torchaudio", "torchcodec")}
    assert "torch" not in runtime | tools


def test_locks_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    runtime, everything = pins("cpu.lock"), pins("cpu.lock") | pins("dev.lock") | pins("torch.txt")

    def names(requirements: list[str]) -> set[str]:
        return {r.split(">")[0] for r in requirements}

    assert names(
        project["project"]["dependencies"] + extras["cpu"] + extras["verify"] + extras["filters"] + project["dependency-groups"]["build"]
    ) <= set(runtime)
    assert names(project["dependency-groups"]["dev"] + extras["train"] + extras["lora"]) <= set(everything)


def test_the_tree_names_no_host_but_pytorchs() -> None:
    files = [ROOT / "Makefile", ROOT / ".ci" / "run", *(ROOT / "tools").glob("*.sh"), *(ROOT / "requirements").glob("*")]
    found = {host for f in files for host in re.findall(r"https?://([\w.-]+)", f.read_text())}
    assert found == {"download.pytorch.org"}
