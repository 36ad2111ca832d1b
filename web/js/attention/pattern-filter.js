// The patterns that the heads of a text follow, each with how many do; one of
// them can be outlined in the grid.

import { h, replace } from '../dom.js';
import { t } from '../i18n.js';

/** @typedef {import('./patterns.js').Pattern} Pattern */

export class PatternFilter {
  /** @param {(pattern: Pattern|'') => void} choose */
  constructor(choose) {
    this.choose = choose;
    this.element = h('div', { class: 'row patterns', role: 'group', 'aria-label': t('attention.patterns') });
  }

  /** @param {import('./patterns.js').HeadStatistics[]} statistics  @param {Pattern|''} current */
  show(statistics, current) {
    /** @type {Map<Pattern, number>} */
    const counts = new Map(current === '' ? [] : [[current, 0]]);
    for (const { pattern } of statistics) counts.set(pattern, (counts.get(pattern) ?? 0) + 1);
    const list = [...counts].sort(([, a], [, b]) => b - a);
    const key = JSON.stringify(list);
    // The button with the keyboard's focus stays.
    if (key !== this.shown) {
      replace(this.element, list.map(([pattern, n]) => h('button', {
        type: 'button', 'data-pattern': pattern,
        onclick: (/** @type {Event} */ e) => this.choose(/** @type {Element} */ (e.currentTarget).getAttribute('aria-pressed') === 'true' ? '' : pattern),
      }, t('attention.heads-of', { pattern: t(`attention.pattern.${pattern}`), n }))));
    }
    this.shown = key;
    for (const button of this.element.children) button.setAttribute('aria-pressed', String(button.getAttribute('data-pattern') === current));
  }

  shown = '';
}
