#!/usr/bin/env python3
"""Compare Cloze with what a user would pick instead to run BERT on a CPU.

Every program computes the same model on the same ids with the same number of
threads. Each lives in a process of its own and they take turns (A B C A B C),
so a machine that speeds up or slows down does so for all of them. The table
shows medians and how many times as long as Cloze each peer of the same precision takes.

    python bench/compare.py --bert bin/bert --model base
    python bench/compare.py --bert bin/bert --model models/en --shapes 1x16,1x128

Peers: ONNX Runtime (float32 on the graph that its BERT optimizer fuses; its
dynamic int8), OpenVINO (float32; bfloat16 by its precision hint; int8 by
nncf), PyTorch (float32; bfloat16 by autocast).
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

VOCABULARY = 30522
SIZES = {"base": (12, 768, 12), "mini": (4, 256, 4)}  # L, H, A
PRECISIONS = ("float32", "bfloat16", "float16", "int8")
# A program's answers may differ from PyTorch's float32 by this much (hidden
# states are of order one), and on the whole, as a root mean square, by that;
# more means that it does not compute the same model.
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.5, "float16": 0.05, "int8": 1.5}
MEAN_TOLERANCE = {"float32": 1e-4, "bfloat16": 0.05, "float16": 0.01, "int8": 0.5}


def main():
    args = parse_arguments()
    multiprocessing.set_start_method("spawn")
    describe_machine(args)
    with tempfile.TemporaryDirectory(prefix="cloze-bench-") as tmp:
        tmp = pathlib.Path(tmp)
        model = args.model
        if model in SIZES:
            model = make_random(tmp / model, *SIZES[model])
        onnx = tmp / "model.onnx"
        subprocess.run([args.bert, "export", "--format", "onnx", "--heads", "none", model, str(onnx)], check=True)
        peers = [Peer(name, start, precision, (str(model), str(onnx), str(tmp), args.threads))
                 for name, precision, start in PEERS
                 if precision in args.precisions and (not args.peers or name in args.peers)]
        try:
            check_agreement(peers, model, args)
            rows = [row for shape in args.shapes for row in measure(shape, peers, model, args)]
        finally:
            for peer in peers:
                peer.stop()
    show(rows)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=2) + "\n")


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--bert", default="bin/bert", help="Cloze's command line, built with make build")
    p.add_argument("--model", default="base", help="a model directory, or a size with random weights: " + ", ".join(SIZES))
    p.add_argument("--shapes", default="1x16,1x128,8x128", help="batch x length, comma-separated")
    p.add_argument("--precisions", default="float32,int8", help="of " + ", ".join(PRECISIONS))
    p.add_argument("--peers", default="", help="of " + ", ".join(sorted({n for n, _, _ in PEERS})) + "; default all")
    p.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    p.add_argument("--rounds", type=int, default=7, help="turns that each program takes")
    p.add_argument("--seconds", type=float, default=2, help="length of a turn")
    p.add_argument("--json", help="also write the rows to this file")
    args = p.parse_args()
    args.shapes = [tuple(map(int, s.split("x"))) for s in args.shapes.split(",")]
    args.precisions = args.precisions.split(",")
    args.peers = [p for p in args.peers.split(",") if p]
    return args


def processor():
    """The fields of /proc/cpuinfo's first processor."""
    info = pathlib.Path("/proc/cpuinfo").read_text()
    return dict(line.split(":", 1) for line in info.split("\n\n")[0].replace("\t", "").splitlines() if ":" in line)


def processor_flags():
    fields = processor()
    return set(fields.get("flags", fields.get("Features", "")).split())


def describe_machine(args):
    wanted = ("avx2", "fma", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16",
              "avx512_fp16", "amx_tile", "amx_bf16", "amx_int8")
    flags = processor_flags()
    print("processor:", processor().get("model name", "?").strip(), "·", args.threads, "threads")
    print("flags:    ", " ".join(f for f in wanted if f in flags))


