// Form controls bound to the state: they show it, and change it.

import { h, replace } from './dom.js';
import { named, otherLang, t } from './i18n.js';
import { isAnother } from './words.js';

/** @typedef {import('./state.js').State} State */
/**
 * What a view may use of the page.
 * @typedef {object} Page
 * @property {State} state
 * @property {any[]} models
 * @property {(patch: State, how?: {typing?: boolean, passing?: boolean}) => void} set
 * @property {(follow: (state: State) => void) => void} follow
 * @property {(text: string) => void} announce
 */

let fieldCount = 0;

/** A label with its control. @param {string} name  of its value in the state  @param {string} label  @param {HTMLElement} control */
export function field(name, label, control) {
  control.id ||= `field-${++fieldCount}`;
  control.dataset.name = name;
  return h('div', { class: 'field' }, h('label', { 'for': control.id }, label), control);
}

/** Marks the controls that something is wrong with, and says what beside each;
 * unmarks the others.
 * @param {HTMLElement} form  @param {import('./problem.js').Fault[]} faults
 * @returns {Set<string>} the names of those that say it themselves */
export function markFaults(form, faults) {
  const said = new Set();
  for (const control of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll('[data-name]'))) {
    const fault = faults.find(({ name }) => name === control.dataset.name);
    control.parentElement?.querySelector('.fault')?.remove();
    control.removeAttribute('aria-describedby');
    if (!fault) {
      control.removeAttribute('aria-invalid');
      continue;
    }
    control.setAttribute('aria-invalid', 'true');
    if (fault.message === '') continue;
    said.add(fault.name);
    const id = `${control.id}-fault`;
    control.after(h('p', { class: 'fault', id, lang: fault.english ? 'en' : null }, fault.message));
    control.setAttribute('aria-describedby', id);
  }
  return said;
}

/**
 * @param {Page} page  @param {string} name  @param {string} label
 * @param {{rows?: number, edited?: (before: State, text: string) => State}} [options]  edited: what else changes with the text
 */
export function textArea(page, name, label, { rows = 3, edited = () => ({}) } = {}) {
  const area = h('textarea', {
    rows, spellcheck: false, dir: 'auto',
    oninput: () => page.set({ [name]: area.value, ...edited(page.state, area.value) }, { typing: true }),
  });
  page.follow((state) => { if (area.value !== state[name]) area.value = state[name] ?? ''; });
  return field(name, label, area);
}

/** @param {Page} page  @param {string} name  @param {string} label  @param {Record<string, any>} [attributes] */
export function textInput(page, name, label, attributes = {}) {
  const input = h('input', {
    type: 'text', spellcheck: false, dir: 'auto', autocomplete: 'off', ...attributes,
    oninput: () => page.set({ [name]: input.value }, { typing: true }),
  });
  page.follow((state) => { if (input.value !== state[name]) input.value = state[name] ?? ''; });
  return field(name, label, input);
}

/**
 * @param {Page} page  @param {string} name  @param {string} label
 * @param {() => [string, string][]} options  value and text of each
 * @param {(state: State) => string} [value]  what the state's value stands for
 */
export function select(page, name, label, options, value = (state) => state[name] ?? '') {
  const control = h('select', { onchange: () => page.set({ [name]: control.value }) });
  page.follow((state) => {
    const list = options();
    const current = value(state);
    // A link may hold a value that is not offered here: show it all the same.
    if (!list.some(([value]) => value === current)) list.push([current, current]);
    replace(control, list.map(([value, text]) => h('option', { value, selected: value === current }, text)));
  });
  return field(name, label, control);
}

/** @param {Page} page  @param {string} name  @param {string} label */
export function checkbox(page, name, label) {
  const box = h('input', { type: 'checkbox', onchange: () => page.set({ [name]: box.checked ? '1' : '' }) });
  page.follow((state) => { box.checked = state[name] === '1'; });
  return h('label', { class: 'check' }, box, ' ', label);
}

/** Buttons that fill in an example.
 * @param {Page} page  @param {{name: string, state: State}[]} examples */
export function exampleButtons(page, examples) {
  return h('div', { class: 'examples', role: 'group', 'aria-label': t('examples') },
    h('span', {}, t('examples')),
    examples.map(({ name, state }) => {
      const label = named('example', name);
      return h('button', { type: 'button', lang: otherLang(label), onclick: () => page.set(state) }, label);
    }));
}

/** What else changes with the text: of an example, what came with its text goes
 * with it, unless the reader made it their own.
 * @param {{state: State}[]} examples  @param {string} name  @returns {(before: State, text: string) => State} */
export function exampleOnly(examples, name) {
  return (before, text) => {
    const left = examples.some(({ state }) => state[name] === before[name] && !isAnother(state.text, before.text) && isAnother(state.text, text));
    return left ? { [name]: '' } : {};
  };
}

/** The choice of a model, and of a second one to show beside it. @param {Page} page */
export function modelControl(page) {
  /** @returns {[string, string][]} */
  const models = () => page.models.map((m) => [m.id, m.id]);
  return h('div', { class: 'row models' },
    select(page, 'model', t('model'), () => [['', t('model-auto')], ...models()]),
    select(page, 'model2', t('model-beside'), () => [['', t('model-none')], ...models()]));
}
