// The bar over the page while an answer is waited for, and after the wait was
// given up.

import { h, keepingFocus, replace } from './dom.js';
import { t } from './i18n.js';

/** A wait longer than this is shown, in milliseconds. */
const SHOW_AFTER = 400;

export class Waiting {
  /**
   * @param {HTMLElement} bar
   * @param {{shown: () => void, cancel: () => void, again: () => void}} on
   *   shown: the wait became long; cancel and again: what was pressed
   */
  constructor(bar, on) {
    this.bar = bar;
    this.on = on;
    this.timer = 0;
  }

  start() {
    this.timer = window.setTimeout(() => {
      replace(this.bar, h('p', { class: 'waiting' }, h('progress', { 'aria-label': t('waiting') }), t('waiting'),
        h('button', { type: 'button', onclick: () => this.cancel() }, t('cancel'))));
      this.on.shown();
    }, SHOW_AFTER);
  }

  stop() {
    clearTimeout(this.timer);
    replace(this.bar);
  }

  /** "Ask again" comes where "Cancel" was, focus and all. */
  cancel() {
    keepingFocus(this.bar, () => {
      this.on.cancel();
      replace(this.bar, h('p', { class: 'waiting' }, t('cancelled'),
        h('button', { type: 'button', onclick: () => { this.stop(); this.on.again(); } }, t('ask-again'))));
    });
  }
}
