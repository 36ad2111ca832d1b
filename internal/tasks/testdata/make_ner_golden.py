"""Writes ner_golden.json: what transformers' TokenClassificationPipeline
answers on the embedded models, and what its two algorithms, aggregate and
aggregate_overlapping_entities, make of random input. The Go tests compare
package tasks with it and do not need Python.

    python3 -m venv venv
    venv/bin/pip install torch==2.15.0 transformers==5.24.0 safetensors
    venv/bin/python internal/tasks/testdata/make_ner_golden.py   # from the repository's root
"""

import json
import pathlib
import random

import numpy as np
import torch
import transformers
from safetensors.torch import load_file
from transformers import BertConfig, BertForTokenClassification, BertTokenizer, pipeline
from transformers.pipelines.token_classification import AggregationStrategy

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parents[2] / "models"
STRATEGIES = ["none", "simple", "first", "average", "max"]

TEXTS = {
    "en": [
        "Ada Lovelace met Charles Babbage in London on 5 June 1833.",
        "In 1955, Rosa Parks refused to give up her seat in Montgomery, Alabama.",
        "Microsoft and Nvidia opened an office in Wrocław last Tuesday.",
        "The Shenzhen-based drone maker DJI was founded by Frank Wang in 2006.",
        "J. K. Rowling's Harry Potter and the Philosopher's Stone sold 120,000,000 copies.",
        "\tDr. Gro Harlem Brundtland   led the W.H.O. from 1998 to 2003.\n",
        "I ♥ NY 🗽, said Jean-Luc O'Malley of São Paulo.",
        "mr smith went to washington in the spring of '39",
        "EURO 2024 WAS WON BY SPAIN; OLMO SCORED THREE GOALS FOR THEM.",
        "Ngũgĩ wa Thiong’o taught at Makerere University, Kampala, until 1969.",
        "Gianluigi Buffon kept goal for Juventus, Parma and Paris Saint-Germain.",
        "The Bundesverfassungsgericht in Karlsruhe ruled against Hochtief on Wednesday.",
        "On the 14th of July 1789 a crowd stormed the Bastille.",
        "Xiaomi, Huawei & Oppo; Vivo (a BBK brand), all of Guangdong, China.",
        "He said \"Chernivtsi\" and pointed at Zaporizhzhia, Ukraine.",
        "Nothing to see here, move along.",
        "Mississippi's Yoknapatawpha County is Faulkner's invention.",
        "The film Oppenheimer, by Christopher Nolan, came out on 21 July 2023 in the U.K.",
        "Ursula von der Leyen spoke in Strasbourg on Sept. 13th, 2023, of the EU's Green Deal.",
        "AstraZeneca-Oxford's vaccine was approved by the MHRA on 30 December 2020.",
        "北京 and Tokyo (東京) are capitals.",
        "Wikipedia,Facebook,Alphabet:three companies,no spaces.",
        "Sir Ranulph Twisleton-Wykeham-Fiennes crossed Antarctica in 1992/93.",
        "She joined Bangladesh's Grameen Bank in Chittagong in the 1980s.",
        "http://www.example.com/Berlin?q=Angela+Merkel was last seen in May 2021.",
        "Kanye West / Ye / yeezy — Adidas ended it in Oct. 2022…",
        "The 19th-century novelist Fyodor Dostoyevsky was born in Moscow in 1821 and died in St. Petersburg.",
        "LeBron James's Lakers beat the Timberwolves 112-104 at Crypto.com Arena.",
        "Tchaikovsky's Swan Lake premiered at the Bolshoi on 4 March 1877 (20 February, old style).",
        "a",
    ],
    "zh": [
        "2008年8月8日，第29届奥林匹克运动会在北京开幕。",
        "马云在杭州创办了阿里巴巴。",
        "鲁迅原名周树人，1881年9月25日生于浙江绍兴。",
        "上海交通大学的王小明教授昨天访问了东京大学。",
        "腾讯、华为和小米的总部都在广东省。",
        "姚明曾效力于NBA的Houston Rockets，2011年退役。",
        "iPhone 15由Apple公司的Tim Cook在2023年9月12日发布。",
        "今年春节，李娜回到了武汉老家。",
        "  联合国教科文组织于1945年11月16日在伦敦成立。 ",
        "中国国家主席习近平会见了法国总统马克龙。",
        "这里没有什么名字。",
        "唐太宗贞观十九年，玄奘回到长安。",
        "维基百科（Wikipedia）由Jimmy Wales和Larry Sanger创建。",
        "“曹雪芹”写了《红楼梦》，一说后四十回为高鹗所续。",
        "香港中环皇后大道中99号，电话２８６８－８８８８",
        "爱因斯坦1921年获得诺贝尔物理学奖😀，当时他在柏林。",
        "重庆市万州区人民法院的判决",
        "明代医学家李时珍，湖北蕲春人，著有《本草纲目》。",
        "二十世纪八十年代，深圳还是一个小渔村。",
        "周杰伦《七里香》专辑2004年8月3日发行,由SonyMusic出品。",
        "俄罗斯圣彼得堡的叶卡捷琳娜宫建于18世纪。",
        "The University of Hong Kong 香港大學位於薄扶林。",
        "人",
    ],
}


