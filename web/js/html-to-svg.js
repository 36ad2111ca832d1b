// An answer as an SVG drawing of boxes and lines of text, which every program
// shows. HTML inside of SVG only browsers show, and not all of them let it be
// painted on a canvas.

import { h } from './dom.js';

/** Room around the content, in pixels: the padding of .picture-frame. */
const FRAME = 16;

/** Where the drawing's upper left corner is on the page.
 * @typedef {{x: number, y: number}} Corner */

/** An element as it stands on the page.
 * @param {HTMLElement} element  @returns {SVGElement} */
export function pictureOf(element) {
  const frame = h('div', { class: 'picture-frame' }, element.cloneNode(true));
  // Measured on the page, since what scrolls there is whole in the picture.
  document.body.append(frame);
  frame.style.setProperty('width', `${element.clientWidth + 2 * FRAME}px`);
  const width = Math.ceil(Math.max(frame.clientWidth, frame.scrollWidth + FRAME)) + 1;
  frame.style.setProperty('width', `${width}px`);
  const corner = frame.getBoundingClientRect();
  const drawing = h('svg', { width, height: Math.ceil(corner.height), viewBox: `0 0 ${width} ${Math.ceil(corner.height)}`, 'font-family': getComputedStyle(frame).fontFamily },
    drawn(frame.firstChild, corner));
  frame.remove();
  return drawing;
}

/** A node and what it holds, from the back to the front.
 * @param {Node} node  @param {Corner} corner  @returns {SVGElement[]} */
function drawn(node, corner) {
  if (node instanceof Text) return linesOf(node, corner);
  // A closed box cannot be opened in a picture.
  if (!(node instanceof HTMLElement) || (node instanceof HTMLDetailsElement && !node.open)) return [];
  const style = getComputedStyle(node);
  return [
    // What runs over several lines has a box on each.
    ...[...node.getClientRects()].flatMap((box) => boxOf(moved(box, corner), style)),
    ...[...node.childNodes].flatMap((child) => drawn(child, corner)),
  ];
}

/** @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/** @param {Box} box  @param {Corner} corner  @returns {Box} */
function moved({ left, top, right, bottom }, { x, y }) {
  return { left: left - x, top: top - y, right: right - x, bottom: bottom - y };
}

/** A background, and the borders around it.
 * @param {Box} box  @param {CSSStyleDeclaration} style  @returns {SVGElement[]} */
function boxOf(box, style) {
  const sides = /** @type {const} */ (['Top', 'Right', 'Bottom', 'Left']).map((side) => ({
    side, width: parseFloat(style[`border${side}Width`]), kind: style[`border${side}Style`], color: style[`border${side}Color`],
  }));
  const radius = Math.min(parseFloat(style.borderTopLeftRadius) || 0, (box.bottom - box.top) / 2);
  const [first] = sides;
  const alike = first.width > 0 && sides.every(({ width, kind }) => width === first.width && kind === first.kind);
  return [
    ...(isClear(style.backgroundColor) ? [] : [rectangle(box, 0, radius, { fill: style.backgroundColor })]),
    ...(alike
      ? [rectangle(box, first.width / 2, radius, { fill: 'none', ...strokeOf(first) })]
      : sides.filter(({ width }) => width > 0).flatMap((side) => borderOf(box, side))),
  ];
}

/** @param {string} color  as computed */
function isClear(color) {
  return color === 'transparent' || /^rgba\(.*, 0\)$/.test(color);
}

/** @param {Box} box  @param {number} inset  @param {number} radius  @param {Record<string, string|number>} look */
function rectangle({ left, top, right, bottom }, inset, radius, look) {
  return h('rect', {
    x: rounded(left + inset), y: rounded(top + inset), width: rounded(Math.max(0, right - left - 2 * inset)), height: rounded(Math.max(0, bottom - top - 2 * inset)),
    rx: radius > 0 ? rounded(Math.max(0, radius - inset)) : null, ...look,
  });
}

