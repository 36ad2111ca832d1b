#!/usr/bin/env python3
"""Compare Cloze's tokenizer with Hugging Face's on the same text, one thread each.

Both cut the same lines, with [CLS] and [SEP] and offsets. First their ids are
compared, then they take turns (A B A B), so that a machine that speeds up or
slows down does so for both. The table shows medians and the ratio.

    pip install -r bench/tokenizer/requirements.txt
    python bench/tokenizer/compare.py

Run it from the root of the repository. Without --text it reads running text
from ../shared/data, or where that is missing the small texts in testdata.
"""

import os

# Before tokenizers is there: one thread, however many there are.
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import argparse
import gzip
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

TESTDATA = pathlib.Path("internal/tokenizer/testdata")
CORPUS = pathlib.Path("../shared/data")
PER_SOURCE = 200_000  # characters of each source, so that no one of them is all of it


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=pathlib.Path, help="a text file; it needs --model")
    parser.add_argument("--model", type=pathlib.Path, help="a directory with vocab.txt, lower-casing")
    parser.add_argument("--megabytes", type=float, default=4, help="how much text (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="how often each takes its turn (default %(default)s)")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows there, too")
    args = parser.parse_args()
    if bool(args.text) != bool(args.model):
        parser.error("--text and --model go together")

    print(f"tokenizers {tokenizers.__version__}, Python {platform.python_version()}, {processor()}\n")
    rows = []
    with tempfile.TemporaryDirectory(prefix="tokenizer-bench-") as tmp:
        tmp = pathlib.Path(tmp)
        cloze = Cloze(tmp)
        for name, text, model in inputs(args):
            lines = cut(text, int(args.megabytes * 1e6))
            rows.append(compare(name, lines, model, cloze, args.rounds, tmp))
    show(rows)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


def inputs(args):
    """Yields (name, text, model directory)."""
    if args.text:
        yield args.text.name, args.text.read_text(encoding="utf-8"), args.model
        return
    for language, name in (("en", "English"), ("zh", "Chinese")):
        sources = sorted(CORPUS.glob(f"{language}/corpus/*.txt.gz"))
        if sources:
            text = ""
            for source in sources:
                with gzip.open(source, "rt", encoding="utf-8") as f:
                    text += f.read(PER_SOURCE)
            yield name, text, pathlib.Path("models") / language
        else:
            print(f"{CORPUS} is missing: {name} is a small text over and over")
            text = (TESTDATA / f"sample-{language}.txt").read_text(encoding="utf-8")
            yield name, text * 1000, pathlib.Path("models") / language


def cut(text, size):
    """The lines of the first so many bytes."""
    lines = []
    for line in text.split("\n"):
        # Cloze's benchmark reads lines up to \\n, and so must this.
        size -= len(line.encode()) + 1
        if size < 0:
            break
        lines.append(line)
    return lines


def compare(name, lines, model, cloze, rounds, tmp):
    file = tmp / "text.txt"
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")
    size = file.stat().st_size
    peer = hugging_face(model / "vocab.txt")

    encodings = peer.encode_batch(lines)
    pieces = sum(len(e.ids) for e in encodings)
    different = check(lines, encodings, cloze.encode(file, model))
    del encodings
    if different:
        sys.exit(f"{name}: {different} of {len(lines)} lines have different ids or offsets")

    # Without offsets Hugging Face's is faster; Cloze always gives them.
    contenders = {
        "Hugging Face": lambda: timed(peer.encode_batch, lines),
        "Hugging Face, no offsets": lambda: timed(peer.encode_batch_fast, lines),
        "Cloze": lambda: cloze.measure(file, model, size),
    }
    seconds = {contender: [] for contender in contenders}
    for _ in range(rounds):
        for contender, run in contenders.items():
            seconds[contender].append(run())
    return {
        "text": name, "bytes": size, "lines": len(lines), "tokens": pieces,
        "megabytes_per_second": {c: size / statistics.median(s) / 1e6 for c, s in seconds.items()},
        "tokens_per_second": {c: pieces / statistics.median(s) for c, s in seconds.items()},
        "seconds": seconds,
    }  # fmt: skip


def hugging_face(vocab):
    t = Tokenizer(WordPiece.from_file(str(vocab), unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.decoder = decoders.WordPiece()
    t.add_special_tokens([AddedToken(x, special=True) for x in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")])
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(x, t.token_to_id(x)) for x in ("[CLS]", "[SEP]")],
    )
    return t


def timed(encode, lines, batch=1000):
    """Seconds for the lines, in batches such as one would make of them."""
    start = time.perf_counter()
    for i in range(0, len(lines), batch):
        encode(lines[i : i + batch])
    return time.perf_counter() - start


def check(lines, encodings, results):
    """How many lines Cloze cuts differently."""
    different = 0
    for line, want, got in zip(lines, encodings, results, strict=True):
        ids = [piece["id"] for piece in got["pieces"]]
        offsets = [(piece["start"], piece["end"]) for piece in got["pieces"]]
        if ids != want.ids or offsets != want.offsets:
            different += 1
            if different <= 3:
                print(f"different: {line!r}\n  tokenizers {want.ids}\n  Cloze      {ids}")
    return different


class Cloze:
    """Cloze's command line, to see what it makes of text, and its benchmark."""

    def __init__(self, tmp):
        self.bert, self.benchmark = tmp / "bert", tmp / "tokenizer.test"
        subprocess.run(["go", "build", "-o", self.bert, "./cmd/bert"], check=True)
        subprocess.run(["go", "test", "-c", "-o", self.benchmark, "./internal/tokenizer"], check=True)

    def encode(self, file, model):
        command = [self.bert, "tokenize", "--model", model, "--format", "text", file]
        with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
            for line in process.stdout:
                yield json.loads(line)
        if process.returncode:
            sys.exit(process.returncode)

    def measure(self, file, model, size):
        """Seconds for the text, as the mean of three runs over it."""
        environment = os.environ | {"TOKENIZER_BENCH_TEXT": str(file.resolve()), "TOKENIZER_BENCH_MODEL": str(model.resolve())}
        out = subprocess.run(
            [self.benchmark, "-test.run=^$", "-test.bench=^BenchmarkEncodeFile$", "-test.benchtime=3x", "-test.cpu=1"],
            check=True, capture_output=True, encoding="utf-8", env=environment, cwd="internal/tokenizer",
        ).stdout  # fmt: skip
        fields = next(line for line in out.splitlines() if line.startswith("BenchmarkEncodeFile")).split()
        return float(fields[fields.index("ns/op") - 1]) / 1e9


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if pathlib.Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor() or platform.machine()


def show(rows):
    print("| text | | MB/s | tokens/s | Cloze is |\n|---|---|---|---|---|")
    for row in rows:
        cloze = row["megabytes_per_second"]["Cloze"]
        for contender, speed in row["megabytes_per_second"].items():
            ratio = "" if contender == "Cloze" else f"{cloze / speed:.1f}× as fast"
            print(f"| {row['text']}, {row['bytes'] / 1e6:.1f} MB | {contender} | {speed:.1f} | {row['tokens_per_second'][contender]:,.0f} | {ratio} |")


if __name__ == "__main__":
    main()
