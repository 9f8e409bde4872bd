#!/usr/bin/env bash
# The CPU build of torch, which PyPI does not have: tools/torch.sh PYTHON install|download [pip options].
#
# Looked for where pip is configured to find wheels, then on PyTorch's own CPU wheel index. The version's "+cpu" keeps pip from ever taking the CUDA build instead.
set -uo pipefail
python=$1
action=$2
shift 2
here=$(dirname "$0")/..
wanted=$(cat "$here/requirements/torch.txt")
log=$(mktemp)
trap 'rm -f "$log"' EXIT

for index in "" "--index-url=https://download.pytorch.org/whl/cpu"; do
    # shellcheck disable=SC2086  # an empty index is no argument
    if "$python" -m pip "$action" -qq --disable-pip-version-check --retries 1 --no-deps $index "$@" "$wanted" 2>"$log"; then exit 0; fi
done
if grep -qi "no space left" "$log"; then
    echo "error: the disk is full: torch needs about 1 GB where the virtual environment is" >&2
else
    echo "error: $wanted was found neither where pip is configured to look nor on PyTorch's CPU wheel index: download its wheel for Python 3.11 and call make again with PIP_FIND_LINKS=DIRECTORY_OF_THE_WHEEL" >&2
fi
exit 1
