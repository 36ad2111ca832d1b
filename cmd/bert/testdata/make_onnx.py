"""Writes tiny.onnx, a random encoder as PyTorch exports it, and tiny.onnx.json,
what ONNX Runtime answers. Needed only to renew the files, never to run the tests.

    pip install torch==2.15.0 transformers==5.24.0 onnx==1.23.2 onnxruntime==1.32.0
    python make_onnx.py
"""

import json

import onnxruntime
import torch
from transformers import BertConfig, BertModel


class Encoder(BertModel):
    def forward(self, input_ids, attention_mask, token_type_ids):
        return super().forward(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state


torch.manual_seed(7)
config = BertConfig(
    vocab_size=31, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
    max_position_embeddings=12, attn_implementation="eager")
model = Encoder(config, add_pooling_layer=False).eval()
for p in model.parameters():
    torch.nn.init.normal_(p, 0, 0.3)
ids = torch.tensor([[2, 7, 9, 11, 3, 12, 3]])
types = torch.tensor([[0, 0, 0, 0, 0, 1, 1]])
torch.onnx.export(
    model, (ids, torch.ones_like(ids), types), "tiny.onnx", dynamo=False, opset_version=14,
    input_names=["input_ids", "attention_mask", "token_type_ids"], output_names=["last_hidden_state"],
    dynamic_axes={n: {0: "batch", 1: "sequence"} for n in ["input_ids", "attention_mask", "token_type_ids"]})
session = onnxruntime.InferenceSession("tiny.onnx", providers=["CPUExecutionProvider"])
hidden = session.run(None, {"input_ids": ids.numpy(), "attention_mask": torch.ones_like(ids).numpy(), "token_type_ids": types.numpy()})[0]
with open("tiny.onnx.json", "w") as f:
    json.dump({"ids": ids[0].tolist(), "types": types[0].tolist(), "hidden": hidden[0].tolist()}, f, separators=(",", ":"))
    f.write("\n")
