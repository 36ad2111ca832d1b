import { exampleButtons, textArea, textInput, select } from '../controls.js';
import { h } from '../dom.js';
import { named, percent, t } from '../i18n.js';
import { markedText } from '../marks.js';
import { readNotes } from '../notes.js';
import { scrolling } from '../scrolling.js';
import { splitList } from '../words.js';

const EXAMPLES = [
  { name: 'Ada Lovelace', state: { text: 'Ada Lovelace met Charles Babbage in London on 5 June 1833, long before IBM existed.' } },
  { name: '👩‍🚀 emoji', state: { text: 'On 20 July 1969 👩‍🚀 Neil Armstrong walked on the Moon while Michael Collins stayed in orbit.' } },
  { name: '鲁迅', state: { text: '1921年12月，鲁迅在北京的《晨报》上发表了《阿Q正传》。' } },
];

/** @type {import('../views.js').View} */
export const ner = {
  id: 'ner',
  settings: { aggregation: '', types: '', min: '' },
  example: (language) => EXAMPLES[language === 'zh' ? 2 : 0].state,
  controls: (page) => [
    textArea(page, 'text', t('text')),
    exampleButtons(page, EXAMPLES),
    h('div', { class: 'row' },
      select(page, 'aggregation', t('aggregation'), () => ['', 'first', 'average', 'max', 'none'].map((x) => [x, t(`aggregation.${x || 'simple'}`)]), (state) => (state.aggregation === 'simple' ? '' : state.aggregation)),
      textInput(page, 'types', t('types'), { placeholder: 'PER, ORG' }),
      textInput(page, 'min', t('min-score'), { placeholder: '0.5', inputMode: 'decimal', size: 6 })),
  ],
  check: (state) => Number.isFinite(Number(state.min)) ? [] : [{ name: 'min', message: t('fault.number') }],
  requests: (state) => {
    if (state.text.trim() === '') return [];
    const types = splitList(state.types.replaceAll(/\s+/g, ',')).map((type) => type.toUpperCase());
    return [{
      path: 'ner',
      body: {
        text: state.text,
        offset_unit: 'utf16',
        ...(state.aggregation && { aggregation: state.aggregation }),
        ...(types.length > 0 && { types }),
        ...(state.min.trim() !== '' && { min_score: Number(state.min) }),
        ...(state.model && { model: state.model }),
      },
    }];
  },
  show(root, [answer], state) {
    const result = answer.data.results[0];
    /** @type {any[]} */
    const entities = result.entities;
    if (entities.length === 0) {
      root.append(h('p', {}, t('ner.none')));
    } else {
      root.append(
        markedText(state.text, entities.map((e) => ({ start: e.start, end: e.end, class: `entity-${kind(e.type)}`, note: e.type }))),
        scrolling(h('table', {},
          h('thead', {}, h('tr', {}, h('th', {}, t('entity')), h('th', {}, t('type')), h('th', { class: 'number' }, t('score')), h('th', { class: 'number' }, t('place')))),
          h('tbody', {}, entities.map((e) => h('tr', {},
            h('td', { dir: 'auto' }, e.text), h('td', {}, `${e.type} · ${typeName(e.type)}`),
            h('td', { class: 'number' }, percent(e.score)), h('td', { class: 'number' }, `${e.start}–${e.end}`))))), t('ner.title')));
    }
    root.append(readNotes(result));
  },
  summary: ([answer]) => {
    /** @type {any[]} */
    const entities = answer.data.results[0].entities;
    return entities.length === 0 ? t('ner.none') : entities.map((e) => `${e.text}: ${typeName(e.type)}`).join('; ');
  },
  table: ([answer]) => [['text', 'type', 'start', 'end', 'score'],
    ...answer.data.results[0].entities.map((/** @type {any} */ e) => [e.text, e.type, e.start, e.end, e.score])],
};

/** Types with a colour of their own. */
const COLORED = ['PER', 'ORG', 'LOC', 'DATE', 'MISC'];

/** The type without the B- or I- that aggregation none leaves. @param {string} type */
function bare(type) {
  return type.replace(/^[BI]-/, '');
}

/** @param {string} type */
function kind(type) {
  return COLORED.includes(bare(type)) ? bare(type) : 'MISC';
}

/** @param {string} type */
function typeName(type) {
  return named('type', bare(type));
}
