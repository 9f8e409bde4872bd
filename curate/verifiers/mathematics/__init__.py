"""Mathematical answers, read and compared exactly: text -> syntax -> exact or numeric values; structure and compare put them together. `curate/verifiers/math.py` is what callers use."""
