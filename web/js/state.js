// The whole state of the page lives in the URL's fragment, which browsers do
// not send: texts never reach a server's log, and Back, bookmarks and shared
// links work.
//
//     #/fill-mask?v=1&text=my%20dog%20is%20%5BMASK%5D.&model=en&k=5

export const VERSION = '1';

/** Fragments beyond this length are cut by some programs that pass links on. */
export const MAX_LINK = 8000;

/**
 * @typedef {Record<string, string>} State  every value as text
 * @typedef {{view: string, state: State}} Location
 */

/** @param {string} fragment  location.hash, with or without its '#'
 * @returns {Location} */
export function parseFragment(fragment) {
  const [path, query = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  /** @type {State} */
  const state = {};
  for (const [name, value] of new URLSearchParams(query)) {
    if (name !== 'v') state[name] = value;
  }
  return { view: safeDecode(path), state };
}

/** Whether a fragment is one of ours: none at all is the first view's.
 * @param {string} fragment */
export function isLocation(fragment) {
  return fragment === '' || fragment.startsWith('#/');
}

/** @param {Location} location  @returns {string} */
export function formatFragment({ view, state }) {
  const query = new URLSearchParams();
  query.set('v', VERSION);
  for (const name of Object.keys(state).sort()) query.set(name, state[name]);
  return `#/${encodeURIComponent(view)}?${query.toString().replaceAll('+', '%20')}`;
}

/** Leaves out what equals a default, so that links stay short. What has no
 * default stays: a reader of another language has other examples.
 * @param {State} state  @param {State} defaults  @returns {State} */
export function withoutDefaults(state, defaults) {
  return Object.fromEntries(Object.entries(state).filter(([name, value]) => value !== defaults[name]));
}

/** The whole state of a fragment's: the example is taken as one, so that no part
 * of it meets the text of a link.
 * @param {State} state  @param {State} settings  @param {State} example  @returns {State} */
export function completeState(state, settings, example) {
  const shown = Object.keys(example).some((name) => name in state)
    ? Object.fromEntries(Object.keys(example).map((name) => [name, '']))
    : example;
  return { ...settings, ...shown, ...state };
}

/** A list in one value: '3,5,8'. @param {string} value  @returns {number[]} */
export function parseNumbers(value) {
  return (value || '').split(',').filter((v) => /^\d+$/.test(v)).map(Number);
}

/** @param {string} text */
function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
