"""What a run or a directory holds, in words and numbers: the funnel, the data card, the inspector and the progress line.

Everything printed here passes through `curate.report.text`: what a model or a stranger's file wrote is never sent to a terminal as it is.
"""
