// Start here: the page is one view at a time (a task), whose whole state is the
// URL's fragment. A change of state redraws the controls and, where the
// request changed, asks the server and shows the answer.

import { ask, get } from './api.js';
import { problemNotice } from './answer.js';
import { Column } from './column.js';
import { modelControl } from './controls.js';
import { h, replace } from './dom.js';
import { currentLanguage, pickLanguage, setLanguage, t } from './i18n.js';
import { completeState, formatFragment, isLocation, MAX_LINK, parseFragment, withoutDefaults } from './state.js';
import { VIEWS } from './views.js';

/** Typing asks after this pause, in milliseconds. */
const TYPING_PAUSE = 300;
/** A wait longer than this is shown, in milliseconds. */
const SHOW_WAIT_AFTER = 400;

/** The system's wish for a dark page. */
const DARK = '(prefers-color-scheme: dark)';
/** What is the same for every view. */
const SETTINGS = { model: '', model2: '' };

/** @typedef {import('./views.js').View} View */
/** @typedef {import('./state.js').State} State */
/** @typedef {import('./api.js').Answer} Answer */
/**
 * What one column asks: the state it shows, and the requests of that state.
 * @typedef {{state: State, requests: import('./api.js').Request[]}} Question
 */

class App {
  constructor() {
    this.root = /** @type {HTMLElement} */ (document.getElementById('app'));
    this.status = /** @type {HTMLElement} */ (document.getElementById('status'));
    this.failure = /** @type {HTMLElement} */ (document.getElementById('failure'));
    /** @type {any[]} */
    this.models = [];
    /** @type {View} */
    this.view = VIEWS[0];
    /** @type {State} */
    this.state = {};
    /** @type {((state: State) => void)[]} */
    this.listeners = [];
    this.asked = '';
    /** @type {(Answer[]|Error)[]|undefined} */
    this.answers = undefined;
    this.typing = 0;
    this.waiting = 0;
    this.abort = new AbortController();
    /** @type {Column[]} */
    this.columns = [];
  }

  async start() {
    setLanguage(pickLanguage(localStorage.getItem('language'), navigator.languages));
    applyTheme(localStorage.getItem('theme'));
    addEventListener('hashchange', () => this.read());
    addEventListener('popstate', () => this.read());
    // Not by its href: the fragment is the state.
    document.querySelector('.skip')?.addEventListener('click', (event) => { event.preventDefault(); this.root.focus(); });
    document.getElementById('language')?.addEventListener('click', () => this.switchLanguage());
    document.getElementById('theme')?.addEventListener('click', () => { switchTheme(); this.changed(); });
    // Pictures on a canvas keep the colours they were painted in.
    matchMedia(DARK).addEventListener('change', () => this.changed());
    // The first answer does not wait for the list of models.
    this.read();
    try {
      this.models = (await get('models')).models;
      this.changed();
    } catch (error) {
      replace(this.failure, problemNotice(error, () => location.reload()));
    }
  }

  /** Takes view and state from the fragment. */
  read() {
    // A fragment of another kind is no location of ours: what is shown stays.
    if (this.panel && !isLocation(location.hash)) return;
    const { view, state } = parseFragment(location.hash);
    const known = VIEWS.find((v) => v.id === view) || VIEWS[0];
    const changedView = known !== this.view || !this.panel;
    this.view = known;
    this.state = this.complete(state);
    if (changedView) this.draw();
    else this.changed();
  }

  /** @param {State} state  of a fragment */
  complete(state) {
    return completeState(state, { ...SETTINGS, ...this.view.settings }, this.view.example(currentLanguage()));
  }

