// Scores as bars: a list of label, bar and figure.

import { h } from './dom.js';
import { percent } from './i18n.js';

/**
 * @param {{label: any, score: number}[]} rows
 * @param {{digits?: number, write?: (score: number) => string, least?: number, full?: number}} [how]
 *   digits of the percentages; write, where scores are not shares; least and full: the scores at both ends of the bars, which begin at 0
 */
export function bars(rows, { digits = 1, write = (score) => percent(score, digits), least = 0, full = 1 } = {}) {
  const place = (/** @type {number} */ score) => 100 * Math.max(0, Math.min(1, (score - least) / (full - least)));
  return h('ul', { class: 'bars' }, rows.map(({ label, score }) => {
    const [from, to] = [place(Math.min(score, 0)), place(Math.max(score, 0))];
    return h('li', {},
      h('span', {}, label),
      h('div', { class: 'track', 'aria-hidden': 'true' }, h('div', { class: 'fill', style: { 'margin-left': `${from}%`, width: `${to - from}%` } })),
      h('span', { class: 'share' }, write(score)));
  }));
}
