// Attention probabilities as numbers: reading the server's bytes, choosing and
// merging tokens, and what can be said of a head. Pure functions.

/**
 * All heads of one text: values[((layer·heads + head)·T + from)·T + to] · scale.
 * @typedef {{layers: number, heads: number, tokens: number, values: Uint8Array|Float32Array, scale: number}} Attention
 * @typedef {{token: string, id: number, type: number, word: number, special: boolean}} Piece
 */

/** What an answer of POST /attention in its binary form holds.
 * @param {Headers} headers */
export function shapeOf(headers) {
  const [layers, heads, tokens] = (headers.get('X-Attention-Shape') ?? '').split(',').map(Number);
  return { layers, heads, tokens };
}

/** Reads that answer.
 * @param {ArrayBuffer} bytes  @param {Headers} headers  @returns {Attention} */
export function readAttention(bytes, headers) {
  const { layers, heads, tokens } = shapeOf(headers);
  const small = headers.get('X-Attention-Type') === 'uint8';
  // The server writes little-endian, as every browser's machine does.
  const values = small ? new Uint8Array(bytes) : new Float32Array(bytes);
  if (values.length !== layers * heads * tokens * tokens) throw new Error('attention of a wrong size');
  return { layers, heads, tokens, values, scale: small ? 1 / 255 : 1 };
}

/**
 * Which tokens are rows (from) and columns (to), in groups shown as one.
 * @typedef {{rows: Group[], columns: Group[], renormalised: boolean}} Plan
 * @typedef {{label: string, tokens: number[]}} Group
 */

/** Chooses rows and columns.
 * @param {Piece[]} pieces
 * @param {{hideSpecials?: boolean, pair?: string, words?: boolean}} how  pair: '', 'AA', 'AB', 'BA' or 'BB', from → to
 * @returns {Plan} */
export function plan(pieces, { hideSpecials = false, pair = '', words = false }) {
  const sides = { A: 0, B: 1 };
  /** @param {string} side */
  const groupsOf = (side) => {
    const chosen = pieces.map((_, i) => i).filter((i) => (!hideSpecials || !pieces[i].special)
      && (side === '' || pieces[i].type === sides[/** @type {'A'|'B'} */ (side)]));
    return words ? wordGroups(pieces, chosen) : chosen.map((i) => ({ label: pieces[i].token, tokens: [i] }));
  };
  const rows = groupsOf(pair.charAt(0));
  const columns = groupsOf(pair.charAt(1));
  const kept = columns.reduce((n, g) => n + g.tokens.length, 0);
  return { rows, columns, renormalised: kept < pieces.length };
}

/** Pieces of one word, together. @param {Piece[]} pieces  @param {number[]} chosen  @returns {Group[]} */
function wordGroups(pieces, chosen) {
  /** @type {Group[]} */
  const groups = [];
  let last = -1;
  for (const i of chosen) {
    const piece = pieces[i];
    const previous = last >= 0 ? pieces[last] : undefined;
    if (previous && !piece.special && !previous.special && piece.word === previous.word && piece.type === previous.type) {
      const group = groups[groups.length - 1];
      group.label += piece.token.replace(/^##/, '');
      group.tokens.push(i);
    } else {
      groups.push({ label: piece.token, tokens: [i] });
    }
    last = i;
  }
  return groups;
}

/**
 * One head as the plan arranges it: (rows, columns). Attention to a word is
 * the sum over its pieces; attention from a word the mean over its pieces
 * (Clark et al. 2019, §4.1). Rows whose columns were thinned out are divided
 * by what is left of them.
 * @param {Attention} attention  @param {number} layer  @param {number} head  @param {Plan} plan
 * @returns {Float32Array}
 */
export function arrange({ heads, tokens, values, scale }, layer, head, { rows, columns, renormalised }) {
  const base = (layer * heads + head) * tokens * tokens;
  const cells = new Float32Array(rows.length * columns.length);
  for (let r = 0; r < rows.length; r++) {
    const at = r * columns.length;
    const from = rows[r].tokens;
    let sum = 0;
    for (let c = 0; c < columns.length; c++) {
      let p = 0;
      for (const i of from) {
        for (const j of columns[c].tokens) p += values[base + i * tokens + j];
      }
      p *= scale / from.length;
      cells[at + c] = p;
      sum += p;
    }
    if (renormalised && sum > 0) {
      for (let c = 0; c < columns.length; c++) cells[at + c] /= sum;
    }
  }
  return cells;
}

/** One head as the plan arranges it, in 255ths, for a thumbnail.
 * @param {Attention} attention  @param {number} layer  @param {number} head  @param {Plan} plan  @returns {Uint8Array} */
export function thumbnail(attention, layer, head, plan) {
  const { heads, tokens, values } = attention;
  const everyToken = plan.rows.length === tokens && plan.columns.length === tokens;
  if (everyToken && values instanceof Uint8Array) {
    const base = (layer * heads + head) * tokens * tokens;
    return values.subarray(base, base + tokens * tokens);
  }
  return Uint8Array.from(arrange(attention, layer, head, plan), (p) => Math.round(255 * p));
}

/** The mean of a layer's heads, as an attention with one head.
 * @param {Attention} attention  @returns {Attention} */
export function meanOfHeads({ layers, heads, tokens, values, scale }) {
  const size = tokens * tokens;
  const mean = new Float32Array(layers * size);
  for (let l = 0; l < layers; l++) {
    for (let h = 0; h < heads; h++) {
      const base = (l * heads + h) * size;
      for (let i = 0; i < size; i++) mean[l * size + i] += values[base + i];
    }
  }
  for (let i = 0; i < mean.length; i++) mean[i] *= scale / heads;
  return { layers, heads: 1, tokens, values: mean, scale: 1 };
}

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

/** Patterns of attention heads (Clark et al. 2019, §3). Of probabilities in
 * 255ths the entropy is an estimate: those under half of one came as zero, and
 * what a row lacks is spread evenly over them.
 * @param {Attention} attention  @param {number} layer  @param {number} head  @param {Piece[]} pieces
 * @returns {HeadStatistics} */
export function statistics({ heads, tokens: T, values, scale }, layer, head, pieces) {
  const base = (layer * heads + head) * T * T;
  const ids = pieces.map((p) => p.id);
  let entropy = 0;
  /** @type {Record<string, number>} */
  const share = { next: 0, previous: 0, self: 0, sep: 0, cls: 0, same: 0 };
  let same = 0;
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
      entropy -= p * Math.log2(p);
      if (ids[j] === id && (j > i + 1 || j < i - 1)) same += p;
    }
    if (scale < 1 && rest > 0 && zeros > 0) entropy -= rest * Math.log2(rest / zeros);
    share.self += values[row + i] * scale;
    if (i > 0) share.previous += values[row + i - 1] * scale;
    if (i + 1 < T) share.next += values[row + i + 1] * scale;
  }
  share.same = same;
  pieces.forEach((piece, j) => {
    if (!piece.special) return;
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

/** The k largest cells of a row, by falling value.
 * @param {Float32Array} cells  @param {number} columns  @param {number} row  @param {number} k
 * @returns {{column: number, value: number}[]} */
export function topOfRow(cells, columns, row, k) {
  return Array.from(cells.subarray(row * columns, (row + 1) * columns), (value, column) => ({ column, value }))
    .sort((a, b) => b.value - a.value || a.column - b.column).slice(0, k);
}
