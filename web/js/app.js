// Start here: the page is one view at a time (a task), whose whole state is the
// URL's fragment. A change of state redraws the controls and, where the
// request changed, asks the server and shows the answer.

import { ask, get } from './api.js';
import { modelControl } from './controls.js';
import { h, replace } from './dom.js';
import { currentLanguage, pickLanguage, setLanguage, t } from './i18n.js';
import { answerTools, problemNotice } from './answer.js';
import { formatFragment, MAX_LINK, parseFragment, withoutDefaults } from './state.js';
import { VIEWS } from './views.js';

/** Typing asks after this pause, in milliseconds. */
const TYPING_PAUSE = 300;
/** A wait longer than this is shown, in milliseconds. */
const SHOW_WAIT_AFTER = 400;

/** @typedef {import('./views.js').View} View */
/** @typedef {import('./state.js').State} State */

class App {
  constructor() {
    this.root = /** @type {HTMLElement} */ (document.getElementById('app'));
    this.status = /** @type {HTMLElement} */ (document.getElementById('status'));
    /** @type {any[]} */
    this.models = [];
    /** @type {View} */
    this.view = VIEWS[0];
    /** @type {State} */
    this.state = {};
    /** @type {((state: State) => void)[]} */
    this.listeners = [];
    this.asked = '';
    this.typing = 0;
    this.abort = new AbortController();
    /** @type {Column[]} */
    this.columns = [];
  }

  async start() {
    setLanguage(pickLanguage(localStorage.getItem('language'), navigator.languages));
    applyTheme(localStorage.getItem('theme'));
    addEventListener('hashchange', () => this.read());
    addEventListener('popstate', () => this.read());
    document.getElementById('language')?.addEventListener('click', () => this.switchLanguage());
    document.getElementById('theme')?.addEventListener('click', switchTheme);
    // The first answer does not wait for the list of models.
    this.read();
    try {
      this.models = (await get('models')).models;
      this.changed();
    } catch (error) {
      replace(this.status, problemNotice(error, () => location.reload()));
    }
  }

  /** Takes view and state from the fragment. */
  read() {
    const { view, state } = parseFragment(location.hash);
    const known = VIEWS.find((v) => v.id === view) || VIEWS[0];
    const changedView = known !== this.view || !this.panel;
    this.view = known;
    this.state = { ...this.defaults(), ...state };
    if (changedView) this.draw();
    else this.changed();
  }

  /** @returns {State} */
  defaults() {
    return { model: '', model2: '', ...this.view.defaults(currentLanguage()) };
  }

  /**
   * Changes the state. A change worth a step of Back is pushed; typing and
   * dragging replace.
   * @param {State} patch  @param {{typing?: boolean}} [how]
   */
  set(patch, { typing = false } = {}) {
    this.state = { ...this.state, ...patch };
    const fragment = formatFragment({ view: this.view.id, state: withoutDefaults(this.state, this.defaults()) });
    if (typing) history.replaceState(null, '', fragment);
    else history.pushState(null, '', fragment);
    replace(this.notice, fragment.length > MAX_LINK && h('p', { class: 'hint' }, t('long-link', { n: fragment.length })));
    clearTimeout(this.typing);
    if (typing) this.typing = window.setTimeout(() => this.changed(), TYPING_PAUSE);
    else this.changed();
  }

  /** Registers a part of the page that follows the state.
   * @param {(state: State) => void} follow */
  follow(follow) {
    this.listeners.push(follow);
    follow(this.state);
  }

  /** Draws the view anew: its controls, and room for its answers. */
  draw() {
    this.listeners = [];
    this.asked = '';
    document.title = `${t(this.view.id + '.title')} · Cloze`;
    drawNavigation(this.view.id);
    this.panel = h('div', { class: 'answers' });
    this.notice = h('div', {});
    this.columns = [];
    replace(
      this.root,
      h('h1', {}, t(this.view.id + '.title')),
      h('p', { class: 'lead' }, t(this.view.id + '.lead')),
      h('form', { class: 'controls', onsubmit: (/** @type {Event} */ e) => e.preventDefault() },
        this.view.controls(this),
        modelControl(this),
      ),
      this.notice,
      this.panel,
    );
    this.changed();
  }

  changed() {
    for (const follow of this.listeners) follow(this.state);
    this.answer();
  }

