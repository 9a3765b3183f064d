"""What tests of captioners share."""

from PIL import Image

from core.captioners import Captioner, Description


def described(captioner: Captioner, image: Image.Image) -> Description:
    """The description of one picture, which must have one."""
    (made,) = captioner.describe_all([image])
    assert isinstance(made, Description), made
    return made
