"""Writes tiny.onnx and fused.onnx, random encoders as PyTorch exports them, and
beside each a .json of what ONNX Runtime answers. Needed only to renew the files,
never to run the tests.

    pip install torch==2.15.0 transformers==5.24.0 onnx==1.23.2 onnxruntime==1.32.0
    python make_onnx.py
"""

import json

import onnxruntime
import torch
from transformers import BertConfig, BertModel

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


class Encoder(BertModel):
    def forward(self, input_ids, attention_mask, token_type_ids):
        out = super().forward(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return out.last_hidden_state if self.pooler is None else (out.last_hidden_state, out.pooler_output)


def write(path, seed, opset, pooler, **config):
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=31, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=12, attn_implementation="eager", **config)
    model = Encoder(config, add_pooling_layer=pooler).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, 0, 0.3)
    ids = torch.tensor([[2, 7, 9, 11, 3, 12, 3]])
    types = torch.tensor([[0, 0, 0, 0, 0, 1, 1]])
    inputs = (ids, torch.ones_like(ids), types)
    torch.onnx.export(
        model, inputs, path, dynamo=False, opset_version=opset, input_names=INPUTS,
        output_names=["last_hidden_state", "pooler_output"][:1 + pooler],
        dynamic_axes={n: {0: "batch", 1: "sequence"} for n in INPUTS})
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    hidden, *pooled = session.run(None, {n: x.numpy() for n, x in zip(INPUTS, inputs)})
    answer = {"ids": ids[0].tolist(), "types": types[0].tolist(), "hidden": hidden[0].tolist()}
    if pooled:
        answer["pooled"] = pooled[0][0].tolist()
    with open(path + ".json", "w") as f:
        json.dump(answer, f, separators=(",", ":"))
        f.write("\n")


# Before opset 17 LayerNorm is many nodes, with epsilon among their constants.
write("tiny.onnx", seed=7, opset=14, pooler=False, intermediate_size=24)
# Since 17 LayerNorm is one node, and since 20 GELU is one. I = H: a matrix read
# with its axes exchanged has the right shape. An epsilon as large as this one
# shows in the hidden states.
write("fused.onnx", seed=8, opset=20, pooler=True, intermediate_size=16, layer_norm_eps=1e-3, hidden_act="gelu_pytorch_tanh")
