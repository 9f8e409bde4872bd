"""What r1_mini has in place of large models and of the world: questions and requests as files (written by tools/mini.py), and functions where a model of 135 million parameters cannot be asked."""
