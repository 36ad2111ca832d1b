// The code that the page offers is run, against a server that remembers what it
// was asked.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { curl, go, python, pythonLiteral, typescript } from '../../js/snippets.js';

const BINARY = 'application/octet-stream';
const AWKWARD = { text: `it's "quoted" \`ticked\` $HOME \\ 你好 👍`, top_k: 3, truncate: false, model: null, list: ['a', 1.5, true] };
const LISTS = {
  'one request': [{ path: 'classify', body: AWKWARD }],
  'a byte order mark': [{ path: 'classify', body: { text: '\ufeffplain' } }],
  'several requests': [
    { path: 'attention', body: { text: 'one' }, accept: BINARY },
    { path: 'tokenize', body: AWKWARD },
    { path: 'attention', body: { text: 'two', layers: [0] }, accept: BINARY },
  ],
};

const runs = promisify(execFile);

/** How each language's program is run, in an empty folder. */
const PROGRAMS = {
  curl: { write: curl, run: (program, cwd) => runs('sh', ['-c', program], { cwd }) },
  Python: { write: python, run: (program, cwd) => runs('python3', ['-c', program], { cwd }) },
  TypeScript: { write: typescript, run: (program, cwd) => runs(process.execPath, ['--input-type=module', '-e', program], { cwd }) },
  Go: {
    write: go,
    run: async (program, cwd) => {
      await writeFile(join(cwd, 'main.go'), program);
      return runs('go', ['run', 'main.go'], { cwd, env: { ...process.env, GOFLAGS: '', GOWORK: 'off' } });
    },
  },
};

/** Runs a program, and returns what it asked, what it printed and its folder.
 * @param {{write: any, run: any}} program  @param {any[]} requests  @param {(cwd: string) => Promise<void>} [look] */
async function trial({ write, run }, requests, look) {
  const asked = [];
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (c) => chunks.push(c));
    request.on('end', () => {
      const { url, headers } = request;
      asked.push({ path: url.slice('/at/'.length), body: JSON.parse(Buffer.concat(chunks).toString()), type: headers['content-type'], binary: headers.accept === BINARY });
      response.setHeader('Content-Type', headers.accept === BINARY ? BINARY : 'application/json');
      response.end(headers.accept === BINARY ? 'x'.repeat(asked.length) : '{"answer": 1}\n');
    });
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(undefined)); });
  const cwd = await mkdtemp(join(tmpdir(), 'snippet-'));
  try {
    const { stdout } = await run(write(`http://127.0.0.1:${/** @type {any} */ (server.address()).port}/at/`, requests), cwd);
    await look?.(cwd);
    return { asked, stdout };
  } finally {
    server.close();
    await rm(cwd, { recursive: true });
  }
}

for (const [name, program] of Object.entries(PROGRAMS)) {
  for (const [list, requests] of Object.entries(LISTS)) {
    test(`the ${name} of ${list} runs, and asks exactly those`, async () => {
      const { asked, stdout } = await trial(program, requests);
      assert.deepEqual(asked, requests.map(({ path, body, accept }) => ({ path, body, type: 'application/json', binary: accept === BINARY })));
      assert.match(stdout, /answer/);
    });
  }
}

test('curl saves each binary answer to a file of its own', async () => {
  await trial(PROGRAMS.curl, LISTS['several requests'], async (cwd) => {
    assert.equal(await readFile(join(cwd, 'answer-1.bin'), 'utf8'), 'x');
    assert.equal(await readFile(join(cwd, 'answer-2.bin'), 'utf8'), 'xxx');
  });
});

test('Go is formatted as gofmt does', () => {
  for (const requests of [...Object.values(LISTS), [{ path: 'classify', body: { text: 'plain' } }]]) {
    const source = go('http://127.0.0.1/', requests) + '\n';
    assert.equal(execFileSync('gofmt', { input: source }).toString(), source);
  }
});

test('the TypeScript has no type error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'snippet-'));
  try {
    await writeFile(join(folder, 'ask.ts'), typescript('http://127.0.0.1/', LISTS['several requests']));
    await runs(process.execPath, [createRequire(import.meta.url).resolve('typescript/bin/tsc'), '--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', 'ask.ts'], { cwd: folder });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('Python literals', () => {
  assert.equal(pythonLiteral({ a: [true, null, false], b: 'x"y' }), '{"a": [True, None, False], "b": "x\\"y"}');
});
