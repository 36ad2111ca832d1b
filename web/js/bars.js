// Scores as bars: a list of label, bar and figure.

import { h } from './dom.js';
import { percent } from './i18n.js';

/**
 * @param {{label: any, score: number}[]} rows
 * @param {{digits?: number, write?: (score: number) => string, full?: number}} [how]
 *   digits of the percentages; write, where scores are not shares; full: the score of a whole bar
 */
export function bars(rows, { digits = 1, write = (score) => percent(score, digits), full = 1 } = {}) {
  return h('ul', { class: 'bars' }, rows.map(({ label, score }) => h('li', {},
    h('span', {}, label),
    h('div', { class: 'track', 'aria-hidden': 'true' }, h('div', { class: 'fill', style: { width: `${100 * Math.max(0, Math.min(1, score / full))}%` } })),
    h('span', { class: 'share' }, write(score)))));
}
