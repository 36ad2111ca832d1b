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
  defaults: (language) => ({ k: '5', joint: '', sides: '1', ...EXAMPLES[language === 'zh' ? 3 : 0].state }),
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
  requests: (state) => {
    const text = maskedText(state);
    if (!text.includes(MASK)) return [];
    const targets = state.targets.split(/[,，、]/).map((w) => w.trim()).filter(Boolean);
    const several = text.split(MASK).length > 2;
    /** @param {string} part */
    const ask = (part, more = {}) => ({
      path: 'fill-mask',
      body: {
        text: part,
        top_k: Number(state.k),
        offset_unit: 'utf16',
        ...(targets.length > 0 && { targets }),
        ...more,
        ...(state.model && { model: state.model }),
      },
    });
    const list = [ask(text, several && state.joint === '1' ? { joint: true } : {})];
    if (state.sides === '1') list.push(...oneSided(text).map((part) => ask(part)));
    return list;
  },
  show(root, answers, page) {
    const result = answers[0].data.results[0];
    const text = maskedText(page.state);
    /** @type {any[]} */
    const masks = result.masks;
    masks.forEach((mask, i) => {
      const title = masks.length > 1 ? t('fill-mask.mask-n', { n: i + 1 }) : t('fill-mask.prediction');
      root.append(h('h3', {}, title), predictions(mask.predictions));
    });
    if (masks.length > 1) root.append(h('p', { class: 'hint' }, t('fill-mask.independent')));
    if (result.joint) {
      root.append(
        h('h3', {}, t('fill-mask.together')),
        bars(result.joint.map((/** @type {any} */ f) => ({ label: f.tokens.map((/** @type {any} */ x) => x.token).join(' · '), score: f.score })), 2),
        h('p', { class: 'hint' }, t('fill-mask.together-note')));
    }
    for (const warning of result.warnings ?? []) root.append(h('p', { class: 'hint' }, warning));
    if (answers.length === 3) {
      const [before, after] = oneSided(text);
      root.append(
        h('h3', {}, t('fill-mask.directions')),
        h('p', { class: 'hint' }, t('fill-mask.directions-note')),
        h('div', { class: 'three' },
          side(t('fill-mask.left-only'), before, answers[1].data.results[0].masks.at(-1)),
          side(t('fill-mask.right-only'), after, answers[2].data.results[0].masks[0]),
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

/** The text with the chosen words replaced. @param {State} state */
export function maskedText(state) {
  const masked = new Set(parseNumbers(state.mask));
  return splitWords(state.text).map((w, i) => (masked.has(wordIndex(state.text, i)) ? MASK : w.text)).join('');
}

/** Words are counted without what stands between them, so that a link reads
 * "the fourth word"; -1 for a part that is no word.
 * @param {string} text  @param {number} part */
function wordIndex(text, part) {
  const parts = splitWords(text);
  return parts[part].word ? parts.slice(0, part).filter((p) => p.word).length : -1;
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

/** @param {any[]} list */
function predictions(list) {
  return bars(list.map((p) => ({ label: h('span', { dir: 'auto', title: p.sequence }, p.token), score: p.score })));
}

/** @param {string} title  @param {string} text  @param {any} mask */
function side(title, text, mask) {
  return h('section', {}, h('h4', {}, title), h('p', { class: 'hint', dir: 'auto' }, `“${text}”`), predictions(mask.predictions));
}
