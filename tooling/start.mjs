// `pnpm start`: builds, makes the Debian guest and boots it with a network. On a terminal that ends in a shell; without one the guest shows
// its address, pings its gateway, downloads a file that this script serves on 127.0.0.1, and powers off. Exit code 0 if all of that happened.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { build, ENVIRONMENT, NODE, node, ROOT } from './child.mjs';

const CLI = join(ROOT, 'apps', 'cli', 'dist', 'main.js');
/** Where the guest finds the host's loopback. */
const HOST = '10.0.2.2';
/** Without a terminal nobody is there to stop a guest that hangs. In seconds. */
const LIMIT = '600';

const interactive = process.stdin.isTTY === true && process.stdout.isTTY === true;

/** Serves `body` at any path. @param {Buffer} body @returns {Promise<{ url: string, close: () => void }>} */
function serve(body) {
  return new Promise((done, fail) => {
    const server = createServer((_, response) => response.setHeader('content-length', body.length).end(body));
    server.on('error', fail).listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      const close = () => {
        server.close();
        server.closeAllConnections();
      };
      done({ url: `http://${HOST}:${port}/file`, close });
    });
  });
}

/** Makes the guest. @returns {Promise<{ kernel: string, initrd: string, append: string }>} */
async function makeImage() {
  const child = spawn(NODE, [CLI, 'image', 'debian', '--json'], { cwd: ROOT, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  const code = await new Promise((done) => child.on('close', done));
  if (code !== 0) process.exit(code ?? 1);
  return JSON.parse(text);
}

/**
 * Boots the guest; what it prints goes to standard output and, when nobody sits at a terminal, is returned too.
 * @param {{ kernel: string, initrd: string, append: string }} image @param {string} parameters @param {readonly string[]} options
 * @returns {Promise<{ code: number, output: string }>}
 */
async function run(image, parameters, options) {
  const args = ['run', '--memory', '512M', '--kernel', image.kernel, '--initrd', image.initrd];
  args.push('--append', `${image.append} ${parameters}`, '--net', 'user,model=virtio-net-pci', ...options);
  if (interactive) return { code: await node([CLI, ...args], { stdio: 'inherit' }), output: '' };
  const child = spawn(NODE, [CLI, ...args], { cwd: ROOT, env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    process.stdout.write(chunk);
  });
  const code = await new Promise((done) => child.on('close', done));
  return { code: code ?? 1, output };
}

/** What the guest must have shown. @param {string} output @param {string} sha256 @returns {string[]} what is missing */
function missing(output, sha256) {
  /** @type {readonly (readonly [what: string, seen: RegExp])[]} */
  const expected = [
    ['an address', /paravirt: address 10\.0\.2\.15/],
    ['ping replies', /paravirt: ping \S+ ok/],
    ['the download, whole', new RegExp(`paravirt: downloaded .* sha256 ${sha256}`)],
  ];
  return expected.filter(([, seen]) => !seen.test(output)).map(([what]) => what);
}

if ((await build()) !== 0) process.exit(1);
const image = await makeImage();
const body = randomBytes(4 << 20);
const server = await serve(body);
try {
  if (interactive) console.error(`In the guest, \`wget ${server.url}\` downloads 4 MiB from this machine.`);
  const actions = interactive ? 'address,ping,shell' : 'address,ping,download,poweroff';
  const parameters = `paravirt.do=${actions} paravirt.url=${server.url}`;
  const { code, output } = await run(image, parameters, interactive ? [] : ['--timeout', LIMIT]);
  process.exitCode = code;
  if (!interactive) {
    const absent = missing(output, createHash('sha256').update(body).digest('hex'));
    if (absent.length > 0) {
      console.error(`The guest did not show ${absent.join(', ')}.`);
      process.exitCode = 1;
    }
  }
} finally {
  server.close();
}
