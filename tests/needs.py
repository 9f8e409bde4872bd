"""Marks for tests that need a program of the system, which `make test` installs where it may: without it they count as tests that could not run."""

import shutil

import pytest

BUBBLEWRAP = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed: apt-get install bubblewrap")
CPP = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler: apt-get install g++")
