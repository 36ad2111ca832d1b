// What stands around every view: the tasks to go to and the settings of the page.

import { h, keepingFocus, replace } from './dom.js';
import { currentLanguage, t } from './i18n.js';

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {import('./views.js').View[]} views  @param {string} current */
export function drawHeader(views, current) {
  const nav = element('views');
  nav.setAttribute('aria-label', t('tasks'));
  keepingFocus(nav, () => replace(nav, views.map(({ id }) => h('a', { href: `#/${id}`, 'data-view': id, 'aria-current': id === current ? 'page' : null }, t(`${id}.title`)))));
  const language = element('language');
  language.textContent = currentLanguage() === 'en' ? '中文' : 'English';
  language.lang = currentLanguage() === 'en' ? 'zh-Hans' : 'en';
  element('theme').textContent = t('theme');
  // Without their names they are nothing to press.
  for (const button of [language, element('theme')]) button.hidden = false;
}

/** Where the tasks lead changes with what is on screen, with each letter; it is
 * written when a link is about to be followed, as texts may be long.
 * @param {(view: string) => string} to */
export function linkTasks(to) {
  for (const sign of ['pointerover', 'focusin', 'click']) {
    element('views').addEventListener(sign, ({ target }) => {
      const link = target instanceof Element && target.closest('a');
      if (link) link.href = to(link.dataset.view ?? '');
    }, { capture: true });
  }
}
