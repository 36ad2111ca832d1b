// Scores as bars: a list of label, bar and percentage.

import { h } from './dom.js';
import { percent } from './i18n.js';

/**
 * @param {{label: any, score: number}[]} rows
 * @param {number} [digits]  of the percentages
 */
export function bars(rows, digits = 1) {
  return h('ul', { class: 'bars' }, rows.map(({ label, score }) => h('li', {},
    h('span', {}, label),
    h('div', { class: 'track', 'aria-hidden': 'true' }, h('div', { class: 'fill', style: { width: `${100 * Math.max(0, Math.min(1, score))}%` } })),
    h('span', { class: 'share' }, percent(score, digits)))));
}
