"""Writes golden.json: what transformers' pipelines, or PyTorch where there is
no pipeline, answer on the embedded models. The Go tests compare the tasks with
it and do not need Python.

    python3 -m venv venv
    venv/bin/pip install torch==2.15.0 transformers==5.24.0 safetensors
    venv/bin/python internal/tasks/testdata/make_golden.py   # from the repository's root
"""

import json
import pathlib

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertForSequenceClassification,
    BertTokenizer,
    pipeline,
)

torch.manual_seed(0)
torch.set_num_threads(2)
HERE = pathlib.Path(__file__).parent
MODELS = HERE.parents[2] / "models"

FILL_MASK = {
    "en": [
        {"text": "my dog is [MASK]."},
        {"text": "The capital of France is [MASK], and the capital of [MASK] is Rome.", "top_k": 3},
        {"text": "She put the [MASK] on the table.", "targets": ["book", "cup", "Plate", "unfathomably", "book"], "top_k": 4},
        {"text": "Café [MASK] opened in 1889!", "top_k": 2},
        {"text": "[MASK] [MASK] [MASK]", "top_k": 1, "targets": ["the", "cat", "sat"]},
    ],
    "zh": [
        {"text": "我今天要[MASK]课。"},
        {"text": "北京是中国的[MASK]都，上海是中国的[MASK]市。", "top_k": 3},
        {"text": "他很[MASK]欢音乐。", "targets": ["喜", "不", "喜欢"], "top_k": 3},
    ],
}

CLASSIFY = {
    "en": [
        {"text": "The striker scored twice in the final minutes of the match."},
        {"text": "Shares fell after the company cut its forecast."},
        {"text": "Scientists have found water on a distant planet.", "text_pair": "The telescope saw it last year."},
    ],
    "zh": [
        {"text": "昨天的足球比赛非常精彩，最后两分钟进了两个球。"},
        {"text": "科学家发现了一种新的植物。"},
    ],
}

NSP = {
    "en": [
        ["She opened the door and looked inside.", "The room was empty."],
        ["I want to find a restaurant. What city should I search in?", "Please look in San Jose. What kind of food do you like?"],
        ["I want to find a restaurant. What city should I search in?", "The Senate passed the bill in 1846 after a long debate."],
    ],
    "zh": [
        ["海王星是太阳系的第八颗行星，也是已知离太阳最远的行星。", "它的质量是地球的十七倍。"],
        ["海王星是太阳系的第八颗行星，也是已知离太阳最远的行星。", "我要一份红烧肉，谢谢！老板，多少钱？"],
    ],
}

EMBED = {
    "en": ["A cat sat on the mat.", "Ünïcödé and emoji 🙂"],
    "zh": ["猫坐在垫子上。"],
}

ATTENTION = {
    "en": [["dogs bark", None], ["a cat", "sat down"]],
    "zh": [["狗叫", None]],
}


def sequence_classifier(name, config, weights, head, **changes):
    labels = config["heads"][head]["labels"]
    c = BertConfig(**{k: v for k, v in config.items() if k not in ("heads", "architectures", "torch_dtype")})
    c.id2label = dict(enumerate(labels))
    c.label2id = {v: k for k, v in c.id2label.items()}
    for key, value in changes.items():
        setattr(c, key, value)
    model = BertForSequenceClassification(c)
    state = {k: v for k, v in weights.items() if k.startswith("bert.")}
    state["classifier.weight"] = weights[f"heads.{head}.weight"]
    state["classifier.bias"] = weights[f"heads.{head}.bias"]
    model.load_state_dict(state, strict=True)
    return model.eval()


def rollout(attentions):
    r = None
    for a in attentions:
        a = a.mean(axis=0) + np.eye(a.shape[-1])
        a /= a.sum(axis=-1, keepdims=True)
        r = a if r is None else a @ r
    return r


golden = {"transformers": transformers.__version__, "torch": torch.__version__}
for name in ("en", "zh"):
    config = json.loads((MODELS / name / "config.json").read_text())
    weights = {k: v.float() for k, v in load_file(MODELS / name / "model.safetensors").items()}
    tokenizer = BertTokenizer.from_pretrained(MODELS / name)
    model = BertForPreTraining.from_pretrained(MODELS / name, dtype=torch.float32, attn_implementation="eager").eval()
    out = golden[name] = {}

    masked = transformers.BertForMaskedLM.from_pretrained(MODELS / name, dtype=torch.float32).eval()
    fill = pipeline("fill-mask", model=masked, tokenizer=tokenizer, device="cpu")
    out["fill_mask"] = []
    for case in FILL_MASK[name]:
        answer = fill(case["text"], **{k: v for k, v in case.items() if k != "text"})
        masks = answer if isinstance(answer[0], list) else [answer]
        for predictions in masks:
            for p in predictions:
                p["token_str"] = tokenizer.convert_ids_to_tokens(p["token"])
        out["fill_mask"].append({**case, "masks": masks})

    out["classify"] = []
    for function in ("softmax", "sigmoid", "none"):
        classify = pipeline(
            "text-classification",
            model=sequence_classifier(name, config, weights, "topic"),
            tokenizer=tokenizer, device="cpu",
        )
        for case in CLASSIFY[name]:
            answer = classify(case, top_k=None, function_to_apply=function)
            out["classify"].append({**case, "function": function, "labels": answer})

    with torch.no_grad():
        out["nsp"] = []
        for a, b in NSP[name]:
            logits = model(**tokenizer(a, b, return_tensors="pt")).seq_relationship_logits
            out["nsp"].append({"text": a, "text_pair": b, "probabilities": logits.softmax(-1)[0].tolist()})

        out["embed"] = []
        for text in EMBED[name]:
            r = model.bert(**tokenizer(text, return_tensors="pt"), output_hidden_states=True)
            last, second = r.hidden_states[-1][0], r.hidden_states[1][0]
            unit = torch.nn.functional.normalize
            vectors = {
                "mean": unit(last.mean(0), dim=0),
                "cls": unit(last[0], dim=0),
                "max": unit(last.max(0).values, dim=0),
                "pooler": unit(r.pooler_output[0], dim=0),
                "mean of layer 1, not normalized": second.mean(0),
                "second token": unit(last[1], dim=0),
            }
            out["embed"].append({"text": text, "vectors": {k: v[:16].tolist() for k, v in vectors.items()}})

        out["attention"] = []
        for a, b in ATTENTION[name]:
            r = model.bert(**tokenizer(a, b, return_tensors="pt"), output_attentions=True)
            attentions = [x[0].numpy() for x in r.attentions]
            out["attention"].append({
                "text": a, "text_pair": b,
                "layer1_head2": attentions[1][2].tolist(),
                "layer2_mean_of_heads_0_3": attentions[2][[0, 3]].mean(axis=0).tolist(),
                "rollout": rollout(attentions).tolist(),
            })


def rounded(x):
    if isinstance(x, float):
        return float(f"{x:.7g}")
    if isinstance(x, list):
        return [rounded(v) for v in x]
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    return x


(HERE / "golden.json").write_text(json.dumps(rounded(golden), ensure_ascii=False, indent=1) + "\n")
