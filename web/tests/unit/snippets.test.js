import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';

import { curl, go, python, pythonLiteral, typescript } from '../../js/snippets.js';

const AWKWARD = { text: `it's "quoted" \`ticked\` $HOME \\ 你好 👍`, top_k: 3, truncate: false, model: null, list: ['a', 1.5, true] };

/** Runs a program against a server that remembers the body, and returns that. */
async function bodySentBy(run) {
  let received;
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (c) => chunks.push(c));
    request.on('end', () => {
      received = { body: JSON.parse(Buffer.concat(chunks).toString()), type: request.headers['content-type'] };
      response.setHeader('Content-Type', 'application/json');
      response.end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await run(`http://127.0.0.1:${server.address().port}/classify`);
  } finally {
    server.close();
  }
  return received;
}

const runs = promisify(execFile);

test('curl sends exactly the request', async () => {
  const sent = await bodySentBy((url) => runs('sh', ['-c', curl(url, { path: 'classify', body: AWKWARD })]));
  assert.deepEqual(sent, { body: AWKWARD, type: 'application/json' });
});

test('Python sends exactly the request', async () => {
  const sent = await bodySentBy((url) => runs('python3', ['-c', python(url, { path: 'classify', body: AWKWARD })]));
  assert.deepEqual(sent, { body: AWKWARD, type: 'application/json' });
});

test('TypeScript sends exactly the request', async () => {
  // Nothing in it is typed, so that JavaScript runs it.
  const sent = await bodySentBy((url) => runs(process.execPath, ['--input-type=module', '-e', typescript(url, { path: 'classify', body: AWKWARD })]));
  assert.deepEqual(sent, { body: AWKWARD, type: 'application/json' });
});

test('Go is formatted as gofmt does', () => {
  for (const body of [{ text: 'plain' }, AWKWARD]) {
    const source = go('http://127.0.0.1/classify', { path: 'classify', body }) + '\n';
    assert.equal(execFileSync('gofmt', { input: source }).toString(), source);
  }
});

test('Python literals', () => {
  assert.equal(pythonLiteral({ a: [true, null, false], b: 'x"y' }), '{"a": [True, None, False], "b": "x\\"y"}');
});
