"""Scores of a student on labelled samples."""
