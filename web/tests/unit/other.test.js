import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseServerTiming } from '../../js/api.js';
import { colorTable } from '../../js/attention/color.js';
import { csv } from '../../js/export.js';
import { percent, pickLanguage } from '../../js/i18n.js';
import en from '../../js/messages/en.js';
import zh from '../../js/messages/zh.js';

test('both languages have the same messages, with the same values', () => {
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  const values = (message) => (message.match(/\{\w+\}/g) ?? []).sort().join();
  for (const key of Object.keys(en)) assert.equal(values(zh[key]), values(en[key]), key);
});

test('the language is the chosen one, else the browser\'s first that is there', () => {
  assert.equal(pickLanguage('zh', ['en']), 'zh');
  assert.equal(pickLanguage(null, ['fr-FR', 'zh-TW', 'en']), 'zh');
  assert.equal(pickLanguage('xx', ['de']), 'en');
});

test('Server-Timing is read', () => {
  assert.deepEqual(parseServerTiming('tokenize;dur=0.4, queue;dur=1.25;desc="x", broken'), [
    { name: 'tokenize', milliseconds: 0.4 }, { name: 'queue', milliseconds: 1.25 }]);
  assert.deepEqual(parseServerTiming(''), []);
});

test('CSV quotes what needs it and disarms formulas', () => {
  assert.equal(csv([['a', 'b"c', 'd,e', 1.5], ['=SUM(A1)', '-x', -2, '多\n行']]), 'a,"b""c","d,e",1.5\r\n\'=SUM(A1),\'-x,-2,"多\n行"\r\n');
});

test('a sign alone is no formula', () => {
  assert.equal(csv([['-', '+', '=', '@', '--']]), "-,+,=,@,'--\r\n");
});

test('colours run from the page to the far end, each opaque', () => {
  const table = colorTable(false, 'linear');
  assert.equal(table[0], 0xffffffff);
  const luminance = (abgr) => (abgr & 255) + ((abgr >> 8) & 255) + ((abgr >> 16) & 255);
  for (let v = 1; v < 256; v++) assert.ok(luminance(table[v]) <= luminance(table[v - 1]), `colour ${v}`);
});

test('only nothing reads as 0 %', () => {
  assert.equal(percent(0.25), '25.0%');
  assert.equal(percent(0.0005), '0.1%');
  assert.equal(percent(0.000123), '0.012%');
  assert.equal(percent(0), '0.0%');
});
