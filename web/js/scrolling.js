// A part of the page that may be larger than its room, and shows where it goes
// on: not every system shows scroll bars.

import { h } from './dom.js';
import { t } from './i18n.js';

/** @param {HTMLElement} child
 * @param {string} [label]  of the region that the keyboard scrolls; none where the child itself has the focus
 * @returns {HTMLElement} */
export function scrolling(child, label) {
  const scroller = h('div', { class: 'scroll', ...(label && { tabIndex: 0, role: 'region', 'aria-label': label }) }, child);
  const hint = h('p', { class: 'hint scroll-hint', hidden: true }, t('scrolls'));
  const edges = h('div', { class: 'edges' });
  const look = () => {
    const across = scroller.scrollWidth - scroller.clientWidth;
    const down = scroller.scrollHeight - scroller.clientHeight;
    edges.classList.toggle('more-left', scroller.scrollLeft > 1);
    edges.classList.toggle('more-right', scroller.scrollLeft < across - 1);
    edges.classList.toggle('more-above', scroller.scrollTop > 1);
    edges.classList.toggle('more-below', scroller.scrollTop < down - 1);
    hint.hidden = across <= 1 && down <= 1;
  };
  scroller.addEventListener('scroll', look, { passive: true });
  const observer = new ResizeObserver(look);
  observer.observe(scroller);
  observer.observe(child);
  return h('div', {}, hint, h('div', { class: 'scroll-frame' }, scroller, edges));
}
