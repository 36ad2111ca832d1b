// All heads at once: one canvas of thumbnails, layers down and heads across,
// with a button over each, so that hovering, clicking and the keyboard work
// like on any page.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { colorTable } from './color.js';

/** A thumbnail shows at most so many cells a side; more are thinned out by
 * their maximum, so that single strong cells stay visible. */
const MAX_CELLS = 128;

export class HeadGrid {
  /** @param {(layer: number, head: number) => void} choose */
  constructor(choose) {
    this.choose = choose;
    this.canvas = h('canvas', { 'aria-hidden': 'true' });
    this.buttons = h('div', { class: 'heads', role: 'group', onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) });
    this.element = h('div', { class: 'head-grid' }, this.canvas, this.buttons);
    this.layers = 0;
    this.heads = 0;
  }

  /**
   * @param {import('./matrix.js').Attention} attention
   * @param {Uint8Array[]} thumbnails  of each head, rows × columns, in 255ths
   * @param {{rows: number, columns: number, dark: boolean, scale: import('./color.js').Scale}} how
   */
  draw({ layers, heads }, thumbnails, { rows, columns, dark, scale }) {
    const started = performance.now();
    const colors = colorTable(dark, scale);
    const step = Math.ceil(Math.max(rows, columns, 1) / MAX_CELLS);
    const height = Math.ceil(rows / step);
    const width = Math.ceil(columns / step);
    const canvas = /** @type {HTMLCanvasElement} */ (this.canvas);
    if (canvas.width !== heads * width || canvas.height !== layers * height) {
      canvas.width = heads * width;
      canvas.height = layers * height;
    }
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const image = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < thumbnails.length; i++) {
      const cells = thumbnails[i];
      const top = Math.floor(i / heads) * height;
      const left = (i % heads) * width;
      for (let y = 0; y < height; y++) {
        const line = (top + y) * canvas.width + left;
        if (step === 1) {
          for (let x = 0; x < width; x++) pixels[line + x] = colors[cells[y * columns + x]];
        } else {
          for (let x = 0; x < width; x++) pixels[line + x] = colors[largest(cells, columns, rows, x * step, y * step, step)];
        }
      }
    }
    context.putImageData(image, 0, 0);
    performance.measure('attention-grid', { start: started, end: performance.now() });
  }

  /** Labels the thumbnails and marks the chosen one.
   * @param {number} layers  @param {number} heads  @param {number} layer  @param {number} head
   * @param {import('./matrix.js').HeadStatistics[]} statistics */
  label(layers, heads, layer, head, statistics) {
    if (this.layers !== layers || this.heads !== heads) {
      this.layers = layers;
      this.heads = heads;
      this.element.style.setProperty('--heads', String(heads));
      this.element.style.setProperty('--layers', String(layers));
      this.buttons.replaceChildren(...Array.from({ length: layers * heads }, (_, i) => h('button', {
        type: 'button', onclick: () => this.choose(Math.floor(i / heads), i % heads),
      })));
    }
    this.buttons.setAttribute('aria-label', t('attention.grid', { layers, heads }));
    [...this.buttons.children].forEach((button, i) => {
      const chosen = i === layer * heads + head;
      const { entropy, pattern } = statistics[i];
      const label = t('attention.head-label', {
        layer: Math.floor(i / heads) + 1, head: (i % heads) + 1,
        pattern: t(`attention.pattern.${pattern}`), entropy: entropy.toFixed(1),
      });
      button.setAttribute('aria-label', label);
      button.setAttribute('title', label);
      button.setAttribute('aria-pressed', String(chosen));
      button.setAttribute('tabindex', chosen ? '0' : '-1');
    });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const buttons = [...this.buttons.children];
    const at = buttons.indexOf(/** @type {Element} */ (document.activeElement));
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.heads, ArrowDown: this.heads };
    const move = moves[/** @type {keyof moves} */ (event.key)];
    if (at < 0 || move === undefined) return;
    event.preventDefault();
    const to = at + move;
    if (to < 0 || to >= buttons.length) return;
    /** @type {HTMLElement} */ (buttons[to]).focus();
    this.choose(Math.floor(to / this.heads), to % this.heads);
  }
}

/** @param {Uint8Array} cells  @param {number} columns  @param {number} rows  @param {number} x0  @param {number} y0  @param {number} step */
function largest(cells, columns, rows, x0, y0, step) {
  let max = 0;
  for (let y = y0; y < Math.min(y0 + step, rows); y++) {
    for (let x = x0; x < Math.min(x0 + step, columns); x++) max = Math.max(max, cells[y * columns + x]);
  }
  return max;
}
