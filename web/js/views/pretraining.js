// What pre-training makes of a text: which pieces are hidden, and how.

import { checkbox, exampleButtons, textArea, textInput } from '../controls.js';
import { h } from '../dom.js';
import { named, t } from '../i18n.js';

const EXAMPLES = [
  { name: 'my dog is hairy', state: { text: 'my dog is hairy' } },
  { name: 'document', state: { text: 'The man went to the store. He bought a gallon of milk.\nThen he walked home in the rain.\n\nPenguins are flightless birds. They live in the south.' } },
  { name: '我今天要上课', state: { text: '我今天要上课。老师讲了很久。\n下课以后我回家了。\n\n企鹅不会飞。它们生活在南方。' } },
];

/** @type {import('../views.js').View} */
export const pretraining = {
  id: 'pretraining',
  settings: { seed: '1', probability: '0.15', whole: '' },
  example: (language) => EXAMPLES[language === 'zh' ? 2 : 1].state,
  controls: (page) => [
    textArea(page, 'text', t('pretraining.text'), { rows: 4 }),
    exampleButtons(page, EXAMPLES),
    h('div', { class: 'row' },
      textInput(page, 'seed', t('pretraining.seed'), { inputMode: 'numeric', size: 8 }),
      h('button', { type: 'button', onclick: () => page.set({ seed: nextSeed(page.state.seed) }) }, t('pretraining.next-seed')),
      textInput(page, 'probability', t('pretraining.probability'), { inputMode: 'decimal', size: 6 }),
      checkbox(page, 'whole', t('pretraining.whole'))),
  ],
  check: (state) => [
    ...(isSeed(state.seed) ? [] : [{ name: 'seed', message: t('fault.whole-number', { n: String(LARGEST_SEED) }) }]),
    ...(Number.isFinite(Number(state.probability)) ? [] : [{ name: 'probability', message: t('fault.number') }]),
  ],
  requests: (state) => {
    const documents = state.text.split(/\n\s*\n/).map((d) => d.trim()).filter(Boolean);
    return documents.length === 0 ? [] : [{
      path: 'pretraining-examples',
      body: {
        texts: documents,
        seed: Number(state.seed),
        ...(state.probability.trim() !== '' && { masked_lm_prob: Number(state.probability) }),
        ...(state.whole === '1' && { whole_word: true }),
        ...(state.model && { model: state.model }),
      },
    }];
  },
  show(root, [answer]) {
    /** @type {Record<string, number>} */
    const treated = { mask: 0, random: 0, keep: 0 };
    let pieces = 0;
    answer.data.results.forEach((/** @type {any} */ result, /** @type {number} */ d) => {
      result.examples.forEach((/** @type {any} */ example, /** @type {number} */ e) => {
        pieces += example.pieces.length;
        for (const p of example.predictions) treated[p.treatment]++;
        root.append(
          h('h3', {}, t('pretraining.document', { n: d + 1 }), result.examples.length > 1 && `, ${t('pretraining.example', { n: e + 1 })}`, example.next_sentence && ` · ${named('label', example.next_sentence)}`),
          exercise(example));
      });
    });
    if (pieces === 0) root.append(h('p', {}, t('pretraining.none')));
    root.append(h('p', { class: 'hint' }, t('pretraining.counts', { pieces, ...treated })));
  },
  summary: ([answer]) => t('pretraining.summary', { n: examplesOf(answer).length }),
  table: ([answer]) => [['example', 'position', 'shown', 'label', 'treatment'],
    ...examplesOf(answer).flatMap((example, i) => example.predictions.map((/** @type {any} */ p) =>
      [i + 1, p.position, example.pieces[p.position].token, p.label, p.treatment]))],
};

/** The largest seed the server takes: beyond it, JSON's numbers lose digits in
 * many languages. */
const LARGEST_SEED = BigInt(Number.MAX_SAFE_INTEGER);

/** @param {string} seed  nothing is 0 */
function isSeed(seed) {
  return /^\s*\d*\s*$/.test(seed) && BigInt(seed) <= LARGEST_SEED;
}

/** @param {string} seed */
function nextSeed(seed) {
  return isSeed(seed) && BigInt(seed) < LARGEST_SEED ? String(BigInt(seed) + 1n) : '0';
}

/** @param {import('../views.js').Answer} answer  @returns {any[]} */
function examplesOf(answer) {
  return answer.data.results.flatMap((/** @type {any} */ r) => r.examples);
}

/** The pieces as the model sees them; under the chosen ones what it must say.
 * @param {any} example */
function exercise(example) {
  const chosen = new Map(example.predictions.map((/** @type {any} */ p) => [p.position, p]));
  return h('ol', { class: 'pieces', 'aria-label': t('pretraining.title') }, example.pieces.map((/** @type {any} */ piece, /** @type {number} */ i) => {
    const prediction = chosen.get(i);
    return h('li', { class: `segment-${piece.type}${piece.special && !prediction ? ' special' : ''}${prediction ? ` chosen ${prediction.treatment}` : ''}` },
      h('span', {}, piece.token),
      prediction && h('small', {}, `${t(`pretraining.${prediction.treatment}`)}: ${prediction.label}`));
  }));
}
