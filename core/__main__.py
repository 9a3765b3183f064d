"""`python -m core`: the batch door."""

from core.cli import app

app()
