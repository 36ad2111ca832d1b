// The answer on screen as a file: JSON as the server sent it, CSV of its table,
// and its picture as SVG or PNG.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {import('./views.js').View} view
 * @param {import('./state.js').State} state
 * @param {import('./api.js').Answer[]} answers
 * @param {HTMLElement} result
 * @returns {{name: string, make: () => Promise<Blob>|Blob}[]}
 */
export function exporters(view, state, answers, result) {
  const json = () => view.json?.(answers, state) ?? answers.map((a) => a.data);
  const picture = () => view.picture?.(answers, state) ?? result.querySelector('svg.picture') ?? pictureOf(result);
  return [
    { name: 'JSON', make: () => new Blob([JSON.stringify(json(), null, 2)], { type: 'application/json' }) },
    { name: 'CSV', make: () => new Blob([csv(view.table(answers, state))], { type: 'text/csv' }) },
    { name: 'SVG', make: () => svgBlob(picture()) },
    { name: 'PNG', make: () => rasterize(picture()) },
  ];
}

/** RFC 4180. A value that a spreadsheet would take for a formula gets a
 * leading quote, since texts come from anywhere.
 * @param {(string|number)[][]} rows */
export function csv(rows) {
  return rows.map((row) => row.map((value) => {
    const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }).join(',') + '\r\n').join('');
}

/** @param {string} name  @param {Blob} blob */
export function download(name, blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {Element} svg */
function svgBlob(svg) {
  const copy = /** @type {Element} */ (svg.cloneNode(true));
  copy.setAttribute('xmlns', SVG);
  // Colours that come from the page's style are written down.
  copy.setAttribute('color', getComputedStyle(document.body).color);
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
}

/** What an element looks like, as an SVG picture that holds its HTML with the
 * styles it has on this page.
 * @param {HTMLElement} element */
function pictureOf(element) {
  const { width, height } = element.getBoundingClientRect();
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('width', String(Math.ceil(width)));
  svg.setAttribute('height', String(Math.ceil(height)));
  const holder = document.createElementNS(SVG, 'foreignObject');
  holder.setAttribute('width', '100%');
  holder.setAttribute('height', '100%');
  holder.append(withStyles(element));
  svg.append(holder);
  return svg;
}

const KEPT_STYLES = ['align-items', 'background-color', 'border', 'border-bottom', 'border-radius', 'box-sizing', 'color', 'column-gap', 'display',
  'flex-wrap', 'font-family', 'font-size', 'font-style', 'font-weight', 'grid-template-columns', 'height', 'justify-items', 'line-height', 'list-style',
  'margin', 'min-height', 'min-width', 'overflow-wrap', 'padding', 'row-gap', 'text-align', 'vertical-align', 'white-space', 'width'];

/** @param {HTMLElement} element  @returns {HTMLElement} */
function withStyles(element) {
  const copy = /** @type {HTMLElement} */ (element.cloneNode(false));
  const style = getComputedStyle(element);
  for (const name of KEPT_STYLES) copy.style.setProperty(name, style.getPropertyValue(name));
  for (const child of element.childNodes) {
    if (child instanceof HTMLElement) copy.append(withStyles(child));
    else copy.append(child.cloneNode(true));
  }
  return copy;
}

/** @param {Element} svg  @returns {Promise<Blob>} */
async function rasterize(svg) {
  const width = Number(svg.getAttribute('width'));
  const height = Number(svg.getAttribute('height'));
  const image = new Image();
  // A data: URL, because the Content-Security-Policy lets images come from
  // here and data: alone.
  image.src = `data:image/svg+xml,${encodeURIComponent(await svgBlob(svg).text())}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  // Twice as fine as the screen, within what browsers draw.
  const zoom = Math.min(2, 16000 / Math.max(width, height));
  canvas.width = Math.ceil(width * zoom);
  canvas.height = Math.ceil(height * zoom);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.fillStyle = getComputedStyle(document.body).getPropertyValue('--surface');
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob((b) => resolve(/** @type {Blob} */ (b))); });
}
