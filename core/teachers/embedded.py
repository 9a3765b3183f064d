"""A teacher on this machine: llama.cpp serves a GGUF model on loopback, and is asked like any other endpoint."""

import atexit
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from pathlib import Path

import openai
import xllamacpp

from core import prompts, weights
from core.errors import Unavailable
from core.settings import Settings
from core.teachers import Teacher
from core.teachers._chat import ChatTeacher

_CONTEXT = 16384  # tokens, shared by all slots: about 460 MB for the default model
_SLOTS = len(prompts.NAMES)  # each prompt finds its own slot again, by the likeness of the opening
_SAVED_PROMPTS = 256  # MiB of memory for openings whose slot was taken over

_lock = threading.Lock()
_servers: dict[Path, tuple[xllamacpp.Server, str]] = {}
_warm: set[tuple[Path, str]] = set()


def unusable(settings: Settings) -> str | None:
    """That the weights aren't here, and the command that gets them; or None."""
    name = settings.embedded_teacher
    if name in weights.ENCODERS:
        return f"{name!r} is an encoder, which answers nothing: mend COTPD_EMBEDDED_TEACHER"
    if weights.find(name, settings.cache):
        return None
    if name.endswith(".gguf"):
        return f"there is no file {name}: mend COTPD_EMBEDDED_TEACHER"
    return f"the weights of {weights.title(name)} are not on this machine: run `python -m core fetch`"


def load(settings: Settings) -> Teacher:
    """The embedded model, served by this process; a second call for the same weights shares the server.

    Raises:
        Unavailable: the weights aren't here, or llama.cpp can't read them.
        BadInput: the prompt set lacks a prompt.
    """
    problem, path = unusable(settings), weights.find(settings.embedded_teacher, settings.cache)
    if problem or path is None:
        raise Unavailable(f"the embedded teacher cannot be used: {problem}")
    prompt_set = settings.teacher_prompts or "local"
    with _lock:
        if path not in _servers:
            _servers[path] = _serve(path, settings.cache / "openings")
        server, key = _servers[path]
        if (path, prompt_set) not in _warm:
            try:
                _warm_up(server.listening_address, key, path, prompt_set)
            except openai.OpenAIError as error:
                raise Unavailable(f"{path} was loaded but cannot answer a prompt ({error}): choose another") from error
            _warm.add((path, prompt_set))
    teacher = ChatTeacher(
        model=f"{weights.title(settings.embedded_teacher)} (embedded)",
        served_as=path.stem,
        base_url=f"{server.listening_address}/v1",
        key=key,
        prompts=prompt_set,
        timeout=settings.teacher_timeout,
        parameters={"weights": path.name, "runtime": f"xllamacpp {xllamacpp.__version__}"},
        concurrency=_SLOTS,
        patience=settings.teacher_timeout * _SLOTS,  # the slots share one machine
        is_paid=False,
        by_proxy=False,
    )
    # A server ends when it has given its answers: a process that is to end in the middle of one hangs up first.
    atexit.register(teacher.close)
    return teacher


def _cores() -> int:
    """The processors that this process may use, as far as the system tells."""
    allowed = getattr(os, "sched_getaffinity", None)  # macOS has none
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _direct() -> openai.DefaultHttpxClient:
    """A client that asks no proxy, whatever the environment says: what is asked on loopback stays on this machine."""
    return openai.DefaultHttpxClient(trust_env=False)


def _serve(path: Path, openings: Path) -> tuple[xllamacpp.Server, str]:
    """A server that answers only those who have the key, which never leaves this process."""
    try:
        openings.mkdir(parents=True, exist_ok=True)
    except OSError:  # weights that are shared by many lie where nobody writes; openings are read anew then
        openings = Path(tempfile.mkdtemp(prefix="cotpd-openings-"))
        atexit.register(shutil.rmtree, openings, ignore_errors=True)
    key = secrets.token_urlsafe()
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.stem}  # else it answers under the name of the file, which is not the one asked for
    params.api_keys = [key]
    params.port = 0
    params.n_parallel = _SLOTS
    params.n_ctx = _CONTEXT
    params.kv_unified = True
    params.cache_ram_mib = _SAVED_PROMPTS
    params.slot_save_path = f"{openings}/"
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE  # mapped, the file would be in memory twice
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _cores()
    params.use_jinja = True
    params.ui = False
    params.verbosity = 0
    try:
        return xllamacpp.Server(params), key
    except RuntimeError as error:
        raise Unavailable(f"llama.cpp cannot load {path} ({error}): it must be a GGUF file of a chat model") from error


def _warm_up(address: str, key: str, path: Path, prompt_set: str) -> None:
    """Give each slot the state of one prompt's opening, from disk where an earlier process left it.

    Reading the openings takes about 25 s on two cores, so without this the first words would wait for them.
    """
    with openai.OpenAI(base_url=address, api_key=key, timeout=600, max_retries=0, http_client=_direct()) as client:
        for slot, name in enumerate(prompts.NAMES):
            prompt = prompts.load(prompt_set, name)
            identity = f"{path.name} {path.stat().st_size} {xllamacpp.__version__} {prompt.version}"
            file = {"filename": hashlib.sha256(identity.encode()).hexdigest()[:16]}
            try:
                client.post(f"slots/{slot}?action=restore", body=file, cast_to=object)
            except openai.BadRequestError:  # nobody left it there
                dialogue = prompt.messages(**dict.fromkeys(prompt.places, ""))
                body = {"messages": dialogue, "max_tokens": 1, "id_slot": slot}
                client.post("v1/chat/completions", body=body, cast_to=object)
                client.post(f"slots/{slot}?action=save", body=file, cast_to=object)
