#!/usr/bin/env python3
"""Compare the answers of the embedded models in other precisions with float32's.

Takes 200 texts, half of them English, half Chinese, one after the other from
all labelled sets; asks for the probabilities of every head (of every piece for
names; of the 50 likeliest words for a mask in the middle), and shows the largest
change for each. The exit status is 1 if one is larger than it may be: 0.01 in 16
bits, 0.03 in int8.

    make build
    python3 bench/compare_answers.py --data ../shared/data --precisions bfloat16,int8

Needs nothing beside Python.
"""

import argparse
import contextlib
import itertools
import json
import pathlib
import random
import re
import subprocess
import sys
import threading
import urllib.request

LIMITS = {"bfloat16": 0.01, "float16": 0.01, "int8": 0.03}
TASKS = "sentiment", "topic", "aspect"
SHORTEST, LONGEST = 9, 400  # characters


def main():
    args = parse_arguments()
    texts = [(language, text) for language in ("en", "zh") for text in choose(args.data / language, args.texts // 2, args.seed)]
    expected = answers(args, "float32", texts)
    worst = 0
    for precision in args.precisions.split(","):
        changes = compare(expected, answers(args, precision, texts))
        print(f"{precision}: largest change of a probability, and how many of so many changed by more than {LIMITS[precision]}")
        for (language, head), list_ in sorted(changes.items()):
            over = sum(change > LIMITS[precision] for change in list_)
            print(f"  {language} {head:10} {max(list_):.4f}  {over:4} of {len(list_)}")
        worst = max(worst, max(max(list_) for list_ in changes.values()) / LIMITS[precision])
    sys.exit(worst > 1)


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--api", default="bin/cloze-api", help="the server, built with make build")
    p.add_argument("--data", type=pathlib.Path, required=True, help="labelled sets: en/TASK/SET/dev.jsonl and zh/…")
    p.add_argument("--precisions", default="bfloat16,int8")
    p.add_argument("--texts", type=int, default=200)
    p.add_argument("--seed", type=int, default=5)
    return p.parse_args()


def choose(data, n, seed):
    """n texts, the same number from each set as far as they go round."""
    draw = random.Random(seed)
    sets = []
    for path in sorted(path for task in TASKS for path in data.glob(f"{task}/*/dev.jsonl")):
        texts = [json.loads(line)["text"] for line in path.open(encoding="utf-8")]
        texts = [text for text in texts if SHORTEST <= len(text) <= LONGEST]
        if texts:
            sets.append(draw.sample(texts, len(texts)))
    return list(itertools.islice((text for row in itertools.zip_longest(*sets) for text in row if text), n))


def answers(args, precision, texts):
    """The probabilities of every text: {(number, language, head): {what: probability}}."""
    found = {}
    with server(args.api, precision) as url:
        for i, (language, text) in enumerate(texts):
            def ask(task, **fields):
                return post(f"{url}/{task}", {"text": text, "model": language, **fields})["results"][0]

            words = text.split()
            aspect = words[0] if language == "en" else text[:2]
            follower = next(t for l, t in texts[i + 1:] + texts if l == language)
            sentiment = ask("sentiment", aspects=[aspect])
            heads = {
                "topic": {row["label"]: row["score"] for row in ask("classify")["labels"]},
                "sentiment": sentiment["scores"],
                "aspect": sentiment["aspects"][0]["scores"],
                "nsp": ask("nsp", text_pair=follower)["scores"],
                "ner": {(e["start"], e["type"]): e["score"] for e in ask("ner", aggregation="none")["entities"]},
                "mlm": {p["id"]: p["score"] for p in ask("fill-mask", text=masked(text), top_k=50)["masks"][0]["predictions"]},
            }
            for head, scores in heads.items():
                found[i, language, head] = scores
    return found


def masked(text):
    """The text with its middle word hidden, or its middle character where words are not spaced."""
    words = list(re.finditer(r"\S+", text))
    start, end = words[len(words) // 2].span() if len(words) > 3 else (len(text) // 2, len(text) // 2 + 1)
    return text[:start] + "[MASK]" + text[end:]


def compare(expected, got):
    """What both have, by language and head: the changes."""
    changes = {}
    for (i, language, head), scores in expected.items():
        other = got[i, language, head]
        changes.setdefault((language, head), []).extend(abs(score - other[what]) for what, score in scores.items() if what in other)
    return changes


@contextlib.contextmanager
def server(api, precision):
    """A server in a precision, on a port of its own choice."""
    process = subprocess.Popen([api, "--listen", "127.0.0.1:0", "--precision", precision, "--log-format", "json"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    url = None
    for line in process.stderr:
        event = json.loads(line)
        url = event.get("url", url)
        if event.get("message") == "ready":
            break
    else:
        sys.exit(f"{api} --precision {precision} did not start")
    # A pipe that nobody reads would stop the server once it is full of log.
    threading.Thread(target=process.stderr.read, daemon=True).start()
    try:
        yield url
    finally:
        process.terminate()
        process.wait()


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


if __name__ == "__main__":
    main()
