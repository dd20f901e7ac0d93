"""Somebody's package: classifiers for narratives that live outside of it."""
