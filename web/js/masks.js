// Which words of a text are hidden. A mask is the number of a word, counted
// without what stands between the words, so that a link reads "the fourth word".

import { parseNumbers } from './state.js';
import { kept, splitWords } from './words.js';

export const MASK = '[MASK]';

/** @typedef {import('./state.js').State} State */

/** @typedef {{text: string, index: number|undefined, hidden: boolean}} Part */

/** The text in parts: which word each is, and whether it is hidden. A mask that
 * names no word, or one that is written as [MASK] already, hides nothing.
 * @param {State} state  @returns {Part[]} */
export function partsOf({ text, mask }) {
  const chosen = new Set(parseNumbers(mask));
  let n = 0;
  return splitWords(text).map((part) => {
    const index = part.word ? n++ : undefined;
    return { text: part.text, index, hidden: index !== undefined && chosen.has(index) && part.text !== MASK };
  });
}

/** The parts that stay on one line: a word, what opens before it and what closes
 * behind it. White space is where lines may end.
 * @param {Part[]} parts  @returns {Part[][]} */
export function partsTogether(parts) {
  /** @type {Part[][]} */
  const lines = [];
  let together = false;
  let word = false;
  for (const part of parts) {
    const opens = part.index !== undefined || /^[\p{Ps}\p{Pi}]/u.test(part.text);
    if (part.text.trim() === '') {
      together = false;
      continue;
    }
    if (!together || (opens && word)) {
      lines.push([]);
      word = false;
    }
    lines[lines.length - 1].push(part);
    together = true;
    word ||= part.index !== undefined;
  }
  return lines;
}

/** The text with the hidden words replaced. @param {State} state */
export function maskedText(state) {
  return partsOf(state).map(({ text, hidden }) => (hidden ? MASK : text)).join('');
}

/** For each mask the word that it hides; undefined for one that was written.
 * @param {State} state  @returns {(string|undefined)[]} */
export function hiddenWords(state) {
  return partsOf(state).filter(({ text, hidden }) => hidden || text === MASK).map(({ text, hidden }) => (hidden ? text : undefined));
}

/** The masks after one word was hidden, or shown again.
 * @param {State} state  @param {number} index */
export function toggled(state, index) {
  const masked = partsOf(state).filter(({ hidden }) => hidden).map((part) => Number(part.index));
  const next = masked.includes(index) ? masked.filter((m) => m !== index) : [...masked, index].sort((a, b) => a - b);
  return next.join(',');
}

/** The masks after the text was edited: those of the words before and after
 * the edited ones stay with their words.
 * @param {State} before  @param {string} text */
export function keptMasks(before, text) {
  const { old, now, head, tail } = kept(before.text, text);
  return parseNumbers(before.mask)
    .filter((m) => m < head || (m >= old - tail && m < old))
    .map((m) => (m < head ? m : m + now - old))
    .join(',');
}

/** The text up to its nth mask, and from its nth mask on.
 * @param {string} text  with masks  @param {number} n  from 0 */
export function oneSided(text, n) {
  const parts = text.split(MASK);
  return [parts.slice(0, n + 1).join(MASK) + MASK, MASK + parts.slice(n + 1).join(MASK)];
}
