"""A tiny BLIP-2 in LAVIS' own form, built and run in LAVIS' own environment. Only the vision transformer's size, which
LAVIS does not let one choose, is set from outside.

    python tiny_lavis.py build FOLDER                 make one that learned to name the colour of a square
    python tiny_lavis.py -P WORKER ARCHITECTURE TYPE  run the captioner's worker with so small a vision transformer
"""

import functools
import importlib.util
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORKER = ROOT / "core" / "captioners" / "_lavis_worker.py"
_found = importlib.util.spec_from_file_location("worker", WORKER)
worker = importlib.util.module_from_spec(_found)
_found.loader.exec_module(worker)

QUERIES = 4
STEPS = 150

CONFIG = """
model:
  arch: tiny
  load_finetuned: False
  pretrained: "{folder}/tiny.pth"
  image_size: 32
  drop_path_rate: 0
  use_grad_checkpoint: False
  vit_precision: "fp32"
  freeze_vit: False
  num_query_token: {queries}
  opt_model: "{folder}/opt"
  prompt: ""
preprocess:
  vis_processor:
    eval: {{name: "blip_image_eval", image_size: 32}}
  text_processor:
    eval: {{name: "blip_caption"}}
"""


def shrink() -> None:
    """Let LAVIS make vision transformers of one layer of width 32 in place of EVA's 39 of 1408."""
    worker.mend_torchvision()
    from lavis.models import eva_vit

    small = {"embed_dim": 32, "depth": 1, "num_heads": 2, "patch_size": 8, "mlp_ratio": 2}
    whole = eva_vit.VisionTransformer
    eva_vit.VisionTransformer = functools.wraps(whole)(lambda **options: whole(**{**options, **small}))


def build(folder: Path) -> None:
    """Make `tiny.yaml` and all it names in a folder, which is the working folder and TORCH_HOME of who loads it."""
    import torch

    (folder / "hub" / "checkpoints").mkdir(parents=True)
    os.environ["TORCH_HOME"] = str(folder)
    os.chdir(folder)
    torch.save({}, folder / "hub" / "checkpoints" / "eva_vit_g.pth")
    torch.manual_seed(5)
    torch.set_num_threads(1)
    _language_models(folder)
    model = _untrained(folder)
    _train(model)
    torch.save({"model": model.state_dict()}, folder / "tiny.pth")
    (folder / "tiny.yaml").write_text(CONFIG.format(folder=folder, queries=QUERIES))


def _language_models(folder: Path) -> None:
    """A BERT for the Q-Former to begin with, and an OPT whose vocabulary is bytes and a few words."""
    import json

    from transformers import BertConfig, BertForMaskedLM, BertTokenizer, OPTConfig, OPTForCausalLM
    from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

    from tests.squares import COLOURS

    bert = folder / "bert-base-uncased"
    bert.mkdir()
    (bert / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *COLOURS]))
    BertTokenizer(bert / "vocab.txt").save_pretrained(bert)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertForMaskedLM(BertConfig(**sizes, intermediate_size=64, vocab_size=16)).save_pretrained(bert)

    opt = folder / "opt"
    opt.mkdir()
    words = ["Ġ" + word for word in ("square", *COLOURS)]
    merges = [(word[:at], word[at]) for word in words for at in range(1, len(word))]
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *bytes_to_unicode().values(), *("".join(pair) for pair in merges)]
    (opt / "vocab.json").write_text(json.dumps({piece: at for at, piece in enumerate(dict.fromkeys(pieces))}))
    (opt / "merges.txt").write_text("\n".join(["#version: 0.2", *(" ".join(pair) for pair in dict.fromkeys(merges))]))
    special = {"bos_token": "</s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "</s>"}
    (opt / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": True, "errors": "replace", **special})
    )
    config = OPTConfig(
        **sizes,
        ffn_dim=64,
        word_embed_proj_dim=32,
        vocab_size=len(pieces),
        max_position_embeddings=64,
        pad_token_id=1,
        bos_token_id=2,
        eos_token_id=2,
    )
    OPTForCausalLM(config).save_pretrained(opt)


def _untrained(folder: Path):
    import torch
    from lavis.models.blip2_models.blip2_opt import Blip2OPT

    model = Blip2OPT(
        img_size=32, vit_precision="fp32", freeze_vit=False, num_query_token=QUERIES, opt_model=str(folder / "opt")
    ).float()
    for weights in model.parameters():
        weights.requires_grad = True
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.1)  # the usual 0.02 is meant for wide layers: these would learn slowly
    return model


def _train(model) -> None:
    import torch
    from lavis.processors.blip_processors import BlipImageEvalProcessor

    from tests.squares import COLOURS, SIDE, square

    prepare = BlipImageEvalProcessor(image_size=SIDE)
    chance = torch.Generator().manual_seed(5)
    names = list(COLOURS) * 4
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(STEPS):
        pictures = torch.stack([prepare(square(name, chance)) for name in names])
        loss = model({"image": pictures, "text_input": [f"a {name} square" for name in names]})["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    shrink()
    if sys.argv[1] == "build":
        build(Path(sys.argv[2]))
    else:
        worker.main(*sys.argv[3:])
