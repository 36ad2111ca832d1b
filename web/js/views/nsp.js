import { bars } from '../bars.js';
import { exampleButtons, textArea } from '../controls.js';
import { h } from '../dom.js';
import { currentLanguage, named, percent, t } from '../i18n.js';
import { readNotes } from '../notes.js';

const EXAMPLES = [
  { name: 'store', state: { text: 'The man went to the store.', pair: 'He bought a gallon of milk.' } },
  { name: 'comet', state: { text: 'The comet returns every seventy-six years.', pair: 'It was last seen from Earth in 1986.' } },
  { name: '下雨', state: { text: '外面下起了大雨。', pair: '他只好回家拿了一把伞。' } },
];

/** Sentences that follow nothing in particular, for the second box. */
const RANDOM = {
  en: [
    'The price of copper fell for the third week in a row.',
    'Penguins cannot fly, but they swim very well.',
    'She tuned the violin before the concert began.',
    'Add two eggs and a pinch of salt to the flour.',
    'The treaty was signed in Vienna in the spring of 1815.',
    'My telephone needs charging twice a day.',
  ],
  zh: ['铜价连续第三周下跌。', '企鹅不会飞，但游泳游得很好。', '音乐会开始前，她给小提琴调了音。', '在面粉里加两个鸡蛋和一小撮盐。', '这座桥建于明朝。', '我的手机一天要充两次电。'],
};

/** @type {import('../views.js').View} */
export const nsp = {
  id: 'nsp',
  settings: {},
  example: (language) => EXAMPLES[language === 'zh' ? 2 : 0].state,
  controls: (page) => [
    h('div', { class: 'two' }, textArea(page, 'text', t('nsp.first'), { rows: 2 }), textArea(page, 'pair', t('nsp.second'), { rows: 2 })),
    h('div', { class: 'row' },
      h('button', { type: 'button', onclick: () => page.set({ text: page.state.pair, pair: page.state.text }) }, t('nsp.swap')),
      h('button', { type: 'button', onclick: () => page.set({ pair: randomSentence(page.state) }) }, t('nsp.random'))),
    exampleButtons(page, EXAMPLES),
  ],
  missing: () => t('nsp.missing'),
  requests: (state) => state.text.trim() === '' || state.pair.trim() === '' ? [] : [{
    path: 'nsp',
    body: { text: state.text, text_pair: state.pair, ...(state.model && { model: state.model }) },
  }],
  show(root, [answer]) {
    const result = answer.data.results[0];
    root.append(
      bars(['IsNext', 'NotNext'].map((label) => ({ label: named('label', label), score: result.scores[label] }))),
      readNotes(result));
  },
  summary: ([answer]) => {
    const result = answer.data.results[0];
    return `${named('label', result.label)}: ${percent(result.score)}`;
  },
  table: ([answer]) => [['label', 'score'], ...Object.entries(answer.data.results[0].scores)],
};

/** A sentence other than the two on screen, in the language of the first.
 * @param {import('../state.js').State} state */
function randomSentence(state) {
  const chinese = /\p{Script=Han}/u.test(state.text) || (state.text === '' && currentLanguage() === 'zh');
  const others = RANDOM[chinese ? 'zh' : 'en'].filter((s) => s !== state.pair && s !== state.text);
  return others[Math.floor(Math.random() * others.length)];
}
