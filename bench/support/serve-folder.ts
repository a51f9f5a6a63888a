/** A daemon on the folder given, on a free port; prints its address. For benches and tests that need it in a process of its own. */
import { createApp } from '../../src/app.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: serve-folder FOLDER');
const daemon = await createApp({ dataFolder: folder });
process.on('SIGTERM', () => void daemon.close());
process.stdout.write(`${await daemon.listen(0)}\n`);
