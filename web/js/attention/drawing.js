// The heat map as a picture: its cells as an image, which the screen shows too,
// and the whole as an SVG drawing for a paper, where a picture says what it is of.

import { h } from '../dom.js';
import { SCALES, colorTable, cssColor } from './color.js';
import { LABEL_COLUMNS, LABEL_ROOM, shorten } from './labels.js';

/** More cells than these are one image in the drawing: as rectangles they would
 * make files that no program likes to open. */
const MAX_RECTANGLES = 128 * 128;
/** A cell of the drawing, and what all of them may take. */
const MAX_CELL = 20;
const MAX_SIDE = 128 * MAX_CELL;

/** @typedef {import('./color.js').Scale} Scale */
/** @typedef {import('./heatmap.js').Picture} Picture */

/** Labels as close as small cells would run into each other: every nth is shown.
 * @param {number} size  of a cell */
export function everyNth(size) {
  return Math.ceil(12 / size);
}

/** Paints one pixel for each cell; where it is shown they are made larger: at
 * 512 tokens, a quarter of a million rectangles would take seconds.
 * @param {HTMLCanvasElement} canvas  @param {Picture} picture  @param {boolean} dark  @param {Scale} scale */
export function paintCells(canvas, { rows, columns, cells }, dark, scale) {
  canvas.width = columns.length;
  canvas.height = rows.length;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = context.createImageData(columns.length, rows.length);
  const pixels = new Uint32Array(image.data.buffer);
  // The table is over what the scale makes of a probability: of 512 tokens,
  // most have less than one 255th.
  const colors = colorTable(dark, 'linear');
  const share = SCALES[scale];
  for (let i = 0; i < cells.length; i++) pixels[i] = colors[Math.round(Math.min(share(cells[i]), 1) * (colors.length - 1))];
  context.putImageData(image, 0, 0);
}

/** @param {Picture} picture  @param {{dark: boolean, scale: Scale}} how  @returns {SVGElement} */
export function heatMapDrawing(picture, { dark, scale }) {
  const { rows, columns } = picture;
  const size = Math.max(1, Math.min(MAX_CELL, Math.floor(MAX_SIDE / Math.max(rows.length, columns.length, 1))));
  const width = LABEL_ROOM + columns.length * size;
  const height = LABEL_ROOM + rows.length * size;
  // The middle of a line of letters, above its base line.
  const middle = size / 2 + 4;
  const shown = (/** @type {string} */ _, /** @type {number} */ i) => i % everyNth(size) === 0;
  return h('svg', { width, height, viewBox: `0 0 ${width} ${height}`, 'font-family': 'monospace', 'font-size': '12' },
    rows.map((label, r) => shown(label, r) && h('text', { x: LABEL_ROOM - 6, y: LABEL_ROOM + r * size + middle, 'text-anchor': 'end', fill: 'currentColor' }, shorten(label, LABEL_COLUMNS))),
    columns.map((label, c) => shown(label, c) && h('text', { transform: `translate(${LABEL_ROOM + c * size + middle} ${LABEL_ROOM - 6}) rotate(-90)`, fill: 'currentColor' }, shorten(label, LABEL_COLUMNS))),
    (rows.length * columns.length <= MAX_RECTANGLES ? rectangles : image)(picture, size, dark, scale));
}

/** Room around a picture, and for its name above it. */
const MARGIN = 16;
const CAPTION = 28;

/** A picture below its name and above what explains its colours or lines.
 * @param {SVGElement} picture  @param {string} name  @param {SVGElement} key  @param {{width: number, height: number}} room  of the key  @returns {SVGElement} */
export function captioned(picture, name, key, room) {
  const [across, down] = ['width', 'height'].map((side) => Number(picture.getAttribute(side)));
  const width = Math.max(across, room.width) + 2 * MARGIN;
  const height = MARGIN + CAPTION + down + MARGIN + room.height + MARGIN;
  picture.setAttribute('x', String(MARGIN));
  picture.setAttribute('y', String(MARGIN + CAPTION));
  return h('svg', { width, height, viewBox: `0 0 ${width} ${height}`, 'font-family': 'sans-serif', 'font-size': '12' },
    h('title', {}, name),
    h('text', { x: MARGIN, y: MARGIN + 14, 'font-size': '16', 'font-weight': '600', fill: 'currentColor' }, name),
    picture,
    h('g', { transform: `translate(${MARGIN} ${height - MARGIN - room.height})` }, key));
}

/** All cells as one image.
 * @param {Picture} picture  @param {number} size  of a cell  @param {boolean} dark  @param {Scale} scale */
function image(picture, size, dark, scale) {
  const canvas = h('canvas', {});
  paintCells(canvas, picture, dark, scale);
  return h('image', {
    x: LABEL_ROOM, y: LABEL_ROOM, width: canvas.width * size, height: canvas.height * size,
    preserveAspectRatio: 'none', 'image-rendering': 'pixelated', href: canvas.toDataURL(),
  });
}

/** Every cell as a rectangle that says its value.
 * @param {Picture} picture  @param {number} size  @param {boolean} dark  @param {Scale} scale */
function rectangles({ rows, columns, cells }, size, dark, scale) {
  return rows.map((_, r) => columns.map((__, c) => {
    const value = cells[r * columns.length + c];
    return h('rect', { x: LABEL_ROOM + c * size, y: LABEL_ROOM + r * size, width: size, height: size, fill: cssColor(value, dark, scale) },
      h('title', {}, value.toFixed(4)));
  }));
}
