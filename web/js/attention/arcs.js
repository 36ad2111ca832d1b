// One head as lines from each token to what it looks at.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { shorten } from './labels.js';
import { topOfRow } from './matrix.js';

const LINE_HEIGHT = 24;
const LEFT = 150;
const RIGHT = 430;
const WIDTH = 580;
/** Of a monospaced font at 14 pixels, beside LEFT and RIGHT. */
const LABEL_COLUMNS = 16;
/** More lines than these are slow to draw and say nothing. */
const MAX_LINES = 500;

/**
 * @param {import('./heatmap.js').Picture} picture
 * @param {{least: number, name: string, say: (sentence: string) => void}} how  least: the smallest probability drawn
 * @returns {SVGElement}
 */
export function arcs({ rows, columns, cells }, { least, name, say }) {
  const perToken = Math.max(1, Math.floor(MAX_LINES / Math.max(rows.length, 1)));
  const height = LINE_HEIGHT * (Math.max(rows.length, columns.length) + 0.5);
  const lines = h('g', {});
  const labels = h('g', {});
  columns.forEach((label, c) => labels.append(text(RIGHT + 8, c, label, 'start')));
  rows.forEach((label, r) => {
    const targets = topOfRow(cells, columns.length, r, perToken).filter(({ value }) => value >= least);
    const group = h('g', { class: 'from' }, targets.map(({ column, value }) => h('path', {
      d: curve(r, column), 'stroke-width': (0.5 + 5 * value).toFixed(2), 'stroke-opacity': (0.15 + 0.85 * Math.sqrt(value)).toFixed(3),
      fill: 'none', stroke: 'currentColor',
    })));
    lines.append(group);
    const sentence = t('attention.from-label', {
      from: label, targets: targets.slice(0, 3).map(({ column, value }) => `${columns[column]} ${value.toFixed(2)}`).join(', '),
    });
    const focus = (/** @type {boolean} */ on) => {
      lines.classList.toggle('focused', on);
      group.classList.toggle('chosen', on);
      if (on) say(sentence);
    };
    labels.append(h('g', {
      role: 'img', tabindex: '0', 'aria-label': sentence, class: 'token',
      onpointerenter: () => focus(true), onpointerleave: () => focus(false),
      onfocus: () => focus(true), onblur: () => focus(false),
    }, h('rect', { x: 0, y: r * LINE_HEIGHT + 4, width: LEFT, height: LINE_HEIGHT, fill: 'transparent' }), text(LEFT - 8, r, label, 'end')));
  });
  return h('svg', {
    class: 'picture arcs', viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, role: 'group', 'aria-label': name,
    'font-family': 'monospace', 'font-size': '14',
  }, lines, labels);
}

/** @param {number} x  @param {number} row  @param {string} label  @param {string} anchor */
function text(x, row, label, anchor) {
  return h('text', { x, y: (row + 0.85) * LINE_HEIGHT, 'text-anchor': anchor, fill: 'currentColor' }, shorten(label, LABEL_COLUMNS), h('title', {}, label));
}

/** @param {number} from  @param {number} to */
function curve(from, to) {
  const y1 = (from + 0.65) * LINE_HEIGHT;
  const y2 = (to + 0.65) * LINE_HEIGHT;
  const middle = (LEFT + RIGHT) / 2;
  return `M${LEFT} ${y1}C${middle} ${y1} ${middle} ${y2} ${RIGHT} ${y2}`;
}
