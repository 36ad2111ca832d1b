"""Writes what transformers on PyTorch computes, for the tests of this package.

    pip install -r requirements.txt
    python make_fixtures.py ../../../models

Not needed to run the tests: its output is committed.

tiny-*.safetensors             random models of every shape, with biases, gamma
                               and beta far from their initial values
tiny-*.expected.safetensors    everything that they compute on a ragged batch
train.safetensors              a tiny model with heads of every kind
train.expected.safetensors     its losses, every gradient, and ten AdamW steps
en, zh .expected.safetensors   a sample of what the embedded models compute on
                               the hundred texts of texts.py

The configurations stand in the files' metadata. All expected values are
float32; sequences are run one at a time, without padding.
"""

import json
import sys

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import BertConfig, BertForPreTraining, BertTokenizer

from texts import TEXTS

torch.set_num_threads(2)


def config_json(config, heads):
    """The fields that Cloze reads."""
    names = """vocab_size hidden_size num_hidden_layers num_attention_heads intermediate_size hidden_act
        hidden_dropout_prob attention_probs_dropout_prob max_position_embeddings type_vocab_size
        layer_norm_eps initializer_range tie_word_embeddings""".split()
    fields = {name: getattr(config, name) for name in names}
    return {"model_type": "bert", **fields, "heads": heads}


def random_model(seed, heads, **sizes):
    """A BertForPreTraining with heads, every parameter drawn anew."""
    torch.manual_seed(seed)
    config = BertConfig(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, **sizes)
    config._attn_implementation = "eager"
    model = BertForPreTraining(config).eval()
    model.heads = torch.nn.ModuleDict(
        {name: torch.nn.Linear(config.hidden_size, len(h["labels"])) for name, h in heads.items()}
    )
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("LayerNorm.weight"):
                p.copy_(1 + 0.5 * torch.randn_like(p))
            elif p.dim() == 1:
                p.copy_(0.5 * torch.randn_like(p))
            elif "embeddings" in name:
                p.copy_(torch.randn_like(p))
            else:
                p.copy_(torch.randn_like(p) * 1.5 / p.shape[1] ** 0.5)
    return model


def parameters(model):
    """Named parameters; a tied decoder appears once, as the word embeddings."""
    ours = {"cls.predictions.decoder.bias": "cls.predictions.bias"}
    return {ours.get(name, name): p for name, p in model.named_parameters()}


