"""Chain-of-thought prompt distillation for tweets with images: everything but the screens."""
