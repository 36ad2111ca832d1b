// Attention probabilities as numbers: reading the server's bytes, choosing and
// merging tokens. Pure functions.

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
  const type = headers.get('X-Attention-Type');
  if (type !== 'uint8' && type !== 'float32') throw new Error(`attention of type ${type}`);
  const small = type === 'uint8';
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
    const chosen = pieces.map((_, i) => i).filter((i) => !(hideSpecials && isFrame(pieces[i]))
      && (side === '' || pieces[i].type === sides[/** @type {'A'|'B'} */ (side)]));
    return words ? wordGroups(pieces, chosen) : chosen.map((i) => ({ label: pieces[i].token, tokens: [i] }));
  };
  const rows = groupsOf(pair.charAt(0));
  const columns = groupsOf(pair.charAt(1));
  const kept = columns.reduce((n, g) => n + g.tokens.length, 0);
  return { rows, columns, renormalised: kept < pieces.length };
}

/** Whether a piece stands around the texts; a [MASK] stands in one.
 * @param {Piece} piece */
export function isFrame(piece) {
  return piece.token === '[CLS]' || piece.token === '[SEP]';
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
  // Which column a token belongs to, if any: the cells are then filled in the
  // order in which the values stand.
  const columnOf = new Int32Array(tokens).fill(-1);
  columns.forEach((group, c) => group.tokens.forEach((j) => { columnOf[j] = c; }));
  const cells = new Float32Array(rows.length * columns.length);
  for (let r = 0; r < rows.length; r++) {
    const at = r * columns.length;
    const from = rows[r].tokens;
    for (const i of from) {
      for (let j = 0, row = base + i * tokens; j < tokens; j++) {
        if (columnOf[j] >= 0) cells[at + columnOf[j]] += values[row + j];
      }
    }
    let sum = 0;
    for (let c = at; c < at + columns.length; c++) sum += cells[c];
    const share = !renormalised ? scale / from.length : sum > 0 ? 1 / sum : 0;
    for (let c = at; c < at + columns.length; c++) cells[c] *= share;
  }
  return cells;
}

/** A thumbnail shows at most so many cells a side. */
const MAX_SIDE = 128;

/** One head as the plan arranges it, in 255ths, for a thumbnail. Of more cells
 * than it has room for, each square is shown by its largest, so that single
 * strong cells stay visible.
 * @param {Attention} attention  @param {number} layer  @param {number} head  @param {Plan} plan
 * @returns {{rows: number, columns: number, cells: Uint8Array}} */
export function thumbnail(attention, layer, head, plan) {
  const { heads, tokens, values } = attention;
  const rows = plan.rows.length;
  const columns = plan.columns.length;
  const base = (layer * heads + head) * tokens * tokens;
  const cells = rows === tokens && columns === tokens && values instanceof Uint8Array
    ? values.subarray(base, base + tokens * tokens)
    : in255ths(arrange(attention, layer, head, plan));
  const step = Math.ceil(Math.max(rows, columns) / MAX_SIDE);
  if (step <= 1) return { rows, columns, cells };
  const width = Math.ceil(columns / step);
  const height = Math.ceil(rows / step);
  const small = new Uint8Array(width * height);
  for (let r = 0; r < rows; r++) {
    const line = Math.floor(r / step) * width;
    for (let x = 0, c = 0; x < width; x++) {
      let most = small[line + x];
      for (const end = Math.min(c + step, columns); c < end; c++) {
        if (cells[r * columns + c] > most) most = cells[r * columns + c];
      }
      small[line + x] = most;
    }
  }
  return { rows: height, columns: width, cells: small };
}

/** @param {Float32Array} cells */
function in255ths(cells) {
  const bytes = new Uint8Array(cells.length);
  for (let i = 0; i < cells.length; i++) bytes[i] = 255 * cells[i] + 0.5;
  return bytes;
}

/** The k largest cells of a row, by falling value; of equal ones the first.
 * @param {Float32Array} cells  @param {number} columns  @param {number} row  @param {number} k
 * @returns {{column: number, value: number}[]} */
export function topOfRow(cells, columns, row, k) {
  /** @type {{column: number, value: number}[]} */
  const top = [];
  for (let column = 0; column < columns; column++) {
    const value = cells[row * columns + column];
    if (top.length === k && value <= top[k - 1].value) continue;
    let at = top.length;
    while (at > 0 && top[at - 1].value < value) at--;
    top.splice(at, 0, { column, value });
    if (top.length > k) top.pop();
  }
  return top;
}
