// The masked language model as a game: click a word to hide it, and see what
// BERT would put there, with the words on both sides or on one side only.

import { bars } from '../bars.js';
import { checkbox, exampleButtons, exampleOnly, select, textArea, textInput } from '../controls.js';
import { h, keepingFocus, replace } from '../dom.js';
import { percent, t } from '../i18n.js';
import { chosenMask, maskCount, MOST, questions, read, targetsOf } from '../mask-requests.js';
import { hiddenWords, keptMasks, MASK, maskedText, oneSided, partsOf, partsTogether, toggled } from '../masks.js';
import { readNotes } from '../notes.js';
import { roving } from '../roving.js';
import { scrolling } from '../scrolling.js';

/** @type {{name: string, state: State}[]} */
const EXAMPLES = [
  // Hidden so that each side says something else, and both agree on a third.
  { name: 'my dog is hairy', state: { text: 'my dog is hairy', mask: '1', targets: '' } },
  { name: 'capital', state: { text: 'Paris is the capital of France.', mask: '3', targets: 'capital, city' } },
  { name: 'two words', state: { text: 'He went to the bank to deposit some money.', mask: '4,6', targets: '', joint: '1' } },
  { name: '我今天要上课', state: { text: '我今天要上课。', mask: '3', targets: '' } },
  { name: '北京', state: { text: '北京是中国的首都。', mask: '6', targets: '' } },
];

/** @typedef {import('../state.js').State} State */

/** @type {import('../views.js').View} */
export const fillMask = {
  id: 'fill-mask',
  settings: { k: '5', joint: '', sides: '1', of: '1' },
  example: (language) => EXAMPLES[language === 'zh' ? 3 : 0].state,
  controls: (page) => {
    const targets = exampleOnly(EXAMPLES, 'targets');
    const words = h('div', { class: 'words large', dir: 'auto', role: 'toolbar', 'aria-label': t('fill-mask.words') });
    const rove = roving(words);
    page.follow((state) => { showWords(words, state, page); rove(); });
    return [
      textArea(page, 'text', t('text'), { rows: 2, edited: (before, text) => ({ mask: keptMasks(before, text), ...targets(before, text) }) }),
      h('p', { class: 'hint' }, t('fill-mask.how')),
      scrolling(words),
      exampleButtons(page, EXAMPLES.map(({ name, state }) => ({ name, state: { joint: '', of: '1', ...state } }))),
      h('div', { class: 'row' },
        select(page, 'k', t('fill-mask.k'), () => ['3', '5', '10', '20'].map((k) => [k, k])),
        textInput(page, 'targets', t('fill-mask.targets'), { placeholder: t('fill-mask.targets-example') }),
        checkbox(page, 'sides', t('fill-mask.sides')),
        whichMask(page),
        checkbox(page, 'joint', t('fill-mask.joint'))),
    ];
  },
  missing: (state) => {
    if (state.text.trim() === '') return t('nothing-asked');
    return t(writtenWrong(state.text) ? 'fill-mask.write-mask' : 'fill-mask.hide-a-word');
  },
  requests: (state) => Object.values(questions(state)).flat(),
  show(root, answers, state) {
    const { result, ofHidden, left, right, chosen } = read(answers, state);
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
        bars(result.joint.map((/** @type {any} */ f) => ({ label: together(f), score: f.score })), { digits: 2 }),
        h('p', { class: 'hint' }, t('fill-mask.together-note')));
    }
    root.append(...notes(result, ofHidden, state).map((note) => h('p', { class: 'hint' }, note)));
    if (left && right) {
      const [before, after] = oneSided(text, chosen);
      root.append(
        h('h3', {}, masks.length > 1 ? t('fill-mask.directions-of', { n: chosen + 1 }) : t('fill-mask.directions')),
        h('p', { class: 'hint' }, t('fill-mask.directions-note')),
        h('div', { class: 'three' },
          side(t('fill-mask.before-only'), before, left),
          side(t('fill-mask.after-only'), after, right),
          side(t('fill-mask.both'), text, masks[chosen])));
    }
    root.append(readNotes(result));
  },
  summary: ([answer]) => answer.data.results[0].masks.map((/** @type {any} */ m) =>
    `${m.predictions[0].token}: ${percent(m.predictions[0].score)}`).join('; '),
  table: (answers, state) => {
    const { result, ofHidden, left, right, chosen } = read(answers, state);
    const words = hiddenWords(state);
    /** @param {string} what  @param {any} mask  @param {number} i */
    const rows = (what, mask, i) => mask.predictions.map((/** @type {any} */ p) => [what, i + 1, p.token, p.id, p.score, p.sequence]);
    return [['what', 'mask', 'token', 'id', 'probability', 'sequence'],
      ...result.masks.flatMap((/** @type {any} */ mask, /** @type {number} */ i) => {
        const hidden = scored(ofHidden?.masks[i], words[i]);
        return [...rows('both sides', mask, i), ...(hidden ? rows('hidden word', { predictions: [hidden] }, i) : [])];
      }),
      ...(result.joint ?? []).map((/** @type {any} */ f) => ['together', 'all', together(f), '', f.score, f.sequence ?? '']),
      ...(left && right ? [...rows('before only', left, chosen), ...rows('after only', right, chosen)] : [])];
  },
};

