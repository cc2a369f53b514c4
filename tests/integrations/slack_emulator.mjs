// Glue around a third party's emulator of Slack, which itself is not changed: it subscribes an app to its events, and
// adds Socket Mode, which the emulator does not have. Arguments: its folder, the port, what stands in it (JSON).
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, port, seed] = process.argv.slice(2);
const { WebSocketServer } = createRequire(join(modules, 'ws', 'package.json'))('ws');
const folder = join(modules, 'emulate', 'dist');
const part = readdirSync(folder).find(
  (name) => /^dist-.*\.js$/.test(name) && readFileSync(join(folder, name), 'utf8').includes('getSlackStore,'),
);
const slack = await import(pathToFileURL(join(folder, part)));
const { createEmulator } = await import(pathToFileURL(join(folder, 'api.js')));

const sockets = new Set();
const acks = [];
const link = new WebSocketServer({ port: 0, host: '127.0.0.1' });
link.on('connection', (socket) => {
  sockets.add(socket);
  socket.send(JSON.stringify({ type: 'hello', num_connections: 1, connection_info: { app_id: 'A000000001' } }));
  socket.on('message', (said) => acks.push(JSON.parse(said)));
  socket.on('close', () => sockets.delete(socket));
});
const push = (type, payload) => {
  const envelope = { type, envelope_id: crypto.randomUUID(), payload, accepts_response_payload: type !== 'events_api' };
  for (const socket of sockets) socket.send(JSON.stringify(envelope));
  return envelope.envelope_id;
};

const register = slack.slackPlugin.register.bind(slack.slackPlugin);
slack.slackPlugin.register = (app, store, webhooks, base, tokens) => {
  register(app, store, webhooks, base, tokens);
  webhooks.register({ url: `http://127.0.0.1:${port}/_events`, events: ['*'], active: true, owner: 'slack' });
  app.post('/api/apps.connections.open', (c) => c.json({ ok: true, url: `ws://127.0.0.1:${link.address().port}/` }));
  app.post('/_events', async (c) => { push('events_api', await c.req.json()); return c.json({ ok: true }); });
  app.post('/_push/:type', async (c) => c.json({ envelope_id: push(c.req.param('type'), await c.req.json()) }));
  const views = () => slack.getSlackStore(store).views.all();
  app.get('/_views', (c) => c.json(views()));
  app.get('/_acks', (c) => c.json(acks));
  app.get('/_connected', (c) => c.json(sockets.size));
};
await createEmulator({ service: 'slack', port: Number(port), seed: JSON.parse(seed) });
