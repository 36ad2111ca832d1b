// A text with some of its spans marked, cut exactly where the server says
// (offsets are asked for in UTF-16 units, which JavaScript's strings count in).

import { h } from './dom.js';

/**
 * @param {string} text
 * @param {{start: number, end: number, class: string, note: string}[]} spans  in order, not overlapping
 */
export function markedText(text, spans) {
  const parts = [];
  let at = 0;
  for (const span of spans) {
    parts.push(text.slice(at, span.start));
    parts.push(h('mark', { class: span.class }, text.slice(span.start, span.end), h('small', {}, span.note)));
    at = span.end;
  }
  parts.push(text.slice(at));
  return h('p', { class: 'marked', dir: 'auto' }, parts);
}
