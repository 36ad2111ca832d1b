// The answer on screen as a file: JSON as the server sent it, CSV of its table,
// and its picture as SVG or PNG where the view draws one.

/**
 * @param {import('./views.js').View} view
 * @param {import('./state.js').State} state
 * @param {import('./api.js').Answer[]} answers
 * @param {HTMLElement} result
 * @returns {{name: string, make: () => Promise<Blob>|Blob}[]}
 */
export function exporters(view, state, answers, result) {
  const list = [];
  const json = answers.map((a) => a.data).filter((data) => !(data instanceof ArrayBuffer));
  if (json.length === answers.length) {
    list.push({ name: 'JSON', make: () => new Blob([JSON.stringify(json, null, 2)], { type: 'application/json' }) });
  }
  list.push({ name: 'CSV', make: () => new Blob([csv(view.table(answers, state))], { type: 'text/csv' }) });
  const svg = result.querySelector('svg.picture');
  const canvas = /** @type {HTMLCanvasElement|null} */ (result.querySelector('canvas.picture'));
  if (svg) {
    list.push({ name: 'SVG', make: () => svgBlob(svg) });
    list.push({ name: 'PNG', make: () => rasterize(svg) });
  } else if (canvas) {
    list.push({ name: 'PNG', make: () => new Promise((resolve) => { canvas.toBlob((b) => resolve(/** @type {Blob} */ (b))); }) });
  }
  return list;
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
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return new Blob([new XMLSerializer().serializeToString(copy)], { type: 'image/svg+xml' });
}

/** @param {Element} svg  @returns {Promise<Blob>} */
async function rasterize(svg) {
  const { width, height } = svg.getBoundingClientRect();
  const image = new Image();
  // A data: URL, because the Content-Security-Policy lets images come from
  // here and data: alone.
  image.src = `data:image/svg+xml,${encodeURIComponent(await svgBlob(svg).text())}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.ceil(width * 2);
  canvas.height = Math.ceil(height * 2);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.fillStyle = getComputedStyle(document.body).backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => { canvas.toBlob((b) => resolve(/** @type {Blob} */ (b))); });
}
