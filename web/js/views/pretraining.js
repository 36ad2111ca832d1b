// What pre-training makes of a text: which pieces are hidden, and how.

import { checkbox, exampleButtons, textArea, textInput } from '../controls.js';
import { h } from '../dom.js';
import { t } from '../i18n.js';

const EXAMPLES = [
  { name: 'my dog is hairy', state: { text: 'my dog is hairy' } },
  { name: 'document', state: { text: 'The man went to the store. He bought a gallon of milk.\nPenguins are flightless birds. They live in the south.' } },
  { name: '我今天要上课', state: { text: '我今天要上课。老师讲了很久。\n下课以后我回家了。' } },
];

/** @type {import('../views.js').View} */
export const pretraining = {
  id: 'pretraining',
  defaults: (language) => ({ seed: '1', probability: '0.15', whole: '', ...EXAMPLES[language === 'zh' ? 2 : 1].state }),
  controls: (page) => [
    textArea(page, 'text', t('pretraining.text'), { rows: 4 }),
    exampleButtons(page, EXAMPLES),
    h('div', { class: 'row' },
      textInput(page, 'seed', t('pretraining.seed'), { inputMode: 'numeric', size: 8 }),
      h('button', { type: 'button', onclick: () => page.set({ seed: String(Number(page.state.seed || 0) + 1) }) }, t('pretraining.next-seed')),
      textInput(page, 'probability', t('pretraining.probability'), { inputMode: 'decimal', size: 6 }),
      checkbox(page, 'whole', t('pretraining.whole'))),
  ],
  requests: (state) => state.text.trim() === '' ? [] : [{
    path: 'pretraining-examples',
    body: {
      text: state.text,
      seed: Number(state.seed) || 0,
      masked_lm_prob: Number(state.probability) || 0.15,
      ...(state.whole === '1' && { whole_word: true }),
      ...(state.model && { model: state.model }),
    },
  }],
  show(root, [answer]) {
    const result = answer.data.results[0];
    root.append(h('pre', {}, JSON.stringify(result, null, 2)));
  },
  summary: () => t('pretraining.title'),
  table: ([answer]) => [['result'], [JSON.stringify(answer.data.results[0])]],
};
