// The masked language model as a game: click a word to hide it, and see what
// BERT would put there, with the words on both sides or on one side only.

import { bars } from '../bars.js';
import { checkbox, exampleButtons, select, textArea, textInput } from '../controls.js';
import { h } from '../dom.js';
import { percent, t } from '../i18n.js';
import { readNotes } from '../notes.js';
import { parseNumbers } from '../state.js';
import { splitWords } from '../words.js';

const MASK = '[MASK]';

/** @type {{name: string, state: State}[]} */
const EXAMPLES = [
  { name: 'my dog is hairy', state: { text: 'my dog is hairy', mask: '3', targets: '' } },
  { name: 'capital', state: { text: 'Paris is the capital of France.', mask: '3', targets: 'capital, city' } },
  { name: 'two words', state: { text: 'He went to the bank to deposit some money.', mask: '4,6', targets: '', joint: '1' } },
  { name: '我今天要上课', state: { text: '我今天要上课。', mask: '4', targets: '' } },
  { name: '北京', state: { text: '北京是中国的首都。', mask: '6', targets: '' } },
];

/** @typedef {import('../state.js').State} State */

/** @type {import('../views.js').View} */
export const fillMask = {
  id: 'fill-mask',
  settings: { k: '5', joint: '', sides: '1' },
  example: (language) => EXAMPLES[language === 'zh' ? 3 : 0].state,
  controls: (page) => {
    const words = h('div', { class: 'words large', role: 'group', 'aria-label': t('fill-mask.words') });
    page.follow((state) => showWords(words, state, page));
    const text = textArea(page, 'text', t('text'), { rows: 2 });
    // Other words stand at the places of the masks once the text is edited.
    text.querySelector('textarea')?.addEventListener('input', () => page.set({ mask: '' }, { typing: true }));
    return [
      text,
      h('p', { class: 'hint' }, t('fill-mask.how')),
      words,
      exampleButtons(page, EXAMPLES.map(({ name, state }) => ({ name, state: { joint: '', ...state } }))),
      h('div', { class: 'row' },
        select(page, 'k', t('fill-mask.k'), () => ['3', '5', '10', '20'].map((k) => [k, k])),
        textInput(page, 'targets', t('fill-mask.targets'), { placeholder: t('fill-mask.targets-example') }),
        checkbox(page, 'sides', t('fill-mask.sides')),
        checkbox(page, 'joint', t('fill-mask.joint'))),
    ];
  },
  requests: (state) => Object.values(questions(state)).flat(),
  show(root, answers, state) {
    const { hidden, sides } = questions(state);
    const result = answers[0].data.results[0];
    const ofHidden = hidden.length > 0 ? answers[1].data.results[0] : undefined;
    const text = maskedText(state);
    const words = hiddenWords(state);
    /** @type {any[]} */
    const masks = result.masks;
    masks.forEach((mask, i) => {
      const title = masks.length > 1 ? t('fill-mask.mask-n', { n: i + 1 }) : t('fill-mask.prediction');
      root.append(h('h3', {}, title), predictions(mask.predictions, scored(ofHidden?.masks[i], words[i])));
    });
    if (masks.length > 1) root.append(h('p', { class: 'hint' }, t('fill-mask.independent')));
    if (result.joint) {
      root.append(
        h('h3', {}, t('fill-mask.together')),
        bars(result.joint.map((/** @type {any} */ f) => ({ label: f.tokens.map((/** @type {any} */ x) => x.token).join(' · '), score: f.score })), 2),
        h('p', { class: 'hint' }, t('fill-mask.together-note')));
    }
    for (const warning of new Set([...result.warnings ?? [], ...ofHidden?.warnings ?? []])) root.append(h('p', { class: 'hint' }, warning));
    if (sides.length > 0) {
      const [before, after] = oneSided(text);
      const [ofBefore, ofAfter] = answers.slice(-2);
      root.append(
        h('h3', {}, t('fill-mask.directions')),
        h('p', { class: 'hint' }, t('fill-mask.directions-note')),
        h('div', { class: 'three' },
          side(t('fill-mask.left-only'), before, ofBefore.data.results[0].masks.at(-1)),
          side(t('fill-mask.right-only'), after, ofAfter.data.results[0].masks[0]),
          side(t('fill-mask.both'), text, masks[0])));
    }
    root.append(readNotes(result));
  },
  summary: ([answer]) => answer.data.results[0].masks.map((/** @type {any} */ m) =>
    `${m.predictions[0].token}: ${percent(m.predictions[0].score)}`).join('; '),
  table: ([answer]) => [['mask', 'token', 'id', 'probability', 'sequence'],
    ...answer.data.results[0].masks.flatMap((/** @type {any} */ m, /** @type {number} */ i) =>
      m.predictions.map((/** @type {any} */ p) => [i + 1, p.token, p.id, p.score, p.sequence]))],
};

