"""Asking a teacher for a whole corpus: side by side, within limits, each answer kept the moment it comes.

Work comes as conversations, which yield asks and get their answers, and yield records, which are kept:

    engine = Engine(teacher, store, Limits(concurrency=8), price, planned=…)
    job = Job(engine, conversations)          # in a background thread
    job.start()
    while not job.wait(0.2):
        show(engine.tally)
    tally = job.result()
"""

from core.asking.engine import Conversation, Engine
from core.asking.job import Job
from core.asking.limits import Limits
from core.asking.tally import Failure, Tally
from core.asking.work import Work

__all__ = ["Conversation", "Engine", "Failure", "Job", "Limits", "Tally", "Work"]
