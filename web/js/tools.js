// What stands below every answer: how long it took, the requests as code, and
// the answer as a file. The buttons stay from answer to answer, so that what is
// focused, opened or chosen stays so.

import { h, replace } from './dom.js';
import { download, EXPORTS } from './export.js';
import { t } from './i18n.js';
import { SNIPPETS } from './snippets.js';

/** @typedef {import('./api.js').Answer} Answer */
/** @typedef {import('./api.js').Request} Request */

/** The language that the reader copied in last, on any view. */
let language = SNIPPETS[0].name;

export class Tools {
  constructor() {
    this.timings = h('dl', { class: 'timings', 'aria-label': t('timing') });
    this.code = h('code', {});
    this.languages = SNIPPETS.map(({ name }) => h('button', { type: 'button', onclick: () => { language = name; this.write(); } }, name));
    this.copyButton = h('button', { type: 'button', class: 'copy', onclick: () => this.copy() }, t('copy'));
    this.element = h('div', { class: 'tools', hidden: true },
      this.timings,
      h('details', {},
        h('summary', {}, t('as-code')),
        h('div', { class: 'row', role: 'group', 'aria-label': t('as-code') }, this.languages, this.copyButton),
        h('pre', { tabIndex: 0 }, this.code)),
      h('div', { class: 'row exports', role: 'group', 'aria-label': t('save-as') },
        h('span', {}, t('save-as')),
        Object.entries(EXPORTS).map(([name, make]) => h('button', {
          type: 'button', onclick: () => this.save(name, make),
        }, name)),
        this.failure = h('p', { role: 'alert' })));
  }

  /** @param {string} name  @param {(shown: import('./export.js').Shown) => Promise<Blob>|Blob} make */
  async save(name, make) {
    if (!this.shown) return;
    replace(this.failure);
    try {
      download(`${this.name}.${name.toLowerCase()}`, await make(this.shown));
    } catch (error) {
      replace(this.failure, t('not-saved', { name, error: String(error) }));
    }
  }

  /** @param {import('./export.js').Shown & {requests: Request[]}} shown  @param {string} name  of its files */
  show(shown, name) {
    this.shown = shown;
    this.name = name;
    this.element.hidden = false;
    replace(this.timings, timings(shown.answers));
    this.write();
  }

  hide() {
    this.element.hidden = true;
  }

  write() {
    this.languages.forEach((button, i) => button.setAttribute('aria-pressed', String(SNIPPETS[i].name === language)));
    const { write } = SNIPPETS.find(({ name }) => name === language) ?? SNIPPETS[0];
    const { requests = [], answers = [] } = this.shown ?? {};
    const asked = requests.flatMap((request, i) => answers[i].requests ?? [request]);
    this.code.textContent = write(new URL('.', document.baseURI).href, asked);
  }

  async copy() {
    this.copyButton.textContent = t(await copied(this.code) ? 'copied' : 'copy-by-hand');
    setTimeout(() => { this.copyButton.textContent = t('copy'); }, 3000);
  }

  /** @type {(import('./export.js').Shown & {requests: Request[]})|undefined} */
  shown;
  name = '';
}

/** Puts the text of an element on the clipboard, or selects it for the reader to
 * copy: browsers lend the clipboard only to pages that came encrypted or from
 * the same machine.
 * @param {HTMLElement} element  @returns {Promise<boolean>} */
async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent ?? '');
    return true;
  } catch {
    getSelection()?.selectAllChildren(element);
    return document.execCommand('copy');
  }
}

/** The phases that the server names in Server-Timing. */
const PHASES = ['tokenize', 'queue', 'model', 'post'];

/** Most requests run side by side, so that their times do not add up: the
 * slowest is the one that was waited for.
 * @param {Answer[]} answers */
function timings(answers) {
  const slowest = answers.reduce((a, b) => (b.milliseconds > a.milliseconds ? b : a));
  const row = (/** @type {string} */ name, /** @type {number} */ ms, /** @type {number} */ digits) =>
    h('div', {}, h('dt', {}, name), h('dd', {}, t('milliseconds', { n: ms.toFixed(digits) })));
  return [
    answers.length > 1 && h('div', {}, h('dt', {}, t('timing.slowest', { n: answers.length }))),
    slowest.timings.map(({ name, milliseconds }) => row(PHASES.includes(name) ? t(`timing.${name}`) : name, milliseconds, 2)),
    row(t('timing.browser'), slowest.milliseconds, 1),
  ];
}
