"""`python -m core`: the batch door."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before torch and llama.cpp: spinning threads fight each other

from core.cli import app

app()
