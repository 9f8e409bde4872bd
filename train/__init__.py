"""Thin trainers over r1-curate's shards: SFT, GRPO and reward models."""

PROJECT = "r1-curate"  # see curate/__init__.py
