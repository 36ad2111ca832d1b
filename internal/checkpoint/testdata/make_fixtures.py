"""Writes tiny random models in every class and storage form that Cloze opens.

    pip install -r requirements.txt
    python make_fixtures.py

Not needed to run the tests: its output is committed. Each directory is what
save_pretrained writes, or what its predecessors wrote. expected.json has for
each directory its tensors under the names of BertForPreTraining (heads.NAME
for other heads), each with its shape and the SHA-256 of its values in float32,
of which the first 16 digits will do.
"""

import hashlib
import json
import os
import shutil

import torch
from safetensors.torch import save_file
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForNextSentencePrediction,
    BertForPreTraining,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
)

SIZES = dict(
    vocab_size=97,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=40,
    max_position_embeddings=24,
)
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [chr(c) for c in range(33, 125)]
TOKENIZER = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "model_max_length": 24}

expected = {}


def random_model(kind, seed, dtype=torch.float32, **more):
    """A model of a class, every parameter drawn anew."""
    torch.manual_seed(seed)
    arguments = {"add_pooling_layer": more.pop("pooler")} if "pooler" in more else {}
    model = kind(BertConfig(**SIZES, **more), **arguments).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn_like(p))
    return model.to(dtype)


def canonical(name):
    if not name.startswith(("bert.", "cls.", "heads.", "classifier.")):
        name = "bert." + name
    return name.replace("classifier.", "heads.classifier.")


def record(name, tensors):
    """What is to be read from the directory; the tied decoder appears once."""
    entries = {}
    for tensor, values in tensors.items():
        values = values.detach().float().contiguous()
        digest = hashlib.sha256(values.numpy().astype("<f4").tobytes()).hexdigest()[:16]
        entries[canonical(tensor)] = {"shape": list(values.shape), "sha256": digest}
    expected[name] = entries


def directory(name):
    shutil.rmtree(name, ignore_errors=True)
    os.mkdir(name)
    with open(f"{name}/vocab.txt", "w") as f:
        f.writelines(piece + "\n" for piece in VOCABULARY)
    with open(f"{name}/tokenizer_config.json", "w") as f:
        json.dump(TOKENIZER, f, indent=2)
    return name


def weights(model):
    """The state dict without what is tied or constant."""
    return {name: p for name, p in model.named_parameters()}


def state_dict(model):
    """The state dict as transformers 4 had it, tied weights included."""
    return model.state_dict()


def write_json(path, value):
    with open(path, "w") as f:
        json.dump(value, f, indent=2)


# What save_pretrained writes, one directory a class.

def save(name, model, **options):
    model.save_pretrained(directory(name), **options)
    record(name, weights(model))


labels = {"id2label": {0: "red", 1: "green", 2: "blue"}, "label2id": {"red": 0, "green": 1, "blue": 2}}
tags = {"id2label": {0: "O", 1: "B-PER", 2: "I-PER"}, "label2id": {"O": 0, "B-PER": 1, "I-PER": 2}}

save("base", random_model(BertModel, 1))
save("base-without-pooler", random_model(BertModel, 2, torch.bfloat16, pooler=False))
save("pretraining", random_model(BertForPreTraining, 3, torch.float16))
save("masked-lm", random_model(BertForMaskedLM, 4, torch.float16))
save("next-sentence", random_model(BertForNextSentencePrediction, 5, torch.float16))
save("single-label", random_model(BertForSequenceClassification, 6, torch.float16, **labels))
save(
    "multi-label",
    random_model(BertForSequenceClassification, 7, torch.float16, problem_type="multi_label_classification", **labels),
)
save("regression", random_model(BertForSequenceClassification, 8, torch.float16, num_labels=1))
save("token-labels", random_model(BertForTokenClassification, 9, torch.float16, **tags))
save("sharded", random_model(BertForPreTraining, 10, torch.bfloat16), max_shard_size="20KB")

