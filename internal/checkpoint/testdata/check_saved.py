"""Loads what Save wrote into transformers, and compares it with what was read.

    pip install -r requirements.txt
    go test -run TestSaveRoundTrip .. -args -save-to=/tmp/saved
    python check_saved.py /tmp/saved

For every fixture, saved in three types: the class that config.json names loads
it without a tensor missing or left over (heads.* of several-heads aside), and
all weights are those of the fixture itself, rounded to the type, and so are the
outputs for a sentence.
"""

import pathlib
import sys

import torch
import transformers

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
LEFT_OVER = {"several-heads": {f"heads.{head}.{part}" for head in ("mood", "ner") for part in ("weight", "bias")}}

transformers.logging.set_verbosity_error()
here = pathlib.Path(__file__).parent
input_ids = torch.tensor([[2, 20, 31, 47, 4, 90, 3]])


def load(directory):
    """The model in float32, by the class that its configuration names."""
    config = transformers.AutoConfig.from_pretrained(directory)
    kind = getattr(transformers, config.architectures[0])
    options = {}
    if kind is transformers.BertModel and "without-pooler" in directory.name:
        options["add_pooling_layer"] = False
    model, info = kind.from_pretrained(directory, dtype=torch.float32, output_loading_info=True, **options)
    return model.eval(), info


failures = 0
saved = sorted(pathlib.Path(sys.argv[1]).iterdir())
for directory in saved:
    name, dtype = directory.name.rsplit("-", 1)
    model, info = load(directory)
    reference, _ = load(here / name)
    left_over = set(info["unexpected_keys"]) - LEFT_OVER.get(name, set())
    problems = [f"{kind} {sorted(keys)}" for kind, keys in [
        ("missing", info["missing_keys"]), ("left over", left_over), ("mismatched", info["mismatched_keys"])] if keys]
    if model.config.id2label != reference.config.id2label:
        problems.append(f"labels are {model.config.id2label}")
    if model.config.problem_type != reference.config.problem_type and reference.config.problem_type:
        problems.append(f"problem_type is {model.config.problem_type}")
    weights = dict(model.named_parameters())
    with torch.no_grad():
        for key, p in reference.named_parameters():
            p.copy_(p.to(DTYPES[dtype]).float())
            if key == "cls.predictions.bias" and not reference.config.tie_word_embeddings:
                continue  # the decoder's own bias is the one that counts
            if key not in weights or not torch.equal(weights[key], p):
                problems.append(f"{key} differs")
        got, want = model(input_ids), reference(input_ids)
    for key in want:
        if isinstance(want[key], torch.Tensor) and not torch.allclose(got[key], want[key], atol=1e-5):
            problems.append(f"output {key} differs")
    failures += bool(problems)
    if problems:
        print(f"{directory.name}: {'; '.join(problems)}")
print(f"transformers {transformers.__version__}: {len(saved) - failures} of {len(saved)} saved models load as they were")
sys.exit(failures > 0)
