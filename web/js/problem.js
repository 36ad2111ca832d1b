// An error in place of an answer: what is wrong, where, and what to do, in the
// page's language as far as the page knows the kind of problem.

import { Problem } from './api.js';
import { h } from './dom.js';
import { currentLanguage, t } from './i18n.js';

/** Kinds that the page has its own words for: those of the server that a page
 * can meet, and those of an answer that did not come. */
const KNOWN = new Set([
  'no-answer', 'not-cloze', 'broken-answer', 'unexpected-answer',
  'unknown-model', 'no-head', 'no-pair', 'no-mask', 'too-many-masks', 'no-targets', 'too-long', 'too-large', 'body-too-large',
  'invalid-parameter', 'wrong-type', 'unsupported-feature', 'empty-text',
  'not-utf-8', 'body-timeout',
  'queue-full', 'starting', 'draining', 'deadline', 'internal',
]);

/** Kinds whose own words say all that the server's detail says, which speaks to
 * who writes requests. */
const REPLACED = new Set(['too-long', 'too-large', 'too-many-masks', 'no-mask', 'no-pair', 'no-targets', 'empty-text', 'not-utf-8', 'body-timeout']);

/** What to do of a kind is another thing at these fields. */
const AT_FIELDS = /** @type {Record<string, string[]>} */ ({
  'too-large': ['joint', 'top_k', 'aspects', 'layers'], 'too-long': ['aspects'], 'no-head': ['aspects'],
});

/** The names in the state of the fields that are called otherwise there. */
const NAMES = /** @type {Record<string, string>} */ ({
  texts: 'text', text_pair: 'pair', top_k: 'k', masked_lm_prob: 'probability', min_score: 'min', whole_word: 'whole', layers: 'layer', heads: 'head',
});

/** What is wrong with one control; english: in the server's words.
 * @typedef {{name: string, message: string, english?: boolean}} Fault */

/** @param {unknown} error */
function problemOf(error) {
  return error instanceof Problem ? error.problem : { type: 'unexpected-answer', title: String(error) };
}

/** @param {import('./api.js').ProblemDetails} problem */
function kindOf(problem) {
  const slug = (problem.type ?? '').replace(/^.*\/problems\//, '');
  return KNOWN.has(slug) ? slug : undefined;
}

/** The controls that a problem is about. An empty message: the notice says it.
 * @param {unknown} error  @returns {Fault[]} */
export function faultsOf(error) {
  const problem = problemOf(error);
  const kind = kindOf(problem);
  const said = REPLACED.has(kind ?? '');
  return (problem.errors ?? []).map(({ pointer = '', detail }) => {
    const field = pointer.split('/')[1] ?? '';
    const name = NAMES[field] ?? field;
    // The notice may be a long text away.
    if (kind === 'too-long' && !AT_FIELDS[kind].includes(field)) return { name, message: t('fault.too-long', numbers(problem)) };
    return { name, ...(said ? { message: '' } : inWords(detail, pointer, kind, problem.available)) };
  });
}

/** What the page can say itself of a server's sentence on a field. The server
 * speaks English: to others the notice says what kind of problem it is.
 * @param {string} detail  @param {string} pointer  @param {string|undefined} kind  @param {string[]|undefined} available */
function inWords(detail, pointer, kind, available) {
  const english = currentLanguage() === 'en';
  if (kind === 'wrong-type') return { message: t('fault.whole') };
  const limit = /^must be (at least|at most) (\S+)$/.exec(detail);
  if (limit) return { message: t(limit[1] === 'at least' ? 'fault.at-least' : 'fault.at-most', { n: limit[2] }) };
  const choice = /^must be one of (.+)$/.exec(detail);
  if (choice) return { message: t('fault.among', { list: choice[1] }) };
  const among = available?.join(', ') ?? /; there are: (.+)$/.exec(detail)?.[1];
  if (among && !english) return { message: t('fault.among', { list: among }) };
  if (kind && !english) return { message: '' };
  return { message: detail.replace(`${pointer} is`, 'This is'), english: true };
}

/**
 * @param {unknown} error  @param {() => void} again
 * @param {{heading?: string, marked?: Set<string>}} [how]  heading: what failed; marked: the controls that say their fault themselves
 */
export function problemNotice(error, again, { heading, marked = new Set() } = {}) {
  const problem = problemOf(error);
  const kind = kindOf(problem);
  const title = kind ? t(`problem.${kind}`, numbers(problem)) : problem.title;
  const at = problem.errors?.map(({ pointer = '' }) => pointer.split('/')[1]).find((field) => AT_FIELDS[kind ?? '']?.includes(field));
  const faults = faultsOf(error);
  const elsewhere = faults.length > 0 && faults.every(({ name }) => marked.has(name));
  const replaced = kind && (REPLACED.has(kind) || currentLanguage() !== 'en');
  const details = elsewhere || replaced ? [] : sentences(problem);
  return h('div', { class: 'problem', role: 'alert' },
    h('h2', {}, heading ?? title),
    heading && h('p', {}, title),
    kind && h('p', {}, t(`problem.${kind}.do${at ? `.${at}` : ''}`, numbers(problem))),
    // The server speaks English.
    details.length > 0 && h('p', { lang: currentLanguage() === 'en' ? null : 'en' }, details.join(' ')),
    problem.request_id && h('p', { class: 'hint' }, t('request-id', { id: problem.request_id })),
    h('button', { type: 'button', onclick: again }, t('ask-again')));
}

/** What the server says, each thing once: its detail may be the first error's.
 * @param {import('./api.js').ProblemDetails} problem  @returns {string[]} */
function sentences({ detail = '', errors = [] }) {
  const said = errors.filter((e) => !detail.includes(e.detail)).map((e) => `${e.pointer ?? ''}: ${e.detail}.`);
  return [detail && `${detail}.`, ...said].filter(Boolean);
}

/** @param {import('./api.js').ProblemDetails} problem */
function numbers({ status, limit, actual }) {
  return { status: status ?? '', limit: limit ?? '', actual: actual ?? '' };
}
