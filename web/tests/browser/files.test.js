// What is saved and copied: pictures that hold what is on screen, and the rest.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { openPage, useSite } from './harness.js';

useSite();

/** Saves the first answer, or the nth. */
async function save(page, name, nth = 0) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).nth(nth).click()]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

for (const colorScheme of ['light', 'dark']) {
  for (const width of [320, 1280]) {
    test(`a picture holds what is on screen (${colorScheme}, ${width} pixels)`, async () => {
      for (const [view, last] of [['ner', '.hint'], ['tokens', '.hint'], ['fill-mask', '.hint'], ['sentiment', '.chips'], ['pretraining', '.hint']]) {
        const { page, answered, close } = await openPage(`#/${view}`, { colorScheme: /** @type {any} */ (colorScheme), viewport: { width, height: 800 } });
        await answered();
        if (view === 'tokens') await page.locator('.result summary').click();
        const shown = await page.locator('.result').innerText();
        const { content } = await save(page, 'SVG');
        await page.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(content.toString())}`);
        const { holder, end, right, text, paper, ink } = await page.evaluate((last) => {
          const holder = document.querySelector('foreignObject').getBoundingClientRect();
          const parts = [...document.querySelectorAll('.result *')].map((e) => e.getBoundingClientRect());
          const rgb = (color) => color.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
          return {
            holder: { width: holder.width, height: holder.height },
            end: Math.max(...parts.map((p) => p.bottom)), right: Math.max(...parts.map((p) => p.right)),
            text: document.querySelector('.result').innerText,
            paper: rgb(getComputedStyle(document.querySelector('rect')).fill),
            ink: rgb(getComputedStyle([...document.querySelectorAll(last)].at(-1)).color),
          };
        }, last);
        assert.ok(end <= holder.height, `${view}: the last line ends at ${end} of ${holder.height}`);
        assert.ok(right <= holder.width, `${view}: ${right} of ${holder.width} pixels wide`);
        assert.equal(text.replace(/\s+/g, ' '), shown.replace(/\s+/g, ' '), view);
        assert.ok(colorScheme === 'light' ? paper > 700 && ink < 400 : paper < 150 && ink > 400, `${view}: ink ${ink} on ${paper}`);
        await close();
      }
    });
  }
}

test('pieces keep their borders in a picture', async () => {
  const { page, answered, close } = await openPage('#/tokens?v=1&text=embeddings&model=en');
  await answered();
  const borders = () => page.locator('.pieces li').evaluateAll((all) => all.map((li) => getComputedStyle(li).borderLeftStyle));
  const shown = await borders();
  assert.ok(shown.includes('dotted'));
  const { content } = await save(page, 'SVG');
  await page.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(content.toString())}`);
  assert.deepEqual(await borders(), shown);
  await close();
});

test('a drawing is painted on paper in the dark, too', async () => {
  for (const view of ['', 'arcs']) {
    const { page, answered, close } = await openPage(`#/attention?v=1&text=The%20cat%20sat.&view=${view}`, { colorScheme: 'dark' });
    await answered();
    const { content } = await save(page, 'SVG');
    await page.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(content.toString())}`);
    const [paper, ink] = await page.evaluate(() => [document.querySelector('rect'), document.querySelector('text')].map((e) => getComputedStyle(e).fill.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b)));
    assert.ok(paper < 150 && ink > 400, `${view || 'map'}: ${ink} on ${paper}`);
    await close();
  }
});

test('the files of a comparison have names of their own', async () => {
  const { page, close } = await openPage('#/classify?v=1&text=The%20team%20won.&model=en&model2=zh');
  await page.locator('.answer').nth(1).locator('.bars').waitFor();
  assert.equal((await save(page, 'JSON', 0)).name, 'cloze-classify-en.json');
  assert.equal((await save(page, 'JSON', 1)).name, 'cloze-classify-zh.json');
  await close();
});

test('code is copied where the browser lends no clipboard', async () => {
  const { page, answered, close } = await openPage('#/classify', { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.evaluate(() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }); });
  await answered();
  await page.locator('summary', { hasText: 'as code' }).click();
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.locator('.copy', { hasText: /Copied|Ctrl\+C/ }).waitFor();
  assert.match(await page.evaluate(() => String(getSelection())), /^curl /);
  await close();
});

test('the chosen language of the code, the opened boxes and the focus outlive an answer', async () => {
  const { page, answered, close } = await openPage('#/tokens?v=1&text=unbelievable');
  await answered();
  await page.locator('summary', { hasText: 'as code' }).click();
  await page.getByRole('button', { name: 'Go', exact: true }).click();
  await page.locator('.result summary').click();
  await page.locator('textarea').first().fill('something else');
  await page.locator('.pieces li', { hasText: 'something' }).waitFor();
  assert.equal(await page.locator('.tools details').evaluate((d) => d.open), true);
  assert.equal(await page.locator('.result details').evaluate((d) => d.open), true);
  assert.match(await page.locator('pre code').textContent(), /^package main[^]*something else/);
  for (const selector of ['.exports button >> nth=1', '.result summary']) {
    await page.locator(selector).focus();
    const focused = await page.evaluate(() => document.activeElement?.textContent);
    await page.evaluate(() => { location.hash = location.hash.replace(/text=[^&]*/, `text=again${Math.random()}`); });
    await page.locator('.pieces li', { hasText: 'again' }).waitFor();
    await page.waitForFunction(() => !document.querySelector('[aria-busy]'));
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), focused);
  }
  await close();
});

test('times are those of one request, and add up', async () => {
  const { page, answered, close } = await openPage('#/fill-mask?v=1&mask=1&text=my%20dog%20is%20hairy');
  await answered();
  assert.match(await page.locator('.timings').textContent(), /The slowest of 4 requests/);
  const times = await page.locator('.timings dd').evaluateAll((all) => all.map((dd) => parseFloat(dd.textContent)));
  const browser = times.pop();
  assert.ok(times.reduce((a, b) => a + b) <= browser + 0.1, `${times} in ${browser} ms`);
  await close();
});
