// What the colours mean: the scale from 0 to 1, as it is stretched.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { SCALES, colorTable } from './color.js';

/** Probabilities named along each scale: far enough from each other on it. */
const NAMED = {
  sqrt: [0, 0.01, 0.1, 0.25, 0.5, 1],
  linear: [0, 0.25, 0.5, 0.75, 1],
  log: [0.001, 0.01, 0.1, 1],
};

/** @param {{dark: boolean, scale: import('./color.js').Scale}} how  @returns {HTMLElement} */
export function legend({ dark, scale }) {
  const canvas = /** @type {HTMLCanvasElement} */ (h('canvas', { width: 256, height: 1, 'aria-hidden': 'true' }));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = context.createImageData(256, 1);
  new Uint32Array(image.data.buffer).set(colorTable(dark, 'linear'));
  context.putImageData(image, 0, 0);
  return h('div', { class: 'legend', role: 'img', 'aria-label': t('attention.legend', { scale: t(`attention.scale.${scale}`) }) },
    canvas,
    h('div', { class: 'ticks' }, NAMED[scale].map((p) => h('span', { style: { left: `${100 * SCALES[scale](p)}%` } },
      // Below its lowest mark a logarithm shows nothing.
      scale === 'log' && p === NAMED.log[0] ? `≤ ${p}` : p))));
}
