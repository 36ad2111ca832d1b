import assert from 'node:assert/strict';
import { test } from 'node:test';

import { aspectsOf, coverage } from '../../js/aspects.js';
import { splitWords } from '../../js/words.js';

test('aspects are a list without what is twice or nothing', () => {
  assert.deepEqual(aspectsOf({ aspects: ' room, battery life，屏幕、, room' }), ['room', 'battery life', '屏幕']);
});

test('an aspect covers its words wherever they stand, the longest first', () => {
  const text = 'Battery life: the battery life, the battery.';
  const words = splitWords(text).filter((w) => w.word);
  assert.deepEqual(coverage(text, words, ['battery life', 'battery']),
    ['battery life', 'battery life', undefined, 'battery life', 'battery life', undefined, 'battery']);
  assert.deepEqual(coverage(text, words, ['batter']), words.map(() => undefined));
});
