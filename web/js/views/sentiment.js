import { aspectControls, aspectsOf } from '../aspects.js';
import { bars } from '../bars.js';
import { exampleButtons, exampleOnly, textArea } from '../controls.js';
import { h } from '../dom.js';
import { named, percent, t } from '../i18n.js';
import { markedText } from '../marks.js';
import { readNotes } from '../notes.js';

const EXAMPLES = [
  { name: 'hotel', state: { text: 'The room was small and the shower did not work. But the staff were wonderful, and breakfast was the best of the whole trip!', aspects: 'room, staff, breakfast' } },
  { name: 'phone', state: { text: 'The screen is gorgeous. The battery life is a disappointment.', aspects: 'screen, battery life' } },
  { name: '手机', state: { text: '屏幕很清晰，拍照也不错。就是电池太不耐用了。', aspects: '屏幕, 电池' } },
];

/** @type {import('../views.js').View} */
export const sentiment = {
  id: 'sentiment',
  settings: {},
  example: (language) => EXAMPLES[language === 'zh' ? 2 : 0].state,
  controls: (page) => [
    textArea(page, 'text', t('text'), { rows: 4, edited: exampleOnly(EXAMPLES, 'aspects') }),
    exampleButtons(page, EXAMPLES),
    aspectControls(page),
  ],
  requests: (state) => state.text.trim() === '' ? [] : [{
    path: 'sentiment',
    body: {
      text: state.text,
      level: 'sentence',
      offset_unit: 'utf16',
      ...(aspectsOf(state).length > 0 && { aspects: aspectsOf(state) }),
      ...(state.model && { model: state.model }),
    },
  }],
  show(root, [answer], state) {
    const result = answer.data.results[0];
    root.append(
      h('h3', {}, t('sentiment.document')),
      bars(Object.entries(result.scores).map(([label, score]) => ({ label: named('label', label), score }))),
      h('h3', {}, t('sentiment.sentences')),
      markedText(state.text, result.sentences.map((/** @type {any} */ s) => ({
        start: s.start, end: s.end, class: s.label, note: `${named('label', s.label)} ${percent(s.score, 0)}`,
      }))));
    if (result.aspects?.length > 0) {
      root.append(
        h('h3', {}, t('sentiment.aspects')),
        h('ul', { class: 'chips' }, result.aspects.map((/** @type {any} */ a) => h('li', { class: a.label },
          h('strong', {}, a.aspect), ` ${named('label', a.label)} ${percent(a.score, 0)}`,
          a.mentions.length === 0 && h('small', {}, ` · ${t('sentiment.not-mentioned')}`)))));
    }
    root.append(readNotes(result));
  },
  summary: ([answer]) => {
    const result = answer.data.results[0];
    return `${named('label', result.label)}: ${percent(result.score)}`;
  },
  table: ([answer]) => {
    const result = answer.data.results[0];
    return [['what', 'text', 'label', 'score'],
      ['document', '', result.label, result.score],
      ...result.sentences.map((/** @type {any} */ s) => ['sentence', s.text, s.label, s.score]),
      ...(result.aspects ?? []).map((/** @type {any} */ a) => ['aspect', a.aspect, a.label, a.score])];
  },
};
