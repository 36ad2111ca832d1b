// What can be said of a head: how broadly it looks, and which of the known
// patterns it follows. Pure functions.

import { t } from '../i18n.js';
import { isFrame } from './matrix.js';

/** @typedef {import('./matrix.js').Attention} Attention */
/** @typedef {import('./matrix.js').Piece} Piece */

/**
 * What is known of a head: how broadly it looks, and where.
 * @typedef {{entropy: number, pattern: Pattern, share: number}} HeadStatistics
 *   entropy: mean over tokens, in bits; share: mean probability on the pattern
 * @typedef {'next'|'previous'|'self'|'sep'|'cls'|'same'|'broad'|'mixed'} Pattern
 */

/** A pattern is named where it takes at least this share of a head's attention. */
const DOMINANT = 0.4;
/** A head is broad from this share of the highest possible entropy on. */
const BROAD = 0.85;

/** −p·log₂ p of each 255th: a grid of 512 tokens takes millions of logarithms. */
const SURPRISE = Float64Array.from({ length: 256 }, (_, v) => (v === 0 ? 0 : -v / 255 * Math.log2(v / 255)));

/** Patterns of attention heads (Clark et al. 2019, §3). Of probabilities in
 * 255ths the entropy is an estimate: those under half of one came as zero, and
 * what a row lacks is spread evenly over them.
 * @param {Attention} attention  @param {number} layer  @param {number} head  @param {Piece[]} pieces
 * @returns {HeadStatistics} */
export function statistics({ heads, tokens: T, values, scale }, layer, head, pieces) {
  const base = (layer * heads + head) * T * T;
  const ids = Int32Array.from(pieces, (p) => p.id);
  let entropy = 0;
  /** @type {Record<string, number>} */
  const share = { next: 0, previous: 0, self: 0, sep: 0, cls: 0, same: 0 };
  let same = 0;
  const small = values instanceof Uint8Array;
  for (let i = 0; i < T; i++) {
    const row = base + i * T;
    const id = ids[i];
    let rest = 1;
    let zeros = 0;
    for (let j = 0; j < T; j++) {
      const p = values[row + j] * scale;
      if (p === 0) {
        zeros++;
        continue;
      }
      rest -= p;
      entropy += small ? SURPRISE[values[row + j]] : -p * Math.log2(p);
      if (ids[j] === id && (j > i + 1 || j < i - 1)) same += p;
    }
    if (scale < 1 && rest > 0 && zeros > 0) entropy -= rest * Math.log2(rest / zeros);
    share.self += values[row + i] * scale;
    if (i > 0) share.previous += values[row + i - 1] * scale;
    if (i + 1 < T) share.next += values[row + i + 1] * scale;
  }
  share.same = same;
  pieces.forEach((piece, j) => {
    if (!isFrame(piece)) return;
    let column = 0;
    for (let i = 0; i < T; i++) column += values[base + i * T + j];
    share[piece.token === '[CLS]' ? 'cls' : 'sep'] += column * scale;
  });
  entropy /= T;
  const [name, total] = Object.entries(share).reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  if (total / T >= DOMINANT) return { entropy, pattern: /** @type {Pattern} */ (name), share: total / T };
  if (entropy >= BROAD * Math.log2(T)) return { entropy, pattern: 'broad', share: entropy / Math.log2(T) };
  return { entropy, pattern: 'mixed', share: total / T };
}

/** That in words. @param {HeadStatistics} statistics */
export function factsOf({ pattern, entropy }) {
  return t('attention.facts', { pattern: t(`attention.pattern.${pattern}`), entropy: entropy.toFixed(2) });
}
