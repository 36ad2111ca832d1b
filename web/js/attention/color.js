// Probabilities as colours: one hue, brighter to darker, so that more is always
// darker on a light page and lighter on a dark one.

/** How a probability becomes a share of the scale. Square roots keep small
 * probabilities apart, of which attention mostly consists. */
export const SCALES = {
  sqrt: (/** @type {number} */ p) => Math.sqrt(p),
  linear: (/** @type {number} */ p) => p,
  log: (/** @type {number} */ p) => (p <= 0 ? 0 : Math.max(0, 1 + Math.log10(p) / 3)),
};

/** @typedef {keyof typeof SCALES} Scale */

const LIGHT = [[255, 255, 255], [158, 197, 240], [46, 104, 178], [10, 30, 74]];
const DARK = [[31, 33, 37], [38, 74, 122], [104, 160, 228], [226, 240, 255]];

/** 256 opaque colours as ImageData takes them, for v/255 on the scale.
 * @param {boolean} dark  @param {Scale} scale  @returns {Uint32Array} */
export function colorTable(dark, scale) {
  const table = new Uint32Array(256);
  for (let v = 0; v < 256; v++) {
    const [r, g, b] = mix(dark ? DARK : LIGHT, SCALES[scale](v / 255));
    table[v] = (255 << 24) | (b << 16) | (g << 8) | r;
  }
  return table;
}

/** @param {number} p  @param {boolean} dark  @param {Scale} scale */
export function cssColor(p, dark, scale) {
  return `rgb(${mix(dark ? DARK : LIGHT, SCALES[scale](p)).join(' ')})`;
}

/** @param {number[][]} stops  @param {number} x  0 to 1 */
function mix(stops, x) {
  const at = Math.min(Math.max(x, 0), 1) * (stops.length - 1);
  const i = Math.min(Math.floor(at), stops.length - 2);
  return stops[i].map((v, k) => Math.round(v + (stops[i + 1][k] - v) * (at - i)));
}
