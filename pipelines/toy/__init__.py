"""What the pipeline r1_toy has in place of the world: prompts (written by tools/toy.py) and functions in place of the web, of a general model and of a judge."""
