// The views of the page, in the order of the navigation. A new one is a file in
// views/ and a line here.

import { attention } from './views/attention.js';
import { classify } from './views/classify.js';
import { fillMask } from './views/fill-mask.js';
import { ner } from './views/ner.js';
import { nsp } from './views/nsp.js';
import { pretraining } from './views/pretraining.js';
import { sentiment } from './views/sentiment.js';
import { tokens } from './views/tokens.js';

/**
 * @typedef {import('./api.js').Answer} Answer
 * @typedef {import('./api.js').Request} Request
 * @typedef {import('./controls.js').Page} Page
 * @typedef {import('./i18n.js').Language} Language
 * @typedef {import('./state.js').State} State
 */

/**
 * One view: how it is asked, and how its answer looks.
 * @typedef {object} View
 * @property {string} id  its path in the fragment
 * @property {State} settings  what a link leaves out when it is so
 * @property {(state: State) => State} [clean]  makes what a link holds something that can be shown
 * @property {(language: Language) => State} example  the rest of a first visit's state
 * @property {(page: Page) => any} controls  the form
 * @property {(state: State) => Request[]} requests  what this state asks; empty when there is nothing to ask
 * @property {(state: State) => import('./problem.js').Fault[]} [check]  what is wrong with the controls' values, before anything is asked
 * @property {(state: State) => string} [missing]  what to do when there is nothing to ask
 * @property {(answers: Answer[], state: State) => Request[]} [followUps]  what is asked once those are answered
 * @property {(state: State) => State[]} [variants]  several states to show side by side; without it the one
 * @property {boolean} [keepsPanel]  show updates what root holds; otherwise root is emptied before
 * @property {(root: HTMLElement, answers: Answer[], state: State, page: Page) => void} show  draws the answers to those requests, and to what followed
 * @property {(answers: Answer[], state: State, root: HTMLElement) => string} summary  the answer in a sentence, for screen readers; empty when nothing is to be said of what show drew in root
 * @property {(answers: Answer[], state: State) => (string|number)[][]} table  the answer as rows, the first one names
 * @property {(answers: Answer[], state: State) => any} [json]  what is saved as JSON; without it the answers as they came
 * @property {(answers: Answer[], state: State) => SVGElement} [picture]  what is saved as SVG and PNG; without it what the panel shows
 */

/** @type {View[]} */
export const VIEWS = [fillMask, attention, sentiment, ner, classify, nsp, tokens, pretraining];
