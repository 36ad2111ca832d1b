// What stands around every view: the tasks to go to, and the light or the dark.

import { h, replace } from './dom.js';
import { currentLanguage, t } from './i18n.js';
import { recall, remember } from './storage.js';

/** The system's wish for a dark page. */
const DARK = matchMedia('(prefers-color-scheme: dark)');

/** @param {string} id */
function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {import('./views.js').View[]} views  @param {string} current */
export function drawHeader(views, current) {
  const nav = element('views');
  nav.setAttribute('aria-label', t('tasks'));
  replace(nav, views.map(({ id }) => h('a', { href: `#/${id}`, 'data-view': id, 'aria-current': id === current ? 'page' : null }, t(`${id}.title`))));
  const language = element('language');
  language.textContent = currentLanguage() === 'en' ? '中文' : 'English';
  language.lang = currentLanguage() === 'en' ? 'zh-Hans' : 'en';
  element('theme').textContent = t('theme');
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

/** Calls back whenever the page turns light or dark: pictures on a canvas keep
 * the colours they were painted in. @param {() => void} changed */
export function useTheme(changed) {
  apply(recall('theme'));
  element('theme').addEventListener('click', () => {
    const { theme } = document.documentElement.dataset;
    const next = (theme ? theme === 'dark' : DARK.matches) ? 'light' : 'dark';
    remember('theme', next);
    apply(next);
    changed();
  });
  DARK.addEventListener('change', changed);
}

/** @param {string|null} theme  'light', 'dark' or null for the system's */
function apply(theme) {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}
