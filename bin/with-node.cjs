#!/usr/bin/env node
// Runs a script under Node 24 or later: in this process when it is new enough, else with the Node that the lockfile brings.
// Usage: node bin/with-node.cjs SCRIPT [ARG ...]
'use strict';
const path = require('node:path');

function bundledNode() {
  const win = process.platform === 'win32';
  const name = `node-${win ? 'win' : process.platform}-${process.arch}/package.json`;
  try {
    return path.join(path.dirname(require.resolve(name)), 'bin', win ? 'node.exe' : 'node');
  } catch {
    return null;
  }
}

function runWithNode24(entry, args) {
  if (Number(process.versions.node.split('.')[0]) >= 24) {
    process.argv = [process.argv[0], entry, ...args];
    import(require('node:url').pathToFileURL(entry).href).catch((error) => {
      if (error.code === 'ERR_MODULE_NOT_FOUND' && /Cannot find package/.test(error.message)) {
        console.error(`tinypareto's packages are not installed (${error.message}). Run: npm run bootstrap`);
        process.exit(69);
      }
      console.error(error);
      process.exit(1);
    });
    return;
  }
  const node = bundledNode();
  if (node === null) {
    console.error(`tinypareto needs Node 24 or later; this is ${process.version}. Run: npm run bootstrap`);
    process.exit(69);
  }
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH || ''}` };
  const child = require('node:child_process').spawn(node, [entry, ...args], { stdio: 'inherit', env });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {}); // a terminal sends it to the child as well
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

module.exports = { runWithNode24, bundledNode };
if (require.main === module) {
  const [script, ...args] = process.argv.slice(2);
  if (!script) {
    console.error('usage: node bin/with-node.cjs SCRIPT [ARG ...]');
    process.exit(2);
  }
  runWithNode24(path.resolve(script), args);
}