  /** Asks what the state asks for, once per model shown, and shows it. */
  async answer() {
    const panel = /** @type {HTMLElement} */ (this.panel);
    const models = this.state.model2 ? [this.state.model, this.state.model2] : [this.state.model];
    const variants = this.view.variants?.(this.state) ?? [this.state];
    const columns = variants.flatMap((variant) => models.map((model) => this.view.requests({ ...variant, model })));
    const key = JSON.stringify(columns);
    if (key === this.asked) {
      // Asked already: the answer is on its way, or here.
      if (this.answers) this.show(this.answers, columns);
      return;
    }
    this.abort.abort();
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.asked = key;
    this.answers = undefined;
    if (columns.every((requests) => requests.length === 0)) {
      replace(panel, h('p', { class: 'hint' }, t('nothing-asked')));
      return;
    }
    const waiting = setTimeout(() => this.showWaiting(), SHOW_WAIT_AFTER);
    try {
      const answers = await Promise.all(columns.map((requests) => Promise.all(requests.map((r) => ask(r, signal)))));
      this.answers = answers;
      replace(this.status);
      this.show(answers, columns);
    } catch (error) {
      if (signal.aborted) return;
      this.asked = '';
      replace(panel, problemNotice(error, () => this.answer()));
    } finally {
      clearTimeout(waiting);
      if (!signal.aborted) panel.removeAttribute('aria-busy');
    }
  }

  /**
   * @param {import('./api.js').Answer[][]} answers  one list per model shown
   * @param {import('./api.js').Request[][]} requests
   */
  show(answers, requests) {
    const panel = /** @type {HTMLElement} */ (this.panel);
    panel.classList.toggle('side-by-side', answers.length > 1);
    if (this.columns.length !== answers.length || panel.firstChild !== this.columns[0].element) {
      this.columns = answers.map(() => new Column());
      replace(panel, this.columns.map((column) => column.element));
    }
    answers.forEach((answer, i) => {
      const { result } = this.columns[i];
      if (!this.view.keepsPanel) result.replaceChildren();
      this.view.show(result, answer, this);
      this.columns[i].frame(modelOf(answer), answers.length > 1,
        answerTools({ view: this.view, state: this.state, requests: requests[i], answers: answer, result }));
    });
    this.announce(this.view.summary(answers[0]));
  }

  showWaiting() {
    const panel = /** @type {HTMLElement} */ (this.panel);
    panel.setAttribute('aria-busy', 'true');
    replace(this.status, h('p', { class: 'waiting' }, h('progress', { 'aria-label': t('waiting') }), t('waiting'),
      h('button', { type: 'button', onclick: () => this.cancel() }, t('cancel'))));
  }

  cancel() {
    this.abort.abort();
    this.asked = '';
    this.panel?.removeAttribute('aria-busy');
    replace(this.status, h('p', {}, t('cancelled'), ' ',
      h('button', { type: 'button', onclick: () => { replace(this.status); this.answer(); } }, t('ask-again'))));
  }

  /** Says something to screen readers. @param {string} text */
  announce(text) {
    const live = document.getElementById('live');
    if (live && live.textContent !== text) live.textContent = text;
  }

  switchLanguage() {
    setLanguage(currentLanguage() === 'en' ? 'zh' : 'en');
    localStorage.setItem('language', currentLanguage());
    const { state } = parseFragment(location.hash);
    this.state = { ...this.defaults(), ...state };
    this.draw();
  }
}

/** One answer: the view's drawing between a heading and the tools. Its parts
 * stay in the document from answer to answer, so that what is focused stays so. */
class Column {
  constructor() {
    this.heading = h('h2', {});
    this.result = h('div', { class: 'result' });
    this.tools = h('div', {});
    this.element = h('section', { class: 'answer' }, this.heading, this.result, this.tools);
  }

  /** @param {string} model  @param {boolean} named  @param {HTMLElement} tools */
  frame(model, named, tools) {
    this.element.setAttribute('aria-label', t('answer-of', { model }));
    this.heading.textContent = named ? model : t('answer');
    this.heading.classList.toggle('visually-hidden', !named);
    // An opened box of code stays open.
    const open = this.tools.querySelector('details')?.open ?? false;
    replace(this.tools, tools);
    /** @type {HTMLDetailsElement} */ (this.tools.querySelector('details')).open = open;
  }
}

/** @param {import('./api.js').Answer[]} column */
function modelOf(column) {
  for (const { data } of column) {
    if (data.results) return data.results[0].model;
  }
  return '';
}

/** @param {string} current */
function drawNavigation(current) {
  const nav = /** @type {HTMLElement} */ (document.getElementById('views'));
  nav.setAttribute('aria-label', t('tasks'));
  replace(nav, VIEWS.map((view) => h('a', {
    href: formatFragment({ view: view.id, state: {} }),
    'aria-current': view.id === current ? 'page' : null,
  }, t(view.id + '.title'))));
  const language = /** @type {HTMLElement} */ (document.getElementById('language'));
  language.textContent = currentLanguage() === 'en' ? '中文' : 'English';
  language.lang = currentLanguage() === 'en' ? 'zh-Hans' : 'en';
  const theme = /** @type {HTMLElement} */ (document.getElementById('theme'));
  theme.textContent = t('theme');
}

/** @param {string|null} theme  'light', 'dark' or null for the system's */
function applyTheme(theme) {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
}

function switchTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  const theme = dark ? 'light' : 'dark';
  localStorage.setItem('theme', theme);
  applyTheme(theme);
}

new App().start();
