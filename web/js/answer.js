// What stands below every answer: how long it took, the request as code, and
// the answer as a file. And what stands in its place when there is none.

import { Problem } from './api.js';
import { h, replace } from './dom.js';
import { download, exporters } from './export.js';
import { t } from './i18n.js';
import { SNIPPETS } from './snippets.js';

/**
 * @param {{view: import('./views.js').View, state: import('./state.js').State, requests: import('./api.js').Request[], answers: import('./api.js').Answer[], result: HTMLElement}} what
 */
export function answerTools({ view, state, requests, answers, result }) {
  return h('div', { class: 'tools' }, timings(answers), asCode(requests), asFile(view, state, answers, result));
}

/** The phases that the server names (API.md, Server-Timing). */
const PHASES = ['tokenize', 'queue', 'model', 'post'];

/** @param {import('./api.js').Answer[]} answers */
function timings(answers) {
  const sums = new Map();
  for (const answer of answers) {
    for (const { name, milliseconds } of answer.timings) sums.set(name, (sums.get(name) ?? 0) + milliseconds);
  }
  const total = Math.max(...answers.map((a) => a.milliseconds));
  return h('dl', { class: 'timings', 'aria-label': t('timing') },
    [...sums].map(([name, ms]) => h('div', {}, h('dt', {}, phaseName(name)), h('dd', {}, t('milliseconds', { n: ms.toFixed(2) })))),
    h('div', {}, h('dt', {}, t('timing.browser')), h('dd', {}, t('milliseconds', { n: total.toFixed(1) }))));
}

/** What a proxy adds keeps its own name. @param {string} name */
function phaseName(name) {
  return PHASES.includes(name) ? t(`timing.${name}`) : name;
}

/** @param {import('./api.js').Request[]} requests */
function asCode(requests) {
  const code = h('code', {});
  const copy = h('button', { type: 'button', class: 'copy', onclick: async () => {
    await navigator.clipboard.writeText(code.textContent ?? '');
    copy.textContent = t('copied');
    setTimeout(() => { copy.textContent = t('copy'); }, 1500);
  } }, t('copy'));
  const buttons = SNIPPETS.map(({ name, write }) => {
    const button = h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => {
      for (const b of buttons) b.setAttribute('aria-pressed', String(b === button));
      code.textContent = write(new URL('.', document.baseURI).href, requests);
    } }, name);
    return button;
  });
  const details = h('details', {},
    h('summary', {}, t('as-code')),
    h('div', { class: 'row', role: 'group', 'aria-label': t('as-code') }, buttons, copy),
    h('pre', { tabIndex: 0 }, code));
  buttons[0].click();
  return details;
}

/** @param {import('./views.js').View} view  @param {import('./state.js').State} state  @param {import('./api.js').Answer[]} answers  @param {HTMLElement} result */
function asFile(view, state, answers, result) {
  return h('div', { class: 'row exports', role: 'group', 'aria-label': t('save-as') },
    h('span', {}, t('save-as')),
    exporters(view, state, answers, result).map(({ name, make }) => h('button', {
      type: 'button', onclick: async () => download(`cloze-${view.id}.${name.toLowerCase()}`, await make()),
    }, name)));
}

/** An error in place of an answer: what is wrong, where, and what to do.
 * @param {unknown} error  @param {() => void} again */
export function problemNotice(error, again) {
  const problem = error instanceof Problem ? error.problem : { title: String(error) };
  const noAnswer = problem.title === 'no-answer';
  const notice = h('div', { class: 'problem', role: 'alert' },
    h('h2', {}, noAnswer ? t('no-answer') : problem.title),
    h('p', {}, noAnswer ? t('no-answer-do') : problem.detail ?? ''),
    problem.errors && h('ul', {}, problem.errors.map((e) => h('li', {}, e.pointer && h('code', {}, e.pointer), ' ', e.detail))),
    problem.request_id && h('p', { class: 'hint' }, t('request-id', { id: problem.request_id })),
    h('button', { type: 'button', onclick: () => { replace(notice); again(); } }, t('ask-again')));
  return notice;
}
