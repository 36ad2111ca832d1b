// A drawing as a file: SVG on paper of the page's colour, and PNG painted from
// that.

import { h } from './dom.js';
import { themeColor } from './theme.js';

/** @param {SVGElement} drawing */
export function svgBlob(drawing) {
  const picture = /** @type {SVGElement} */ (drawing.cloneNode(true));
  picture.setAttribute('color', themeColor('--ink'));
  // Light ink would not be seen on the paper of whoever opens it.
  picture.prepend(h('rect', { width: '100%', height: '100%', fill: themeColor('--surface') }));
  return new Blob([new XMLSerializer().serializeToString(picture)], { type: 'image/svg+xml' });
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
