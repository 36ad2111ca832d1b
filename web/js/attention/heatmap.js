// One head as a heat map: rows look, columns are looked at. The picture is a
// canvas; what it says is reachable by pointer and by keyboard, cell by cell.

import { h } from '../dom.js';
import { t } from '../i18n.js';
import { scrolling } from '../scrolling.js';
import { themeColor } from '../theme.js';
import { everyNth, paintCells } from './drawing.js';
import { LABEL_COLUMNS, LABEL_ROOM, shorten } from './labels.js';

const LABEL = '12px ui-monospace, Menlo, Consolas, "Noto Sans Mono CJK SC", monospace';
/** A label's middle is so far from any edge that nothing of it is cut. */
const HALF_LABEL = 7;
const MIN_CELL = 5;
const MAX_CELL = 26;
/** Some browsers draw nothing on a canvas with a longer side, in its pixels. */
const MAX_SIDE = 8192;

/** @typedef {import('./color.js').Scale} Scale */
/** @typedef {{rows: string[], columns: string[], cells: Float32Array}} Picture */

export class HeatMap {
  /**
   * @param {{say: (sentence: string) => void, layer: (step: number) => void, head: (step: number) => void}} on
   */
  constructor(on) {
    this.on = on;
    this.row = 0;
    this.column = 0;
    /** @type {Picture} */
    this.picture = { rows: [], columns: [], cells: new Float32Array() };
    this.size = MAX_CELL;
    this.canvas = h('canvas', { class: 'cells', 'aria-hidden': 'true' });
    // The labels stay where they are while the cells scroll.
    this.rowLabels = h('canvas', { 'aria-hidden': 'true' });
    this.columnLabels = h('canvas', { 'aria-hidden': 'true' });
    /** Of the row and the column, across the cells and on the labels. */
    this.marks = [0, 1, 2, 3].map(() => h('div', { class: 'cross' }));
    this.cellMark = h('div', { class: 'cross-cell' });
    this.cell = h('div', { role: 'gridcell', id: `cell-${Math.random().toString(36).slice(2)}` });
    this.gridRow = h('div', { role: 'row', class: 'visually-hidden' }, this.cell);
    this.grid = h('div', {
      class: 'heat-map', role: 'grid', tabIndex: 0, 'aria-activedescendant': this.cell.id, 'aria-readonly': 'true',
      onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e),
      onpointermove: (/** @type {PointerEvent} */ e) => this.point(e),
      // A finger taps without moving, and gives the focus after this.
      onpointerdown: (/** @type {PointerEvent} */ e) => this.point(e),
      onfocus: () => this.mark(),
    },
    h('div', { class: 'corner' }),
    h('div', { class: 'column-labels' }, this.columnLabels, this.marks[0]),
    h('div', { class: 'row-labels' }, this.rowLabels, this.marks[1]),
    h('div', { class: 'all-cells' }, this.canvas, this.marks[2], this.marks[3], this.cellMark),
    this.gridRow);
    this.readout = h('p', { class: 'readout' });
    this.element = h('div', {}, this.readout, scrolling(this.grid));
  }

  /** @param {Picture} picture  @param {{dark: boolean, scale: Scale, name: string}} how */
  draw(picture, { dark, scale, name }) {
    this.picture = picture;
    const { rows, columns } = picture;
    this.row = Math.min(this.row, Math.max(rows.length - 1, 0));
    this.column = Math.min(this.column, Math.max(columns.length - 1, 0));
    this.grid.setAttribute('aria-label', name);
    this.grid.setAttribute('aria-rowcount', String(rows.length));
    this.grid.setAttribute('aria-colcount', String(columns.length));
    const size = Math.max(MIN_CELL, Math.min(MAX_CELL, Math.floor(900 / Math.max(columns.length, 1))));
    this.size = size;
    const width = columns.length * size;
    const height = rows.length * size;
    // However fine the screen: it takes long to bring millions of pixels there.
    paintCells(this.canvas, picture, dark, scale);
    sized(this.canvas, width, height);
    const ratio = Math.min(window.devicePixelRatio || 1, MAX_SIDE / Math.max(width, height));
    const every = everyNth(size);
    const beside = prepared(this.rowLabels, LABEL_ROOM, height, ratio);
    beside.textAlign = 'right';
    for (let r = 0; r < rows.length; r += every) beside.fillText(shorten(rows[r], LABEL_COLUMNS), LABEL_ROOM - 6, Math.max((r + 0.5) * size, HALF_LABEL));
    const above = prepared(this.columnLabels, width, LABEL_ROOM, ratio);
    above.translate(0, LABEL_ROOM - 6);
    above.rotate(-Math.PI / 2);
    for (let c = 0; c < columns.length; c += every) above.fillText(shorten(columns[c], LABEL_COLUMNS), 0, Math.max((c + 0.5) * size, HALF_LABEL));
    this.mark(false);
  }

  /** @param {PointerEvent} event */
  point(event) {
    // Labels may lie over cells.
    if (event.target !== this.canvas) return;
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / this.size);
    const row = Math.floor((event.clientY - box.top) / this.size);
    const { rows, columns } = this.picture;
    if (row < 0 || column < 0 || row >= rows.length || column >= columns.length) return;
    if (row === this.row && column === this.column) return;
    this.row = row;
    this.column = column;
    this.mark(false);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { rows, columns } = this.picture;
    const last = { row: rows.length - 1, column: columns.length - 1 };
    let { row, column } = this;
    switch (event.key) {
      case 'ArrowLeft': column--; break;
      case 'ArrowRight': column++; break;
      case 'ArrowUp': row--; break;
      case 'ArrowDown': row++; break;
      case 'Home': column = 0; if (event.ctrlKey) row = 0; break;
      case 'End': column = last.column; if (event.ctrlKey) row = last.row; break;
      case 'PageUp': event.preventDefault(); this.on.layer(-1); return;
      case 'PageDown': event.preventDefault(); this.on.layer(1); return;
      case '[': this.on.head(-1); return;
      case ']': this.on.head(1); return;
      default: return;
    }
    event.preventDefault();
    this.row = Math.max(0, Math.min(row, last.row));
    this.column = Math.max(0, Math.min(column, last.column));
    this.mark();
    this.cellMark.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** What the current cell says. */
  sentence() {
    const { rows, columns, cells } = this.picture;
    const value = cells[this.row * columns.length + this.column];
    return t('attention.cell', { from: rows[this.row], to: columns[this.column], value: value.toFixed(3) });
  }

  /** Shows and says the current cell. @param {boolean} [say] */
  mark(say = true) {
    const { rows, columns } = this.picture;
    if (rows.length === 0 || columns.length === 0) return;
    const sentence = this.sentence();
    this.readout.textContent = sentence;
    this.cell.textContent = sentence;
    this.gridRow.setAttribute('aria-rowindex', String(this.row + 1));
    this.cell.setAttribute('aria-colindex', String(this.column + 1));
    const [x, y] = [this.column * this.size, this.row * this.size];
    place(this.marks[0], x, 0, this.size, LABEL_ROOM);
    place(this.marks[1], 0, y, LABEL_ROOM, this.size);
    place(this.marks[2], x, 0, this.size, rows.length * this.size);
    place(this.marks[3], 0, y, columns.length * this.size, this.size);
    place(this.cellMark, x, y, this.size, this.size);
    if (say) this.on.say(sentence);
  }
}

/** A canvas on paper of the page's colour, ready for labels in its ink.
 * @param {HTMLCanvasElement} canvas  @param {number} width  @param {number} height  @param {number} ratio  pixels of the canvas to one of the page
 * @returns {CanvasRenderingContext2D} */
function prepared(canvas, width, height, ratio) {
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  sized(canvas, width, height);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.scale(ratio, ratio);
  context.fillStyle = themeColor('--surface');
  context.fillRect(0, 0, width, height);
  context.fillStyle = themeColor('--ink');
  context.font = LABEL;
  context.textBaseline = 'middle';
  return context;
}

/** @param {HTMLElement} element  @param {number} x  @param {number} y  @param {number} width  @param {number} height */
function place(element, x, y, width, height) {
  element.style.setProperty('transform', `translate(${x}px, ${y}px)`);
  sized(element, width, height);
}

/** @param {HTMLElement} element  @param {number} width  @param {number} height */
function sized({ style }, width, height) {
  style.setProperty('width', `${width}px`);
  style.setProperty('height', `${height}px`);
}
