// Labels that fit into the room they have.

/** What a label beside or above a heat map may take: pixels, which style.css
 * knows too, and columns of its font. */
export const LABEL_ROOM = 96;
export const LABEL_COLUMNS = 12;

/** Characters twice as wide as Latin ones in a monospaced font. */
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3ffff}]/u;

/** A label of at most so many columns of a monospaced font; what is cut ends
 * in "…".
 * @param {string} label  @param {number} columns */
export function shorten(label, columns) {
  const characters = [...label];
  const widths = characters.map((c) => (WIDE.test(c) ? 2 : 1));
  if (widths.reduce((sum, w) => sum + w, 0) <= columns) return label;
  let kept = 0;
  let width = 1;
  while (kept < characters.length && width + widths[kept] <= columns) width += widths[kept++];
  return `${characters.slice(0, kept).join('')}…`;
}