def token_classifier(name):
    config = BertConfig.from_pretrained(MODELS / name)
    labels = config.heads["ner"]["labels"]
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: i for i, label in enumerate(labels)}
    model = BertForTokenClassification(config).eval()
    weights = load_file(MODELS / name / "model.safetensors")
    state = {key: value.float() for key, value in weights.items() if key.startswith("bert.")}
    state["classifier.weight"] = weights["heads.ner.weight"].float()
    state["classifier.bias"] = weights["heads.ner.bias"].float()
    missing = model.load_state_dict(state, strict=False).missing_keys
    assert not missing, missing
    tokenizer = BertTokenizer.from_pretrained(MODELS / name)
    return pipeline("token-classification", model=model, tokenizer=tokenizer)


def rounded(entity, kind):
    return [entity[kind], round(float(entity["score"]), 6), entity["start"], entity["end"]]


def answers(pipe, text):
    result = {"text": text}
    for strategy in STRATEGIES:
        kind = "entity" if strategy == "none" else "entity_group"
        result[strategy] = [rounded(e, kind) for e in pipe(text, aggregation_strategy=strategy)]
    return result


LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "MISC", "B-top-level", "I-top-level"]


def aggregations(pipe, cases):
    """Random pieces. A piece is its place, whether it continues a word, and
    its scores in 256ths; pieces of a word follow each other."""
    rng = random.Random(1)
    pipe.model.config.id2label = dict(enumerate(LABELS))
    results = []
    for _ in range(cases):
        pieces, at = [], 0
        for index in range(rng.randint(1, 9)):
            at += rng.choice([0, 1])
            scores = [rng.choice([0, 1, 2, 4, 8]) for _ in LABELS]
            scores[rng.randrange(len(LABELS))] += rng.choice([0, 16, 32])
            scores[0] += 4
            pieces.append({
                "word": "x", "index": index, "start": at, "end": at + 2,
                "is_subword": rng.random() < 0.4,
                "scores": np.array(scores, dtype=np.float32) / 256,
            })
            at += 2
        case = {"pieces": [[p["start"], p["end"], p["is_subword"], (p["scores"] * 256).astype(int).tolist()] for p in pieces]}
        for strategy in STRATEGIES:
            kind = "entity" if strategy == "none" else "entity_group"
            entities = pipe.aggregate([dict(p) for p in pieces], AggregationStrategy(strategy))
            case[strategy] = [rounded(e, kind) for e in entities if e[kind] != "O"]
        results.append(case)
    return results


def overlaps(pipe, cases):
    rng = random.Random(2)
    results = []
    for _ in range(cases):
        entities = []
        for _ in range(rng.randint(0, 8)):
            start = rng.randrange(20)
            score = rng.choice([0.25, 0.5, 0.75])
            entities.append({"entity_group": rng.choice(["PER", "LOC"]), "score": score, "start": start, "end": start + rng.randint(1, 5)})
        merged = pipe.aggregate_overlapping_entities(entities)
        results.append({key: [rounded(e, "entity_group") for e in value] for key, value in [("entities", entities), ("merged", merged)]})
    return results


def main():
    assert transformers.__version__ == "5.24.0", transformers.__version__
    torch.set_num_threads(2)
    golden = {}
    for name, texts in TEXTS.items():
        pipe = token_classifier(name)
        golden[name] = [answers(pipe, text) for text in texts]
    golden["labels"] = LABELS
    golden["aggregations"] = aggregations(pipe, 150)
    golden["overlaps"] = overlaps(pipe, 100)
    lines = []
    for key, value in golden.items():
        rows = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in value)
        lines.append(f"{json.dumps(key)}: [\n{rows}\n]")
    (HERE / "ner_golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
