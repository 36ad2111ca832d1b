// Light or dark: as the system wishes until the reader chooses. The colours are
// style.css's.

import { h } from './dom.js';
import { recall, remember } from './storage.js';

/** The system's wish. */
const systemDark = () => matchMedia('(prefers-color-scheme: dark)');

/** Whether the page is dark now. */
export function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === 'dark' : systemDark().matches;
}

/** Calls back whenever the page turns light or dark: pictures on a canvas keep
 * the colours they were painted in. @param {() => void} changed */
export function useTheme(changed) {
  apply(recall('theme'));
  document.getElementById('theme')?.addEventListener('click', () => {
    const next = isDark() ? 'light' : 'dark';
    remember('theme', next);
    apply(next);
    changed();
  });
  systemDark().addEventListener('change', changed);
  // Paper is light.
  /** @type {string|null} */
  let chosen = null;
  addEventListener('beforeprint', () => {
    chosen = document.documentElement.dataset.theme ?? null;
    apply('light');
    changed();
  });
  addEventListener('afterprint', () => { apply(chosen); changed(); });
}

/** @param {string|null} theme  'light', 'dark' or null for the system's */
function apply(theme) {
  const { dataset } = document.documentElement;
  if (theme === 'light' || theme === 'dark') dataset.theme = theme;
  else delete dataset.theme;
}

/** A colour of style.css as a canvas or a file takes it. Only a property that
 * holds a colour says which of its two is meant now.
 * @param {string} name  of the variable, such as '--surface' */
export function themeColor(name) {
  const probe = h('span', { hidden: true });
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
