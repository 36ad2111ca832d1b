// Asking the server: the same public API that curl uses.

import { readAttention } from './attention/matrix.js';

/**
 * parts: how to ask it where its answer would be too large
 * @typedef {{path: string, body: any, accept?: string, parts?: Parts}} Request
 * @typedef {{name: string, milliseconds: number}} Timing
 * requests: the parts that it was asked in, if it was
 * @typedef {{data: any, headers: Headers, timings: Timing[], milliseconds: number, requests?: Request[]}} Answer
 */

/** A request in parts.
 * @typedef {object} Parts
 * @property {(refusal: ProblemDetails, signal: AbortSignal) => Promise<Request[]>} of  the parts; none where they would not help
 * @property {(answers: Answer[]) => {data: any, headers: Headers}} join  their answers as one
 */

/** Whoever waits: how many parts are awaited, and that one of them is here.
 * @typedef {{expect: (parts: number) => void, arrived: () => void}} Waiter */

/** RFC 9457. Besides the server's types: no-answer, not-cloze (something else
 * answered), broken-answer, unexpected-answer.
 * @typedef {{type?: string, title: string, detail?: string, status?: number, errors?: {pointer?: string, detail: string}[], request_id?: string, available?: string[], limit?: number, actual?: number}} ProblemDetails */

/** A problem+json answer, or what came in place of an answer. */
export class Problem extends Error {
  /** @param {ProblemDetails} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
}

/** Answers to the last requests: the same question is not asked twice, so that
 * Back, and a change that needs one of several requests anew, are instant. */
const answered = new Map();
const KEPT_ANSWERS = 24;
/** All heads of 512 tokens take 38 MB of a model as large as BERT-base. */
const KEPT_BYTES = 1 << 27;

/**
 * Posts a request, or returns its answer if it was asked before.
 * @param {Request} request
 * @param {AbortSignal} signal
 * @param {Waiter} [waiter]
 * @returns {Promise<Answer>}
 */
export async function ask(request, signal, waiter) {
  const key = JSON.stringify(request);
  const before = answered.get(key);
  if (before) {
    // The one used last goes last.
    answered.delete(key);
    answered.set(key, before);
    return before;
  }
  const answer = await post(request, signal).catch((error) => askParts(request, error, signal, waiter));
  answered.set(key, answer);
  let bytes = 0;
  let kept = 0;
  for (const [old, { data }] of [...answered].reverse()) {
    bytes += data.byteLength ?? 0;
    if (++kept > KEPT_ANSWERS || (bytes > KEPT_BYTES && kept > 1)) answered.delete(old);
  }
  return answer;
}

/** Forgets answers that turned out to be none, so that asking again asks.
 * @param {Answer[]} answers */
export function disown(answers) {
  for (const [key, answer] of answered) if (answers.includes(answer)) answered.delete(key);
}

/** Asks the parts of a request that was refused, one after the other: side by
 * side they would take as much of the server as the whole.
 * @param {Request} request  @param {any} error  @param {AbortSignal} signal  @param {Waiter} [waiter]
 * @returns {Promise<Answer>} */
async function askParts({ parts }, error, signal, waiter) {
  const requests = parts && error instanceof Problem ? await parts.of(error.problem, signal) : [];
  if (!parts || requests.length === 0) throw error;
  waiter?.expect(requests.length);
  /** @type {Answer[]} */
  const answers = [];
  for (const request of requests) {
    answers.push(await ask(request, signal));
    signal.throwIfAborted();
    waiter?.arrived();
  }
  const all = answers.flatMap((answer) => answer.timings);
  const timings = [...new Set(all.map(({ name }) => name))].map((name) => ({ name, milliseconds: sum(all.filter((t) => t.name === name).map((t) => t.milliseconds)) }));
  return { ...parts.join(answers), timings, milliseconds: sum(answers.map((a) => a.milliseconds)), requests };
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((a, b) => a + b, 0);
}

/**
 * @param {Request} request
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
async function post({ path, body, accept = 'application/json' }, signal) {
  const begin = performance.now();
  const response = await reach(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: accept },
    body: JSON.stringify(body),
    signal,
  });
  const binary = accept !== 'application/json';
  const data = await whole(binary ? response.arrayBuffer() : response.json(), signal);
  if (!(binary ? isAttention(data, response.headers) : isResults(data))) throw new Problem({ type: 'unexpected-answer', title: '' });
  return {
    data,
    headers: response.headers,
    timings: parseServerTiming(response.headers.get('Server-Timing') || ''),
    milliseconds: performance.now() - begin,
  };
}

/** @param {any} data */
function isResults(data) {
  return Array.isArray(data?.results) && data.results.length > 0;
}

/** Only attention is answered in binary form.
 * @param {ArrayBuffer} data  @param {Headers} headers */
function isAttention(data, headers) {
  try {
    readAttention(data, headers);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} path  @param {AbortSignal} [signal]  @returns {Promise<any>} */
export async function get(path, signal) {
  const response = await reach(path, { headers: { Accept: 'application/json' }, signal });
  return whole(response.json(), signal);
}

/** A response that says it is fine. @param {string} path  @param {RequestInit} init */
async function reach(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Problem({ type: 'no-answer', title: '' });
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => undefined);
  // A proxy's own page is not the server's word.
  throw new Problem(problem?.title ? problem : { type: 'not-cloze', title: '', status: response.status });
}

/** A body to its end. @template T  @param {Promise<T>} body  @param {AbortSignal|undefined} signal */
async function whole(body, signal) {
  try {
    return await body;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem({ type: 'broken-answer', title: '' });
  }
}

/** @param {string} header  @returns {Timing[]} */
export function parseServerTiming(header) {
  return header.split(',').map((part) => {
    const [name, ...parameters] = part.trim().split(';');
    const duration = parameters.map((p) => p.trim().split('=')).find(([key]) => key === 'dur');
    return { name, milliseconds: duration ? Number(duration[1]) : NaN };
  }).filter((t) => t.name && Number.isFinite(t.milliseconds));
}
