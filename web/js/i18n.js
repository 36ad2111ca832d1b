// The interface's two languages. A message is looked up by its key; {name} is
// replaced by a value. en.js and zh.js hold the same keys (a test compares
// them).

import en from './messages/en.js';
import zh from './messages/zh.js';

const MESSAGES = { en, zh };

/** @typedef {'en'|'zh'} Language */

/** @type {Language[]} */
export const LANGUAGES = ['en', 'zh'];

/** @type {Language} */
let language = 'en';

/** As the lang attribute has them. */
const TAGS = { en: 'en', zh: 'zh-Hans' };

/** @param {Language} l */
export function setLanguage(l) {
  language = l;
  document.documentElement.lang = TAGS[l];
}

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/** The reader's language: what they chose before, else the browser's.
 * @param {string|null} chosen  @param {readonly string[]} preferred  @returns {Language} */
export function pickLanguage(chosen, preferred) {
  if (chosen === 'en' || chosen === 'zh') return chosen;
  for (const tag of preferred) {
    if (tag.startsWith('zh')) return 'zh';
    if (tag.startsWith('en')) return 'en';
  }
  return 'en';
}

/** @param {string} key  @param {Record<string, string|number>} [values]  @returns {string} */
export function t(key, values = {}) {
  const message = /** @type {Record<string, string>} */ (MESSAGES[language])[key];
  if (message === undefined) throw new Error(`no message ${key} in ${language}`);
  return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** What the page calls something that a model or a link names; the name itself
 * where the page does not know it.
 * @param {string} kind  of name, as messages begin  @param {string} name */
export function named(kind, name) {
  const key = `${kind}.${name}`;
  return key in MESSAGES[language] ? t(key) : name;
}

/** The lang attribute of a text that may be in the other language; null where it
 * is in the page's. @param {string} text */
export function otherLang(text) {
  const own = /\p{Script=Han}/u.test(text) ? 'zh' : 'en';
  return own === language ? null : TAGS[own];
}

/** A share; one too small for the digits keeps two of its own, so that only
 * nothing reads as 0.
 * @param {number} x  @param {number} [digits] */
export function percent(x, digits = 1) {
  const small = x > 0 && x < 0.5 * 10 ** (-2 - digits);
  const form = small ? { maximumSignificantDigits: 2 } : { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(language, { style: 'percent', ...form }).format(x);
}
