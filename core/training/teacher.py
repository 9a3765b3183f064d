"""A teacher that stands still: what a trained student, seeing knowledge, thinks of each label."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from core.evaluation.views import Example
from core.files import fingerprint
from core.student import files
from core.student.folder import WEIGHTS
from core.training.data import digest
from core.training.posteriors import Kept
from core.training.progress import TeacherProgress

BATCH_SIZE = 32


class FrozenTeacher:
    """A trained student in its knowledge view. Its posteriors are computed once; no step pays for the long pass."""

    def __init__(self, folder: Path) -> None:
        """Raises BadInput where the folder holds no student, and Unavailable where its encoder cannot be loaded."""
        self.student, self._views = files.load(folder)
        self.fingerprint = fingerprint(folder / WEIGHTS)

    def posteriors(
        self,
        examples: Sequence[Example],
        *,
        temperature: float,
        device: torch.device,
        bf16: bool,
        kept: Kept,
        report: Callable[[TeacherProgress], None],
    ) -> list[Tensor]:
        """log p(y_i | x, I, c) of each example: (n, C), in half precision, for there are many.

        What `kept` holds of them already isn't computed anew; what is computed, it keeps, also if this is interrupted.
        """
        found = kept.read(f"{self.fingerprint} {digest(examples)} {temperature} {bf16}")
        encoded = self._views.encode_all([(example.sample, example.sections) for example in examples])
        order = sorted(range(len(encoded)), key=lambda at: len(encoded[at].knowledge))
        order = [at for at in order if at not in found]
        student, begun, before = self.student.to(device), time.monotonic(), len(found)
        try:
            for start in range(0, len(order), BATCH_SIZE):
                chosen = order[start : start + BATCH_SIZE]
                batch = self._views.collate([encoded[at] for at in chosen]).to(device)
                with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                    logits = student.with_knowledge(batch)
                    log_p = student.head.log_posteriors(logits, batch.asked, temperature)
                for at, asked, values in zip(chosen, batch.asked, log_p, strict=True):
                    found[at] = values[asked].half().cpu()
                kept.write_now_and_then(found)
                left = (time.monotonic() - begun) / (len(found) - before) * (len(encoded) - len(found))
                report(TeacherProgress(len(found), len(encoded), left))
        finally:
            kept.write(found)
        return [found[at] for at in range(len(encoded))]
