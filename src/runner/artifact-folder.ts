/** Files by content: `artifacts/<sha256>` in the data folder. Written whole or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactLink } from '../contract/trial.ts';

export class ArtifactFolder {
  readonly folder: string;

  constructor(dataFolder: string) {
    this.folder = path.join(dataFolder, 'artifacts');
    mkdirSync(this.folder, { recursive: true });
  }

  pathOf(sha256: string): string {
    return path.join(this.folder, sha256);
  }

  /** On disk when resolved. Rejects with ENOSPC on a full disk, leaving nothing behind. */
  async put(name: string, mediaType: string, bytes: Uint8Array): Promise<ArtifactLink> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const target = this.pathOf(sha256);
    if (!existsSync(target)) await this.#write(target, bytes);
    return { name, sha256, sizeBytes: bytes.length, mediaType };
  }

  read(sha256: string): Promise<Buffer> {
    return readFile(this.pathOf(sha256));
  }

  async #write(target: string, bytes: Uint8Array): Promise<void> {
    const draft = `${target}.${randomBytes(4).toString('hex')}.part`;
    try {
      const file = await open(draft, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}
