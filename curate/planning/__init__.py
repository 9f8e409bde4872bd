"""What a pipeline will cost, stage by stage, before it is run, and what it has cost beside that."""
