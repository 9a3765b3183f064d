"""Chain-of-thought prompt distillation for tweets with images: everything but the screens."""

import os

# Before torch and llama.cpp are imported: idle OpenMP threads that spin make two busy processes ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
