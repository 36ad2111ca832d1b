import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatFragment, parseFragment, parseNumbers, withoutDefaults } from '../../js/state.js';

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
  assert.deepEqual(withoutDefaults({ a: '1', b: '2', c: '' }, { a: '1', b: '3', c: '' }), { b: '2' });
});

test('numbers are read from lists that people edit', () => {
  assert.deepEqual(parseNumbers('3,x,,12'), [3, 12]);
  assert.deepEqual(parseNumbers(''), []);
});
