// One answer: the view's drawing between a heading and the tools. Its parts stay
// in the document from answer to answer, so that what is focused stays so.

import { answerTools, problemNotice } from './answer.js';
import { h, replace } from './dom.js';
import { t } from './i18n.js';

/** @typedef {import('./api.js').Answer} Answer */
/** @typedef {import('./state.js').State} State */
/** Whether columns differ in their text and in their model.
 * @typedef {{texts: boolean, models: boolean}} Several */

export class Column {
  constructor() {
    this.heading = h('h2', {});
    this.result = h('div', { class: 'result' });
    this.tools = h('div', {});
    this.element = h('section', { class: 'answer' }, this.heading, this.result, this.tools);
  }

  /**
   * @param {import('./views.js').View} view  @param {Answer[]} answers
   * @param {{state: State, requests: import('./api.js').Request[], several: Several, page: import('./controls.js').Page}} of
   */
  show(view, answers, { state, requests, several, page }) {
    this.frame(modelOf(answers), state, several);
    if (!view.keepsPanel || this.failed) this.renew();
    view.show(this.result, answers, state, page);
    // An opened box of code stays open.
    const open = this.tools.querySelector('details')?.open ?? false;
    replace(this.tools, answerTools({ view, state, requests, answers, result: this.result }));
    /** @type {HTMLDetailsElement} */ (this.tools.querySelector('details')).open = open;
  }

  /** @param {Error} error  @param {State} state  @param {Several} several  @param {() => void} again */
  showProblem(error, state, several, again) {
    this.frame(state.model, state, several);
    this.renew();
    this.failed = true;
    replace(this.result, problemNotice(error, again));
    replace(this.tools);
  }

  /** A result without what a view or a problem left in it. */
  renew() {
    const result = h('div', { class: 'result' });
    this.result.replaceWith(result);
    this.result = result;
    this.failed = false;
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
