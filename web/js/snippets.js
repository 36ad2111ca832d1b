// What is on screen as code that anyone can run: one program in each language,
// however many requests the view asks.

/** @typedef {import('./api.js').Request} Request */

const BINARY = 'application/octet-stream';

/** A command for each request; numbers are saved to files, one each.
 * @param {string} base  the server's address with its last slash  @param {Request[]} requests */
export function curl(base, requests) {
  const saved = requests.filter(({ accept }) => accept === BINARY);
  return requests.map((request) => {
    const { path, body, accept } = request;
    const json = JSON.stringify(body).replaceAll("'", String.raw`'\''`);
    const file = saved.length > 1 ? `answer-${saved.indexOf(request) + 1}.bin` : 'answer.bin';
    const output = accept === BINARY ? ` \\\n  -H 'Accept: ${accept}' -o ${file}` : '';
    return `curl -sS ${base}${path} \\\n  -H 'Content-Type: application/json'${output} \\\n  -d '${json}'`;
  }).join('\n\n');
}

/** @param {string} base  @param {Request[]} requests */
export function python(base, requests) {
  const calls = requests.map(({ path, body, accept }) => accept === BINARY
    ? `print(len(ask(${JSON.stringify(path)}, ${pythonLiteral(body)}, ${JSON.stringify(accept)})), "bytes")`
    : `print(json.loads(ask(${JSON.stringify(path)}, ${pythonLiteral(body)})))`);
  return `import json
import urllib.request


def ask(path, body, accept="application/json"):
    request = urllib.request.Request(
        ${JSON.stringify(base)} + path,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Accept": accept},
    )
    with urllib.request.urlopen(request) as answer:
        return answer.read()


${calls.join('\n')}`;
}

/** @param {string} base  @param {Request[]} requests */
export function go(base, requests) {
  const calls = requests.map(({ path, body, accept }) => {
    const json = JSON.stringify(body);
    // Neither a backtick nor a byte order mark may stand in a raw string, and the
    // mark not in a file at all.
    const literal = /[`\ufeff]/.test(json) ? JSON.stringify(json).replaceAll('\ufeff', String.raw`\ufeff`) : '`' + json + '`';
    return accept === BINARY
      ? `fmt.Println(len(ask(${JSON.stringify(path)}, ${JSON.stringify(accept)}, ${literal})), "bytes")`
      : `fmt.Printf("%s", ask(${JSON.stringify(path)}, "application/json", ${literal}))`;
  });
  return `package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
)

func main() {
${calls.map((call) => `\t${call}`).join('\n')}
}

func ask(path, accept, body string) []byte {
	request, err := http.NewRequest("POST", ${JSON.stringify(base)}+path, strings.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		log.Fatalf("%s: %s", answer.Status, content)
	}
	return content
}`;
}

/** Nothing in it needs a type, so that it runs as JavaScript too.
 * @param {string} base  @param {Request[]} requests */
export function typescript(base, requests) {
  const list = requests.map(({ path, body, accept = 'application/json' }) => `  {
    path: ${JSON.stringify(path)},
    accept: ${JSON.stringify(accept)},
    body: ${JSON.stringify(body)},
  },`);
  return `const requests = [
${list.join('\n')}
];

for (const { path, accept, body } of requests) {
  const answer = await fetch(${JSON.stringify(base)} + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: accept },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  if (accept === "application/json") console.log(JSON.stringify(await answer.json(), null, 2));
  else console.log((await answer.arrayBuffer()).byteLength, "bytes");
}

export {};`;
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
