import { bars } from '../bars.js';
import { exampleButtons, select, textArea } from '../controls.js';
import { h } from '../dom.js';
import { percent, t } from '../i18n.js';
import { readNotes } from '../notes.js';

const EXAMPLES = [
  { name: 'sports', state: { text: 'The striker scored twice in the second half and the home side won the cup.' } },
  { name: 'science', state: { text: 'The telescope measured the light of a galaxy that formed a billion years after the Big Bang.' } },
  { name: '健康', state: { text: '医生建议患者每天散步半小时，并按时服药。' } },
];

/** @type {import('../views.js').View} */
export const classify = {
  id: 'classify',
  settings: { head: '', function: '' },
  example: (language) => EXAMPLES[language === 'zh' ? 2 : 0].state,
  controls: (page) => [
    textArea(page, 'text', t('text')),
    exampleButtons(page, EXAMPLES),
    h('div', { class: 'row' },
      select(page, 'head', t('head'), () => [['', t('head-default')], ...headNames(page.models, 'sequence')]),
      select(page, 'function', t('function'), () => [['', t('function-default')], ['softmax', 'softmax'], ['sigmoid', 'sigmoid'], ['none', t('function-none')]])),
  ],
  requests: (state) => state.text.trim() === '' ? [] : [{
    path: 'classify',
    body: {
      text: state.text,
      ...(state.head && { head: state.head }),
      ...(state.function && { function: state.function }),
      ...(state.model && { model: state.model }),
    },
  }],
  show(root, [answer]) {
    const result = answer.data.results[0];
    root.append(bars(result.labels), readNotes(result));
  },
  summary: ([answer]) => {
    const result = answer.data.results[0];
    return t('classify.summary', { label: result.label, score: percent(result.score) });
  },
  table: ([answer]) => [['label', 'score'], ...answer.data.results[0].labels.map((/** @type {any} */ l) => [l.label, l.score])],
};

/** Names of the heads of one type over all models. @param {any[]} models  @param {string} type  @returns {[string, string][]} */
function headNames(models, type) {
  const names = new Set(models.flatMap((m) => m.heads.filter((/** @type {any} */ x) => x.type === type && !x.pair).map((/** @type {any} */ x) => x.name)));
  return [...names].sort().map((name) => [name, name]);
}
