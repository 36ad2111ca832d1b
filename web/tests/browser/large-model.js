// A model with as many heads as BERT-base, and otherwise as small as can be,
// with random weights: as a Hugging Face directory.

import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CONFIG = {
  model_type: 'bert', architectures: ['BertModel'], hidden_act: 'gelu', layer_norm_eps: 1e-12,
  num_hidden_layers: 12, num_attention_heads: 12, hidden_size: 96, intermediate_size: 96, max_position_embeddings: 512, type_vocab_size: 2,
};
const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'river', 'ran', 'past', 'an', 'old', 'mill'];

/** @returns {Promise<string>} the directory */
export async function largeModel() {
  const directory = await mkdtemp(join(tmpdir(), 'cloze-large-'));
  const H = CONFIG.hidden_size;
  /** @type {Record<string, {dtype: string, shape: number[], data_offsets: number[]}>} */
  const header = {};
  /** @type {number[]} */
  const weights = [];
  const add = (name, shape, value) => {
    const begin = 4 * weights.length;
    for (let i = shape.reduce((a, b) => a * b); i > 0; i--) weights.push(value());
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, 4 * weights.length] };
  };
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  // Small enough for tokens to stay apart through all layers, as what the heads look at is to differ.
  const linear = (name, out, into) => { add(`${name}.weight`, [out, into], name.endsWith('output.dense') ? () => random() / 8 : random); add(`${name}.bias`, [out], () => 0); };
  const norm = (name) => { add(`${name}.weight`, [H], () => 1); add(`${name}.bias`, [H], () => 0); };
  add('embeddings.word_embeddings.weight', [VOCABULARY.length, H], random);
  add('embeddings.position_embeddings.weight', [CONFIG.max_position_embeddings, H], random);
  add('embeddings.token_type_embeddings.weight', [CONFIG.type_vocab_size, H], random);
  norm('embeddings.LayerNorm');
  for (let l = 0; l < CONFIG.num_hidden_layers; l++) {
    const layer = `encoder.layer.${l}`;
    for (const part of ['self.query', 'self.key', 'self.value', 'output.dense']) linear(`${layer}.attention.${part}`, H, H);
    norm(`${layer}.attention.output.LayerNorm`);
    linear(`${layer}.intermediate.dense`, CONFIG.intermediate_size, H);
    linear(`${layer}.output.dense`, H, CONFIG.intermediate_size);
    norm(`${layer}.output.LayerNorm`);
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  await writeFile(join(directory, 'config.json'), JSON.stringify({ ...CONFIG, vocab_size: VOCABULARY.length }));
  await writeFile(join(directory, 'vocab.txt'), `${VOCABULARY.join('\n')}\n`);
  await writeFile(join(directory, 'model.safetensors'), Buffer.concat([length, json, Buffer.from(Float32Array.from(weights).buffer)]));
  return directory;
}
