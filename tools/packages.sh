#!/usr/bin/env bash
# Installs Debian packages whose command is missing, where that may be done: `tools/packages.sh COMMAND=PACKAGE...`. Elsewhere it says what is missing, and goes on.
set -euo pipefail
missing=()
for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
done
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${missing[*]}"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null && exit 0
fi
echo "going on without ${missing[*]}: what needs them is counted as not run (as root: apt-get install ${missing[*]})"
