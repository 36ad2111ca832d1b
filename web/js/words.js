// Words as a reader sees them, to be clicked, and as a reader lists them.

/** @typedef {{text: string, start: number, end: number, word: boolean}} Word  offsets in UTF-16 units */

// [MASK] as written, a Han character alone (BERT reads them so), a run of
// letters, digits and marks with inner apostrophes, or anything else.
const PARTS = /\[MASK\]|\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}\p{M}])+(?:['’][\p{L}\p{N}\p{M}]+)*|[^]/gu;

/** @param {string} text  @returns {Word[]} */
export function splitWords(text) {
  return [...text.matchAll(PARTS)].map((m) => ({
    text: m[0],
    start: m.index,
    end: m.index + m[0].length,
    word: /^(\[MASK\]|[\p{L}\p{N}])/u.test(m[0]),
  }));
}

/** How many words two texts have, and how many are the same from the head and
 * from the tail on.
 * @param {string} before  @param {string} after */
export function kept(before, after) {
  const words = (/** @type {string} */ text) => splitWords(text).filter((w) => w.word).map((w) => w.text);
  const [old, now] = [words(before), words(after)];
  const shorter = Math.min(old.length, now.length);
  let head = 0;
  while (head < shorter && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < shorter - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail++;
  return { old: old.length, now: now.length, head, tail };
}

/** Whether a text is another one, rather than the same with some words changed.
 * @param {string} before  @param {string} after */
export function isAnother(before, after) {
  const { old, head, tail } = kept(before, after);
  return head + tail < old / 2;
}

/** What stands between listed words, in either language. */
export const COMMAS = /[,，、]/;

/** What a reader listed, each once. @param {string} list  @returns {string[]} */
export function splitList(list) {
  return [...new Set(list.split(COMMAS).map((part) => part.trim()).filter(Boolean))];
}
