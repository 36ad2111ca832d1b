// One answer: the view's drawing between a heading and the tools. Its parts stay
// in the document from answer to answer, so that what is focused or opened stays
// so.

import { h, keepingFocus, replace } from './dom.js';
import { t } from './i18n.js';
import { problemNotice } from './problem.js';
import { Tools } from './tools.js';

/** @typedef {import('./api.js').Answer} Answer */
/** @typedef {import('./state.js').State} State */
/** Whether columns differ in their text and in their model, and which this is.
 * @typedef {{texts: boolean, models: boolean, index: number}} Several */

export class Column {
  constructor() {
    this.heading = h('h2', {});
    this.result = h('div', { class: 'result' });
    this.tools = new Tools();
    // Focused when what was pressed is gone.
    this.element = h('section', { class: 'answer', tabIndex: -1 }, this.heading, this.result, this.tools.element);
  }

  /**
   * @param {import('./views.js').View} view  @param {Answer[]} answers
   * @param {{state: State, requests: import('./api.js').Request[], several: Several, page: import('./controls.js').Page}} of
   */
  show(view, answers, { state, requests, several, page }) {
    const model = modelOf(answers);
    this.frame(model, state, several);
    if (view.keepsPanel && !this.failed) view.show(this.result, answers, state, page);
    else keepingFocus(this.element, () => this.renew((result) => view.show(result, answers, state, page)));
    this.failed = false;
    const name = ['cloze', view.id, several.models && model, several.texts && several.index + 1].filter(Boolean).join('-');
    this.tools.show({ view, state, requests, answers, result: this.result }, name);
  }

  /** @param {unknown} error  @param {State} state  @param {Several} several  @param {() => void} again  @param {Set<string>} marked */
  showProblem(error, state, several, again, marked) {
    this.frame(state.model, state, several);
    const focusAndAsk = () => { this.element.focus({ preventScroll: true }); again(); };
    this.renew((result) => replace(result, problemNotice(error, focusAndAsk, { marked })));
    this.failed = true;
    this.tools.hide();
  }

  /** Draws into a result without what a view or a problem left in it. What was
   * opened by the reader is open in it.
   * @param {(result: HTMLElement) => void} draw */
  renew(draw) {
    const result = h('div', { class: 'result' });
    const open = [...this.result.querySelectorAll('details')].map((details) => details.open);
    this.result.replaceWith(result);
    this.result = result;
    draw(result);
    /** @type {HTMLElement} */ (this.result).querySelectorAll('details').forEach((details, i) => { details.open = open[i] ?? details.open; });
  }

  /** @param {string} model  @param {State} state  @param {Several} several */
  frame(model, state, { texts, models }) {
    this.element.setAttribute('aria-label', t('answer-of', { model }));
    const names = [texts && `“${state.text}”`, models && (model || t('model-auto'))].filter(Boolean);
    this.heading.textContent = names.length > 0 ? names.join(' · ') : t('answer');
    this.heading.classList.toggle('visually-hidden', names.length === 0);
  }

  failed = false;
}

/** @param {Answer[]} answers */
function modelOf(answers) {
  return answers.find(({ data }) => data.results)?.data.results[0].model ?? '';
}