def make_random(directory, layers, hidden, heads):
    """Write a model with random weights: speed does not depend on them."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(1)
    # Weights wider than the initialisation's 0.02 give hidden states as varied
    # as a trained model's, so that the check of the answers means something.
    config = BertConfig(vocab_size=VOCABULARY, initializer_range=0.05, num_hidden_layers=layers, hidden_size=hidden,
                        num_attention_heads=heads, intermediate_size=4 * hidden)
    BertModel(config).eval().save_pretrained(directory)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + [f"w{i}" for i in range(VOCABULARY - 5)]
    (directory / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    return str(directory)


def read_vocabulary(model):
    # Not splitlines, which also splits at characters that are pieces.
    return pathlib.Path(model, "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")


def example(batch, length):
    import numpy

    return inputs_of(numpy.random.default_rng(7).integers(1000, 20000, size=(batch, length), dtype=numpy.int64))


def inputs_of(ids):
    import numpy

    return {"input_ids": ids,
            "attention_mask": numpy.ones_like(ids),
            "token_type_ids": numpy.zeros_like(ids)}


# --- peers: each start_* returns a function from inputs to hidden states -------


def start_onnxruntime(model, onnx, tmp, threads):
    return onnxruntime_session(fused_graph(model, onnx, tmp), threads)


def start_onnxruntime_int8(model, onnx, tmp, threads):
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = f"{tmp}/onnxruntime-int8.onnx"
    # It cannot infer the types behind the fused nodes, which are its own. Without
    # VNNI its sums of two products overflow 16 bits, unless weights have 7 bits.
    quantize_dynamic(fused_graph(model, onnx, tmp), path, weight_type=QuantType.QInt8, per_channel=True,
                     reduce_range=processor_flags().isdisjoint({"avx_vnni", "avx512_vnni", "asimddp"}),
                     extra_options={"DefaultTensorType": TensorProto.FLOAT})
    return onnxruntime_session(path, threads)


def fused_graph(model, onnx, tmp):
    from onnxruntime.transformers import optimizer

    config = json.loads(pathlib.Path(model, "config.json").read_text())
    path = f"{tmp}/onnxruntime-fused-{os.getpid()}.onnx"
    fused = optimizer.optimize_model(onnx, model_type="bert", num_heads=config["num_attention_heads"],
                                     hidden_size=config["hidden_size"], opt_level=0)
    fused.save_model_to_file(path)
    print("onnxruntime fused:", fused.get_fused_operator_statistics(), file=sys.stderr)
    return path


def onnxruntime_session(path, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    return lambda inputs: session.run(["last_hidden_state"], {n: inputs[n] for n in names})[0]


def start_openvino(model, onnx, tmp, threads, precision="f32", graph=None):
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(graph or core.read_model(onnx), "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()
    output = compiled.output("last_hidden_state")

    def run(inputs):
        request.infer(inputs, share_inputs=True)
        return request.get_tensor(output).data

    return run


def start_openvino_bfloat16(model, onnx, tmp, threads):
    return start_openvino(model, onnx, tmp, threads, precision="bf16")


def start_openvino_int8(model, onnx, tmp, threads):
    import nncf
    import openvino

    graph = openvino.Core().read_model(onnx)
    quantized = nncf.quantize(graph, nncf.Dataset(calibration(model)), model_type=nncf.ModelType.TRANSFORMER,
                              subset_size=64)
    return start_openvino(model, onnx, tmp, threads, graph=quantized)


def calibration(model):
    """Inputs as the model meets them: between [CLS] and [SEP], where a trained
    model's hidden states have their outliers."""
    import numpy

    vocabulary = read_vocabulary(model)
    rng = numpy.random.default_rng(5)
    ids = rng.integers(len(vocabulary), size=(64, 1, 64), dtype=numpy.int64)
    ids[:, :, 0], ids[:, :, -1] = vocabulary.index("[CLS]"), vocabulary.index("[SEP]")
    return [inputs_of(i) for i in ids]


def start_torch(model, onnx, tmp, threads, bfloat16=False):
    import contextlib

    import torch
    from transformers import BertModel

    torch.set_num_threads(threads)
    network = BertModel.from_pretrained(model, dtype=torch.float32, attn_implementation="sdpa").eval()

    def run(inputs):
        autocast = torch.autocast("cpu", dtype=torch.bfloat16) if bfloat16 else contextlib.nullcontext()
        with torch.inference_mode(), autocast:
            tensors = {name: torch.from_numpy(a) for name, a in inputs.items()}
            return network(**tensors).last_hidden_state.float().numpy()

    return run


def start_torch_bfloat16(model, onnx, tmp, threads):
    return start_torch(model, onnx, tmp, threads, bfloat16=True)


PEERS = [
    ("onnxruntime", "float32", start_onnxruntime),
    ("onnxruntime", "int8", start_onnxruntime_int8),
    ("openvino", "float32", start_openvino),
    ("openvino", "bfloat16", start_openvino_bfloat16),
    ("openvino", "int8", start_openvino_int8),
    ("torch", "float32", start_torch),
    ("torch", "bfloat16", start_torch_bfloat16),
]


class Peer:
    """A program under test, in a process of its own that answers on a pipe."""

    def __init__(self, name, start, precision, arguments):
        self.name, self.precision = name, precision
        self.pipe, child = multiprocessing.Pipe()
        self.process = multiprocessing.Process(target=serve, args=(child, start, arguments), daemon=True)
        self.process.start()
        self.wait("start " + name + " " + precision)

    def wait(self, what):
        answer = self.pipe.recv()
        if isinstance(answer, Exception):
            sys.exit(f"{what}: {answer}")
        return answer

    def hidden(self, ids):
        self.pipe.send(("hidden", inputs_of(ids), 0))
        return self.wait(self.name)

    def turn(self, batch, length, seconds):
        self.pipe.send(("turn", example(batch, length), seconds))
        return self.wait(self.name)

    def stop(self):
        self.process.terminate()


