"""Measurements of time and memory. Each prints its figures with the machine they were taken on."""