  /**
   * Changes the state. A change worth a step of Back is pushed; typing and
   * dragging replace.
   * @param {State} patch  @param {{typing?: boolean}} [how]
   */
  set(patch, { typing = false } = {}) {
    this.state = { ...this.state, ...patch };
    const fragment = formatFragment({ view: this.view.id, state: withoutDefaults(this.state, { ...SETTINGS, ...this.view.settings }) });
    if (typing) history.replaceState(null, '', fragment);
    else history.pushState(null, '', fragment);
    replace(this.notice, fragment.length > MAX_LINK && h('p', { class: 'hint' }, t('long-link', { n: fragment.length })));
    clearTimeout(this.typing);
    if (typing) {
      // An answer that comes now is one to another text.
      this.forget();
      this.typing = window.setTimeout(() => this.changed(), TYPING_PAUSE);
    } else {
      this.changed();
    }
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
    this.forget();
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

  /** Asks what the state asks for, a column for each text and model shown, and
   * shows the answers. */
  async answer() {
    const questions = this.questions();
    // What follows from the first answers depends on the whole state.
    const key = JSON.stringify(questions.map(({ state, requests }) => [requests, this.view.followUps && state]));
    if (key === this.asked) {
      // Asked already: the answer is on its way, or here.
      if (this.answers) this.show(this.answers, questions);
      return;
    }
    this.forget();
    if (questions.length === 0) {
      replace(/** @type {HTMLElement} */ (this.panel), h('p', { class: 'hint' }, this.view.missing?.(this.state) ?? t('nothing-asked')));
      return;
    }
    this.asked = key;
    const { signal } = this.abort;
    this.waiting = window.setTimeout(() => this.showWaiting(), SHOW_WAIT_AFTER);
    // The refusal of one model leaves the answer of the other.
    const answers = await Promise.all(questions.map((question) => this.askAll(question, signal).catch((error) => error)));
    if (signal.aborted) return;
    this.stopWaiting();
    this.answers = answers;
    this.show(answers, questions);
  }

  /** @returns {Question[]} */
  questions() {
    const models = this.state.model2 ? [this.state.model, this.state.model2] : [this.state.model];
    const variants = this.view.variants?.(this.state) ?? [this.state];
    return variants
      .flatMap((variant) => models.map((model) => ({ ...variant, model })))
      .map((state) => ({ state, requests: this.view.requests(state) }))
      .filter(({ requests }) => requests.length > 0);
  }

  /** @param {Question} question  @param {AbortSignal} signal  @returns {Promise<Answer[]>} */
  async askAll({ state, requests }, signal) {
    const answers = await Promise.all(requests.map((r) => ask(r, signal)));
    const more = this.view.followUps?.(answers, state) ?? [];
    requests.push(...more);
    return [...answers, ...await Promise.all(more.map((r) => ask(r, signal)))];
  }

  /** Gives up what was asked. */
  forget() {
    this.abort.abort();
    this.abort = new AbortController();
    this.asked = '';
    this.answers = undefined;
    this.stopWaiting();
  }

  /**
   * @param {(Answer[]|Error)[]} answers  one for each question
   * @param {Question[]} questions
   */
  show(answers, questions) {
    const panel = /** @type {HTMLElement} */ (this.panel);
    panel.classList.toggle('side-by-side', answers.length > 1);
    if (this.columns.length !== answers.length || panel.firstChild !== this.columns[0].element) {
      this.columns = answers.map(() => new Column());
      replace(panel, this.columns.map((column) => column.element));
    }
    const several = { texts: new Set(questions.map(({ state }) => state.text)).size > 1, models: Boolean(this.state.model2) };
    answers.forEach((answer, i) => {
      const { state, requests } = questions[i];
      if (answer instanceof Error) {
        this.columns[i].showProblem(answer, state, several, () => { this.forget(); this.answer(); });
      } else {
        this.columns[i].show(this.view, answer, { state, requests, several, page: this });
      }
    });
    const first = answers.find((answer) => !(answer instanceof Error));
    if (first) this.announce(this.view.summary(/** @type {Answer[]} */ (first)));
  }

  showWaiting() {
    this.panel?.setAttribute('aria-busy', 'true');
    replace(this.status, h('p', { class: 'waiting' }, h('progress', { 'aria-label': t('waiting') }), t('waiting'),
      h('button', { type: 'button', onclick: () => this.cancel() }, t('cancel'))));
  }

  stopWaiting() {
    clearTimeout(this.waiting);
    this.panel?.removeAttribute('aria-busy');
    replace(this.status);
  }

  cancel() {
    this.forget();
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
    this.state = this.complete(state);
    this.draw();
  }
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
    : matchMedia(DARK).matches;
  const theme = dark ? 'light' : 'dark';
  localStorage.setItem('theme', theme);
  applyTheme(theme);
}

new App().start();
