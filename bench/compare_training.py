#!/usr/bin/env python3
"""Compare a training step of Cloze with PyTorch's on the CPU.

The step is BERT's pre-training: masked language model and next sentence
prediction, with dropout, forward, backward and AdamW, always on the same batch.
Both programs compute the vocabulary's logits only where pieces are predicted,
15 % of the tokens. Each lives in a process of its own and they take turns
(A B A B), so a machine that speeds up or slows down does so for all of them.
The table shows medians and Cloze's ratio to PyTorch in the same precision.

    python bench/compare_training.py --bert bin/bert
    python bench/compare_training.py --bert bin/bert --precisions float32,bfloat16 --stock

PyTorch gets what is fastest for it: each way to compute attention and AdamW is
tried before the first turn.
"""

import argparse
import contextlib
import itertools
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import time

from compare import Peer, describe_machine

# The default of bert bench --train.
VOCABULARY, HIDDEN, LAYERS, HEADS, INTERMEDIATE = 16384, 384, 6, 6, 1536
PREDICTED_SHARE = 0.15


def main():
    args = parse_arguments()
    multiprocessing.set_start_method("spawn")
    describe_machine(args)
    peers = [Peer(name, start_torch, precision, (args.batch, args.length, args.threads, precision, every))
             for precision in args.precisions
             for name, every in [("torch", False)] + [("torch-stock", True)] * args.stock]
    try:
        rows = measure(peers, args)
    finally:
        for peer in peers:
            peer.stop()
    show(rows)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=2) + "\n")


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bert", default="bin/bert", help="Cloze's command line, built with make build")
    p.add_argument("--precisions", default="float32", help="float32, bfloat16 (PyTorch's by autocast)")
    p.add_argument("--stock", action="store_true",
                   help="also measure transformers' BertForPreTraining as it is: with the logits of every token")
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--length", type=int, default=128)
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--rounds", type=int, default=5, help="turns that each program takes")
    p.add_argument("--seconds", type=float, default=10, help="length of a turn")
    p.add_argument("--json", help="also write the rows to this file")
    args = p.parse_args()
    args.precisions = args.precisions.split(",")
    return args


def start_torch(batch, length, threads, precision, every):
    """Return a function that takes one training step; its argument is ignored."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    steps = {}
    for attention, adamw in itertools.product(("sdpa", "eager"), ("fused", "foreach")):
        step = torch_step(batch, length, precision, every, attention, adamw)
        step()
        begin = time.perf_counter()
        step(), step()
        steps[attention, adamw] = (time.perf_counter() - begin, step)
    fastest = min(steps, key=lambda choice: steps[choice][0])
    print(f"torch {precision}{' stock' if every else ''}: attention {fastest[0]}, AdamW {fastest[1]}", flush=True)
    step = steps[fastest][1]
    del steps  # the other models

    def run(_):
        step()

    return run


def torch_step(batch, length, precision, every, attention, adamw):
    import torch
    from transformers import BertConfig, BertForPreTraining

    network = BertForPreTraining(BertConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        intermediate_size=INTERMEDIATE, attn_implementation=attention)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, eps=1e-6, weight_decay=0.01, **{adamw: True})
    ids = torch.randint(VOCABULARY, (batch, length))
    predictions = -(-length * 15 // 100)
    positions = (2 * torch.arange(predictions) + 1) * length // (2 * predictions)
    labels = torch.full_like(ids, -100)
    labels[:, positions] = ids[:, positions]
    following = torch.arange(batch) % 2
    cross_entropy = torch.nn.functional.cross_entropy

    def loss():
        if every:
            return network(input_ids=ids, labels=labels, next_sentence_label=following).loss
        output = network.bert(input_ids=ids)
        logits = network.cls.predictions(output.last_hidden_state[:, positions].flatten(0, 1))
        pair = network.cls.seq_relationship(output.pooler_output)
        return cross_entropy(logits.float(), ids[:, positions].flatten()) + cross_entropy(pair.float(), following)

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bfloat16" else contextlib.nullcontext():
            value = loss()
        value.backward()
        optimizer.step()

    return step


def cloze_turn(args, precision):
    out = subprocess.run([args.bert, "bench", "--train", "--precision", precision, "--threads", str(args.threads), "--batch", str(args.batch),
                          "--length", str(args.length), "--duration", f"{args.seconds}s", "--format", "json"],
                         check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[0])


def measure(peers, args):
    times, memory = {}, 0
    for _ in range(args.rounds):
        for precision in args.precisions:
            turn = cloze_turn(args, precision)
            times.setdefault(("cloze", precision), []).append(turn["median_ms"])
            memory = max(memory, turn["peak_rss_bytes"])
        for peer in peers:
            steps = peer.turn(args.batch, args.length, args.seconds)
            times.setdefault((peer.name, peer.precision), []).append(statistics.median(steps))
    print(f"peak memory of cloze: {memory / 2**20:.0f} MiB")
    tokens = args.batch * args.length
    return [{"program": name, "precision": precision, "batch": args.batch, "length": args.length,
             "median_ms": round(statistics.median(ms), 1), "min_ms": round(min(ms), 1), "max_ms": round(max(ms), 1),
             "tokens_per_second": round(tokens / statistics.median(ms) * 1e3)}
            for (name, precision), ms in times.items()]


def show(rows):
    print(f"\n{'program':>12} {'precision':>10} {'median ms':>10} {'min':>9} {'max':>9} {'tokens/s':>9}  cloze is")
    clozes = {row["precision"]: row for row in rows if row["program"] == "cloze"}
    for row in rows:
        cloze = clozes[row["precision"]]
        ratio = "" if row is cloze else f"{row['median_ms'] / cloze['median_ms']:.2f}x as fast"
        print(f"{row['program']:>12} {row['precision']:>10} {row['median_ms']:>10.1f} {row['min_ms']:>9.1f} "
              f"{row['max_ms']:>9.1f} {row['tokens_per_second']:>9}  {ratio}")


if __name__ == "__main__":
    main()
