"""`curate filter`: samples through a chain of filters into a dataset directory of kept and rejected rows.

units.py     what is to be read: the files of the inputs, cut into ranges of rows
reading.py   rows of a unit as a table of samples, whatever they were
foreign.py   from a row of somebody else's set to samples
work.py      what is found in the rows of a unit, and the files that are written
worker.py    the process that does it
lanes.py     those processes, and the order in which duplicates are decided
run.py       the command as a function
funnel.py    the counts
"""
