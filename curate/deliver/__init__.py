"""From filtered samples to what is trained on.

select.py    which rows: quotas by domain, caps by prompt, the split and the order; pure
mix.py       `curate mix` as a function
spill.py     rows on their way from the order of the inputs into that of the shuffle
"""
