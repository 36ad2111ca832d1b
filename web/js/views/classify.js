import { bars } from '../bars.js';
import { exampleButtons, select, textArea } from '../controls.js';
import { h } from '../dom.js';
import { named, percent, t } from '../i18n.js';
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
      select(page, 'head', t('head'), () => [['', t('head.topic')], ...headNames(page.models)], (state) => (state.head === 'topic' ? '' : state.head)),
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
  show(root, [answer], state) {
    const result = answer.data.results[0];
    /** @type {{label: string, score: number}[]} */
    const rows = result.labels.map((/** @type {any} */ l) => ({ label: named('label', l.label), score: l.score }));
    // Logits are no shares: the bars reach from the lowest of them to the highest.
    const scores = rows.map(({ score }) => score);
    const logits = { write: number, least: Math.min(0, ...scores), full: Math.max(0, ...scores) };
    root.append(bars(rows, state.function === 'none' ? logits : {}), readNotes(result));
  },
  summary: ([answer], state) => {
    const result = answer.data.results[0];
    return t('classify.summary', { label: named('label', result.label), score: state.function === 'none' ? number(result.score) : percent(result.score) });
  },
  table: ([answer]) => [['label', 'score'], ...answer.data.results[0].labels.map((/** @type {any} */ l) => [l.label, l.score])],
};

/** @param {number} logit */
function number(logit) {
  return logit.toFixed(3);
}

/** The heads of all models that read one text; the topic is the default.
 * @param {any[]} models  @returns {[string, string][]} */
function headNames(models) {
  const names = new Set(models.flatMap((m) => m.heads.filter((/** @type {any} */ x) => x.type === 'sequence' && !x.pair).map((/** @type {any} */ x) => x.name)));
  names.delete('topic');
  return [...names].sort().map((name) => [name, named('head', name)]);
}
