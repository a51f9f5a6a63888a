#!/usr/bin/env node
// Launcher: starts src/main.ts (checkout) or dist/main.js (published package) under Node 24 or later.
// CommonJS and old syntax on purpose: an old Node must be able to read it, and native add-ons must not load there.
'use strict';
const path = require('node:path');
const fs = require('node:fs');
const { runWithNode24 } = require('./with-node.cjs');

const root = path.join(__dirname, '..');
const source = path.join(root, 'src', 'main.ts');
runWithNode24(fs.existsSync(source) ? source : path.join(root, 'dist', 'main.js'), process.argv.slice(2));
