"""Recipes as values: the order of the stages, their names and their numbers."""

PROJECT = "r1-curate"  # see curate/__init__.py
