// What a link may choose of the attention view, and what it means.

import { SCALES } from './color.js';

/** @typedef {import('../state.js').State} State */

/** What each setting is when a link leaves it out. */
export const SETTINGS = {
  layer: '0', head: '0', mode: '', view: '', specials: '', direction: '', words: '', scale: 'sqrt', least: '0.05', pattern: '', pinned: '', pinnedPair: '',
};

/** What is offered where there is a choice. */
export const CHOICES = {
  mode: ['', 'mean', 'rollout'],
  view: ['', 'arcs', 'table'],
  direction: ['', 'AA', 'AB', 'BA', 'BB'],
  scale: Object.keys(SCALES),
  specials: ['', '1'],
  words: ['', '1'],
  pattern: ['', 'next', 'previous', 'self', 'sep', 'cls', 'same', 'broad', 'mixed'],
};

/** The largest threshold for a line. */
export const MOST_LEAST = 0.5;

/** A link's state as one that can be shown: what is not offered is the default,
 * numbers are within their bounds. How many layers and heads there are, only the
 * answer says: see chosen.
 * @param {State} state  @returns {State} */
export function clean(state) {
  const cleaned = { ...state };
  for (const [name, values] of Object.entries(CHOICES)) {
    if (name in state && !values.includes(state[name])) cleaned[name] = SETTINGS[/** @type {keyof typeof SETTINGS} */ (name)];
  }
  for (const name of /** @type {const} */ (['layer', 'head'])) {
    if (name in state && !/^\d{1,9}$/.test(state[name])) cleaned[name] = SETTINGS[name];
  }
  if ('least' in state) {
    const least = state.least.trim() === '' ? NaN : Number(state.least);
    cleaned.least = Number.isNaN(least) ? SETTINGS.least : String(Math.min(Math.max(least, 0), MOST_LEAST));
  }
  return cleaned;
}

/** The layer or head that a link names, if there are so many; else the last.
 * @param {string} index  @param {number} count */
export function chosen(index, count) {
  return Math.min(Number(index), count - 1);
}
