// The request on screen as code that anyone can run.

/** @typedef {import('./api.js').Request} Request */

/** @param {string} url  @param {Request} request */
export function curl(url, { body, accept }) {
  const json = JSON.stringify(body).replaceAll("'", String.raw`'\''`);
  const output = accept === 'application/octet-stream' ? ` \\\n  -H 'Accept: ${accept}' -o answer.bin` : '';
  return `curl -s ${url} \\\n  -H 'Content-Type: application/json'${output} \\\n  -d '${json}'`;
}

/** @param {string} url  @param {Request} request */
export function python(url, { body, accept }) {
  const headers = { 'Content-Type': 'application/json', ...(accept ? { Accept: accept } : {}) };
  const read = accept === 'application/octet-stream' ? 'print(len(answer.read()))' : 'print(json.load(answer))';
  return `import json
import urllib.request

request = urllib.request.Request(
    ${JSON.stringify(url)},
    data=json.dumps(${pythonLiteral(body)}).encode(),
    headers=${pythonLiteral(headers)},
)
with urllib.request.urlopen(request) as answer:
    ${read}`;
}

/** @param {string} url  @param {Request} request */
export function go(url, { body, accept }) {
  const json = JSON.stringify(body);
  const literal = json.includes('`') ? JSON.stringify(json) : '`' + json + '`';
  const header = accept ? `\n\trequest.Header.Set("Accept", ${JSON.stringify(accept)})` : '';
  return `package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

func main() {
	request, err := http.NewRequest("POST", ${JSON.stringify(url)}, strings.NewReader(${literal}))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")${header}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		log.Fatal(err)
	}
}`;
}

/** @param {string} url  @param {Request} request */
export function typescript(url, { body, accept }) {
  const headers = { 'Content-Type': 'application/json', ...(accept ? { Accept: accept } : {}) };
  const read = accept === 'application/octet-stream' ? 'await answer.arrayBuffer()' : 'await answer.json()';
  return `const answer = await fetch(${JSON.stringify(url)}, {
  method: "POST",
  headers: ${JSON.stringify(headers)},
  body: JSON.stringify(${JSON.stringify(body)}),
});
if (!answer.ok) throw new Error(await answer.text());
console.log(${read});`;
}

/** JSON as a Python literal. @param {any} value  @returns {string} */
export function pythonLiteral(value) {
  if (value === null) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${pythonLiteral(v)}`).join(', ')}}`;
  }
  return JSON.stringify(value);
}

export const SNIPPETS = [
  { name: 'curl', write: curl },
  { name: 'Go', write: go },
  { name: 'Python', write: python },
  { name: 'TypeScript', write: typescript },
];
