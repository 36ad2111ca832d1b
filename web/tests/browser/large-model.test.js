// The attention view with a model of 12 × 12 heads: all heads of a long text are
// more than the server puts into one answer.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, test } from 'node:test';

import { openPage, useSite } from './harness.js';
import { largeModel } from './large-model.js';

let directory = '';
useSite(async () => {
  directory = await largeModel();
  return ['--model', `large=${directory}`];
});
after(() => rm(directory, { recursive: true }));

const link = (state) => `#/attention?v=1&${new URLSearchParams({ model: 'large', ...state })}`;
const wordsOf = (count) => Array.from({ length: count }, (_, i) => ['the', 'river', 'ran', 'past', 'an', 'old', 'mill'][i % 7]).join(' ');
const gridReady = (page) => page.waitForFunction(() => document.querySelectorAll('.heads button').length === 144 && !document.querySelector('.head-grid[aria-busy]'));
const parts = (request) => request.postData()?.includes('uint8') && JSON.parse(request.postData()).layers;

test('all heads of 512 tokens are asked in parts, and are those that the server names one by one', async () => {
  const text = wordsOf(600);
  const { page, answered, close } = await openPage(link({ text, layer: '11', head: '7' }));
  const asked = [];
  page.on('request', (request) => { if (parts(request)) asked.push(parts(request)); });
  await answered();
  await gridReady(page);
  assert.equal(await page.locator('.problem').count(), 0);
  assert.deepEqual(asked, [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]);
  const { shown, wanted } = await page.evaluate(async (text) => {
    const { HeadGrid } = await import('/web/js/attention/grid.js');
    const { readAttention, thumbnail } = await import('/web/js/attention/matrix.js');
    const response = await fetch('attention', {
      method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/octet-stream' },
      body: JSON.stringify({ text, model: 'large', layers: [0, 5, 6, 11], heads: [0, 7, 11], precision: 'uint8' }),
    });
    const some = readAttention(await response.arrayBuffer(), response.headers);
    const all = Array.from({ length: 512 }, (_, i) => ({ label: '', tokens: [i] }));
    const grid = new HeadGrid(() => {});
    const cells = Array.from({ length: 12 }, (_, i) => thumbnail(some, Math.floor(i / 3), i % 3, { rows: all, columns: all, renormalised: false }).cells);
    grid.draw({ layers: 4, heads: 3 }, cells, { rows: 128, columns: 128, dark: false, scale: 'sqrt' });
    const hash = (canvas, layer, head) => canvas.getContext('2d').getImageData(128 * head, 128 * layer, 128, 128).data.reduce((sum, v, i) => (sum * 31 + v * (i % 97)) % 1000003, 0);
    const canvas = document.querySelector('.thumbnails canvas');
    const places = [0, 5, 6, 11].flatMap((layer, l) => [0, 7, 11].map((head, a) => [layer, head, l, a]));
    return { shown: places.map(([layer, head]) => hash(canvas, layer, head)), wanted: places.map(([, , l, a]) => hash(grid.canvas, l, a)) };
  }, text);
  assert.deepEqual(shown, wanted);
  assert.equal(new Set(shown).size, 12, 'the heads differ');

  // What was asked in parts is asked once, and the code holds the parts.
  asked.length = 0;
  await page.locator('.heads button').nth(5).click();
  await page.getByRole('heading', { name: 'Layer 1, head 6', exact: true }).waitFor();
  assert.deepEqual(asked, []);
  const code = await page.locator('.tools code').textContent();
  assert.match(code, /"layers":\[0,1,2,3,4,5\]\}/);
  assert.match(code, /"layers":\[6,7,8,9,10,11\]\}/);
  assert.equal(code.match(/curl/g).length, 4);
  await close();
});

test('the parts say how far they are, and can be cancelled', async () => {
  for (const [locale, first, second, cancel, cancelled] of [
    ['en-US', 'part 1 of 2', 'part 2 of 2', 'Cancel', 'Cancelled.'],
    ['zh-CN', '第 1 部分，共 2 部分', '第 2 部分，共 2 部分', '取消', '已取消。'],
  ]) {
    const { page, answered, close } = await openPage(link({ text: 'The river.' }), { locale });
    await answered();
    /** @type {(() => void)[]} */
    const held = [];
    const asked = [];
    await page.route('**/attention', (route) => {
      if (!parts(route.request())) return route.continue();
      asked.push(parts(route.request()));
      return new Promise((resolve) => { held.push(() => resolve(route.continue())); });
    });
    await page.locator('textarea').first().fill(wordsOf(600));
    await page.locator('#status', { hasText: first }).waitFor();
    assert.equal(await page.locator('#status progress').evaluate((p) => `${p.value}/${p.max}`), '0/2');
    assert.ok((await page.locator('#live').textContent()).includes(first));
    held.shift()?.();
    await page.locator('#status', { hasText: second }).waitFor();
    assert.equal(await page.locator('#status progress').evaluate((p) => `${p.value}/${p.max}`), '1/2');
    await page.getByRole('button', { name: cancel }).click();
    await page.locator('#status', { hasText: cancelled }).waitFor();
    await page.unroute('**/attention');
    await close();
    assert.equal(asked.length, 2);
  }
});

test('two texts side by side count their parts together', async () => {
  const { page, close } = await openPage('#/tokens');
  let go = () => {};
  const held = new Promise((resolve) => { go = () => resolve(undefined); });
  await page.route('**/attention', async (route) => {
    if (parts(route.request())) await held;
    await route.continue();
  });
  await page.goto(page.url().replace(/#.*/, link({ text: wordsOf(600), pinned: `old ${wordsOf(600)}` })));
  await page.locator('#status', { hasText: 'part 1 of 4' }).waitFor();
  go();
  await page.waitForFunction(() => document.querySelectorAll('.heat-map[aria-rowcount="512"]').length === 2);
  await close();
});
