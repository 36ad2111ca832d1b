// A part of the page that may be wider than its room, and shows where it goes
// on: not every system shows scroll bars.

import { h } from '../dom.js';
import { t } from '../i18n.js';

/** @param {HTMLElement} child  has the keyboard's focus in it, to scroll by  @returns {HTMLElement} */
export function scrolling(child) {
  const scroller = h('div', { class: 'scroll' }, child);
  const hint = h('p', { class: 'hint', hidden: true }, t('attention.scrolls'));
  const frame = h('div', { class: 'scroll-frame' }, scroller);
  const look = () => {
    const hidden = scroller.scrollWidth - scroller.clientWidth;
    frame.classList.toggle('more-before', scroller.scrollLeft > 1);
    frame.classList.toggle('more-after', scroller.scrollLeft < hidden - 1);
    hint.hidden = hidden <= 1;
  };
  scroller.addEventListener('scroll', look, { passive: true });
  const observer = new ResizeObserver(look);
  observer.observe(scroller);
  observer.observe(child);
  return h('div', {}, hint, frame);
}
