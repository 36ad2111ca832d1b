// Start here: the page is one view at a time (a task), whose whole state is the
// URL's fragment. A change of state redraws the controls and, where the
// request changed, asks the server and shows the answer.

import { ask, disown, get } from './api.js';
import { Column } from './column.js';
import { markFaults, modelControl } from './controls.js';
import { h, replace } from './dom.js';
import { drawHeader, linkTasks } from './frame.js';
import { currentLanguage, LANGUAGES, pickLanguage, setLanguage, t } from './i18n.js';
import { faultsOf, problemNotice } from './problem.js';
import { completeState, formatFragment, isLocation, MAX_LINK, parseFragment, withoutDefaults } from './state.js';
import { recall, remember } from './storage.js';
import { useTheme } from './theme.js';
import { VIEWS } from './views.js';
import { Waiting } from './waiting.js';

/** Typing asks after this pause, in milliseconds. */
const TYPING_PAUSE = 300;

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
    this.failure = /** @type {HTMLElement} */ (document.getElementById('failure'));
    /** @type {any[]} */
    this.models = [];
    /** Why there are none. @type {unknown} */
    this.noModels = undefined;
    /** @type {View} */
    this.view = VIEWS[0];
    /** @type {State} */
    this.state = {};
    /** @type {((state: State) => void)[]} */
    this.listeners = [];
    this.asked = '';
    /** @type {(Answer[]|Error)[]|undefined} */
    this.answers = undefined;
    /** @type {import('./api.js').Request[][]} */
    this.requests = [];
    this.typing = 0;
    this.waiting = new Waiting(/** @type {HTMLElement} */ (document.getElementById('status')), {
      said: (sentence) => this.showWaiting(sentence), cancel: () => this.cancel(), again: () => this.askAgain(),
    });
    this.abort = new AbortController();
    /** What goes along to the other tasks.
     * @type {State|undefined} */
    this.carried = undefined;
    /** @type {HTMLElement|undefined} */
    this.form = undefined;
    /** @type {Column[]} */
    this.columns = [];
  }

  async start() {
    setLanguage(pickLanguage(recall('language'), navigator.languages));
    useTheme(() => this.changed());
    linkTasks((id) => this.linkTo(id));
    addEventListener('hashchange', () => this.read());
    addEventListener('popstate', () => this.read());
    // Not by its href: the fragment is the state.
    document.querySelector('.skip')?.addEventListener('click', (event) => { event.preventDefault(); this.root.focus(); });
    document.getElementById('language')?.addEventListener('click', () => this.switchLanguage());
    // The first answer does not wait for the list of models.
    this.read();
    this.listModels();
  }

  async listModels() {
    this.noModels = undefined;
    this.showNoModels();
    try {
      const { models } = await get('models');
      if (!Array.isArray(models)) throw new TypeError('no list of models');
      this.models = models;
      this.changed();
    } catch (error) {
      this.noModels = error;
      this.showNoModels();
    }
  }

  showNoModels() {
    const again = () => { this.root.focus({ preventScroll: true }); this.listModels(); };
    replace(this.failure, this.noModels && problemNotice(this.noModels, again, { heading: t('no-models') }));
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
    if (changedView) {
      this.draw();
    } else {
      this.write();
      this.changed();
    }
  }

  /** @param {State} state  of a fragment */
  complete(state) {
    const complete = completeState(state, { ...SETTINGS, ...this.view.settings }, this.view.example(currentLanguage()));
    return this.view.clean?.(complete) ?? complete;
  }

  /**
   * Changes the state. A change worth a step of Back is pushed; typing, dragging
   * and going through by key replace.
   * @param {State} patch  @param {{typing?: boolean, passing?: boolean}} [how]
   */
  set(patch, { typing = false, passing = typing } = {}) {
    const changes = Object.entries(patch).some(([name, value]) => this.state[name] !== value);
    this.state = { ...this.state, ...patch };
    this.write({ push: !passing && changes });
    clearTimeout(this.typing);
    if (typing) {
      // An answer that comes now is one to another text.
      this.forget();
      this.typing = window.setTimeout(() => this.changed(), TYPING_PAUSE);
    } else {
      this.changed();
    }
  }

  /** Writes the whole state into the address: whoever opens it sees the same, in
   * whichever language.
   * @param {{push?: boolean}} [how]  push: as a step of Back */
  write({ push = false } = {}) {
    const fragment = formatFragment({ view: this.view.id, state: withoutDefaults(this.state, { ...SETTINGS, ...this.view.settings }) });
    if (push) history.pushState(null, '', fragment);
    else history.replaceState(null, '', fragment);
    replace(this.notice, fragment.length > MAX_LINK && h('p', { class: 'hint' }, t('long-link', { n: fragment.length })));
    this.carry();
  }

  /** Takes the reader's own text along to the other tasks, and the models; a
   * view that has no text of theirs shows its example. */
  carry() {
    const { text, pair } = this.state;
    const own = text.trim() !== '' && LANGUAGES.every((language) => this.view.example(language).text !== text);
    this.carried = own ? { text, pair: pair ?? this.carried?.pair ?? '' } : undefined;
  }

  /** Where a link to another task leads. @param {string} id */
  linkTo(id) {
    const view = VIEWS.find((v) => v.id === id) ?? VIEWS[0];
    const takes = view.example(currentLanguage());
    const taken = Object.entries(this.carried ?? {}).filter(([name]) => name in takes);
    const { model, model2 } = this.state;
    return formatFragment({ view: id, state: withoutDefaults({ ...Object.fromEntries(taken), model, model2 }, SETTINGS) });
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
    drawHeader(VIEWS, this.view.id);
    this.panel = h('div', { class: 'answers' });
    this.notice = h('div', {});
    this.older = h('p', { class: 'note', hidden: true }, t('older-answer'));
    this.columns = [];
    this.form = h('form', { class: 'controls', onsubmit: (/** @type {Event} */ e) => e.preventDefault() }, this.view.controls(this), modelControl(this));
    replace(
      this.root,
      h('h1', {}, t(this.view.id + '.title')),
      h('p', { class: 'lead' }, t(this.view.id + '.lead')),
      this.form,
      this.notice,
      this.older,
      this.panel,
    );
    this.write();
    this.changed();
  }

  changed() {
    for (const follow of this.listeners) follow(this.state);
    this.answer();
  }

  /** Asks what the state asks for, a column for each text and model shown, and
   * shows the answers. */
  async answer() {
    const faults = this.view.check?.(this.state) ?? [];
    const questions = faults.length > 0 ? [] : this.questions();
    // What follows from the first answers depends on the whole state.
    const key = JSON.stringify(questions.map(({ state, requests }) => [requests, this.view.followUps && state]));
    if (key === this.asked) {
      // Asked already: the answer is on its way, or here with the requests that
      // followed from the first answers.
      if (this.answers) this.show(this.answers, questions.map(({ state }, i) => ({ state, requests: this.requests[i] })));
      return;
    }
    this.forget();
    this.markFaults(faults);
    if (questions.length === 0) {
      const hint = faults.length > 0 ? t('correct-marked') : this.view.missing?.(this.state) ?? t('nothing-asked');
      this.age(false);
      replace(/** @type {HTMLElement} */ (this.panel), h('p', { class: 'hint' }, hint));
      this.announce(hint);
      return;
    }
    this.asked = key;
    const { signal } = this.abort;
    this.waiting.start();
    // The refusal of one model leaves the answer of the other.
    const answers = await Promise.all(questions.map((question) => this.askAll(question, signal).catch((error) => error)));
    if (signal.aborted) return;
    this.stopWaiting();
    this.answers = answers;
    this.requests = questions.map(({ requests }) => requests);
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
    const answers = await Promise.all(requests.map((r) => ask(r, signal, this.waiting)));
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
    this.age(false);
    panel.classList.toggle('side-by-side', answers.length > 1);
    if (this.columns.length !== answers.length || panel.firstChild !== this.columns[0].element) {
      this.columns = answers.map(() => new Column());
      replace(panel, this.columns.map((column) => column.element));
    }
    const marked = this.markFaults(answers.flatMap((answer, i) => (answer instanceof Error ? this.faultsOf(answer, questions[i].state) : [])));
    const differ = { texts: new Set(questions.map(({ state }) => state.text)).size > 1, models: Boolean(this.state.model2) };
    answers.forEach((answer, i) => {
      const { state, requests } = questions[i];
      const several = { ...differ, index: i };
      const problem = (/** @type {Error} */ error) => this.columns[i].showProblem(error, state, several, () => { this.forget(); this.answer(); }, marked);
      if (answer instanceof Error) {
        problem(answer);
        return;
      }
      try {
        this.columns[i].show(this.view, answer, { state, requests, several, page: this });
      } catch (error) {
        // What came is no answer to what was asked.
        console.error(error);
        disown(answer);
        problem(/** @type {Error} */ (error));
      }
    });
    // With nothing new to say, what was said last may still be being read.
    const sentence = this.summaryOf(answers, questions);
    if (sentence !== '') this.announce(sentence);
  }

  /** The answers in a sentence each, named where they stand side by side.
   * @param {(Answer[]|Error)[]} answers  @param {Question[]} questions */
  summaryOf(answers, questions) {
    return answers.map((answer, i) => {
      if (answer instanceof Error || this.columns[i].failed) return '';
      const sentence = this.view.summary(answer, questions[i].state, this.columns[i].result);
      if (sentence === '') return '';
      return answers.length > 1 ? `${this.columns[i].heading.textContent}: ${sentence}` : sentence;
    }).filter(Boolean).join(' — ');
  }

  /** @param {import('./problem.js').Fault[]} faults */
  markFaults(faults) {
    return markFaults(/** @type {HTMLElement} */ (this.form), faults);
  }

  /** The second model's fault is its own control's.
   * @param {Error} error  @param {State} state */
  faultsOf(error, { model }) {
    const second = model === this.state.model2 && model !== this.state.model;
    return faultsOf(error).map((fault) => (fault.name === 'model' && second ? { ...fault, name: 'model2' } : fault));
  }

  stopWaiting() {
    this.panel?.removeAttribute('aria-busy');
    this.waiting.stop();
  }

  /** @param {string} sentence */
  showWaiting(sentence) {
    this.panel?.setAttribute('aria-busy', 'true');
    this.announce(sentence);
  }

  cancel() {
    this.forget();
    this.age(true);
    this.announce(t('cancelled'));
  }

  askAgain() {
    this.panel?.querySelector('section')?.focus({ preventScroll: true });
    this.answer();
  }

  /** Shows whether the answers on screen are of a text that stands there no more.
   * @param {boolean} older */
  age(older) {
    const shown = older && this.panel?.querySelector('.answer');
    this.panel?.classList.toggle('older', Boolean(shown));
    /** @type {HTMLElement} */ (this.older).hidden = !shown;
  }

  /** Says something to screen readers. @param {string} text */
  announce(text) {
    const live = document.getElementById('live');
    if (live && live.textContent !== text) live.textContent = text;
  }

  switchLanguage() {
    const from = currentLanguage();
    const to = from === 'en' ? 'zh' : 'en';
    setLanguage(to);
    // What the reader did not write is shown in their language.
    const example = this.view.example(from);
    if (Object.entries(example).every(([name, value]) => this.state[name] === value)) this.state = { ...this.state, ...this.view.example(to) };
    remember('language', currentLanguage());
    this.showNoModels();
    this.draw();
  }
}

new App().start();