/** @typedef {{side: 'Top'|'Right'|'Bottom'|'Left', width: number, kind: string, color: string}} Border */

/** One side; a double one is two lines.
 * @param {Box} box  @param {Border} border  @returns {SVGElement[]} */
function borderOf({ left, top, right, bottom }, border) {
  const { side, width, kind } = border;
  const [count, each] = kind === 'double' ? [2, width / 3] : [1, width];
  return Array.from({ length: count }, (_, i) => {
    const inset = each / 2 + i * 2 * each;
    const [x1, y1, x2, y2] = {
      Top: [left, top + inset, right, top + inset], Bottom: [left, bottom - inset, right, bottom - inset],
      Left: [left + inset, top, left + inset, bottom], Right: [right - inset, top, right - inset, bottom],
    }[side].map(rounded);
    return h('line', { x1, y1, x2, y2, ...strokeOf({ ...border, width: each }) });
  });
}

/** @param {Pick<Border, 'width'|'kind'|'color'>} border */
function strokeOf({ width, kind, color }) {
  const dashes = { dashed: `${3 * width} ${2 * width}`, dotted: `${width} ${width}` }[kind];
  return { stroke: color, 'stroke-width': width, ...(dashes && { 'stroke-dasharray': dashes }) };
}

/** A text in the lines that it takes on the page.
 * @param {Text} text  @param {Corner} corner  @returns {SVGElement[]} */
function linesOf(text, corner) {
  const style = getComputedStyle(/** @type {Element} */ (text.parentElement));
  const { ascent, descent } = measured(style);
  const backwards = style.direction === 'rtl';
  const family = getComputedStyle(/** @type {Element} */ (text.parentElement?.closest('.picture-frame'))).fontFamily;
  return split(text).map(({ content, box }) => {
    const { left, right, top, bottom } = moved(box, corner);
    return h('text', {
      x: rounded(backwards ? right : left), y: rounded((top + bottom + ascent - descent) / 2), direction: backwards ? 'rtl' : null,
      fill: style.color, 'font-size': style.fontSize, 'font-weight': style.fontWeight === '400' ? null : style.fontWeight,
      'font-family': style.fontFamily === family ? null : style.fontFamily, 'xml:space': 'preserve',
    }, content);
  });
}

/** The characters of a text by the line that they stand on. White space that
 * is not shown has no width there.
 * @param {Text} text  @returns {{content: string, box: Box}[]} */
function split(text) {
  /** @type {{content: string, box: Box}[]} */
  const lines = [];
  const range = document.createRange();
  let at = 0;
  for (const character of text.data) {
    range.setStart(text, at);
    range.setEnd(text, at += character.length);
    const [box] = range.getClientRects();
    if (!box || (box.width === 0 && /\s/.test(character))) continue;
    const line = lines.at(-1);
    if (line && box.top < line.box.bottom && box.bottom > line.box.top) {
      line.content += character;
      line.box = { ...line.box, left: Math.min(line.box.left, box.left), right: Math.max(line.box.right, box.right) };
    } else {
      lines.push({ content: character, box: { left: box.left, top: box.top, right: box.right, bottom: box.bottom } });
    }
  }
  return lines.filter(({ content }) => content.trim() !== '');
}

/** How far a font reaches over and under its base line.
 * @param {CSSStyleDeclaration} style */
function measured({ fontWeight, fontSize, fontFamily }) {
  const context = /** @type {CanvasRenderingContext2D} */ (h('canvas').getContext('2d'));
  context.font = `${fontWeight} ${fontSize} ${fontFamily}`;
  const { fontBoundingBoxAscent, fontBoundingBoxDescent } = context.measureText('x');
  return { ascent: fontBoundingBoxAscent, descent: fontBoundingBoxDescent };
}

/** Hundredths of a pixel are enough. @param {number} x */
function rounded(x) {
  return Math.round(100 * x) / 100;
}
