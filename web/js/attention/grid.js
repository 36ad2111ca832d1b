// All heads at once: one canvas of thumbnails, layers down and heads across,
// with a button over each, so that hovering, clicking and the keyboard work
// like on any page.

import { h, replace } from '../dom.js';
import { t } from '../i18n.js';
import { colorTable } from './color.js';
import { factsOf } from './patterns.js';

export class HeadGrid {
  /** @param {(layer: number, head: number, how?: {passing: boolean}) => void} choose */
  constructor(choose) {
    this.choose = choose;
    this.canvas = h('canvas', { 'aria-hidden': 'true' });
    this.buttons = h('div', { class: 'heads', role: 'group', onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) });
    this.layerNumbers = h('div', { class: 'layer-numbers', 'aria-hidden': 'true' });
    this.headNumbers = h('div', { class: 'head-numbers', 'aria-hidden': 'true' });
    this.element = h('div', { class: 'head-grid' }, this.headNumbers, this.layerNumbers,
      h('div', { class: 'thumbnails' }, this.canvas, this.buttons));
    this.layers = 0;
    this.heads = 0;
  }

  /** Makes room for so many heads. @param {number} layers  @param {number} heads */
  shape(layers, heads) {
    if (this.layers === layers && this.heads === heads) return;
    this.layers = layers;
    this.heads = heads;
    this.element.style.setProperty('--heads', String(heads));
    this.element.style.setProperty('--layers', String(layers));
    this.buttons.setAttribute('aria-label', t('attention.grid', { layers, heads }));
    replace(this.headNumbers, Array.from({ length: heads }, (_, i) => h('span', {}, i + 1)));
    replace(this.layerNumbers, Array.from({ length: layers }, (_, i) => h('span', {}, i + 1)));
    replace(this.buttons, Array.from({ length: layers * heads }, (_, i) => h('button', {
      type: 'button', onclick: () => this.choose(Math.floor(i / heads), i % heads),
    })));
  }

  /**
   * Paints the thumbnails.
   * @param {{layers: number, heads: number}} size
   * @param {Uint8Array[]} thumbnails  of each head, rows × columns, in 255ths
   * @param {{rows: number, columns: number, dark: boolean, scale: import('./color.js').Scale}} how
   */
  draw({ layers, heads }, thumbnails, { rows, columns, dark, scale }) {
    const started = performance.now();
    const colors = colorTable(dark, scale);
    const canvas = /** @type {HTMLCanvasElement} */ (this.canvas);
    if (canvas.width !== heads * columns || canvas.height !== layers * rows) {
      canvas.width = heads * columns;
      canvas.height = layers * rows;
    }
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const image = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let i = 0; i < thumbnails.length; i++) {
      const cells = thumbnails[i];
      const top = Math.floor(i / heads) * rows;
      const left = (i % heads) * columns;
      for (let y = 0; y < rows; y++) {
        const line = (top + y) * canvas.width + left;
        for (let x = 0; x < columns; x++) pixels[line + x] = colors[cells[y * columns + x]];
      }
    }
    context.putImageData(image, 0, 0);
    performance.measure('attention-grid', { start: started, end: performance.now() });
  }

  /** Says what is known of each head.
   * @param {import('./patterns.js').HeadStatistics[]} statistics  of each head, or none yet */
  label(statistics) {
    [...this.buttons.children].forEach((button, i) => {
      const name = t('attention.head-of', { layer: Math.floor(i / this.heads) + 1, head: (i % this.heads) + 1 });
      const label = statistics.length > 0 ? t('attention.of', { name, facts: factsOf(statistics[i]) }) : name;
      button.setAttribute('aria-label', label);
      button.setAttribute('title', label);
    });
  }

  /** Marks what is looked at closely: a head, or a layer's heads together.
   * @param {number} layer  @param {number} head  @param {boolean} wholeLayer */
  mark(layer, head, wholeLayer) {
    [...this.buttons.children].forEach((button, i) => {
      const chosen = i === layer * this.heads + head;
      const inLayer = Math.floor(i / this.heads) === layer;
      button.setAttribute('aria-pressed', String(wholeLayer ? inLayer : chosen));
      button.setAttribute('tabindex', chosen ? '0' : '-1');
    });
  }

  /** Outlines some of the heads. @param {boolean[]} which  of each head, or none */
  outline(which) {
    this.buttons.classList.toggle('outlines', which.some(Boolean));
    [...this.buttons.children].forEach((button, i) => button.classList.toggle('outlined', which[i] ?? false));
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
    this.choose(Math.floor(to / this.heads), to % this.heads, { passing: true });
  }
}
