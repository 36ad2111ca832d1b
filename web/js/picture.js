// What an answer looks like, as a file: an SVG picture that holds its own
// colours and styles, and PNG painted from that.

import { h } from './dom.js';
import { isDark } from './attention/color.js';

const SVG = 'http://www.w3.org/2000/svg';

/** An element as it stands on the page, as an SVG picture that holds its HTML.
 * @param {HTMLElement} element  @returns {SVGElement} */
export function pictureOf(element) {
  const frame = h('div', { class: 'picture-frame' }, element.cloneNode(true));
  // Measured on the page, since what scrolls there is whole in the picture.
  document.body.append(frame);
  frame.style.setProperty('width', `${element.clientWidth + 2 * FRAME}px`);
  const width = Math.ceil(Math.max(frame.clientWidth, frame.scrollWidth + FRAME)) + 1;
  frame.style.setProperty('width', `${width}px`);
  const height = Math.ceil(frame.getBoundingClientRect().height);
  frame.remove();
  frame.style.setProperty('position', 'static');
  const holder = document.createElementNS(SVG, 'foreignObject');
  holder.setAttribute('width', String(width));
  holder.setAttribute('height', String(height));
  holder.append(frame);
  return h('svg', { width, height }, holder);
}

/** Room around the content, in pixels: the padding of .picture-frame. */
const FRAME = 16;

/** @param {SVGElement} drawing */
export function svgBlob(drawing) {
  const picture = /** @type {SVGElement} */ (drawing.cloneNode(true));
  const page = getComputedStyle(document.body);
  picture.setAttribute('color', page.color);
  picture.setAttribute('font-size', picture.getAttribute('font-size') ?? getComputedStyle(document.documentElement).fontSize);
  picture.dataset.theme = isDark() ? 'dark' : 'light';
  // Light ink would not be seen on the paper of whoever opens it.
  picture.prepend(h('rect', { width: '100%', height: '100%', fill: page.getPropertyValue('--surface') }));
  const style = document.createElementNS(SVG, 'style');
  style.textContent = rulesFor(picture).join('\n');
  picture.prepend(style);
  return new Blob([new XMLSerializer().serializeToString(picture)], { type: 'image/svg+xml' });
}

/** The page's rules that say how a picture looks: its colours, and what
 * matches an element in it. @param {Element} picture */
function rulesFor(picture) {
  return [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule instanceof CSSStyleRule)
    .filter(({ selectorText }) => selectorText.startsWith(':root') || picture.matches(selectorText) || picture.querySelector(selectorText) !== null)
    .map((rule) => rule.cssText);
}

/** @param {SVGElement} drawing  @returns {Promise<Blob>} */
export async function pngBlob(drawing) {
  const width = Number(drawing.getAttribute('width'));
  const height = Number(drawing.getAttribute('height'));
  const image = new Image();
  // A data: URL, because the Content-Security-Policy lets images come from
  // here and data: alone.
  image.src = `data:image/svg+xml,${encodeURIComponent(await svgBlob(drawing).text())}`;
  await image.decode();
  // Twice as fine as the screen, within what browsers draw.
  const zoom = Math.min(2, 16000 / Math.max(width, height));
  const canvas = h('canvas', { width: Math.ceil(width * zoom), height: Math.ceil(height * zoom) });
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob(resolve); });
}
