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

/** A text in the runs that it takes on the page.
 * @param {Text} text  @param {Corner} corner  @returns {SVGElement[]} */
function linesOf(text, corner) {
  const style = getComputedStyle(/** @type {Element} */ (text.parentElement));
  const { ascent, descent } = measured(style);
  const family = getComputedStyle(/** @type {Element} */ (text.parentElement?.closest('.picture-frame'))).fontFamily;
  return split(text).map(({ content, box, direction }, i, runs) => {
    const { left, right, top, bottom } = moved(box, corner);
    const backwards = (direction ?? directionFrom(runs[i - 1]?.box ?? boxBefore(text), box) ?? style.direction) === 'rtl';
    return h('text', {
      x: rounded(backwards ? right : left), y: rounded((top + bottom + ascent - descent) / 2), direction: backwards ? 'rtl' : null,
      fill: style.color, 'font-size': style.fontSize, 'font-weight': style.fontWeight === '400' ? null : style.fontWeight,
      'font-family': style.fontFamily === family ? null : style.fontFamily, 'xml:space': 'preserve',
    }, content);
  });
}

/** What stands side by side on a line, in the order in which it is read; one
 * character alone has no direction.
 * @typedef {{content: string, box: Box, direction?: 'ltr'|'rtl'}} Run */

/** The characters of a text in runs: where letters from right to left meet
 * others, neighbours in the text stand apart on the page. White space that is
 * not shown has no width there.
 * @param {Text} text  @returns {Run[]} */
function split(text) {
  /** @type {Run[]} */
  const runs = [];
  const range = document.createRange();
  let at = 0;
  for (const character of text.data) {
    range.setStart(text, at);
    range.setEnd(text, at += character.length);
    const [{ left, top, right, bottom } = { left: 0, top: 0, right: 0, bottom: 0 }] = range.getClientRects();
    if (right === left && (bottom === top || /\s/.test(character))) continue;
    const box = { left, top, right, bottom };
    const run = runs.at(-1);
    const side = run && sideOf(run.box, box);
    if (run && (side === 'within' || (side && (run.direction ?? side) === side))) {
      run.content += character;
      run.box = { ...run.box, left: Math.min(run.box.left, left), right: Math.max(run.box.right, right) };
      if (side !== 'within') run.direction = side;
    } else {
      runs.push({ content: character, box });
    }
  }
  return runs.filter(({ content }) => content.trim() !== '');
}

/** Where a box adjoins another on the same line: after it when read so, or, as
 * part of one character, within it.
 * @param {Box} box  @param {Box} next  @returns {'ltr'|'rtl'|'within'|undefined} */
function sideOf(box, next) {
  const same = (/** @type {number} */ a, /** @type {number} */ b) => Math.abs(a - b) < 1;
  if (next.top >= box.bottom || next.bottom <= box.top) return undefined;
  if (next.left > box.left - 1 && next.right < box.right + 1) return 'within';
  if (same(next.left, box.right)) return 'ltr';
  return same(next.right, box.left) ? 'rtl' : undefined;
}

/** The way that leads from a letter to the next: a bracket alone is turned by it.
 * @param {Box|undefined} box  @param {Box} next */
function directionFrom(box, next) {
  if (!box || next.top >= box.bottom || next.bottom <= box.top) return undefined;
  return box.left + box.right < next.left + next.right ? 'ltr' : 'rtl';
}

/** Where the last letter before a text stands. @param {Text} text  @returns {Box|undefined} */
function boxBefore(text) {
  const walker = document.createTreeWalker(/** @type {Node} */ (text.parentElement?.closest('.picture-frame')), NodeFilter.SHOW_TEXT);
  walker.currentNode = text;
  const before = /** @type {Text|null} */ (walker.previousNode());
  if (!before) return undefined;
  const range = document.createRange();
  range.setStart(before, before.length - 1);
  range.setEnd(before, before.length);
  return range.getBoundingClientRect();
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
