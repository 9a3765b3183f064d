"""New samples from a tweet (paper section 3.3, data augmentation): one file a kind."""

from dataclasses import replace

from core import prompts
from core.augmentation import entity, image, style
from core.augmentation.making import FIRST, Draw, Plan
from core.augmentation.pool import EntityPool
from core.domain import AugmentationKind, Entity, Sample
from core.teachers import Teacher

__all__ = ["FIRST", "Draw", "EntityPool", "Plan", "plan"]


def plan(
    kind: AugmentationKind,
    sample: Sample,
    entities: tuple[Entity, ...] | None,
    teacher: Teacher,
    *,
    pool: EntityPool,
    draw: Draw = FIRST,
) -> Plan:
    """What to ask the teacher for one variant of a sample with these entities; the sample never changes.

    The entities are gold ones, or for a tweet that nobody has labelled those that the student finds. Where they are
    None, nobody looked for any: the variant has none either, which is not the same as an empty tuple.

    Raises:
        BadInput: the teacher's prompt set does not exist.
    """
    prompt = prompts.load(teacher.prompts, kind)
    labelled = sample.model_copy(update={"entities": entities})
    match kind:
        case "style":
            made = style.restyle(labelled, teacher, prompt, draw)
        case "entity":
            made = entity.replace(labelled, teacher, prompt, pool, draw)
        case "image":
            made = image.imagine(labelled, teacher, prompt, draw)
    # The parent is the sample as it came, whoever found its entities.
    about = replace(made.ask, sample_id=sample.id) if made.ask else None
    return replace(made, parent_id=sample.id, ask=about)