def save_model(path, model, heads, dtype):
    """Rounds the model to dtype, and writes it so."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(p.to(dtype).float())
    tensors = {name: p.detach().to(dtype).contiguous() for name, p in parameters(model).items()}
    save_file(tensors, path, {"config": json.dumps(config_json(model.config, heads))})


def forward(model, heads, ids, types):
    """Runs one sequence: hidden states, attentions, pooled output, logits."""
    out = model.bert(
        input_ids=torch.tensor([ids]),
        token_type_ids=torch.tensor([types]),
        output_hidden_states=True,
        output_attentions=True,
    )
    hidden, pooled = out.last_hidden_state, out.pooler_output
    mlm, nsp = model.cls(hidden, pooled)
    logits = {"mlm": mlm[0], "nsp": nsp[0]}
    for name, h in heads.items():
        x = hidden if h["type"] == "token" else pooled
        logits[name] = model.heads[name](x)[0]
    return [h[0] for h in out.hidden_states], [a[0] for a in out.attentions], pooled[0], logits


def random_batch(seed, config, lengths):
    torch.manual_seed(seed)
    ids = [torch.randint(1, config.vocab_size, (t,)).tolist() for t in lengths]
    types = [torch.randint(0, config.type_vocab_size, (t,)).tolist() for t in lengths]
    return ids, types


def batch_tensors(ids, types):
    return {
        "lengths": torch.tensor([len(s) for s in ids], dtype=torch.int32),
        "ids": torch.tensor(sum(ids, []), dtype=torch.int32),
        "types": torch.tensor(sum(types, []), dtype=torch.int32),
    }


HEADS = {
    "mood": {"type": "sequence", "labels": ["bad", "good", "so-so"]},
    "ner": {"type": "token", "labels": ["O", "B-X", "I-X", "B-Y", "I-Y"]},
}


def tiny(name, dtype, lengths, seed, **sizes):
    model = random_model(seed, HEADS, **sizes)
    save_model(f"tiny-{name}.safetensors", model, HEADS, dtype)
    ids, types = random_batch(seed, model.config, lengths)
    tensors = batch_tensors(ids, types)
    with torch.no_grad():
        results = [forward(model, HEADS, i, t) for i, t in zip(ids, types)]
    for i in range(model.config.num_hidden_layers + 1):
        tensors[f"hidden.{i}"] = torch.cat([r[0][i] for r in results])
    for i in range(model.config.num_hidden_layers):
        tensors[f"attention.{i}"] = torch.cat([r[1][i].flatten() for r in results])
    tensors["pooled"] = torch.stack([r[2] for r in results])
    for head in ("mlm", "ner"):
        tensors[head] = torch.cat([r[3][head] for r in results])
    for head in ("nsp", "mood"):
        tensors[head] = torch.stack([r[3][head] for r in results])
    save_file({k: v.contiguous() for k, v in tensors.items()}, f"tiny-{name}.expected.safetensors")


# How many values are compared of each thing: value k of sequence s is number
# (s·7919 + k·104729) mod n of its n values. sample_test.go does the same.
def sample(values, sequence, count):
    flat = values.flatten()
    return flat[[(sequence * 7919 + k * 104729) % len(flat) for k in range(count)]]


def embedded(name, models):
    directory = f"{models}/{name}"
    with open(f"{directory}/config.json") as f:
        heads = json.load(f)["heads"]
    tokenizer = BertTokenizer(f"{directory}/vocab.txt", do_lower_case=True)
    model = BertForPreTraining.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
    model.heads = torch.nn.ModuleDict()
    with safe_open(f"{directory}/model.safetensors", "pt") as f:
        for head, h in heads.items():
            linear = torch.nn.Linear(model.config.hidden_size, len(h["labels"]))
            linear.weight.data = f.get_tensor(f"heads.{head}.weight").float()
            linear.bias.data = f.get_tensor(f"heads.{head}.bias").float()
            model.heads[head] = linear

    layers = model.config.num_hidden_layers
    all_ids, all_types, rows = [], [], {}

    def add(key, value):
        rows.setdefault(key, []).append(value.float())

    for s, (a, b) in enumerate(TEXTS):
        encoding = tokenizer(a, b, truncation=True, max_length=model.config.max_position_embeddings)
        ids, types = encoding["input_ids"], encoding["token_type_ids"]
        all_ids.append(ids)
        all_types.append(types)
        with torch.no_grad():
            hidden, attention, pooled, logits = forward(model, heads, ids, types)
        add("pooled", sample(pooled, s, 32))
        add("hidden", torch.stack([sample(h, s, 16) for h in hidden]))
        add("attention", torch.stack([sample(p, s, 16) for p in attention]))
        # The masked language model at one position, of 64 pieces.
        position = s * 7919 % len(ids)
        add("mlm", sample(logits.pop("mlm")[position], s, 64))
        for head, values in logits.items():
            add(head, sample(values, s, 32) if head == "ner" else values)

    tensors = batch_tensors(all_ids, all_types)
    tensors["ids"] = tensors["ids"].to(torch.uint16)
    tensors["types"] = tensors["types"].to(torch.uint8)
    tensors.update({k: torch.stack(v).contiguous() for k, v in rows.items()})
    save_file(tensors, f"{name}.expected.safetensors")
    print(name, sum(map(len, all_ids)), "tokens, longest", max(map(len, all_ids)))


def train():
    """One step's gradients, and ten steps' losses, of every kind of loss."""
    heads = {
        "mood": {"type": "sequence", "labels": ["bad", "good", "so-so"]},
        "tags": {"type": "sequence", "labels": ["a", "b", "c", "d"], "problem_type": "multi_label_classification"},
        "stars": {"type": "sequence", "labels": ["stars"], "problem_type": "regression"},
        "ner": {"type": "token", "labels": ["O", "B-X", "I-X"]},
    }
    model = random_model(
        11, heads, vocab_size=43, hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=36,
        max_position_embeddings=16, type_vocab_size=2, hidden_act="gelu", layer_norm_eps=1e-12,
    )
    save_model("train.safetensors", model, heads, torch.float32)
    ids, types = random_batch(12, model.config, [7, 1, 12, 4])
    n = sum(map(len, ids))
    tensors = batch_tensors(ids, types)
    tensors["positions"] = torch.tensor([1, 3, 8, 10, 19, 22], dtype=torch.int32)
    tensors["mlm.labels"] = torch.randint(0, 43, (6,)).int()
    tensors["nsp.labels"] = torch.tensor([0, -1, 1, 1], dtype=torch.int32)
    tensors["mood.labels"] = torch.tensor([2, 0, -1, 1], dtype=torch.int32)
    tensors["tags.labels"] = torch.randint(0, 2, (4, 4)).float()
    tensors["stars.labels"] = torch.randn(4, 1)
    tensors["ner.labels"] = torch.randint(-1, 3, (n,)).int()

    def losses():
        results = [forward(model, heads, i, t)[3] for i, t in zip(ids, types)]
        cross_entropy = torch.nn.functional.cross_entropy
        label = {k: v.long() for k, v in tensors.items() if k.endswith(".labels")}
        mlm = torch.cat([r["mlm"] for r in results])[tensors["positions"].long()]
        stacked = {h: torch.stack([r[h] for r in results]) for h in ("nsp", "mood", "tags", "stars")}
        return {
            "mlm": cross_entropy(mlm, label["mlm.labels"]),
            "nsp": cross_entropy(stacked["nsp"], label["nsp.labels"], ignore_index=-1),
            "mood": cross_entropy(stacked["mood"], label["mood.labels"], ignore_index=-1),
            "tags": torch.nn.functional.binary_cross_entropy_with_logits(stacked["tags"], tensors["tags.labels"]),
            "stars": torch.nn.functional.mse_loss(stacked["stars"], tensors["stars.labels"]),
            "ner": cross_entropy(torch.cat([r["ner"] for r in results]), label["ner.labels"], ignore_index=-1),
        }

    first = losses()
    for name, loss in first.items():
        tensors[f"loss.{name}"] = loss.detach().reshape(1)
    sum(first.values()).backward()
    for name, p in parameters(model).items():
        tensors[f"grad.{name}"] = p.grad.clone()

    # AdamW with learning rate 1e-3, β 0.9 and 0.999, ε 1e-6, decay 0.01 on
    # matrices only, no clipping; bias-corrected as torch's, or not as
    # google-research/bert's. The sum of the losses before each step.
    start = {k: v.clone() for k, v in model.state_dict().items()}
    for corrected in (True, False):
        model.load_state_dict(start)
        tensors["adamw.corrected" if corrected else "adamw.uncorrected"] = torch.tensor(adamw(model, losses, corrected))
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, "train.expected.safetensors")


def adamw(model, losses, corrected, steps=10, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-6, decay=0.01):
    state = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in parameters(model).items()}
    history = []
    for step in range(1, steps + 1):
        model.zero_grad()
        loss = sum(losses().values())
        loss.backward()
        history.append(loss.item())
        with torch.no_grad():
            for name, p in parameters(model).items():
                m, v = state[name]
                m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                c1, c2 = (1 - beta1**step, 1 - beta2**step) if corrected else (1, 1)
                update = (m / c1) / ((v / c2).sqrt() + epsilon)
                if p.dim() == 2:
                    update = update + decay * p
                p.sub_(rate * update)
    return history


def main():
    tiny("relu", torch.float32, [5, 1, 9], 1, vocab_size=23, hidden_size=8, num_hidden_layers=1,
         num_attention_heads=1, intermediate_size=13, max_position_embeddings=9, type_vocab_size=1,
         hidden_act="relu", layer_norm_eps=1e-12)
    tiny("gelu", torch.float16, [17, 3, 1, 26], 2, vocab_size=101, hidden_size=60, num_hidden_layers=2,
         num_attention_heads=3, intermediate_size=37, max_position_embeddings=31, type_vocab_size=2,
         hidden_act="gelu", layer_norm_eps=1e-12)
    tiny("gelu-new", torch.bfloat16, [8, 13], 3, vocab_size=59, hidden_size=64, num_hidden_layers=2,
         num_attention_heads=1, intermediate_size=20, max_position_embeddings=16, type_vocab_size=16,
         hidden_act="gelu_new", layer_norm_eps=1e-5)
    tiny("gelu-tanh", torch.float16, [2, 11, 6], 4, vocab_size=67, hidden_size=40, num_hidden_layers=3,
         num_attention_heads=5, intermediate_size=52, max_position_embeddings=12, type_vocab_size=2,
         hidden_act="gelu_pytorch_tanh", layer_norm_eps=1e-3)
    train()
    for name in ("en", "zh"):
        embedded(name, sys.argv[1])


if __name__ == "__main__":
    main()
