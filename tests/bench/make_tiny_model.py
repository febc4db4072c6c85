"""Write a tiny language model with random weights, its tokenizer and its chat template to a folder.

    python -m venv VENV && VENV/bin/pip install torch 'transformers[serving]'
    VENV/bin/python tests/bench/make_tiny_model.py FOLDER
    VENV/bin/transformers serve FOLDER --device cpu --port 8765

That is a real server of another maker, which speaks OpenAI's Chat Completions. The model's answers
are noise, the wire is real. An answer ends at any of 16 bytes, after about 16 of them. Nothing is
fetched. It runs in an environment of its own.
"""

from __future__ import annotations

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END = "<|end|>"
ENDS = 15
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}" + END
    + "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)  # fmt: skip


def make_tokenizer() -> PreTrainedTokenizerFast:
    """Make a tokenizer of one token a byte."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {character: number for number, character in enumerate([*alphabet, END])}
    tokenizer = Tokenizer(models.BPE(vocab=words, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END, pad_token=END)
    made.chat_template = TEMPLATE
    return made


def main() -> None:
    """Write the model."""
    tokenizer = make_tokenizer()
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=131072, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    model.generation_config.do_sample = True
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, *range(ENDS)]
    model.save_pretrained(sys.argv[1])
    tokenizer.save_pretrained(sys.argv[1])


if __name__ == "__main__":
    main()
