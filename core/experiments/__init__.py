"""The paper's tables as files: every row is a training, every number comes out of a run."""

from core.experiments.report import Results, RowResults, RunResult, Score, results, scale
from core.experiments.tables import tables

__all__ = ["Results", "RowResults", "RunResult", "Score", "results", "scale", "tables"]
