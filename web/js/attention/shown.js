// What the answers to a state show: the chosen head, mean or rollout, arranged
// as the state wants it.

import { t } from '../i18n.js';
import { arrange, plan, readAttention, shapeOf } from './matrix.js';
import { inParts } from './parts.js';
import { chosen } from './settings.js';

/** @typedef {import('../state.js').State} State */
/** @typedef {import('../api.js').Answer} Answer */
/** @typedef {ReturnType<typeof shownOf>} Shown */

/** The requests of a text whatever is chosen: all heads, as coarse as their
 * thumbnails need them, and the pieces of the same text. /tokenize cuts only
 * when asked to, and then as the model reads.
 * @param {State} state  @returns {import('../api.js').Request[]} */
export function firstRequests(state) {
  if (state.text.trim() === '') return [];
  const pieces = { path: 'tokenize', body: { ...inputOf(state), truncate: true, offset_unit: 'utf16' } };
  return [inParts({ path: 'attention', body: { ...inputOf(state), precision: 'uint8' }, accept: 'application/octet-stream' }, pieces), pieces];
}

/** What is looked at closely, exactly: the model that answered has to have it.
 * @param {Answer[]} answers  to the first requests  @param {State} state  @returns {import('../api.js').Request} */
export function closeRequest([all], state) {
  const { layers, heads } = shapeOf(all.headers);
  const of = { '': { heads: [chosen(state.head, heads)] }, mean: { aggregate: 'heads' }, rollout: { aggregate: 'rollout' } };
  return {
    path: 'attention',
    body: { ...inputOf(state), layers: [chosen(state.layer, layers)], ...of[/** @type {keyof typeof of} */ (state.mode)] },
    accept: 'application/octet-stream',
  };
}

/** @param {State} state */
function inputOf({ text, pair, model }) {
  return { text, ...(pair && { text_pair: pair }), ...(model && { model }) };
}

/** @param {Answer[]} answers  @param {State} state */
export function shownOf([first, tokenized, close], state) {
  const result = tokenized.data.results[0];
  const pieces = /** @type {import('./matrix.js').Piece[]} */ (result.pieces);
  const all = readAttention(first.data, first.headers);
  const exact = readAttention(close.data, close.headers);
  if (pieces.length !== all.tokens || pieces.length !== exact.tokens) throw new Error('attention between other pieces');
  const how = plan(pieces, { hideSpecials: state.specials === '1', pair: state.direction, words: state.words === '1' });
  const layer = chosen(state.layer, all.layers);
  const head = chosen(state.head, all.heads);
  const picture = { rows: how.rows.map((g) => g.label), columns: how.columns.map((g) => g.label), cells: arrange(exact, 0, 0, how) };
  return { bytes: /** @type {ArrayBuffer} */ (first.data), all, exact, result, pieces, how, picture, layer, head, name: nameOf(state, layer, head) };
}

/** @param {State} state  @param {number} layer  @param {number} head */
function nameOf(state, layer, head) {
  if (state.mode === 'rollout') return t('attention.rollout-of', { layer: layer + 1 });
  if (state.mode === 'mean') return t('attention.mean-of', { layer: layer + 1 });
  return t('attention.head-of', { layer: layer + 1, head: head + 1 });
}