def serve(pipe, start, arguments):
    try:
        run = start(*arguments)
        pipe.send("ready")
        while True:
            what, inputs, seconds = pipe.recv()
            pipe.send(run(inputs).copy() if what == "hidden" else timed(run, inputs, seconds))
    except EOFError:
        pass
    except Exception as error:  # the parent names the peer and ends the comparison
        pipe.send(error)


def timed(run, inputs, seconds):
    """Milliseconds of each pass during a turn, after two passes to warm up."""
    run(inputs), run(inputs)
    times = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        begin = time.perf_counter()
        run(inputs)
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def cloze_turn(bert, model, precision, batch, length, threads, seconds):
    out = subprocess.run([bert, "bench", "--model", str(model), "--precision", precision, "--threads", str(threads),
                          "--batch", str(batch), "--length", str(length), "--duration", f"{seconds}s",
                          "--format", "json"], check=True, capture_output=True, text=True).stdout
    return json.loads(out.splitlines()[0])["median_ms"]


def cloze_hidden(bert, model, precision, threads):
    """Ids and hidden states of a text of words from the model's vocabulary."""
    import numpy

    vocabulary = read_vocabulary(model)
    words = [w for w in vocabulary if not w.startswith(("[", "##"))]
    text = " ".join(words[i] for i in numpy.random.default_rng(3).integers(len(words), size=40))
    out = subprocess.run([bert, "predict", "embed", "--model", str(model), "--precision", precision,
                          "--threads", str(threads), "--format", "text", "--pooling", "none", "--no-normalize"],
                         input=text, check=True, capture_output=True, text=True).stdout
    answer = json.loads(out)
    ids = numpy.array([[vocabulary.index(piece) for piece in answer["pieces"]]])
    return ids, numpy.array([answer["token_embeddings"]])


def check_agreement(peers, model, args):
    import numpy

    reference = next((p for p in peers if (p.name, p.precision) == ("torch", "float32")), None)
    if reference is None:
        return
    answers = []
    for precision in args.precisions:
        ids, hidden = cloze_hidden(args.bert, model, precision, args.threads)
        answers.append(("cloze", precision, hidden))
    want = reference.hidden(ids)
    answers += [(p.name, p.precision, p.hidden(ids)) for p in peers]
    for name, precision, hidden in answers:
        largest = float(numpy.abs(hidden - want).max())
        mean = float(numpy.sqrt(numpy.mean((hidden - want) ** 2)))
        print(f"agreement: {name} {precision}: differs from torch float32 by {largest:.2g} at most, "
              f"{mean:.2g} as a root mean square", flush=True)
        if not (largest <= TOLERANCE[precision] and mean <= MEAN_TOLERANCE[precision]):
            sys.exit("the programs do not compute the same model")


def measure(shape, peers, model, args):
    batch, length = shape
    times = {}
    for _ in range(args.rounds):
        for precision in args.precisions:
            median = cloze_turn(args.bert, model, precision, batch, length, args.threads, args.seconds)
            times.setdefault(("cloze", precision), []).append(median)
        for peer in peers:
            passes = peer.turn(batch, length, args.seconds)
            times.setdefault((peer.name, peer.precision), []).append(statistics.median(passes))
    return [{"batch": batch, "length": length, "program": name, "precision": precision,
             "median_ms": round(statistics.median(ms), 3), "min_ms": round(min(ms), 3), "max_ms": round(max(ms), 3)}
            for (name, precision), ms in times.items()]


def show(rows):
    print(f"\n{'shape':>8} {'precision':>10} {'program':>12} {'median ms':>10} {'min':>9} {'max':>9}  cloze is")
    for row in sorted(rows, key=lambda r: (r["batch"], r["length"], PRECISIONS.index(r["precision"]), r["median_ms"])):
        cloze = next((r for r in rows if r["program"] == "cloze" and all(
            r[k] == row[k] for k in ("batch", "length", "precision"))), None)
        ratio = f"{row['median_ms'] / cloze['median_ms']:.2f}x as fast" if cloze and cloze is not row else ""
        print(f"{row['batch']:>4}x{row['length']:<3} {row['precision']:>10} {row['program']:>12} "
              f"{row['median_ms']:>10.3f} {row['min_ms']:>9.3f} {row['max_ms']:>9.3f}  {ratio}")


if __name__ == "__main__":
    main()
