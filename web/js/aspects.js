// The aspects of a text: typed, or taken from its words. Several neighbouring
// words are one aspect: the first and the last are shown by shift and a click,
// by dragging, or by shift with the arrow keys.

import { field } from './controls.js';
import { h, keepingFocus, replace } from './dom.js';
import { t } from './i18n.js';
import { roving, stepOf } from './roving.js';
import { scrolling } from './scrolling.js';
import { COMMAS, splitList, splitWords } from './words.js';

/** @typedef {import('./state.js').State} State */
/** @typedef {import('./controls.js').Page} Page */
/** @typedef {import('./words.js').Word} Word */

/** @param {State} state  @returns {string[]} */
export function aspectsOf(state) {
  return splitList(state.aspects ?? '');
}

/** The aspect that covers each word of a text, if one does. The longest wins.
 * @param {string} text  @param {Word[]} words  @param {string[]} aspects  @returns {(string|undefined)[]} */
export function coverage(text, words, aspects) {
  /** @type {(string|undefined)[]} */
  const covered = words.map(() => undefined);
  const shortFirst = [...aspects].sort((a, b) => a.length - b.length);
  for (const aspect of shortFirst) {
    words.forEach((first, from) => {
      const to = words.findIndex((last, i) => i >= from && text.slice(first.start, last.end).toLowerCase() === aspect.toLowerCase());
      if (to >= 0) covered.fill(aspect, from, to + 1);
    });
  }
  return covered;
}

/** Chips, the field to add one, and the words of the text. @param {Page} page */
export function aspectControls(page) {
  const set = (/** @type {string[]} */ aspects) => page.set({ aspects: aspects.join(', ') });
  const chips = h('ul', { class: 'chips', 'aria-label': t('sentiment.aspects') });
  const input = h('input', {
    type: 'text', spellcheck: false, dir: 'auto', autocomplete: 'off', placeholder: t('sentiment.aspects-example'),
    onchange: () => add(),
    oninput: () => { if (COMMAS.test(input.value)) add(); },
    onkeydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === 'Enter' && !event.isComposing) add(); },
  });
  const add = () => {
    const aspects = aspectsOf({ aspects: input.value });
    input.value = '';
    if (aspects.length > 0) set([...aspectsOf(page.state), ...aspects]);
  };
  const picker = new WordPicker(page, set);
  page.follow((state) => {
    const held = chips.contains(document.activeElement);
    keepingFocus(chips, () => replace(chips, aspectsOf(state).map((aspect) => h('li', {}, h('span', { dir: 'auto' }, aspect), h('button', {
      type: 'button', 'aria-label': t('sentiment.remove', { aspect }), onclick: () => set(aspectsOf(page.state).filter((a) => a !== aspect)),
    }, '×')))));
    if (held && !chips.contains(document.activeElement)) input.focus();
    chips.hidden = aspectsOf(state).length === 0;
    picker.draw(state.text, aspectsOf(state));
  });
  return [
    h('div', { class: 'row' }, field('aspects', t('sentiment.add'), input), chips),
    h('p', { class: 'hint' }, t('sentiment.words')),
    scrolling(picker.element),
  ];
}

class WordPicker {
  /** @param {Page} page  @param {(aspects: string[]) => void} set */
  constructor(page, set) {
    this.page = page;
    this.set = set;
    this.element = h('div', {
      class: 'words picker', dir: 'auto', role: 'toolbar', 'aria-label': t('sentiment.choose'),
      onpointerup: () => { if (this.dragging && this.from !== this.to) this.take(); this.dragging = false; },
      onpointerleave: () => { if (this.dragging) this.stop(); },
    });
    this.rove = roving(this.element);
    this.stop();
  }

  /** @param {string} text  @param {string[]} aspects */
  draw(text, aspects) {
    if (text !== this.text) this.read(text);
    this.aspects = aspects;
    this.covered = coverage(text, this.words, aspects);
    [...this.element.children].forEach((button, i) => button.setAttribute('aria-pressed', String(this.covered[i] !== undefined)));
  }

  /** The buttons of another text: what was begun in one does not end in it.
   * @param {string} text */
  read(text) {
    this.text = text;
    this.words = splitWords(text).filter(({ word }) => word);
    this.anchor = undefined;
    replace(this.element, this.words.map(({ text: word }, i) => h('button', {
      type: 'button',
      onclick: (/** @type {MouseEvent} */ event) => this.click(i, event.shiftKey),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event, i),
      onpointerdown: (/** @type {PointerEvent} */ event) => { if (!event.shiftKey && event.button === 0) { this.dragging = true; this.pick(i, i); } },
      onpointerenter: () => { if (this.dragging) this.pick(this.from, i); },
    }, word)));
    this.rove();
    this.stop();
  }

  /** A click chooses a word, or gives up what it is part of; with shift it
   * chooses all from the word before. @param {number} i  @param {boolean} shift */
  click(i, shift) {
    if (shift && this.anchor !== undefined) {
      this.pick(this.anchor, i);
      this.take();
      return;
    }
    this.stop();
    this.anchor = i;
    const covering = this.covered[i];
    if (covering !== undefined) this.set(this.aspects.filter((a) => a !== covering));
    else this.set([...this.aspects, this.words[i].text]);
  }

  /** @param {KeyboardEvent} event  @param {number} i */
  key(event, i) {
    const picking = this.from !== this.to;
    if (event.key === 'Escape' && picking) {
      this.stop();
    } else if ((event.key === 'Enter' || event.key === ' ') && (picking || event.shiftKey)) {
      if (picking) this.take();
      else this.click(i, true);
    } else if (event.shiftKey && stepOf(event.key, this.element) !== 0) {
      const to = Math.max(0, Math.min(this.words.length - 1, i + stepOf(event.key, this.element)));
      this.pick(picking ? this.from : i, to);
      /** @type {HTMLElement} */ (this.element.children[to]).focus();
      this.page.announce(this.picked());
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Shows the words that would be one aspect. @param {number} from  @param {number} to */
  pick(from, to) {
    this.from = from;
    this.to = to;
    const [first, last] = [Math.min(from, to), Math.max(from, to)];
    [...this.element.children].forEach((button, i) => button.classList.toggle('picked', from !== to && i >= first && i <= last));
  }

  stop() {
    this.dragging = false;
    this.pick(-1, -1);
  }

  picked() {
    return this.text.slice(this.words[Math.min(this.from, this.to)].start, this.words[Math.max(this.from, this.to)].end);
  }

  /** Makes the picked words one aspect, in place of those they were. */
  take() {
    const [first, last] = [Math.min(this.from, this.to), Math.max(this.from, this.to)];
    const replaced = new Set(this.covered.slice(first, last + 1));
    const picked = this.picked();
    this.stop();
    this.anchor = first;
    this.set([...this.aspects.filter((a) => !replaced.has(a)), picked]);
  }

  text = '';
  dragging = false;
  from = -1;
  to = -1;
  /** The word that was clicked last. @type {number|undefined} */
  anchor = undefined;
  /** @type {Word[]} */
  words = [];
  /** @type {string[]} */
  aspects = [];
  /** @type {(string|undefined)[]} */
  covered = [];
}
