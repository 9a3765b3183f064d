"""Training a student by conditional prompt distillation."""
