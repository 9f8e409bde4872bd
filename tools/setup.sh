#!/usr/bin/env bash
# Makes the virtual environment and installs what the demo runs on: `make setup` calls it. What is missing is said in one sentence, before anything is downloaded.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
stop() {
    echo "error: $*" >&2
    exit 1
}

[ -n "${PYTHON:-}" ] || stop "no python3 was found: install Python 3.11"
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || stop "$PYTHON does not run: name a Python 3.11 with make PYTHON=/path/to/python3.11"
[ "$version" = 3.11 ] || stop "the lock files are for Python 3.11 and $PYTHON is $version: name another with make PYTHON=/path/to/python3.11, or install r1-curate with pip in the ranges of pyproject.toml"
[ "$(uname -sm)" = "Linux x86_64" ] || stop "the lock files are for Linux on x86-64 and this is $(uname -sm): install r1-curate with pip in the ranges of pyproject.toml"
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null || stop "this Python has no venv module: on Debian, apt-get install python3-venv"
# pycosat, which reasoning-gym needs, is built here.
command -v cc >/dev/null || command -v gcc >/dev/null || stop "a C compiler is needed: on Debian, apt-get install gcc libc6-dev"
"$PYTHON" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
    stop "this Python has no header files, which building one package needs: on Debian, apt-get install python3-dev"

[ -x "$venv/bin/python" ] || "$PYTHON" -m venv "$venv"
echo "installing $(cat requirements/torch.txt), about 200 MB"
tools/torch.sh "$venv/bin/python" install
echo "installing $(wc -l <requirements/cpu.lock) more packages at the versions of requirements/cpu.lock"
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-deps -r requirements/cpu.lock ||
    stop "pip could not install requirements/cpu.lock, its last lines above say why: mend that and call make again, what is installed stays"
