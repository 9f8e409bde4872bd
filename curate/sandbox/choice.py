"""Which tier this process uses: the first that holds, found by running a canary in it, once for each process.

Without one nothing is run: NoSandbox names every probe that failed and its cure. `allow_unsafe` switches the refusal off for this process and those it starts; only something typed by name may call it.
"""

import os
from functools import lru_cache

from curate.errors import NoSandbox
from curate.sandbox import probes
from curate.sandbox.tiers import Tier

UNSAFE = "R1_CURATE_UNSAFE_NO_SANDBOX"  # set by allow_unsafe for the processes below, and by nothing else
ONLY = "R1_CURATE_SANDBOX"  # tests: the one tier to try, and Landlock's highest ABI: "landlock:2"


def allow_unsafe() -> None:
    """Run programs without a sandbox where none holds: with limits, and with every file, key and connection of this user in their reach. Each verdict's detail then says tier "none"."""
    os.environ[UNSAFE] = "1"
    _chosen.cache_clear()


def wanted() -> tuple[Tier, ...]:
    """The tiers to try, best first."""
    name, _, abi = os.environ.get(ONLY, "").partition(":")
    found = [Tier("namespaces"), Tier("landlock")]
    if name:
        found = [Tier(t.name, int(abi or 0)) for t in found if t.name == name]
    return tuple(found)


def tier() -> Tier:
    """The tier that holds here. Raises NoSandbox."""
    return _chosen(wanted(), os.environ.get(UNSAFE) == "1")


@lru_cache(maxsize=8)
def _chosen(tiers: tuple[Tier, ...], unsafe: bool) -> Tier:
    failed = []
    for one in tiers:
        finding = probes.probe(one)
        if finding.holds:
            return one
        failed.append(finding)
    if unsafe:
        return Tier("none")
    sentences = "; ".join(f"{f.tier.name}: {f.what} ({f.cure})" for f in failed)
    raise NoSandbox(f"no sandbox holds on this machine, so no code that a model wrote is run. {sentences}")
