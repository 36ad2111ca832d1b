// What the fill-mask view asks of the server, and which answer says what.

import { hiddenWords, MASK, maskedText, oneSided } from './masks.js';
import { parseNumbers } from './state.js';
import { splitList } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./views.js').Answer} Answer */

/** The server gives at most so many predictions of a mask. */
export const MOST = 100;

/** What is asked: the masks; how likely the hidden words are; and the chosen
 * mask with the text on one side of it.
 * @param {State} state  @returns {Record<'masks'|'hidden'|'sides', import('./api.js').Request[]>} */
export function questions(state) {
  const text = maskedText(state);
  if (!text.includes(MASK)) return { masks: [], hidden: [], sides: [] };
  const targets = targetsOf(state);
  const hidden = [...new Set(hiddenWords(state).filter((word) => word !== undefined))];
  /** @param {string} part  @param {any} [more] */
  const ask = (part, more) => ({
    path: 'fill-mask',
    body: { text: part, offset_unit: 'utf16', ...(state.model && { model: state.model }), ...more },
  });
  // Words that are asked for are all answered, however few predictions are wanted.
  const scoring = (/** @type {string[]} */ words) => ({ targets: words, top_k: Math.max(Number(state.k), Math.min(words.length, MOST)) });
  const best = targets.length > 0 ? scoring(targets) : { top_k: Number(state.k) };
  return {
    masks: [ask(text, { ...best, ...(maskCount(state) > 1 && state.joint === '1' && { joint: true }) })],
    hidden: hidden.length > 0 ? [ask(text, scoring(hidden))] : [],
    sides: state.sides === '1' ? oneSided(text, chosenMask(state)).map((part) => ask(part, best)) : [],
  };
}

/** The answers by what they answer: the first request, then those that follow
 * it if they were asked.
 * @param {Answer[]} answers  @param {State} state */
export function read(answers, state) {
  const { hidden, sides } = questions(state);
  const results = answers.map(({ data }) => data.results[0]);
  const [ofLeft, ofRight] = sides.length > 0 ? results.slice(-2) : [];
  return {
    result: results[0],
    ofHidden: hidden.length > 0 ? results[1] : undefined,
    left: ofLeft?.masks.at(-1),
    right: ofRight?.masks[0],
    chosen: chosenMask(state),
  };
}

/** @param {State} state */
export function maskCount(state) {
  return hiddenWords(state).length;
}

/** The mask that is shown from one side, counted from 0; a link may name one
 * that is gone.
 * @param {State} state */
export function chosenMask(state) {
  const [n = 1] = parseNumbers(state.of);
  return Math.min(Math.max(n, 1), Math.max(maskCount(state), 1)) - 1;
}

/** @param {State} state */
export function targetsOf(state) {
  return splitList(state.targets);
}
