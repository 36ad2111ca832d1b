"""Writes adamw.json: ten steps of torch.optim.AdamW, with and without clipping
and decay. Needed only to renew the file, never to run the tests.

    pip install torch==2.15.0
    python make_adamw.py > adamw.json
"""

import json
import sys

import torch

torch.manual_seed(12345)


def run(decay, max_norm, amsgrad=False):
    start = [torch.randn(3, 4), torch.randn(5)]
    grads = [[torch.randn(3, 4) * 10.0 ** (i % 3 - 1), torch.randn(5)] for i in range(10)]
    params = [torch.nn.Parameter(p.clone()) for p in start]
    optimizer = torch.optim.AdamW(
        [{"params": params[:1], "weight_decay": decay}, {"params": params[1:], "weight_decay": 0.0}],
        lr=0.0, betas=(0.9, 0.999), eps=1e-6)
    steps = []
    for i, grad in enumerate(grads):
        for p, g in zip(params, grad):
            p.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_(params, max_norm if max_norm > 0 else float("inf"))
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (i + 1)
        optimizer.step()
        steps.append({"norm": norm.item(), "params": [p.detach().flatten().tolist() for p in params]})
    return {
        "decay": decay,
        "max_norm": max_norm,
        "start": [p.flatten().tolist() for p in start],
        "grads": [[g.flatten().tolist() for g in grad] for grad in grads],
        "steps": steps,
    }


json.dump([run(0.01, 0), run(0.1, 1.0), run(0.0, 5.0)], sys.stdout, separators=(",", ":"))
print()
