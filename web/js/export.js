// The answer on screen as a file: JSON as the server sent it, CSV of its table,
// and its picture as SVG or PNG.

import { pictureOf } from './html-to-svg.js';
import { pngBlob, svgBlob } from './picture.js';

/** What is saved of an answer.
 * @typedef {{view: import('./views.js').View, state: import('./state.js').State, answers: import('./api.js').Answer[], result: HTMLElement}} Shown */

/** Without this byte order mark Excel takes a file for one of the system's own
 * old encoding. */
const MARK = '\ufeff';

/** @type {Record<string, (shown: Shown) => Promise<Blob>|Blob>} */
export const EXPORTS = {
  JSON: ({ view, answers, state }) => new Blob([JSON.stringify(view.json?.(answers, state) ?? answers.map((a) => a.data), null, 2)], { type: 'application/json' }),
  CSV: ({ view, answers, state }) => new Blob([MARK, csv(view.table(answers, state))], { type: 'text/csv' }),
  SVG: (shown) => svgBlob(drawing(shown)),
  PNG: (shown) => pngBlob(drawing(shown)),
};

/** @param {Shown} shown  @returns {SVGElement} */
function drawing({ view, answers, state, result }) {
  return view.picture?.(answers, state) ?? pictureOf(result);
}

/** RFC 4180. A value that a spreadsheet would take for a formula gets a
 * leading quote, since texts come from anywhere; a sign alone is none.
 * @param {(string|number)[][]} rows */
export function csv(rows) {
  return rows.map((row) => row.map((value) => {
    const text = typeof value === 'string' && /^[=+\-@\t\r]./s.test(value) ? `'${value}` : String(value);
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