/** A mask written otherwise than the model reads it. @param {string} text */
function writtenWrong(text) {
  return /\[\s*mask\s*\]|<mask>/i.test(text.replaceAll(MASK, ''));
}

/** The choice of the mask that is shown from one side, when there are several.
 * @param {import('../controls.js').Page} page */
function whichMask(page) {
  const choice = select(page, 'of', t('fill-mask.of'), () => Array.from({ length: Math.max(1, maskCount(page.state)) },
    (_, i) => [String(i + 1), t('fill-mask.mask-n', { n: i + 1 })]), () => String(chosenMask(page.state) + 1));
  page.follow((state) => { choice.hidden = state.sides !== '1' || maskCount(state) < 2; });
  return choice;
}

/** What the mask gives the word that it hides, if that is a piece.
 * @param {any} mask  @param {string|undefined} word */
function scored(mask, word) {
  return word === undefined ? undefined : mask?.predictions.find((/** @type {any} */ p) => bare(p.token) === bare(word));
}

/** What the server scores in place of a word that is no piece: its first piece,
 * the longest that it begins with, or the one for what is unknown.
 * @param {any} mask  @param {string} word  @returns {string|undefined} */
function standIn(mask, word) {
  /** @type {string[]} */
  const tokens = mask.predictions.map((/** @type {any} */ p) => p.token);
  const begins = tokens.filter((token) => bare(word).startsWith(bare(token)));
  return begins.sort((a, b) => b.length - a.length)[0] ?? tokens.find((token) => token === UNKNOWN);
}

/** The piece for what a vocabulary does not hold. */
const UNKNOWN = '[UNK]';

/** A word as an uncased vocabulary holds it. @param {string} word */
function bare(word) {
  return word.normalize('NFD').replace(/[\p{M}\p{C}]/gu, '').toLowerCase();
}

/** What there is to say, in the page's words in place of the server's warnings:
 * words that are no piece of the model, words scored as another, words beyond
 * what is shown, and masks written wrong.
 * @param {any} result  @param {any} ofHidden  @param {State} state  @returns {string[]} */
function notes(result, ofHidden, state) {
  const targets = targetsOf(state);
  const words = [
    ...hiddenWords(state).flatMap((word) => (word === undefined ? [] : note(word, ofHidden.masks[0], 'several-pieces'))),
    ...targets.flatMap((word) => note(word, result.masks[0], 'first-piece')),
    ...(targets.length > MOST ? [t('fill-mask.likeliest', { n: MOST })] : []),
  ];
  return [...new Set([...words, ...(writtenWrong(state.text) ? [t('fill-mask.write-mask')] : [])])];
}

/** What there is to say of one word that was to be scored.
 * @param {string} word  @param {any} mask  any one: all are answered with the same pieces  @param {string} several  what is said of one of several pieces
 * @returns {string[]} */
function note(word, mask, several) {
  if (bare(word) === '') return [t('fill-mask.no-piece', { word })];
  const token = scored(mask, word)?.token;
  if (token !== undefined) return token === word ? [] : [t('fill-mask.scored-as', { word, token })];
  const other = standIn(mask, word);
  // Of more words than the server answers, it may be one that is left out.
  return other === undefined ? [] : [t(`fill-mask.${other === UNKNOWN ? 'unknown' : several}`, { word, token: other })];
}

/** The words of a joint fill. @param {any} fill */
function together(fill) {
  return fill.tokens.map((/** @type {any} */ x) => x.token).join(' · ');
}

/** [MASK] within a text: its letters do not say which way the text reads. */
function maskSign() {
  return h('bdi', { class: 'masked' }, MASK);
}

/** @param {HTMLElement} root  @param {State} state  @param {import('../controls.js').Page} page */
function showWords(root, state, page) {
  keepingFocus(root, () => replace(root, partsTogether(partsOf(state)).map((parts) => h('span', { class: 'word' }, parts.map(({ text, index, hidden }) => {
    if (index === undefined) return text;
    if (text === MASK) return maskSign();
    return h('button', {
      type: 'button', 'aria-pressed': String(hidden), 'aria-label': hidden ? t('fill-mask.masked-word', { word: text }) : text,
      onclick: () => page.set({ mask: toggled(page.state, index) }),
    }, hidden ? maskSign() : text);
  })))));
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
  return h('section', {}, h('h4', {}, title), h('p', { class: 'hint', dir: 'auto' }, '“', text.split(MASK).flatMap((part, i) => [i > 0 && maskSign(), part]), '”'), predictions(mask.predictions));
}
