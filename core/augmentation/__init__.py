"""New samples from a tweet (paper section 3.3, data augmentation): one file a kind."""

from collections.abc import Callable

from core import prompts
from core.augmentation import entity, image, style
from core.augmentation.pool import EntityPool
from core.domain import Augmentation, AugmentationKind, Sample
from core.teachers import Teacher

__all__ = ["EntityPool", "augment"]


def augment(
    kind: AugmentationKind,
    sample: Sample,
    teacher: Teacher,
    *,
    prompts_set: str,
    pool: EntityPool,
    seed: int = 0,
    hear: Callable[[str], None] | None = None,
) -> Augmentation:
    """One variant of a sample, or why there is none; the sample never changes.

    The labels are the sample's own `entities`: for a tweet that nobody has labelled, give it those that the student
    predicts. `hear` gets the teacher's words as they arrive; a verdict is one word and is not heard.

    Raises:
        BadInput: there is no prompt set of that name.
        TeacherError: no usable answer came, and why.
    """
    prompt = prompts.load(prompts_set, kind)
    match kind:
        case "style":
            return style.restyle(sample, teacher, prompt, hear)
        case "entity":
            return entity.replace(sample, teacher, prompt, pool, seed)
        case "image":
            return image.imagine(sample, teacher, prompt, hear)