/** What is asked: the masks; how likely the hidden words are; and the first
 * mask with the text on one side of it.
 * @param {State} state  @returns {Record<'masks'|'hidden'|'sides', import('../api.js').Request[]>} */
function questions(state) {
  const text = maskedText(state);
  if (!text.includes(MASK)) return { masks: [], hidden: [], sides: [] };
  const targets = state.targets.split(/[,，、]/).map((w) => w.trim()).filter(Boolean);
  const hidden = [...new Set(hiddenWords(state).filter((word) => word !== undefined))];
  const several = text.split(MASK).length > 2;
  /** @param {string} part  @param {any} [more] */
  const ask = (part, more) => ({
    path: 'fill-mask',
    body: { text: part, offset_unit: 'utf16', ...(state.model && { model: state.model }), ...more },
  });
  const best = { top_k: Number(state.k), ...(targets.length > 0 && { targets }) };
  return {
    masks: [ask(text, { ...best, ...(several && state.joint === '1' && { joint: true }) })],
    hidden: hidden.length > 0 ? [ask(text, { targets: hidden })] : [],
    sides: state.sides === '1' ? oneSided(text).map((part) => ask(part, best)) : [],
  };
}

/** The text in parts, each with the word that its mask hides.
 * @param {State} state */
function maskedParts(state) {
  const chosen = new Set(parseNumbers(state.mask));
  // Words are counted without what stands between them, so that a link reads
  // "the fourth word".
  let n = 0;
  return splitWords(state.text).map(({ text, word }) => {
    const hidden = word && chosen.has(n) && text !== MASK ? text : undefined;
    if (word) n++;
    return { text: hidden === undefined ? text : MASK, hidden };
  });
}

/** The text with the chosen words replaced. @param {State} state */
export function maskedText(state) {
  return maskedParts(state).map(({ text }) => text).join('');
}

/** For each mask the word that it hides; undefined for one that was written.
 * @param {State} state  @returns {(string|undefined)[]} */
export function hiddenWords(state) {
  return maskedParts(state).filter(({ text }) => text === MASK).map(({ hidden }) => hidden);
}

/** What the mask gives the word that it hides, if that is a piece.
 * @param {any} mask  @param {string|undefined} word */
function scored(mask, word) {
  const bare = (/** @type {string} */ w) => w.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  return word === undefined ? undefined : mask?.predictions.find((/** @type {any} */ p) => bare(p.token) === bare(word));
}

/** The text up to its first mask, and from its first mask on.
 * @param {string} text */
export function oneSided(text) {
  const at = text.indexOf(MASK);
  return [text.slice(0, at + MASK.length), text.slice(at)];
}

/** @param {HTMLElement} root  @param {State} state  @param {import('../controls.js').Page} page */
function showWords(root, state, page) {
  const masked = parseNumbers(state.mask);
  const focused = [...root.querySelectorAll('button')].indexOf(/** @type {any} */ (document.activeElement));
  let n = 0;
  root.replaceChildren(...splitWords(state.text).map((part) => {
    if (!part.word || part.text === MASK) {
      if (part.word) n++;
      return part.word ? h('span', { class: 'masked' }, MASK) : document.createTextNode(part.text);
    }
    const index = n++;
    const on = masked.includes(index);
    return h('button', {
      type: 'button', 'aria-pressed': String(on), 'aria-label': on ? t('fill-mask.masked-word', { word: part.text }) : part.text,
      onclick: () => page.set({ mask: (on ? masked.filter((m) => m !== index) : [...masked, index].sort((a, b) => a - b)).join(',') }),
    }, on ? MASK : part.text);
  }));
  if (focused >= 0) root.querySelectorAll('button')[focused]?.focus();
}

/** The predictions, and the hidden word among or after them.
 * @param {any[]} list  @param {any} [hidden] */
function predictions(list, hidden) {
  const all = !hidden || list.some((p) => p.id === hidden.id) ? list : [...list, hidden];
  return bars(all.map((p) => ({
    label: h('span', { dir: 'auto', title: p.sequence }, p.id === hidden?.id ? t('fill-mask.hidden', { word: p.token }) : p.token),
    score: p.score,
  })));
}

/** @param {string} title  @param {string} text  @param {any} mask */
function side(title, text, mask) {
  return h('section', {}, h('h4', {}, title), h('p', { class: 'hint', dir: 'auto' }, `“${text}”`), predictions(mask.predictions));
}
