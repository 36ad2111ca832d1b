// What the colours mean: the scale from 0 to 1, as it is stretched.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { SCALES, colorTable, cssColor } from './color.js';

/** Probabilities named along each scale: far enough from each other on it. */
const NAMED = {
  sqrt: [0, 0.01, 0.1, 0.25, 0.5, 1],
  linear: [0, 0.25, 0.5, 0.75, 1],
  log: [0.001, 0.01, 0.1, 1],
};

/** What stands at a mark: below its lowest a logarithm shows nothing.
 * @param {import('./color.js').Scale} scale  @param {number} p */
function mark(scale, p) {
  return scale === 'log' && p === NAMED.log[0] ? `≤ ${p}` : p;
}

/** @param {{dark: boolean, scale: import('./color.js').Scale}} how  @returns {HTMLElement} */
export function legend({ dark, scale }) {
  const canvas = /** @type {HTMLCanvasElement} */ (h('canvas', { width: 256, height: 1, 'aria-hidden': 'true' }));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = context.createImageData(256, 1);
  new Uint32Array(image.data.buffer).set(colorTable(dark, 'linear'));
  context.putImageData(image, 0, 0);
  return h('div', { class: 'legend', role: 'img', 'aria-label': t('attention.legend', { scale: t(`attention.scale.${scale}`) }) },
    canvas,
    h('div', { class: 'ticks' }, NAMED[scale].map((p) => h('span', { style: { left: `${100 * SCALES[scale](p)}%` } }, mark(scale, p)))));
}

/** How much room the drawn one takes. */
export const LEGEND = { width: 256, height: 30 };

/** The same in a drawing. @param {{dark: boolean, scale: import('./color.js').Scale}} how  @returns {SVGElement} */
export function legendDrawing({ dark, scale }) {
  const [steps, height] = [64, 12];
  const step = LEGEND.width / steps;
  return h('g', {},
    Array.from({ length: steps }, (_, i) => h('rect', { x: i * step, y: 0, width: step, height, fill: cssColor((i + 0.5) / steps, dark, 'linear') })),
    h('rect', { x: 0, y: 0, width: LEGEND.width, height, fill: 'none', stroke: 'currentColor', 'stroke-width': 0.5 }),
    NAMED[scale].map((p, i) => h('text', { x: LEGEND.width * SCALES[scale](p), y: height + 15, 'text-anchor': i === 0 ? 'start' : 'middle', fill: 'currentColor' }, String(mark(scale, p)))));
}
