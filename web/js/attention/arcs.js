// One head as lines from each token to what it looks at.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { themeColor } from '../theme.js';
import { shorten } from './labels.js';
import { topOfRow } from './matrix.js';

const LINE_HEIGHT = 24;
/** How wide the drawing is; in less room it is drawn smaller. */
const WIDTH = { least: 300, most: 580 };
/** A column of a monospaced font at 14 pixels. */
const COLUMN = 8.6;
/** More lines than these are slow to draw and say nothing. */
const MAX_LINES = 500;

/**
 * @param {import('./heatmap.js').Picture} picture
 * @param {{least: number, name: string, room: number, say: (sentence: string) => void}} how  least: the smallest probability drawn; room: in pixels
 * @returns {SVGElement}
 */
export function arcs({ rows, columns, cells }, { least, name, room, say }) {
  const width = Math.max(WIDTH.least, Math.min(WIDTH.most, Math.floor(room)));
  const left = Math.round(0.26 * width);
  const right = width - left;
  const fit = (/** @type {string} */ label) => shorten(label, Math.floor((left - 8) / COLUMN));
  const perToken = Math.max(1, Math.floor(MAX_LINES / Math.max(rows.length, 1)));
  const height = LINE_HEIGHT * (Math.max(rows.length, columns.length) + 0.5);
  // Said in the drawing itself, so that a saved one has it.
  const lines = h('g', { color: themeColor('--accent') });
  const labels = h('g', {});
  columns.forEach((label, c) => labels.append(text(right + 8, c, label, fit(label), 'start')));
  rows.forEach((label, r) => {
    const targets = topOfRow(cells, columns.length, r, perToken).filter(({ value }) => value >= least);
    const group = h('g', { class: 'from' }, targets.map(({ column, value }) => h('path', {
      d: curve(left, right, r, column), 'stroke-width': (0.5 + 5 * value).toFixed(2), 'stroke-opacity': (0.15 + 0.85 * Math.sqrt(value)).toFixed(3),
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
    }, h('rect', { x: 0, y: r * LINE_HEIGHT + 4, width: left, height: LINE_HEIGHT, fill: 'transparent' }), text(left - 8, r, label, fit(label), 'end')));
  });
  return h('svg', {
    class: 'picture arcs', viewBox: `0 0 ${width} ${height}`, width, height, role: 'group', 'aria-label': name,
    'font-family': 'monospace', 'font-size': '14',
  }, lines, labels);
}

/** @param {number} x  @param {number} row  @param {string} label  @param {string} shown  as much of it as fits  @param {string} anchor */
function text(x, row, label, shown, anchor) {
  return h('text', { x, y: (row + 0.85) * LINE_HEIGHT, 'text-anchor': anchor, fill: 'currentColor' }, shown, h('title', {}, label));
}

/** @param {number} left  @param {number} right  @param {number} from  @param {number} to */
function curve(left, right, from, to) {
  const y1 = (from + 0.65) * LINE_HEIGHT;
  const y2 = (to + 0.65) * LINE_HEIGHT;
  const middle = (left + right) / 2;
  return `M${left} ${y1}C${middle} ${y1} ${middle} ${y2} ${right} ${y2}`;
}
