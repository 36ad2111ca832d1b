// The bar over the page while an answer is waited for, and after the wait was
// given up.

import { h, keepingFocus, replace } from './dom.js';
import { t } from './i18n.js';

/** A wait longer than this is shown, in milliseconds. */
const SHOW_AFTER = 400;

export class Waiting {
  /**
   * @param {HTMLElement} bar
   * @param {{said: (sentence: string) => void, cancel: () => void, again: () => void}} on
   *   said: the wait became long, or came further; cancel and again: what was pressed
   */
  constructor(bar, on) {
    this.bar = bar;
    this.on = on;
    this.timer = 0;
    /** What is asked in parts: how many of them are awaited, and how many are here. */
    this.parts = 0;
    this.here = 0;
    this.progress = h('progress', {});
    this.sentence = h('span', {});
  }

  start() {
    this.parts = this.here = 0;
    this.progress = h('progress', {});
    this.timer = window.setTimeout(() => {
      replace(this.bar, h('p', { class: 'waiting' }, this.progress, this.sentence,
        h('button', { type: 'button', onclick: () => this.cancel() }, t('cancel'))));
      this.say();
    }, SHOW_AFTER);
  }

  /** @param {number} parts  more of them */
  expect(parts) {
    this.parts += parts;
    this.say();
  }

  arrived() {
    this.here++;
    this.say();
  }

  /** Says how far it is, where that is shown. */
  say() {
    const sentence = this.parts === 0 ? t('waiting') : t('waiting-parts', { n: Math.min(this.here + 1, this.parts), parts: this.parts });
    if (this.parts > 0) {
      this.progress.max = this.parts;
      this.progress.value = this.here;
    }
    this.progress.setAttribute('aria-label', sentence);
    this.sentence.textContent = sentence;
    if (this.progress.isConnected) this.on.said(sentence);
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