# An untied decoder. transformers computes with the decoder's own bias, which
# is not tied either.
untied = random_model(BertForMaskedLM, 11, torch.float16, tie_word_embeddings=False)
untied.save_pretrained(directory("own-decoder"))
tensors = weights(untied)
tensors["cls.predictions.bias"] = tensors.pop("cls.predictions.decoder.bias")
record("own-decoder", tensors)

# Old names and stray buffers: gamma and beta as google-research/bert has them,
# the decoder stored a second time, with position_ids, in one file.
model = random_model(BertForPreTraining, 12, torch.float16)
model.config.save_pretrained(directory("old-names"))
old = {}
for name, p in state_dict(model).items():
    name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    old[name] = p.clone()
old["bert.embeddings.position_ids"] = torch.arange(SIZES["max_position_embeddings"]).unsqueeze(0)
config = json.load(open("old-names/config.json"))
config["architectures"] = ["BertForPreTraining"]
write_json("old-names/config.json", config)
save_file(old, "old-names/model.safetensors")
record("old-names", weights(model))

# Cloze's own form: several heads on one encoder.
model = random_model(BertForPreTraining, 13, torch.float16)
heads = {
    "mood": {"type": "sequence", "labels": ["bad", "good"]},
    "ner": {"type": "token", "labels": ["O", "B-PER", "I-PER"]},
}
tensors = weights(model)
for head, description in heads.items():
    n = len(description["labels"])
    tensors[f"heads.{head}.weight"] = torch.randn(n, SIZES["hidden_size"]).half()
    tensors[f"heads.{head}.bias"] = torch.randn(n).half()
model.config.save_pretrained(directory("several-heads"))
config = json.load(open("several-heads/config.json"))
config.update(architectures=["BertForPreTraining"], heads=heads)
write_json("several-heads/config.json", config)
save_file({name: p.detach().contiguous() for name, p in tensors.items()}, "several-heads/model.safetensors", {"format": "pt"})
record("several-heads", tensors)

# pytorch_model.bin, as save_pretrained of transformers 4 wrote it: the zip
# file of PyTorch 1.6 and later, and what came before it.

def save_bin(name, model, tensors, **options):
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(directory(name))
    torch.save(tensors, f"{name}/pytorch_model.bin", **options)
    record(name, weights(model))


model = random_model(BertForPreTraining, 14, torch.float16)
save_bin("bin-zip", model, state_dict(model))

model = random_model(BertForSequenceClassification, 15, torch.bfloat16, **labels)
save_bin("bin-legacy", model, state_dict(model), _use_new_zipfile_serialization=False)

# A checkpoint converted from TensorFlow: matrices are transposed views, names
# are old, values are Parameters rather than tensors, in a plain dict.
model = random_model(BertModel, 16)
views = {}
for name, p in state_dict(model).items():
    name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
    if "dense.weight" in name:
        p = p.t().contiguous().t()
    views["bert." + name] = torch.nn.Parameter(p)
views["bert.embeddings.position_ids"] = torch.arange(SIZES["max_position_embeddings"]).expand((1, -1))
save_bin("bin-strided", model, views)

model = random_model(BertForMaskedLM, 17, torch.float16)
model.config.architectures = ["BertForMaskedLM"]
model.config.save_pretrained(directory("bin-sharded"))
names = list(state_dict(model))
weight_map = {}
for i in range(2):
    shard = f"pytorch_model-{i + 1:05}-of-00002.bin"
    part = {name: state_dict(model)[name] for name in names[i::2]}
    torch.save(part, f"bin-sharded/{shard}")
    weight_map.update({name: shard for name in part})
write_json("bin-sharded/pytorch_model.bin.index.json", {"metadata": {"total_size": 0}, "weight_map": weight_map})
record("bin-sharded", weights(model))

with open("expected.json", "w") as f:
    lines = [f"{json.dumps(name)}: {json.dumps(expected[name], sort_keys=True)}" for name in sorted(expected)]
    f.write("{\n" + ",\n".join(lines) + "\n}\n")
