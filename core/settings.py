"""Every choice of a running system in one object: a TOML file, then the environment, then flags.

Secrets are not here: the endpoint's key is read from OPENAI_API_KEY where it is used, never shown, logged or stored.
"""

import os
import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from core.domain import Task
from core.errors import BadInput
from core.identity import Role

STUDENT_OF: dict[Task, str] = {"mner": "student", "mre": "relation_student"}
"""The setting that names the student of a task."""

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def _cache_home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cotpd"


class Settings(BaseSettings):
    """Read from `cotpd.toml` in the working folder (`COTPD_CONFIG` names another), then from `COTPD_*`."""

    model_config = SettingsConfigDict(env_prefix="COTPD_", extra="forbid", frozen=True)

    workspace: Path = Field(Path("workspace"), description="folder of the database, the images and trained students")
    cache: Path = Field(default_factory=_cache_home, description="folder of downloaded weights, shared by workspaces")
    data: Path | None = Field(None, description="folder of the research corpora; nothing is copied out of it")

    captioner: str = Field("describe", description="name of a file in core/captioners")
    blip2: str | None = Field(None, description="hub id or folder of BLIP-2 weights, e.g. Salesforce/blip2-opt-2.7b")

    lavis: str = Field(
        "blip2_opt/caption_coco_opt2.7b", description="a model of LAVIS and its type, or a YAML file like its types'"
    )
    lavis_python: Path = Field(
        ASSETS.parent / ".venv-lavis/bin/python", description="the Python of LAVIS' own environment; see `make lavis`"
    )
    ray_workers: int = Field(0, ge=0, description="captioners on a Ray cluster; 0: one for each GPU or, without, CPU")
    vision_url: str | None = Field(None, description="base URL of an OpenAI-compatible endpoint that sees pictures")
    vision_model: str | None = Field(None, description="its model that captions pictures, e.g. gpt-4o-mini")

    teacher: str = Field("", description="a file in core/teachers; empty: endpoint if one is configured, else embedded")
    teacher_url: str | None = Field(None, description="base URL of an OpenAI-compatible endpoint, ending in /v1")
    teacher_model: str | None = Field(None, description="the endpoint's model, e.g. gpt-4; setting it configures one")
    teacher_prompts: str = Field("", description="prompt set; empty: paper for hosted models, local for embedded ones")
    teacher_sees: bool = Field(False, description="the endpoint's model takes pictures: relate them, not their caption")
    teacher_timeout: float = Field(60.0, gt=0, description="seconds without a word before an answer is given up")
    embedded_teacher: str = Field("qwen2.5-coder-1.5b", description="a name in core/weights, or a GGUF file")

    prices: Path | None = Field(None, description="TOML table of token prices, in place of assets/prices.toml")

    student: str = Field(
        "twitter2017", description="a folder in assets/students or the workspace's students, or a path"
    )
    relation_student: str = Field("mnre", description="the same, of the student that finds relations")

    people: dict[str, Role] = Field(
        default_factory=dict, description="e-mail to role (viewer, reviewer, curator), where people sign in"
    )
    trust_emails: bool = Field(
        False, description="take e-mails of which the sign-in's provider does not say whether it has verified them"
    )
    default_role: Role = Field("viewer", description="role of those who sign in and are not among the people")

    def of_task(self, task: Task) -> Self:
        """These settings with the student of a task as the one that answers."""
        return self.model_copy(update={"student": getattr(self, STUDENT_OF[task])})

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_file())

    @classmethod
    def read(cls, **flags: Any) -> "Settings":
        """The settings of this process; flags that are None count as not given.

        Raises:
            BadInput: the file is missing or no TOML, there is no such setting, or a value is not of the right kind.
        """
        named = {name.removeprefix("COTPD_").lower() for name in os.environ if name.startswith("COTPD_")}
        if unknown := named - cls.model_fields.keys() - {"config"}:
            raise _unknown(min(unknown))
        if "config" in named and not _file().is_file():
            raise BadInput(f"COTPD_CONFIG is {str(_file())!r}, which is no file: mend or unset it")
        try:
            return cls(**{name: value for name, value in flags.items() if value is not None})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{_file()} is not TOML: {error}") from None
        except OSError as error:
            raise BadInput(f"{_file()} cannot be read ({error.strerror}); mend it, or your rights to it") from None
        except SettingsError:  # its words hold the value; people alone is no plain text
            raise BadInput(f"{_named('people')} is no JSON object of e-mail and role") from None
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            if first["type"] == "extra_forbidden":
                raise _unknown(name) from None
            raise BadInput(f"{_named(name)}: {first['msg']}") from None  # without the value: it may hold a secret


def _file() -> Path:
    return Path(os.environ.get("COTPD_CONFIG", "cotpd.toml"))


def _named(name: str) -> str:
    return f"setting {name!r} (COTPD_{name.upper()} or {_file()})"


def _unknown(name: str) -> BadInput:
    return BadInput(f"{_named(name)} does not exist; there are: {', '.join(Settings.model_fields)}")
