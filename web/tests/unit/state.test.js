import assert from 'node:assert/strict';
import { test } from 'node:test';

import { completeState, formatFragment, parseFragment, parseNumbers, withoutDefaults } from '../../js/state.js';

test('a location survives the fragment', () => {
  const location = { view: 'fill-mask', state: { text: 'a+b & c=d #1 % "我" 👍\nnew', mask: '1,2', k: '5' } };
  assert.deepEqual(parseFragment(formatFragment(location)), location);
});

test('fragments are readable, and an empty value is a value', () => {
  assert.equal(formatFragment({ view: 'ner', state: { text: 'a b', min: '' } }), '#/ner?v=1&min=&text=a%20b');
});

test('fragments written by hand are read', () => {
  assert.deepEqual(parseFragment(''), { view: '', state: {} });
  assert.deepEqual(parseFragment('#/nsp'), { view: 'nsp', state: {} });
  assert.deepEqual(parseFragment('#/%E0%A4%A?text=1'), { view: '%E0%A4%A', state: { text: '1' } });
});

test('a value that differs from its default is kept, also when it is empty', () => {
  assert.deepEqual(withoutDefaults({ a: '1', b: '2', c: '', d: '' }, { a: '1', b: '3', c: '', d: '4' }), { b: '2', d: '' });
});

test('what has no default is always kept', () => {
  assert.deepEqual(withoutDefaults({ text: 'an example', pair: '', k: '5' }, { k: '5' }), { text: 'an example', pair: '' });
});

test('the example is taken whole or not at all', () => {
  const settings = { k: '5' };
  const example = { text: 'my dog is hairy', mask: '3' };
  assert.deepEqual(completeState({}, settings, example), { k: '5', text: 'my dog is hairy', mask: '3' });
  assert.deepEqual(completeState({ k: '9' }, settings, example), { k: '9', text: 'my dog is hairy', mask: '3' });
  assert.deepEqual(completeState({ text: 'x' }, settings, example), { k: '5', text: 'x', mask: '' });
});

test('numbers are read from lists that people edit', () => {
  assert.deepEqual(parseNumbers('3,x,,12'), [3, 12]);
  assert.deepEqual(parseNumbers(''), []);
});
