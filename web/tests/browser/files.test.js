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
      for (const view of ['ner', 'tokens', 'fill-mask', 'sentiment', 'pretraining']) {
        const { page, answered, close } = await openPage(`#/${view}`, { colorScheme: /** @type {any} */ (colorScheme), viewport: { width, height: 800 } });
        await answered();
        if (view === 'tokens') await page.locator('.result summary').click();
        // What a picture shows whole need not say that it scrolls.
        await page.locator('.scroll-hint').evaluateAll((hints) => { for (const hint of hints) hint.remove(); });
        const shown = await page.locator('.result').innerText();
        const { content } = await save(page, 'SVG');
        // HTML in it only browsers would show.
        assert.doesNotMatch(content.toString(), /foreignObject|xhtml|var\(/, view);
        await page.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(content.toString())}`);
        const { room, end, right, text, paper, ink } = await page.evaluate(() => {
          const room = document.documentElement.getBoundingClientRect();
          const parts = [...document.querySelectorAll('text, line')].map((e) => e.getBoundingClientRect());
          const texts = [...document.querySelectorAll('text')];
          const rgb = (color) => color.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
          return {
            room: { width: room.width, height: room.height },
            end: Math.max(...parts.map((p) => p.bottom)), right: Math.max(...parts.map((p) => p.right)),
            text: texts.map((e) => e.textContent).join(''),
            paper: rgb(getComputedStyle(document.querySelector('rect')).fill),
            ink: rgb(getComputedStyle(texts.at(-1)).fill),
          };
        });
        assert.ok(end <= room.height, `${view}: the last line ends at ${end} of ${room.height}`);
        assert.ok(right <= room.width, `${view}: ${right} of ${room.width} pixels wide`);
        assert.equal(text.replace(/\s+/g, ''), shown.replace(/\s+/g, ''), view);
        assert.ok(colorScheme === 'light' ? paper > 700 && ink < 400 : paper < 150 && ink > 400, `${view}: ink ${ink} on ${paper}`);
        await close();
      }
    });
  }
}

test('a picture has each line of text where the page has it, and its borders', async () => {
  const text = '👩‍🚀 Zoë Müller went to London with IBM, and as far as anyone knows she is still there today. زار باراك أوباما Paris.';
  for (const fragment of [`#/ner?v=1&text=${encodeURIComponent(text)}`, '#/tokens?v=1&text=embeddings%20are%20%5BMASK%5D&pair=well&model=en']) {
    const { page, answered, close } = await openPage(fragment, { viewport: { width: 500, height: 800 } });
    await answered();
    await page.waitForLoadState('networkidle'); // the list of models, when it comes, draws the answer anew
    const shot = (await page.locator('.result').screenshot()).toString('base64');
    const { content } = await save(page, 'PNG');
    const differing = await page.evaluate(async ([shot, saved]) => {
      const pixels = async (png, zoom, at) => {
        const image = new Image();
        image.src = `data:image/png;base64,${png}`;
        await image.decode();
        const context = Object.assign(document.createElement('canvas'), { width: at.width, height: at.height }).getContext('2d');
        context.drawImage(image, -at.x, -at.y, image.width / zoom, image.height / zoom);
        return context.getImageData(0, 0, at.width, at.height).data;
      };
      const { width, height } = document.querySelector('.result').getBoundingClientRect();
      const size = { width: Math.floor(width), height: Math.floor(height) };
      const onPage = await pixels(shot, 1, { x: 0, y: 0, ...size });
      // The picture has room around what it shows, and around that its first margin.
      const margin = parseFloat(getComputedStyle(document.querySelector('.result > *')).marginTop);
      const inPicture = await pixels(saved, 2, { x: 16, y: 16 + margin, ...size });
      return onPage.filter((v, i) => Math.abs(v - inPicture[i]) > 128).length / onPage.length;
    }, [shot, content.toString('base64')]);
    // Letters are not smoothed alike on both.
    assert.ok(differing < 0.025, `${fragment}: ${(100 * differing).toFixed(2)} % of the pixels differ`);
    if (fragment.startsWith('#/tokens')) {
      const svg = String((await save(page, 'SVG')).content);
      assert.match(svg, /<line [^>]*stroke-dasharray="1 1"/, 'a piece within a word begins with dots');
      assert.match(svg, /<rect [^>]*stroke-dasharray="3 2"/, 'a piece of the second text is dashed around');
    }
    await close();
  }
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

test('a picture has each letter where the page has it, also where two directions meet', async () => {
  for (const text of ['زار Barack Obama (1961) برلين في 5 يونيو 2013 مع IBM وشركة Siemens AG.', 'In 1961 زار باراك أوباما (مع IBM) Berlin.']) {
    const { page, answered, close } = await openPage(`#/ner?v=1&text=${encodeURIComponent(text)}`);
    await answered();
    assert.ok(await page.locator('mark').count() > 0);
    /** Each letter and how far it is from the first. */
    const places = (selector) => page.locator(selector).evaluateAll((all) => {
      const letters = [];
      const range = document.createRange();
      const read = (/** @type {Node} */ node) => {
        if (!(node instanceof Text)) node.childNodes.forEach(read);
        else for (let i = 0; i < node.length; i++) {
          range.setStart(node, i);
          range.setEnd(node, i + 1);
          if (node.data[i].trim() !== '') letters.push({ letter: node.data[i], x: range.getBoundingClientRect().left });
        }
      };
      all.forEach(read);
      return letters.map(({ letter, x }) => ({ letter, x: x - letters[0].x }));
    });
    const onPage = await places('.marked');
    const { content } = await save(page, 'SVG');
    await page.goto(`data:image/svg+xml;charset=utf-8,${encodeURIComponent(content.toString())}`);
    const inPicture = await places('text');
    for (const [i, { letter, x }] of onPage.entries()) {
      assert.equal(inPicture[i].letter, letter);
      assert.ok(Math.abs(inPicture[i].x - x) < 2, `${letter} of “${text}” is ${inPicture[i].x - x} pixels off`);
    }
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
