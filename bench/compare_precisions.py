#!/usr/bin/env python3
"""Compare the losses of the same pre-training in float32 and in bfloat16.

Both runs start from the same weights and see the same examples, masks and
dropout; only the precision of their matrix products differs. The losses of
every step are smoothed by a mean over the last --window steps and compared at
every step. The exit status is 1 if they ever differ by more than --tolerance.

    make build
    python3 bench/compare_precisions.py --corpus TEXT --output runs/precisions

Needs nothing beside Python. A run that has ended is not made again.
"""

import argparse
import json
import pathlib
import subprocess
import sys

PRECISIONS = "float32", "bfloat16"


def main():
    args = parse_arguments()
    args.output.mkdir(parents=True, exist_ok=True)
    runs = {precision: reports(train(args, precision)) for precision in PRECISIONS}
    losses = {precision: [r["loss"] for r in run if r["kind"] == "step"] for precision, run in runs.items()}
    assert all(len(values) == args.steps for values in losses.values()), "a run has not reported every step"
    worst = show(losses, args)
    for precision, run in runs.items():
        text = [r for r in run if r["kind"] == "evaluation"][-1]["evaluation"]["text"]
        print(f"held out, {precision}: MLM loss {text['mlm_loss']:.4f}, accuracy {text['mlm_accuracy']:.4f}; "
              f"NSP loss {text['nsp_loss']:.4f}, accuracy {text['nsp_accuracy']:.4f}")
    sys.exit(worst > args.tolerance)


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bert", default="bin/bert", help="Cloze's command line, built with make build")
    p.add_argument("--corpus", required=True, help="text: a file or a folder, as bert pretrain reads it")
    p.add_argument("--output", type=pathlib.Path, default=pathlib.Path("runs/precisions"))
    p.add_argument("--preset", default="mini", help="size of the model")
    p.add_argument("--vocabulary", type=int, default=8192, help="size of the vocabulary that is made of the text")
    p.add_argument("--steps", type=int, default=1000)
    p.add_argument("--batch", type=int, default=32)
    p.add_argument("--length", type=int, default=128)
    p.add_argument("--learning-rate", type=float, default=1e-3)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=0, help="0 is all processors")
    p.add_argument("--window", type=int, default=50, help="steps that a smoothed loss is the mean of")
    p.add_argument("--tolerance", type=float, default=0.02, help="how far the smoothed losses may be apart")
    return p.parse_args()


def train(args, precision):
    """Pre-train, unless that was done, and return the run's metrics file."""
    vocabulary = args.output / "vocab.txt"
    if not vocabulary.exists():
        subprocess.run([args.bert, "vocab", args.corpus, "-o", vocabulary, "--size", str(args.vocabulary)], check=True)
    output = args.output / precision
    metrics = output / "metrics.jsonl"
    if metrics.exists() and reports(metrics)[-1]["kind"] == "end":
        return metrics
    recipe = args.output / f"{precision}.json"
    recipe.write_text(json.dumps({
        "preset": args.preset, "vocabulary": str(vocabulary), "corpus": [args.corpus], "output": str(output),
        "phases": [{"max_tokens": args.length, "batch_size": args.batch, "steps": args.steps}],
        "seed": args.seed, "learning_rate": args.learning_rate, "precision": precision,
        "report_every": 1, "evaluate_every": args.steps,
    }, indent=2) + "\n")
    with open(args.output / f"{precision}.log", "w") as log:
        subprocess.run([args.bert, "pretrain", recipe, "--threads", str(args.threads)], check=True, stderr=log)
    return metrics


def reports(metrics):
    return [json.loads(line) for line in metrics.read_text().splitlines()]


def show(losses, args):
    smooth = {precision: smoothed(values, args.window) for precision, values in losses.items()}
    apart = [abs(b - a) / a for a, b in zip(*(smooth[p] for p in PRECISIONS))]
    print(f"mean loss of {args.window} steps\n{'step':>6} {'float32':>9} {'bfloat16':>9} {'apart':>8}")
    for step in range(args.steps // 10, args.steps + 1, args.steps // 10):
        print(f"{step:>6} {smooth['float32'][step - 1]:>9.4f} {smooth['bfloat16'][step - 1]:>9.4f} {apart[step - 1]:>8.3%}")
    worst = max(apart)
    single = max(abs(b - a) / a for a, b in zip(*(losses[p] for p in PRECISIONS)))
    print(f"at most {worst:.3%} apart, after step {apart.index(worst) + 1}; unsmoothed at most {single:.3%}")
    return worst


def smoothed(values, window):
    """The mean of the last window values, of fewer at the beginning."""
    return [sum(values[max(0, i + 1 - window):i + 1]) / min(window, i + 1) for i in range(len(values))]


if __name__ == "__main__":
    main()
