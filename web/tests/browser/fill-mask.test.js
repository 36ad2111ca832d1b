// Filling the mask: what is hidden, what is missing, and both directions.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { openPage, useSite } from './harness.js';

useSite();

const link = (state) => `#/fill-mask?v=1&${new URLSearchParams(state).toString().replaceAll('+', '%20')}`;

test('a text without a hidden word asks for one', async () => {
  for (const [state, says] of [
    [{ text: 'my dog is hairy', mask: '' }, 'Hide a word'],
    [{ text: 'my dog is hairy', mask: '99' }, 'Hide a word'],
    [{ text: 'my dog is hairy', mask: 'x' }, 'Hide a word'],
    [{ text: 'my dog is [mask]', mask: '' }, 'in capitals'],
    [{ text: ' ', mask: '' }, 'Write something'],
  ]) {
    const { page, close } = await openPage(link(state));
    await page.locator('.answers .hint', { hasText: says }).waitFor();
    await close();
  }
});

test('masks stay while the text around them is edited', async () => {
  const { page, answered, close } = await openPage(link({ text: 'He went to the bank', mask: '1,4' }));
  await answered();
  const area = page.locator('textarea');
  await area.focus();
  await area.press('End');
  await area.pressSequentially(' today');
  await area.press('Home');
  await area.pressSequentially('So ');
  await page.waitForURL(/mask=2%2C5/);
  await page.locator('.words button', { hasText: 'So' }).waitFor();
  assert.deepEqual(await page.locator('.words button').allTextContents(), ['So', 'He', '[MASK]', 'to', 'the', '[MASK]', 'today']);
  await close();
});

test('the first picture shows what both directions give', async () => {
  for (const locale of ['en-US', 'zh-CN']) {
    const { page, answered, close } = await openPage('', { locale });
    await answered();
    const [left, right, both] = await page.locator('.three section').evaluateAll((all) => all.map((s) => [...s.querySelectorAll('.bars li > span:first-child')].map((label) => label.textContent)));
    assert.notEqual(left[0], both[0], 'left alone says something else');
    assert.notEqual(right[0], both[0], 'right alone says something else');
    await close();
  }
});

test('the mask that is shown from one side is chosen', async () => {
  const { page, answered, close } = await openPage(link({ text: 'He went to the bank to deposit some money.', mask: '4,6' }));
  await answered();
  await page.getByRole('heading', { name: 'What each side contributes to mask 1' }).waitFor();
  await page.getByLabel('Compare for').selectOption('2');
  await page.getByRole('heading', { name: 'What each side contributes to mask 2' }).waitFor();
  assert.match(await page.locator('.three section').nth(1).textContent(), /“\[MASK\] some money\.”/);
  await close();
});

test('a hidden word of several pieces is said so in plain words', async () => {
  for (const [locale, says] of [['en-US', '“unbelievably” is several word pieces'], ['zh-CN', '“unbelievably”对这个模型来说是几个词片']]) {
    const { page, answered, close } = await openPage(link({ text: 'She ran unbelievably fast.', mask: '2', model: 'en' }), { locale });
    await answered();
    await page.locator('.result .hint', { hasText: says }).waitFor();
    assert.equal(await page.getByText('is scored').count(), 0);
    await close();
  }
});

test('its table holds the hidden words, the joint fill and both directions', async () => {
  const { page, answered, close } = await openPage(link({ text: 'He went to the bank to deposit some money.', mask: '1,4', joint: '1' }));
  await answered();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV', exact: true }).click()]);
  const rows = (await readFile(await download.path(), 'utf8')).trim().split('\r\n').map((row) => row.split(',')[0]);
  assert.deepEqual([...new Set(rows)].sort(), ['after only', 'before only', 'both sides', 'hidden word', 'together', 'what']);
  await close();
});

test('a word that the model writes otherwise is said so, in the page\'s language', async () => {
  for (const [locale, says] of [['en-US', '“Paris” is scored as “paris”, as the model writes it.'], ['zh-CN', '“Paris”按模型的写法“paris”打分。']]) {
    const { page, answered, close } = await openPage(`#/fill-mask?v=1&model=en&targets=Paris&text=${encodeURIComponent('I live in [MASK].')}`, { locale });
    await answered();
    await page.locator('.answer', { hasText: says }).waitFor();
    assert.doesNotMatch(await page.locator('.answer .result').innerText(), /target "/);
    await close();
  }
});

test('of a word of several pieces that is to be scored, the first is named', async () => {
  for (const [locale, says] of [['en-US', 'the score is that of the first, “un”.'], ['zh-CN', '所示的是首片“un”的分数。']]) {
    const { page, answered, close } = await openPage(link({ text: 'I live in [MASK].', targets: 'unbelievably', model: 'en' }), { locale });
    await answered();
    await page.locator('.result .hint', { hasText: says }).waitFor();
    await close();
  }
});

test('every word that is to be scored is scored, or said why not', async () => {
  const targets = ['good', 'bad', 'unbelievably', 'big', 'old', 'red', 'un', '龘', '\u200d'];
  for (const [locale, says] of [
    ['en-US', ['of the first, “un”.', '“龘” is unknown to this model', '“\u200d” makes no word piece']],
    ['zh-CN', ['首片“un”的分数', '这个模型不认识“龘”', '“\u200d”不成词片']],
  ]) {
    const { page, answered, close } = await openPage(link({ text: 'The [MASK] is very [MASK].', targets: targets.join(), k: '3', model: 'en', sides: '' }), { locale });
    await answered();
    for (const bars of await page.locator('.result > .bars').all()) {
      assert.deepEqual((await bars.locator('li > span:first-child').allTextContents()).sort(), ['[UNK]', 'bad', 'big', 'good', 'old', 'red', 'un']);
    }
    const notes = await page.locator('.result > .hint').allTextContents();
    for (const sentence of says) assert.equal(notes.filter((note) => note.includes(sentence)).length, 1, `${sentence}: ${notes.join(' / ')}`);
    assert.equal(notes.length, 2 + says.length, notes.join(' / '));
    await close();
  }
});

test('a hidden word that the model does not know is said so', async () => {
  const { page, answered, close } = await openPage(link({ text: 'The 龘 is here.', mask: '1', model: 'en' }));
  await answered();
  await page.locator('.result .hint', { hasText: '“龘” is unknown to this model' }).waitFor();
  await close();
});
