import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createApp } from '../../../src/app.ts';
import { makeApp, type TestApp } from '../../support/make-app.ts';
import { makeDefinition } from '../../support/make-study.ts';

const TOKEN = 'a-token-of-at-least-16-characters';

describe('who may call', () => {
  describe('a daemon on the loopback address', () => {
    let app: TestApp;
    before(async () => {
      app = await makeApp({ allowedHosts: ['lab.example'] });
    });
    after(() => app.close());

    it('answers only to its own names, on every method', async () => {
      for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
        const answer = await app.call(method, '/v1/studies', undefined, { host: 'evil.example:8080' });
        assert.deepEqual([answer.status, answer.json['code']], [403, 'HOST_NOT_ALLOWED']);
      }
      for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', 'lab.example'])
        assert.equal((await app.call('GET', '/v1/studies', undefined, { host })).status, 200, host);
    });

    it('refuses pages of other sites, on every method', async () => {
      for (const origin of ['http://evil.example', 'null', 'http://localhost:9999'])
        for (const method of ['GET', 'POST', 'DELETE'])
          assert.equal(
            (await app.call(method, '/v1/studies', undefined, { host: 'localhost:80', origin })).json['code'],
            'ORIGIN_NOT_ALLOWED',
          );
      assert.equal(
        (
          await app.call('GET', '/v1/studies', undefined, {
            'sec-fetch-site': 'cross-site',
            'sec-fetch-mode': 'no-cors',
          })
        ).status,
        403,
      );
      assert.equal(
        (await app.call('GET', '/v1/studies', undefined, { host: 'localhost:80', origin: 'http://localhost:80' }))
          .status,
        200,
      );
    });

    it('tells browsers not to guess types or frame pages', async () => {
      const { headers } = await app.call('GET', '/v1/studies');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.match(String(headers['content-security-policy']), /default-src 'self'/);
    });
  });

  describe('a daemon with a token', () => {
    let app: TestApp;
    before(async () => {
      app = await makeApp({ token: TOKEN });
    });
    after(() => app.close());

    it('needs it everywhere but for liveness and the documentation', async () => {
      const missing = await app.call('GET', '/v1/studies');
      assert.deepEqual(
        [missing.status, missing.json['code'], missing.headers['www-authenticate']],
        [401, 'UNAUTHORIZED', 'Bearer'],
      );
      assert.equal((await app.call('GET', '/metrics')).status, 401);
      assert.equal((await app.call('GET', '/v1/studies', undefined, { authorization: 'Bearer wrong' })).status, 401);
      assert.equal((await app.call('GET', '/v1/studies', undefined, { authorization: `Bearer ${TOKEN}` })).status, 200);
      for (const open of ['/healthz', '/readyz', '/openapi.json', '/docs/'])
        assert.equal((await app.call('GET', open)).status, 200);
    });

    it('knows only those routes as public', async () => {
      const { paths } = (await app.call('GET', '/openapi.json')).json;
      for (const route of Object.keys(paths ?? {}))
        for (const method of Object.keys(paths?.[route] ?? {})) {
          const url = route.replace(/\{[^}]+\}/g, 'x');
          const { status } = await app.call(method.toUpperCase(), url);
          if (['/healthz', '/readyz', '/'].includes(route)) continue;
          assert.equal(status, 401, `${method} ${route}`);
        }
    });
  });

  it('is not reachable from the network without a token', async () => {
    const dataFolder = mkdtempSync(path.join(tmpdir(), 'tinypareto-app-'));
    try {
      await assert.rejects(createApp({ dataFolder, host: '0.0.0.0' }), { code: 'TOKEN_NEEDED', exitCode: 2 });
      await assert.rejects(createApp({ dataFolder, host: '0.0.0.0', token: 'short' }), { code: 'TOKEN_NEEDED' });
      const app = await createApp({ dataFolder, host: '0.0.0.0', token: TOKEN });
      await app.close();
    } finally {
      rmSync(dataFolder, { recursive: true, force: true });
    }
  });

  it('is one daemon per data folder', async () => {
    const app = await makeApp();
    await assert.rejects(createApp({ dataFolder: app.folder }), { code: 'DATA_FOLDER_LOCKED', exitCode: 75 });
    await app.close();
  });
});

describe('a daemon in trouble', () => {
  it('answers 507 on a full disk, keeps its state, and is not ready', async () => {
    const app = await makeApp();
    await app.call('POST', '/v1/studies', makeDefinition());
    const { SqliteStore } = await import('../../../src/store/sqlite-store.ts');
    const store = app.service.store;
    assert.ok(store instanceof SqliteStore);
    const [trial] = await app.service.ask('study');
    store.limitPages(0);
    const body = { fence: trial?.fence, metrics: { loss: 1, accuracy: 1 }, userAttrs: { big: 'x'.repeat(200_000) } };
    const full = await app.call('POST', `/v1/trials/${trial?.id}/tell`, body);
    assert.deepEqual([full.status, full.json['code'], full.headers['retry-after']], [507, 'DISK_FULL', '2']);
    assert.equal((await app.call('GET', `/v1/trials/${trial?.id}`)).json['state'], 'running');
    assert.equal((await app.call('GET', '/readyz')).status, 503);
    store.limitPages(null);
    assert.equal((await app.call('POST', `/v1/trials/${trial?.id}/tell`, body)).json['state'], 'completed');
    assert.equal((await app.call('GET', '/readyz')).status, 200);
    await app.close();
  });
});
