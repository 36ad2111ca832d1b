// All heads of a long text in a large model are more than one answer holds: they
// are asked some layers at a time, and put together again.

import { ask, get } from '../api.js';
import { shapeOf } from './matrix.js';

/** @typedef {import('../api.js').Request} Request */

/** A request for all heads, in parts.
 * @param {Request} whole  @param {Request} pieces  the one for the pieces of its text, whose answer names the model
 * @returns {Request} */
export function inParts(whole, pieces) {
  return {
    ...whole,
    parts: {
      async of({ errors = [], limit = 0, actual = 0 }, signal) {
        if (!errors.some(({ pointer }) => pointer === '/layers')) return [];
        const { model } = (await ask(pieces, signal)).data.results[0];
        const { layers } = await get(`models/${encodeURIComponent(model)}`, signal);
        return split(layers, limit / actual).map((part) => ({ ...whole, body: { ...whole.body, layers: part } }));
      },
      join,
    },
  };
}

/** Layers 0 … layers − 1 in as few parts as will do, as equal as they can be;
 * none if even one layer is too much.
 * @param {number} layers  @param {number} share  of them that fits into one answer
 * @returns {number[][]} */
export function split(layers, share) {
  const most = Math.floor(layers * share);
  if (!(most > 0)) return [];
  const size = Math.ceil(layers / Math.ceil(layers / most));
  return Array.from({ length: Math.ceil(layers / size) }, (_, i) =>
    Array.from({ length: Math.min(size, layers - i * size) }, (_, k) => i * size + k));
}

/** Layers follow each other in the answers as they do in one.
 * @param {{data: ArrayBuffer, headers: Headers}[]} answers */
export function join(answers) {
  const bytes = new Uint8Array(answers.reduce((sum, { data }) => sum + data.byteLength, 0));
  let at = 0;
  let layers = 0;
  for (const { data, headers } of answers) {
    bytes.set(new Uint8Array(data), at);
    at += data.byteLength;
    layers += shapeOf(headers).layers;
  }
  const headers = new Headers(answers[0].headers);
  const { heads, tokens } = shapeOf(headers);
  headers.set('X-Attention-Shape', [layers, heads, tokens, tokens].join());
  return { data: bytes.buffer, headers };
}
